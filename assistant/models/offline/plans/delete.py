"""Deleting: only what the person named, by name or by pattern."""

from __future__ import annotations

from assistant.models.offline import readings
from assistant.models.offline.markdown import bullets, code, joined
from assistant.models.offline.plans.files import filters
from assistant.models.offline.plans.reach import reach
from assistant.models.offline.plans.steps import Aid, Steps, Stuck, ask, fail, is_missing, must, shown_names
from assistant.models.offline.wish import Wish

MOST = 200
SHOWN = 30


def deleted(wish: Wish, aid: Aid) -> Steps[str]:
    """Named files and folders; what fits a pattern; what is large, old or empty."""
    if wish.paths:
        return (yield from _named(wish, aid))
    filtered = wish.min_bytes is not None or wish.max_bytes is not None or wish.since or wish.before
    if not filtered:
        if not wish.folder and all(set(n) <= set("*./") for n in wish.names):
            raise Stuck(aid.say("delete everything"))
        reached = yield from reach(aid, wish.names, wish.folder)
        result = yield from must(aid, "delete_files", paths=list(reached.patterns))
    else:
        page = readings.listing((yield from must(aid, "find_files", **filters(wish) | {"type": "file"})).text)
        if not page.entries:
            raise Stuck(aid.say("none fit", where=aid.where(wish.folder), names=shown_names(wish.names)))
        result = yield from must(aid, "delete_files", paths=[e.name for e in page.entries[:MOST]])
    rows = readings.listing("\n".join(result.text.split("\n")[1:])).entries
    shown = bullets(code(e.name) for e in rows[:SHOWN])
    more = f"\n\n{aid.say('more', n=len(rows) - SHOWN)}" if len(rows) > SHOWN else ""
    return f"{aid.say('deleted all', n=len(rows))}\n\n{shown}{more}"


def _named(wish: Wish, aid: Aid) -> Steps[str]:
    paths = [p.rstrip("/") for p in wish.paths]
    result = yield from ask(aid, "delete_files", paths=paths)
    if is_missing(result):
        # A near name may be looked at, but nothing is deleted on a guess.
        name = next((p for p in paths if p in result.text), paths[0])
        raise Stuck(aid.say("not found", file=code(name)))
    if not result.ok:
        fail(aid, result)
    return aid.say("deleted", what=joined(paths))
