"""New files and folders, and additions to files."""

from __future__ import annotations

import shlex

from assistant.models.offline.markdown import code
from assistant.models.offline.plans.anchor import Anchor, at_end, at_start
from assistant.models.offline.plans.steps import Aid, Steps, Stuck, ask, fail, is_missing, must, says
from assistant.models.offline.readings import reading
from assistant.models.offline.wish import Wish

TAIL = 40
"""Lines that are read of the end or the beginning of a file that something is added to."""


def written(wish: Wish, aid: Aid) -> Steps[str]:
    """A new file, or all of an old one. What only was to be created is never overwritten."""
    path = wish.paths[0]
    before = yield from ask(aid, "read_file", path=path, lines=1)
    exists = before.ok
    if not exists and not is_missing(before) and not says(before, "binary"):
        fail(aid, before)
    if "create" in wish.how and (exists or not is_missing(before)):
        raise Stuck(aid.say("exists", file=code(path), name=path.replace("`", "'")))
    content = _content(wish, aid)
    yield from must(aid, "write_file", path=path, content=content)
    if not content:
        return aid.say("created empty", file=code(path))
    return aid.say("written" if exists else "created", file=code(path), lines=content.count("\n"))


def _content(wish: Wish, aid: Aid) -> str:
    text = aid.answer if "answer" in wish.how else wish.text
    if "answer" in wish.how and not text:
        raise Stuck(aid.say("nothing before"))
    # What people type as \n in one line they mean as a new line.
    text = text.replace("\\n", "\n") if "\n" not in text else text
    return text if not text or text.endswith("\n") else f"{text}\n"


def appended(wish: Wish, aid: Aid) -> Steps[str]:
    """Lines at the end or the beginning of a file, without touching the rest of it."""
    path = wish.paths[0]
    added = _content(wish, aid).removesuffix("\n")
    start = wish.how.startswith("start")
    result = yield from ask(aid, "read_file", path=path, **({"start": 1, "lines": TAIL} if start else {"start": -TAIL}))
    if is_missing(result) or (result.ok and reading(result.text).empty):
        yield from must(aid, "write_file", path=path, content=f"{added}\n")
        return aid.say("created", file=code(path), lines=added.count("\n") + 1)
    if not result.ok:
        fail(aid, result)
    read = reading(result.text)
    whole = len(read.lines) < TAIL and read.whole
    anchors = (at_start if start else at_end)(read.lines, added, whole=whole)
    yield from edited(path, anchors, aid)
    return aid.say("appended start" if start else "appended end", file=code(path), lines=added.count("\n") + 1)


def edited(path: str, anchors: list[Anchor], aid: Aid) -> Steps[None]:
    """One edit, with the first of the anchors that stands in the file only once. Raises Stuck when none does."""
    for anchor in anchors:
        result = yield from ask(aid, "edit_file", path=path, edits=[{"old": anchor.old, "new": anchor.new}])
        if result.ok:
            return
        if not says(result, "not_unique"):
            fail(aid, result)
    raise Stuck(aid.say("no anchor", file=code(path)))


def folder(wish: Wish, aid: Aid) -> Steps[str]:
    """An empty folder: no tool makes one, so `mkdir` does."""
    path = wish.paths[0]
    yield from must(aid, "run_command", command=f"mkdir -p -- {shlex.quote(path)}")
    return aid.say("folder", file=code(f"{path}/"))
