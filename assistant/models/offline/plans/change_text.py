"""Replacing text, and changing single lines."""

from __future__ import annotations

from assistant.models.offline.markdown import bullets, code
from assistant.models.offline.plans.anchor import instead_of
from assistant.models.offline.plans.search import hits, place
from assistant.models.offline.plans.steps import (
    Aid,
    Steps,
    Stuck,
    ask,
    ask_all,
    check,
    fail,
    is_missing,
    meant,
    opened,
    reason,
    says,
)
from assistant.models.offline.plans.write import edited
from assistant.models.offline.wish import Wish

MOST = 40
"""Files that are edited for one request."""
AROUND = 20
"""Lines that are read on either side of a line to be changed."""


def replaced(wish: Wish, aid: Aid) -> Steps[str]:
    """Every occurrence in the named files, or in all that hold the text."""
    if wish.paths:
        answers: list[str] = []
        for path in wish.paths[:MOST]:
            answers.append((yield from _in_file(path, wish, aid)))
        return "\n".join(answers)
    found = yield from hits(wish, aid, ignore_case=False, pages=5)
    paths = list(dict.fromkeys(h.path for h in found.hits))
    if not paths:
        return aid.say("replace none", old=code(wish.text), where=place(wish, aid))
    now = paths[:MOST]
    edits = [{"old": wish.text, "new": wish.new, "all": True}]
    results = yield from ask_all(aid, "edit_file", *({"path": p, "edits": edits} for p in now))
    done = [p for p, r in zip(now, results, strict=True) if r.ok]
    failed: list[str] = []
    for path, result in zip(now, results, strict=True):
        if not result.ok:
            if not done:
                check(aid, result, "edit_file", {"path": path})
            failed.append(f"{code(path)}: {reason(result)}")
    out = (
        [
            f"{aid.say('replaced all', old=code(wish.text), new=code(wish.new), n=len(done))}\n\n{bullets(code(p) for p in done)}"
        ]
        if done
        else []
    )
    if failed:
        out.append(aid.say("failed", why="\n\n" + bullets(failed)))
    if len(paths) > MOST or found.total > len(found.hits):
        out.append(aid.say("moved partly", n=len(now)))
    return "\n\n".join(out)


def _in_file(path: str, wish: Wish, aid: Aid) -> Steps[str]:
    edits = [{"old": wish.text, "new": wish.new, "all": True}]
    result = yield from ask(aid, "edit_file", path=path, edits=edits)
    if is_missing(result):
        path = yield from meant(aid, path, result)
        result = yield from ask(aid, "edit_file", path=path, edits=edits)
    if not result.ok:
        if says(result, "no_match"):
            return aid.say("replace none", old=code(wish.text), where=code(path))
        fail(aid, result)
    if not wish.new:
        return aid.say("removed text", old=code(wish.text), file=code(path))
    return aid.say("replaced", old=code(wish.text), new=code(wish.new), file=code(path))


def lines_changed(wish: Wish, aid: Aid) -> Steps[str]:
    """Delete, change or insert at a line number."""
    first, last = wish.lines or (1, 1)
    begin = max(1, first - AROUND) if first > 0 else first - AROUND
    count = AROUND * 2 + 1 + max(0, last - first) if first > 0 else None
    file = yield from opened(aid, wish.paths[0], start=begin, lines=count)
    lines = file.reading.lines
    at = first - begin if first > 0 else len(lines) + first
    end = at + (last - first) + 1
    if not 0 <= at < len(lines):
        raise Stuck(aid.say("lines out", file=code(file.path), n=begin + len(lines) - 1 if first > 0 else len(lines)))
    end = min(end, len(lines))
    new = wish.text.split("\n")
    whole = begin == 1 and file.reading.whole
    low, high, put = {
        "delete": (at, end, []),
        "change": (at, end, new),
        "insert-before": (at, at, new),
        "insert-after": (at + 1, at + 1, new),
    }[wish.how]
    if lines[low:high] == put:
        return aid.say("replace none", old=code(wish.text), where=code(file.path))
    yield from edited(file.path, instead_of(lines, low, high, put, whole=whole), aid)
    what = aid.say("lines one", a=first) if first == last else aid.say("lines span", a=first, b=last)
    return aid.say(f"lines {wish.how}", what=what, file=code(file.path))
