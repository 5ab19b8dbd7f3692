"""A stage as a copy of the folder, where no overlay can be mounted: blocks are shared where the file system can.

`manifest` remembers each file as it was copied, on both sides, so that neither an unchanged copy nor a real file that an
editor changed meanwhile counts as the task's change.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterable
from pathlib import Path

import msgspec

from assistant.sandbox.stage.index import Index, Known
from assistant.sandbox.stage.place import Place, Unseen
from assistant.sandbox.stage.seen import Seen, look, quote, unquote
from assistant.sandbox.stage.stage import DiskStage
from assistant.sandbox.stage.tree import Tree, copy_content, split

_FICLONE = 0x40049409  # linux/fs.h: share all blocks of another file

COPY_WARNING = "no overlay can be mounted over this folder, so it is staged as a copy: opening it takes the time and space of copying it"


class _Copied(msgspec.Struct, array_like=True):
    real: Seen
    copy: Seen


class CopiedLayer:
    """`copy` beside the real folder. See stage.Layer."""

    def __init__(self, place: Place, real: Tree) -> None:
        self._place = place
        self.real = real
        place.copy.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.content = Tree(place.copy)
        self._unseen = Unseen(place.folder)
        self._file = Path(place.base) / "manifest"
        self._manifest: dict[str, _Copied] = {}
        try:
            loaded = msgspec.msgpack.decode(self._file.read_bytes(), type=dict[str, _Copied])
            self._manifest = {unquote(path): one for path, one in loaded.items()}
        except (OSError, msgspec.MsgspecError):
            pass

    def close(self) -> None:
        """Give back descriptors."""
        self.content.close()

    def refresh(self, index: Index) -> None:
        """Copy what is new or changed in the real folder, except where the task has changes of its own."""
        self.real.forget()
        self.content.forget()
        found: set[str] = set()
        hidden = self._place.layer if self._place.layer.startswith(self._place.folder + "/") else ""
        for path, real in self.real.walk("", self._unseen.mounts):
            if hidden and f"{self._place.folder}/{path}".startswith(hidden):
                continue
            found.add(path)
            known, copied = index.paths.get(path), self._manifest.get(path)
            if known is not None and known.differs:
                continue
            seen = look(self.real, path, real, copied.real if copied else None, read=False)
            if copied is not None and copied.real.same_stat(seen) and self.content.lstat(path) is not None:
                continue
            self._copy(path, real)
        for path in sorted(self._manifest.keys() - found, reverse=True):
            known = index.paths.get(path)
            if known is None or not known.differs:
                self.content.remove(path)
                del self._manifest[path]
        self._save()

    def scan(self, index: Index, since_ns: int | None) -> None:
        """See stage.Layer."""
        self.content.forget()
        self.real.forget()
        new: dict[str, Known] = {}
        present: set[str] = set()
        for path, found in self.content.walk(""):
            present.add(path)
            copied, old = self._manifest.get(path), index.paths.get(path)
            if copied is not None and _untouched(copied.copy, look(self.content, path, found, read=False)):
                continue
            try:
                after = look(self.content, path, found, old.after if old else None)
            except PermissionError:
                after = look(self.content, path, found, read=False)
            new[path] = self._known(path, old, after, since_ns)
        for path in self._manifest.keys() - present:
            new[path] = self._known(path, index.paths.get(path), None, since_ns)
        index.paths = {path: known for path, known in new.items() if known.differs}

    def prune(self, index: Index) -> None:
        """What was applied is now what was copied."""
        for path, known in list(index.paths.items()):
            if known.differs:
                continue
            found, real = self.content.lstat(path), self.real.lstat(path)
            if found is None or real is None:
                self._manifest.pop(path, None)
            else:
                self._remember(path, real)
            del index.paths[path]
        self._save()

    def drop(self, paths: Iterable[str], index: Index) -> None:
        """See stage.Layer."""
        wanted = sorted(paths)
        for path in reversed(wanted):
            index.paths.pop(path, None)
            found, real = self.content.lstat(path), self.real.lstat(path)
            both = found is not None and real is not None and stat.S_ISDIR(found.st_mode) and stat.S_ISDIR(real.st_mode)
            if not both:
                self.content.remove(path)
                self._manifest.pop(path, None)
        for path in wanted:
            real = self.real.lstat(path)
            if real is not None and path not in self._unseen:
                self._parents(path)
                self._copy(path, real)
        self._save()

    def _known(self, path: str, old: Known | None, after: Seen | None, since_ns: int | None) -> Known:
        if old is not None:
            return Known(old.before, after, old.unsure)
        copied, found = self._manifest.get(path), self.real.lstat(path)
        now = look(self.real, path, found) if found is not None else None
        if copied is None:
            recent = now is not None and since_ns is not None and now.ctime_ns >= since_ns
            return Known(now, after, now is not None and now.type != "dir" and (recent or path in self._unseen))
        if now is not None and copied.real.same_stat(now):
            return Known(now, after)
        return Known(copied.real, after, unsure=copied.real.type != "dir")

    def _parents(self, path: str) -> None:
        parent, _ = split(path)
        if parent and self.content.lstat(parent) is None:
            self._parents(parent)
            real = self.real.lstat(parent)
            if real is not None:
                self._copy(parent, real)

    def _copy(self, path: str, real: os.stat_result) -> None:
        parent, name = split(path)
        found = self.content.lstat(path)
        if found is not None and not (stat.S_ISDIR(found.st_mode) and stat.S_ISDIR(real.st_mode)):
            self.content.remove(path)
            found = None
        try:
            if stat.S_ISDIR(real.st_mode):
                if found is None:
                    self.content.mkdir(path, real.st_mode | 0o700)
                else:
                    self.content.chmod(path, real.st_mode | 0o700)
            elif stat.S_ISLNK(real.st_mode):
                os.symlink(self.real.readlink(path), name, dir_fd=self.content.folder(parent))
            elif stat.S_ISREG(real.st_mode):
                self._copy_file(path, real)
            else:
                return
        except PermissionError:
            return  # what this person can't read is not in the copy either
        self._remember(path, real)

    def _copy_file(self, path: str, real: os.stat_result) -> None:
        source = self.real.open(path)
        try:
            target = self.content.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL)
            try:
                try:
                    fcntl.ioctl(target, _FICLONE, source)
                except OSError:
                    copy_content(source, target, real.st_size)
                os.fchmod(target, stat.S_IMODE(real.st_mode) & 0o1777)
                os.utime(target, ns=(real.st_atime_ns, real.st_mtime_ns))
            finally:
                os.close(target)
        finally:
            os.close(source)

    def _remember(self, path: str, real: os.stat_result) -> None:
        found = self.content.lstat(path)
        if found is None:
            return
        copy = look(self.content, path, found, read=False)
        seen = look(self.real, path, real, read=False)
        self._manifest[path] = _Copied(seen, copy)

    def _save(self) -> None:
        data = msgspec.msgpack.encode({quote(path): one for path, one in self._manifest.items()})
        new = self._file.with_name("manifest.new")
        new.write_bytes(data)
        new.replace(self._file)


def copied_stage(place: Place, warning: str = COPY_WARNING) -> DiskStage:
    """The stage of a task as a copy of its folder."""
    return DiskStage(place, CopiedLayer, lambda: _refresh(place), warning)


def _refresh(place: Place) -> None:
    with Tree(place.folder) as real:
        layer = CopiedLayer(place, real)
        try:
            index = Index(Path(place.base) / "index")
            layer.scan(index, None)
            index.save()
            layer.refresh(index)
        finally:
            layer.close()


def _untouched(copied: Seen, now: Seen) -> bool:
    if now.type == "dir":  # what lies in it has entries of its own
        return copied.type == "dir" and copied.mode == now.mode
    return copied.same_stat(now)
