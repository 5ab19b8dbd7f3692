"""What applied sets replaced, kept so that they can be taken back: bounded, oldest forgotten first.

`undo/ID/set` names every path of the set with what was there and what was written; `undo/ID/N` is the replaced file itself,
by a hard link where the file system can (then it costs nothing until the real file is gone), else a copy.
"""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import msgspec

from assistant.errors import StageError
from assistant.sandbox.stage.seen import Seen, quote, unquote
from assistant.sandbox.stage.tree import Tree, copy_content, split
from assistant.sandbox.stage.writer import Step

MAX_BYTES = 2 << 30
MAX_SETS = 50
"""Applied sets that can be undone, and the bytes kept for them: the oldest are forgotten first, and it is said. Chosen."""


class _Item(msgspec.Struct, array_like=True):
    path: str
    before: Seen | None
    after: Seen | None


class _Set(msgspec.Struct, array_like=True):
    time_ms: int
    items: list[_Item]
    finished: bool = False


class UndoSet:
    """One applied set, being recorded."""

    def __init__(self, folder: Path, real: Tree) -> None:
        self._folder = folder
        self._real = real
        self._numbers: dict[str, int] = {}
        self.id = folder.name

    def begin(self, steps: list[Step]) -> None:
        """Record what will be done before it is: a killed apply can be undone. Not synced: a power cut may lose the record,
        never a file, and a sync for each apply is most of what a small one costs.
        """
        self._folder.mkdir(parents=True, mode=0o700)
        self._numbers = {step.path: number for number, step in enumerate(steps)}
        self._write([_Item(quote(s.path), s.before, s.after) for s in steps])

    def keep(self, step: Step) -> None:
        """Keep what `step.path` holds now."""
        number = self._numbers[step.path]
        found = self._real.lstat(step.path)
        if found is None or not stat.S_ISREG(found.st_mode):
            return  # a folder or link is in the record itself
        parent, name = split(step.path)
        target = self._folder / str(number)
        try:
            os.link(name, target, src_dir_fd=self._real.folder(parent), follow_symlinks=False)
        except FileExistsError:
            return
        except OSError:
            _copy(self._real, step.path, target)

    def finish(self, done: list[Step]) -> None:
        """Keep only what was done. An empty set vanishes."""
        if not done:
            _remove(self._folder)
            return
        paths = {s.path for s in done}
        for path, number in self._numbers.items():
            if path not in paths:
                (self._folder / str(number)).unlink(missing_ok=True)
        items = {s.path: s for s in done}
        # Numbers name files, so each keeps its place.
        ordered = sorted(self._numbers, key=lambda p: self._numbers[p])
        nothing = _Item("", None, None)
        self._write(
            [_Item(quote(p), items[p].before, items[p].after) if p in items else nothing for p in ordered],
            finished=True,
        )

    def _write(self, items: list[_Item], *, finished: bool = False) -> None:
        new = self._folder / "set.new"
        with new.open("wb") as file:
            file.write(msgspec.msgpack.encode(_Set(time.time_ns() // 1_000_000, items, finished)))
        new.replace(self._folder / "set")


class UndoStore:
    """All applied sets of one stage, newest last by name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def new(self, real: Tree) -> UndoSet:
        """A set with a name that sorts after all others."""
        return UndoSet(self._folder / f"{time.time_ns():020d}", real)

    def list(self) -> list[tuple[str, int, int]]:
        """(id, time in Unix ms, number of paths), newest first."""
        found: list[tuple[str, int, int]] = []
        for name in self._names():
            try:
                one = self._read(name)
            except StageError:
                continue
            found.append((name, one.time_ms, sum(1 for item in one.items if item.path)))
        return found

    def steps(self, undo_id: str) -> list[Step]:
        """What takes the set back: the newest when empty. Raises StageError when there is none of that name."""
        names = self._names()
        name = undo_id or (names[0] if names else "")
        if name not in names:
            what = f"there is no applied set `{undo_id}`" if undo_id else "nothing was applied that could be undone"
            raise StageError(what, hint="`assistant stage list` shows what can be undone")
        steps: list[Step] = []
        for number, item in enumerate(self._read(name).items):
            if item.path:
                source = str(self._folder / name / str(number))
                steps.append(Step(unquote(item.path), item.after, item.before, source=source))
        return steps

    def latest(self) -> str:
        """The newest set's name, or empty."""
        return next(iter(self._names()), "")

    def forget(self, undo_id: str, left: list[Step] | None = None) -> None:
        """Remove a set; with `left`, keep those steps of it."""
        folder = self._folder / undo_id
        if not left:
            _remove(folder)
            return
        keep = {quote(step.path) for step in left}
        one = self._read(undo_id)
        one.items = [item if item.path in keep else _Item("", None, None) for item in one.items]
        self._replace(undo_id, one)

    def finished(self, undo_id: str) -> bool:
        """Whether the set was applied to its end."""
        return self._read(undo_id).finished

    def mark_finished(self, undo_id: str) -> None:
        """What was left of it by a crash is cleaned up."""
        one = self._read(undo_id)
        one.finished = True
        self._replace(undo_id, one)

    def _replace(self, undo_id: str, one: _Set) -> None:
        folder = self._folder / undo_id
        (folder / "set.new").write_bytes(msgspec.msgpack.encode(one))
        (folder / "set.new").replace(folder / "set")

    def size(self, undo_id: str) -> int:
        """Bytes that a set keeps on disk."""
        total = 0
        for entry in os.scandir(self._folder / undo_id):
            total += entry.stat(follow_symlinks=False).st_size
        return total

    def trim(self, max_bytes: int = MAX_BYTES, max_sets: int = MAX_SETS) -> list[str]:
        """Forget the oldest sets beyond the bounds; returns which. The newest goes too when it alone is too large."""
        kept, forgotten = 0, list[str]()
        for at, name in enumerate(self._names()):
            kept += self.size(name)
            if kept > max_bytes or at >= max_sets:
                self.forget(name)
                forgotten.append(name)
        return forgotten

    def _names(self) -> list[str]:
        try:
            return sorted((e.name for e in os.scandir(self._folder) if (Path(e.path) / "set").exists()), reverse=True)
        except FileNotFoundError:
            return []

    def _read(self, name: str) -> _Set:
        try:
            return msgspec.msgpack.decode((self._folder / name / "set").read_bytes(), type=_Set)
        except (OSError, msgspec.MsgspecError) as error:
            raise StageError(f"the record of the applied set `{name}` can't be read: {error}") from error


def _remove(folder: Path) -> None:
    """A set is one flat folder."""
    try:
        for entry in list(os.scandir(folder)):
            os.unlink(entry.path)
        folder.rmdir()
    except FileNotFoundError:
        pass


def _copy(real: Tree, path: str, target: Path) -> None:
    source = real.open(path)
    try:
        found = os.fstat(source)
        fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            copy_content(source, fd, found.st_size)
            os.fchmod(fd, stat.S_IMODE(found.st_mode))
            os.utime(fd, ns=(found.st_atime_ns, found.st_mtime_ns))
            os.fsync(fd)
        finally:
            os.close(fd)
    finally:
        os.close(source)
