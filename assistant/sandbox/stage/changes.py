"""From what the stage knows of each path to what a person reviews: kinds, renames, hard links, what is held."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec

from assistant.sandbox.stage.index import Known
from assistant.sandbox.stage.seen import Seen
from assistant.types import Change

Held = Callable[[str, Known], str]


def changes_of(paths: Mapping[str, Known], held: Held) -> list[Change]:
    """All changes, sorted by path. A file that only moved is one change, a further name of a file is a link to it."""
    found = {path: _change(path, known, held(path, known)) for path, known in paths.items() if known.differs}
    _join_links(found, paths)
    _join_renames(found)
    return [found[path] for path in sorted(found)]


def _change(path: str, known: Known, held: str) -> Change:
    before, after = known.before, known.after
    shown = after or before
    return Change(
        path,
        _kind(before, after),
        type=shown.type if shown else "file",
        before_sha256=before.sha256 if before else "",
        after_sha256=after.sha256 if after else "",
        before_mode=before.mode if before else None,
        after_mode=after.mode if after else None,
        size_bytes=shown.size if shown and shown.type == "file" else 0,
        held=held,
    )


def _kind(before: Seen | None, after: Seen | None) -> str:
    if before is None:
        return "created"
    if after is None:
        return "deleted"
    if before.type == after.type == "symlink":
        return "link"
    same = before.type == after.type and (before.type == "dir" or before.sha256 == after.sha256)
    return "mode" if same else "changed"


def _join_links(found: dict[str, Change], paths: Mapping[str, Known]) -> None:
    """A created file that shares its inode with another staged file is a further name of it."""
    first: dict[int, str] = {}
    for path in sorted(paths, key=lambda p: (paths[p].before is None, p)):
        after = paths[path].after
        if after is None or after.type != "file" or after.links < 2:
            continue
        if after.inode not in first:
            first[after.inode] = path
        elif path in found and paths[path].before is None:
            found[path] = msgspec.structs.replace(found[path], kind="link", old_path=first[after.inode])


def _join_renames(found: dict[str, Change]) -> None:
    gone: dict[tuple[str, int], list[str]] = {}
    for path, change in found.items():
        if change.kind == "deleted" and change.type == "file" and change.before_sha256 and change.size_bytes:
            gone.setdefault((change.before_sha256, change.size_bytes), []).append(path)
    for path, change in list(found.items()):
        if change.kind != "created" or change.type != "file":
            continue
        sources = gone.get((change.after_sha256, change.size_bytes))
        if not sources:
            continue
        name = path.rpartition("/")[2]
        source = next((s for s in sources if s.rpartition("/")[2] == name), sources[0])
        sources.remove(source)
        old = found.pop(source)
        found[path] = msgspec.structs.replace(
            change,
            kind="renamed",
            old_path=source,
            before_sha256=old.before_sha256,
            before_mode=old.before_mode,
            held=change.held or old.held,
        )


def split_renames(changes: Iterable[Change]) -> dict[str, Change]:
    """By path, each rename as the deletion and the creation that it was."""
    out: dict[str, Change] = {}
    for change in changes:
        if change.kind != "renamed":
            out[change.path] = change
            continue
        out[change.path] = msgspec.structs.replace(
            change, kind="created", old_path="", before_sha256="", before_mode=None
        )
        out[change.old_path] = msgspec.structs.replace(
            change, path=change.old_path, kind="deleted", old_path="", after_sha256="", after_mode=None
        )
    return out


def changes_between(earlier: Mapping[str, Change], now: Mapping[str, Change]) -> list[Change]:
    """What a call did: the difference of two lists of changes, each keyed by path, renames taken apart.

    A file that the call only moved is one change again.
    """
    out: list[Change] = []
    for path in sorted(earlier.keys() | now.keys()):
        was, is_ = earlier.get(path), now.get(path)
        if was is None and is_ is not None:
            out.append(is_)
        elif was is not None and is_ is None:
            out.append(_undone(was))
        elif was is not None and is_ is not None and not _same_result(was, is_):
            kind = _step(was, is_)
            out.append(
                msgspec.structs.replace(is_, kind=kind, before_sha256=was.after_sha256, before_mode=was.after_mode)
            )
    found = {change.path: change for change in out}
    _join_renames(found)
    return [found[path] for path in sorted(found)]


def _same_result(was: Change, is_: Change) -> bool:
    return (was.after_sha256, was.after_mode, was.type) == (is_.after_sha256, is_.after_mode, is_.type) and (
        was.kind == "deleted"
    ) == (is_.kind == "deleted")


def _step(was: Change, is_: Change) -> str:
    if was.kind == "deleted":
        return "created"
    if is_.kind == "deleted":
        return "deleted"
    return "mode" if was.after_sha256 == is_.after_sha256 and was.type == is_.type else "changed"


def _undone(was: Change) -> Change:
    """The stage no longer differs here: the call put back what was there before."""
    kind = {"created": "deleted", "link": "deleted", "deleted": "created"}.get(was.kind, "changed")
    return msgspec.structs.replace(
        was,
        kind=kind,
        old_path="",
        before_sha256=was.after_sha256,
        after_sha256=was.before_sha256,
        before_mode=was.after_mode,
        after_mode=was.before_mode,
    )
