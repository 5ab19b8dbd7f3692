"""A stage opened for one piece of work: the real folder, the layer over it, and what is remembered of each path."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

from assistant.sandbox.stage import textdiff
from assistant.sandbox.stage.bases import Bases
from assistant.sandbox.stage.changes import changes_of
from assistant.sandbox.stage.held import held_reason
from assistant.sandbox.stage.index import Index, Known
from assistant.sandbox.stage.locks import Locks
from assistant.sandbox.stage.place import Place
from assistant.sandbox.stage.seen import look
from assistant.sandbox.stage.tree import Tree
from assistant.sandbox.stage.writer import Step
from assistant.types import Change

_SMALL = 1 << 20
_REALTIME_COARSE = 5  # CLOCK_REALTIME_COARSE of linux/time.h: the clock that file times are taken from


class Layer(Protocol):
    """How staged files are kept: an overlay's upper layer, or a copy of the folder."""

    content: Tree

    def scan(self, index: Index, since_ns: int | None) -> None:
        """Bring the index up to date."""
        ...

    def prune(self, index: Index) -> None:
        """Take out what is no change any more; nothing runs meanwhile."""
        ...

    def drop(self, paths: Iterable[str], index: Index) -> None:
        """Make these paths show the real file again; nothing runs meanwhile."""
        ...

    def close(self) -> None:
        """Give back descriptors."""
        ...


class View:
    """A stage opened for one piece of work."""

    def __init__(self, place: Place, open_layer: Callable[[Place, Tree], Layer]) -> None:
        self._place = place
        self.real = Tree(place.folder)
        self.layer = open_layer(place, self.real)
        self.index = Index(Path(place.base) / "index")
        self.bases = Bases(Path(place.base) / "bases")
        self._tail = "/".join(Path(place.folder).parts[-2:]).strip("/")

    def close(self) -> None:
        """Give back descriptors."""
        self.layer.close()
        self.real.close()

    def scan(self) -> None:
        """Bring the index up to date with the layer."""
        since_file = Path(self._place.base) / "since"
        try:
            since = int(since_file.read_text())
        except (OSError, ValueError):
            since = None
        started = file_clock_ns()
        self.layer.scan(self.index, since)
        self.index.save()
        self.bases.update(self.index.paths, self.real)
        if since is not None:
            self._forget_since(since_file, started)

    def _forget_since(self, since_file: Path, started: int) -> None:
        try:
            fd = Locks(Path(self._place.base)).hold_alone()
        except BlockingIOError:  # calls run: what is new from here on may have been read before
            since_file.write_text(str(started))
        else:
            since_file.unlink(missing_ok=True)
            os.close(fd)

    def changes(self) -> list[Change]:
        """All changes, after a scan."""
        self.scan()
        return changes_of(self.index.paths, self.held)

    def diff(self, change: Change) -> str:
        """One of `changes` as text."""
        known = self.index.paths[change.path]
        before, after = known.before, known.after
        return textdiff.diff_text(
            change, self.real, self.layer.content, before.target if before else "", after.target if after else ""
        )

    def applied(self, done: Iterable[Step]) -> None:
        """The real files are now what the stage holds."""
        for step in done:
            found = self.real.lstat(step.path)
            before = look(self.real, step.path, found, read=False) if found is not None else None
            if before is not None and step.after is not None:
                before = type(before)(
                    before.type, before.mode, before.size, before.inode, before.mtime_ns, before.ctime_ns, before.links,
                    step.after.sha256, step.after.target,
                )  # fmt: skip
            known = self.index.paths.get(step.path)
            if known is not None:
                self.index.paths[step.path] = Known(before, known.after)
        self.index.save()

    def taken_back(self, done: Iterable[Step]) -> None:
        """The real files are again what they were before an apply. What the stage still holds differs from that now."""
        for step in done:
            known = self.index.paths.get(step.path)
            if known is None or not known.differs or known.before is None or step.before is None:
                continue
            if not known.before.same_content(step.before):
                continue
            found = self.real.lstat(step.path)
            self.index.paths[step.path] = Known(look(self.real, step.path, found) if found else None, known.after)
        self.index.save()

    def conflict(self, path: str) -> str:
        """Why applying this path would ask, or empty: the real file is neither as the task found it nor as it made it."""
        known = self.index.paths[path]
        if known.unsure:
            return "it may have been changed while the task was reading it"
        found = self.real.lstat(path)
        if found is None:
            return "" if known.before is None or known.after is None else "it was deleted since the task changed it"
        now = look(self.real, path, found, known.before, read=False)
        if known.before is not None and known.before.same_stat(now):
            return ""
        now = look(self.real, path, found, known.before)
        for seen in (known.before, known.after):
            if seen is not None and (seen.same_content(now) or seen.type == now.type == "dir"):
                return ""
        return "there is another file of that name now" if known.before is None else "it was changed meanwhile"

    def held(self, path: str, known: Known, after: bytes | None = None) -> str:
        """Why this change waits for a person. `after` stands in for the staged content."""
        for name in (path, f"{self._tail}/{path}"):
            reason = held_reason(
                name,
                known.before,
                known.after,
                lambda: _small_file(self.real, path),
                lambda: after if after is not None else _small_file(self.layer.content, path),
            )
            if reason:
                return reason
        return ""


def _small_file(tree: Tree, path: str) -> bytes | None:
    found = tree.lstat(path)
    if found is None or found.st_size > _SMALL:
        return None
    try:
        fd = tree.open(path)
    except OSError:
        return None
    try:
        return os.read(fd, _SMALL)
    finally:
        os.close(fd)


def file_clock_ns() -> int:
    """Now, by the clock that file times are taken from, in nanoseconds."""
    return time.clock_gettime_ns(_REALTIME_COARSE if sys.platform == "linux" else time.CLOCK_REALTIME)
