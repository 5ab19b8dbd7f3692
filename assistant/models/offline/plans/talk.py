"""Answers that need no tool: about this model, and about what was done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from assistant.models.offline.markdown import bullets
from assistant.models.offline.plans.steps import Aid, doing, reason
from assistant.models.offline.wish import Intent, Wish

if TYPE_CHECKING:
    from assistant.models.offline.conversation import Turn
    from assistant.models.offline.replay import Done

TURNS = 10
CALLS = 20


def answered(wish: Wish, aid: Aid, earlier: Sequence[Turn]) -> str:
    """The answer to a wish without a plan."""
    say = aid.say
    match wish.intent:
        case Intent.EXPLAIN:
            return _explained(wish, aid, earlier)
        case Intent.GREET | Intent.THANKS | Intent.UNDO | Intent.DECLINE:
            return say(wish.intent.value)
        case Intent.WHO | Intent.HELP if wish.how != "how":
            return f"{say('who')}\n\n{say('can')}"
        case Intent.HELP:
            return say("how")
        case Intent.CONTINUE:
            return say("nothing to go on")
        case _:
            first = {"long": "unknown long", "url": "unknown url"}.get(wish.how, "unknown")
            return f"{say(first)}\n\n{say('can')}"


def _explained(wish: Wish, aid: Aid, earlier: Sequence[Turn]) -> str:
    worked = [t for t in earlier if t.done]
    if wish.how == "failure":
        bad = next((d for t in reversed(worked) for d in reversed(t.done) if not d.result.ok), None)
        return aid.say("failure", what=_call(bad, aid), how=_how(bad, aid)) if bad else aid.say("no failure")
    if not worked:
        return aid.say("nothing before")
    return "\n\n".join(_turn(t, aid) for t in (worked[-TURNS:] if wish.how == "all" else worked[-1:]))


def _turn(turn: Turn, aid: Aid) -> str:
    from assistant.visible import one_line

    rows = [f"{_call(d, aid)}: {_how(d, aid)}" for d in turn.done]
    more = [aid.say("more", n=len(rows) - CALLS)] if len(rows) > CALLS else []
    request = one_line(turn.request, 100).replace("`", "'").replace("*", "\\*")
    return f"{aid.say('did', request=request, n=len(rows))}\n\n{bullets([*rows[:CALLS], *more])}"


def _call(done: Done, aid: Aid) -> str:
    try:
        args = msgspec.json.decode(done.arguments, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeEncodeError):
        args = {}
    return doing(aid, done.tool, args)


def _how(done: Done, aid: Aid) -> str:
    if done.result.ok:
        return aid.say("did ok")
    match done.result.code:
        case "refused":
            return aid.say("did refused")
        case "needs_person":
            return aid.say("did person")
        case "stopped" | "may_have_happened" | "timeout":
            return aid.say("did open")
        case _:
            return aid.say("did failed", why=reason(done.result))
