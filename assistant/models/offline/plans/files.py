"""Lists of files: a folder as it is, the largest and newest, what fits a pattern."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.models.offline import readings
from assistant.models.offline.markdown import block, bullets, code, numbered
from assistant.models.offline.plans.steps import Aid, Steps, any_case, ask, fail, glob_of, is_missing, must
from assistant.models.offline.readings import Entry
from assistant.models.offline.wish import Wish

SHOWN = 60
"""Entries of an answer: more are counted."""
TOP = 10
"""How many "the largest files" are when no number is given."""
DEPTH = 3


def listed(wish: Wish, aid: Aid) -> Steps[str]:
    """What is in a folder; or its largest, smallest, newest, oldest files; or its tree."""
    if wish.how in {"size", "smallest", "newest", "oldest"}:
        return (yield from _top(wish, aid))
    if wish.how == "tree":
        result = yield from must(aid, "list_dir", path=wish.folder or None, depth=DEPTH)
        where = aid.where(wish.folder)
        return (
            aid.say("list empty", where=where)
            if not readings.listing(result.text).entries
            else f"{aid.say('tree', where=where, depth=DEPTH)}\n\n{block(_clipped(result.text))}"
        )
    entries, total = yield from in_folder(wish.folder, aid)
    where = aid.where(wish.folder)
    if wish.how == "folders":
        folders = [e for e in entries if e.folder]
        return (
            f"{aid.say('folders', n=len(folders), where=where)}\n\n{rows(folders, aid)}"
            if folders
            else aid.say("folders none", where=where)
        )
    if not entries:
        return aid.say("list empty", where=where)
    ordered = [*(e for e in entries if e.folder), *(e for e in entries if not e.folder)][: wish.limit]
    return f"{aid.say('list', n=total, where=where)}\n\n{rows(ordered, aid, total if wish.limit is None else None)}"


def in_folder(folder: str, aid: Aid) -> Steps[tuple[list[Entry], int]]:
    """(entries directly in a folder as far as they fit, how many there are)."""
    if "list_dir" not in aid.tools and "find_files" in aid.tools:
        result = yield from must(aid, "find_files", path=folder or None, glob="*", all=True)
        prefix = f"{folder.strip('/')}/" if folder and folder != "." else ""
        page = readings.listing(result.text)
        near = [
            Entry(e.name.removeprefix(prefix), e.folder, e.size)
            for e in page.entries
            if "/" not in e.name.removeprefix(prefix)
        ]
        return near, len(near)
    result = yield from ask(aid, "list_dir", path=folder or None)
    if is_missing(result):
        from assistant.models.offline.plans.steps import Stuck

        raise Stuck(aid.say("not found", file=code(folder)))
    if not result.ok:
        fail(aid, result)
    page = readings.listing(result.text)
    return list(page.entries), page.total


def _top(wish: Wish, aid: Aid) -> Steps[str]:
    order = "size" if wish.how in {"size", "smallest"} else "time"
    limit = max(1, min(wish.limit or TOP, 200))
    asked = {"path": wish.folder or None, "glob": glob_of(wish.names), "type": "file", "sort": order, "limit": limit}
    page = readings.listing((yield from must(aid, "find_files", **asked)).text)
    entries: Sequence[Entry] = page.entries
    if wish.how in {"smallest", "oldest"}:
        # The tool sorts one way; the other end is the last page, read backwards.
        if page.total > limit:
            page = readings.listing((yield from must(aid, "find_files", **asked, start=page.total - limit + 1)).text)
        entries = page.entries[::-1]
    where = aid.where(wish.folder)
    if not entries:
        return aid.say("found none", where=where)
    if limit == 1:
        return aid.say(f"the {wish.how}", where=where, file=row(entries[0]))
    return f"{aid.say(f'top {wish.how}', n=len(entries), where=where)}\n\n{numbered(row(e) for e in entries)}"


def found(wish: Wish, aid: Aid) -> Steps[str]:
    """Files by name, size and age. A name that nothing has is looked for in parts of names."""
    if wish.how and wish.min_bytes is None and wish.max_bytes is None and not wish.since and not wish.before:
        return (yield from _top(wish, aid))
    limit = wish.limit or SHOWN
    args = filters(wish) | {
        "limit": limit,
        "sort": {"newest": "time", "oldest": "time", "size": "size", "smallest": "size"}.get(wish.how),
    }
    page = readings.listing((yield from must(aid, "find_files", **args)).text)
    where = aid.where(wish.folder)
    if page.entries:
        return f"{aid.say('found', n=page.total, where=where)}\n\n{rows(page.entries, aid, page.total)}"
    if len(wish.names) == 1:
        inner = wish.names[0].strip("*").rpartition("/")[2]
        if inner and not inner.startswith("."):
            near = readings.listing(
                (yield from must(aid, "find_files", path=wish.folder or None, glob=any_case(inner), limit=20)).text
            )
            if near.entries:
                return f"{aid.say('found near', name=code(wish.names[0]))}\n\n{rows(near.entries, aid, near.total)}"
    return f"{aid.say('found none', where=where)} {aid.say('ignored')}"


def filters(wish: Wish) -> dict[str, object]:
    """The arguments of find_files for what a wish asks for."""
    by_kind = wish.names and all(n.startswith("*.") for n in wish.names)
    return {
        "path": wish.folder or None,
        "glob": glob_of(wish.names),
        "type": "file"
        if by_kind
        or wish.min_bytes is not None
        or wish.max_bytes is not None
        or wish.since
        or wish.before
        or not wish.names
        else None,
        "larger": str(wish.min_bytes) if wish.min_bytes is not None else None,
        # Smaller than one byte is empty.
        "smaller": str(max(1, wish.max_bytes)) if wish.max_bytes is not None else None,
        "newer": wish.since or None,
        "older": wish.before or None,
    }


def row(entry: Entry) -> str:
    """One entry of an answer."""
    name = f"{entry.name}/" if entry.folder else entry.name
    detail = ", ".join(filter(None, [entry.size, entry.time]))
    return f"{code(name)} ({detail})" if detail else code(name)


def rows(entries: Sequence[Entry], aid: Aid, total: int | None = None) -> str:
    """The entries as a list, and how many are left out."""
    shown = entries[:SHOWN]
    more = max(len(entries), total or 0) - len(shown)
    return bullets(row(e) for e in shown) + (f"\n\n{aid.say('more', n=more)}" if more > 0 else "")


def _clipped(text: str) -> str:
    lines = text.rstrip("\n").split("\n")
    return "\n".join(lines[:150]) + (f"\n… (+{len(lines) - 150})" if len(lines) > 150 else "")
