"""What a stage held at earlier points of its task, so that a branch can begin as it was then: bounded, oldest forgotten first.

`moments/NAME` lists each path as the stage knew it; `moments/content/SHA256` is a staged file's content, kept once however
many moments hold it (blocks are shared where the file system can). The real folder is not in it: what was applied is undone
by `undo`.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import msgspec

from assistant.errors import StageError
from assistant.sandbox.stage.index import Known
from assistant.sandbox.stage.seen import Seen, hash_fd, look, quote, unquote
from assistant.sandbox.stage.tree import Tree, copy_content, split

MAX_BYTES = 1 << 30
"""Contents of all moments of one task. A stage that alone is larger is not kept."""
MAX_MOMENTS = 500
"""Of one task, a moment a turn: the oldest are forgotten first. Chosen."""
KEPT_TYPES = ("file", "dir", "symlink")


class _File(msgspec.Struct, array_like=True):
    paths: dict[str, Known]


class Moment(msgspec.Struct, frozen=True):
    """A stage as it was."""

    paths: dict[str, Known]
    content: Path
    """The folder of contents, each named by its SHA-256."""


class Moments:
    """The moments of one stage. Names sort by time when they are numbers."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._content = folder / "content"

    def find(self, name: str) -> Moment | None:
        """The moment of that name; None when there is none any more, or it can't be read."""
        try:
            loaded = msgspec.msgpack.decode((self._folder / name).read_bytes(), type=_File)
        except (OSError, msgspec.MsgspecError):
            return None
        return Moment({unquote(p): known for p, known in loaded.paths.items()}, self._content)

    def keep(self, name: str, paths: dict[str, Known], staged: Tree) -> None:
        """Keep what differs now. Raises StageError when it is too much, OSError."""
        if not name.isdecimal():
            raise StageError(f"`{name}` can't name a moment: it must be a number")
        differing = {path: known for path, known in paths.items() if known.differs}
        size = sum(k.after.size for k in differing.values() if k.after is not None and k.after.type == "file")
        if size > MAX_BYTES:
            raise StageError(
                f"the stage holds more than {MAX_BYTES >> 20} MiB, too much to be kept for going back to it"
            )
        if differing:
            self._content.mkdir(parents=True, mode=0o700, exist_ok=True)
        else:
            self._folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        kept = {quote(path): self._keep_content(path, known, staged) for path, known in differing.items()}
        new = self._folder / "new"
        new.write_bytes(msgspec.msgpack.encode(_File(kept)))
        new.replace(self._folder / name)
        self._trim()

    def _keep_content(self, path: str, known: Known, staged: Tree) -> Known:
        after = known.after
        if after is None or after.type != "file" or (self._content / after.sha256).exists():
            return known
        new = self._content / "new"
        new.unlink(missing_ok=True)
        source = staged.open(path)
        try:
            target = os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                size = os.fstat(source).st_size
                copy_content(source, target, size)
                os.lseek(target, 0, os.SEEK_SET)
                sha256 = hash_fd(target)
            finally:
                os.close(target)
        finally:
            os.close(source)
        new.replace(
            self._content / sha256
        )  # what was written a moment ago may not be what was listed: this is what it held
        return Known(known.before, msgspec.structs.replace(after, sha256=sha256, size=size), known.unsure)

    def _trim(self) -> None:
        names = sorted((e.name for e in os.scandir(self._folder) if e.name.isdecimal()), key=int, reverse=True)
        sizes = {e.name: e.stat().st_size for e in os.scandir(self._content)} if self._content.exists() else {}
        if len(names) <= MAX_MOMENTS and sum(sizes.values()) <= MAX_BYTES:
            return
        needed: set[str] = set()
        for at, name in enumerate(names):
            moment = self.find(name)
            more = needed | {k.after.sha256 for k in moment.paths.values() if k.after} if moment else needed
            if at and (at >= MAX_MOMENTS or sum(sizes.get(sha, 0) for sha in more) > MAX_BYTES):
                for old in names[at:]:
                    (self._folder / old).unlink(missing_ok=True)
                break
            needed = more
        for name in sizes.keys() - needed:
            (self._content / name).unlink(missing_ok=True)


class Restoring:
    """Puts a moment into a stage that holds nothing yet. `hide` makes a path look deleted."""

    def __init__(self, real: Tree, staged: Tree, hide: Callable[[str], None]) -> None:
        self._real = real
        self._staged = staged
        self._hide = hide
        self._names: dict[int, str] = {}
        """Where each inode of the moment was made, for its further names."""
        self.known: dict[str, Known] = {}
        """What the new stage knows of each path afterwards."""
        self.missing: list[str] = []
        """Paths that could not be made again."""
        self.elsewhere: list[str] = []
        """Paths whose real file is by now neither what it was nor what was staged."""

    def run(self, moment: Moment) -> None:
        """Make every path of it."""
        gone: list[str] = []
        for path in sorted(moment.paths):
            known = moment.paths[path]
            now = self._look(path)
            if _same(now, known.after):
                continue  # it was applied meanwhile: the real file is what the stage held
            before = now
            if not _same(now, known.before):
                before = known.before
                self.elsewhere.append(path)
            try:
                if known.after is None:
                    covered = any(path.startswith(f"{top}/") for top in gone)
                    if now is not None and not covered and self._parents_are_folders(path):
                        self._hide(path)
                        gone.append(path)
                else:
                    self._make(path, known.after, moment.content)
            except OSError:
                self.missing.append(path)
                continue
            self.known[path] = Known(before, known.after, known.unsure)

    def _look(self, path: str) -> Seen | None:
        found = self._real.lstat(path)
        if found is None:
            return None
        try:
            return look(self._real, path, found)
        except OSError:
            return look(self._real, path, found, read=False)

    def _parents_are_folders(self, path: str) -> bool:
        """Whether no parent was made a file on the stage: then there is nothing below it to hide."""
        parent, _ = split(path)
        while parent:
            found = self._staged.lstat(parent)
            if found is not None and not stat.S_ISDIR(found.st_mode):
                return False
            parent, _ = split(parent)
        return True

    def _make(self, path: str, after: Seen, content: Path) -> None:
        if after.type not in KEPT_TYPES:
            raise OSError(f"a {after.type} is not kept")
        self.parents(path)
        found = self._staged.lstat(path)
        both = found is not None and stat.S_ISDIR(found.st_mode) and after.type == "dir"
        if found is not None and not both:
            self._staged.remove(path)
        parent, name = split(path)
        at = self._staged.folder(parent)
        if after.type == "dir":
            self._staged.chmod(path, after.mode) if both else self._staged.mkdir(path, after.mode)
        elif after.type == "symlink":
            os.symlink(unquote(after.target), name, dir_fd=at)
        elif after.links > 1 and after.inode in self._names:
            other, first = split(self._names[after.inode])
            os.link(first, name, src_dir_fd=self._staged.folder(other), dst_dir_fd=at, follow_symlinks=False)
        else:
            self._copy(path, after, content / after.sha256)
            self._names[after.inode] = path

    def _copy(self, path: str, after: Seen, content: Path) -> None:
        source = os.open(content, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            target = self._staged.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
            try:
                copy_content(source, target, os.fstat(source).st_size)
                os.fchmod(target, after.mode & 0o1777)
                os.utime(target, ns=(after.mtime_ns, after.mtime_ns))
            finally:
                os.close(target)
        finally:
            os.close(source)

    def parents(self, path: str) -> None:
        """Make the folders that `path` lies in, as the real ones are."""
        parent, _ = split(path)
        found = self._staged.lstat(parent) if parent else None
        if not parent or (found is not None and stat.S_ISDIR(found.st_mode)):
            return
        self.parents(parent)
        real = self._real.lstat(parent)
        if found is not None:
            self._staged.remove(parent)
        self._staged.mkdir(parent, stat.S_IMODE(real.st_mode) if real and stat.S_ISDIR(real.st_mode) else 0o755)


def _same(one: Seen | None, other: Seen | None) -> bool:
    if one is None or other is None:
        return one is other
    return one.same_content(other)
