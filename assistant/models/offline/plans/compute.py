"""Sums, conversions and days: no tool is needed."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

from assistant.models.offline import arithmetic, quantities, units
from assistant.models.offline.arithmetic import CannotCompute
from assistant.models.offline.language import ZH
from assistant.models.offline.markdown import code
from assistant.models.offline.plans.steps import Aid, Steps, Stuck
from assistant.models.offline.wish import Wish


def computed(wish: Wish, aid: Aid) -> Steps[str]:
    """The value, with an `≈` where digits were cut."""
    yield from ()
    if wish.how == "convert":
        return _converted(wish, aid)
    if wish.how in {"days", "weekday", "date"}:
        return _day(wish, aid)
    try:
        value = arithmetic.evaluate(wish.text)
    except CannotCompute as error:
        raise Stuck(aid.say("no sum", why=aid.say(f"why {error.why}"))) from None
    phrase = "sum" if arithmetic.is_exact(value) else "sum about"
    return aid.say(phrase, expression=code(wish.new or wish.text), value=arithmetic.written(value))


def _converted(wish: Wish, aid: Aid) -> str:
    value = units.convert(Fraction(wish.text), wish.dest, wish.new)
    if value is None:
        raise Stuck(aid.say("no sum", why=aid.say("why units")))
    phrase = "sum" if arithmetic.is_exact(value, 6) else "sum about"
    return aid.say(
        phrase,
        expression=f"{arithmetic.written(Fraction(wish.text))} {wish.dest}",
        value=f"{arithmetic.written(value, 6)} {wish.new}",
    )


def _day(wish: Wish, aid: Aid) -> str:
    names = quantities.WEEKDAYS_ZH if aid.language == ZH else quantities.WEEKDAYS_EN
    start = date.fromisoformat(wish.text)
    if wish.how == "weekday":
        return aid.say("day", day=wish.text, weekday=names[start.weekday()])
    if wish.how == "days":
        return aid.say("days", a=wish.text, b=wish.new, n=(date.fromisoformat(wish.new) - start).days)
    try:
        end = start + timedelta(days=wish.limit or 0)
    except OverflowError:
        raise Stuck(aid.say("no sum", why=aid.say("why big"))) from None
    phrase = "date after" if (wish.limit or 0) >= 0 else "date before"
    return aid.say(phrase, n=abs(wish.limit or 0), a=wish.text, day=end.isoformat(), weekday=names[end.weekday()])
