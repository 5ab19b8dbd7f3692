"""The layer as the kernel's overlay keeps it: how to read it, take single paths out of it, and prune it.

Format (Documentation/filesystems/overlayfs.rst, `userxattr`): a character device 0:0 hides a name; a folder with
`user.overlay.opaque` = `y` hides all that lies below; everything else is the new file itself. Reading while a room runs is
safe; changing is only for a layer that no living mount uses, or the mount's behaviour is undefined.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from assistant.sandbox.stage.index import Index, Known
from assistant.sandbox.stage.place import Unseen
from assistant.sandbox.stage.seen import Seen, look
from assistant.sandbox.stage.tree import LONGEST, Tree, copy_content, split

_OPAQUE = "user.overlay.opaque"


def is_whiteout(found: os.stat_result) -> bool:
    """Whether this entry of a layer means: deleted."""
    return stat.S_ISCHR(found.st_mode) and found.st_rdev == 0


class OverlayLayer:
    """`upper` over the real folder."""

    def __init__(self, real: Tree, upper: Path) -> None:
        self.real = real
        self.content = Tree(upper)
        """Where the staged files lie, at their own paths."""
        self.unseen = Unseen(str(real.top))

    def close(self) -> None:
        """Give back descriptors."""
        self.content.close()

    def scan(self, index: Index, since_ns: int | None) -> None:
        """Bring `index` up to date with the layer.

        A real file that was written at or after `since_ns`, and differs from the stage for the first time now, may not be
        the one that the task read: it is marked unsure.
        """
        self.content.forget()
        self.real.forget()
        _Scan(self, index, since_ns).run()

    def prune(self, index: Index) -> None:
        """Take out what is no change any more. Only without a living mount."""
        needed: set[str] = set()
        """Folders in which something still is a change."""
        spare: dict[str, list[str]] = {}
        for path, found in reversed(list(self.content.walk(""))):
            parent, _ = split(path)
            known = index.paths.get(path)
            here = known is None or known.differs or len(path) >= LONGEST
            if stat.S_ISDIR(found.st_mode):
                here = self._close(path, spare.pop(path, []), index, needed=path in needed) or here
            elif known is not None and known.before is not None and known.before.type == "dir":
                here = here or _differs_below(path, index)
            if here:
                needed.add(parent)
            else:
                spare.setdefault(parent, []).append(path)
        self._close("", spare.pop("", []), index, needed="" in needed)
        index.paths = {p: k for p, k in index.paths.items() if k.differs or self.content.lstat(p) is not None}

    def drop(self, paths: Iterable[str], index: Index) -> None:
        """Make each of these paths show the real file again. Only without a living mount."""
        for path in sorted(paths, reverse=True):
            self._restore(path)
            index.paths.pop(path, None)

    def hide(self, path: str) -> None:
        """Put a whiteout over a real file or folder. Only without a living mount."""
        parent, name = split(path)
        self._make_parents(parent)
        self.content.remove(path)
        os.mknod(name, stat.S_IFCHR, 0, dir_fd=self.content.folder(parent))

    def _make_parents(self, folder: str) -> None:
        if folder and self.content.lstat(folder) is None:
            self._make_parents(split(folder)[0])
            real = self.real.lstat(folder)
            self.content.mkdir(folder, stat.S_IMODE(real.st_mode) if real is not None else 0o755)

    def _opaque(self, path: str) -> bool:
        return bool(path) and self.content.xattr(path, _OPAQUE) == b"y"

    def _close(self, folder: str, spare: list[str], index: Index, *, needed: bool) -> bool:
        """All in this folder is looked at: remove what is spare. Whether anything in it still is a change."""
        if self._opaque(folder) and (needed or _differs_below(folder, index)):
            return True
        for path in spare:
            self.content.remove(path)
        return needed

    def _restore(self, path: str) -> None:
        hidden_at = self._whiteout_above(path)
        if hidden_at:
            self._open_whiteout(hidden_at, path)
        found, real = self.content.lstat(path), self.real.lstat(path)
        if found is not None and stat.S_ISDIR(found.st_mode) and real is not None and stat.S_ISDIR(real.st_mode):
            self.content.chmod(path, real.st_mode)
            return
        self.content.remove(path)
        if real is not None and self._below_opaque(path):
            self._copy_real(path, real)

    def _whiteout_above(self, path: str) -> str:
        parent, _ = split(path)
        while parent:
            found = self.content.lstat(parent)
            if found is not None and is_whiteout(found):
                return parent
            parent, _ = split(parent)
        return ""

    def _open_whiteout(self, hidden: str, path: str) -> None:
        """Turn one whiteout of a folder into whiteouts of what is in it, down to `path`, which stays visible."""
        at = hidden
        while True:
            real = self.real.lstat(at)
            if real is None or not stat.S_ISDIR(real.st_mode):
                return
            self.content.remove(at)
            self.content.mkdir(at, stat.S_IMODE(real.st_mode))
            for name in self.real.names(at):
                inside = f"{at}/{name}"
                if inside != path and not path.startswith(inside + "/"):
                    os.mknod(name, stat.S_IFCHR, 0, dir_fd=self.content.folder(at))
            rest = path[len(at) + 1 :].split("/")
            if len(rest) == 1:
                return
            at = f"{at}/{rest[0]}"

    def _below_opaque(self, path: str) -> bool:
        parent, _ = split(path)
        while parent:
            if self._opaque(parent):
                return True
            parent, _ = split(parent)
        return False

    def _copy_real(self, path: str, real: os.stat_result) -> None:
        parent, name = split(path)
        at = self.content.folder(parent)
        if stat.S_ISLNK(real.st_mode):
            os.symlink(self.real.readlink(path), name, dir_fd=at)
        elif stat.S_ISDIR(real.st_mode):
            self.content.mkdir(path, real.st_mode)
        elif stat.S_ISREG(real.st_mode):
            source = self.real.open(path)
            target = self.content.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
            try:
                copy_content(source, target, real.st_size)
                os.fchmod(target, stat.S_IMODE(real.st_mode) & 0o1777)
                os.utime(target, ns=(real.st_atime_ns, real.st_mtime_ns))
            finally:
                os.close(source)
                os.close(target)


def _differs_below(folder: str, index: Index) -> bool:
    return any(k.differs for p, k in index.paths.items() if p.startswith(folder + "/"))


class _Scan:
    def __init__(self, layer: OverlayLayer, index: Index, since_ns: int | None) -> None:
        self._layer = layer
        self._old = index.paths
        self._index = index
        self._since = since_ns
        self._new: dict[str, Known] = {}

    def run(self) -> None:
        content, real = self._layer.content, self._layer.real
        for path, found in content.walk(""):
            below = real.lstat(path)
            below_is_folder = below is not None and stat.S_ISDIR(below.st_mode)
            if is_whiteout(found):
                self._record(path, None, below)
            else:
                self._record(path, self._after(path, found), below)
            if below_is_folder and (not stat.S_ISDIR(found.st_mode) or self._layer._opaque(path)):  # pyright: ignore[reportPrivateUsage]
                self._hidden_below(path, late=path in self._old)
        self._index.paths = self._new

    def _hidden_below(self, folder: str, *, late: bool) -> None:
        """All real files that this entry hides. One that appeared after the entry was known, or that lies in another file
        system, which an overlay does not show, was never the task's to delete.
        """
        for path, found in self._layer.real.walk(folder):
            if path not in self._layer.unseen and self._layer.content.lstat(path) is None:
                self._record(path, None, found, late=late)

    def _after(self, path: str, found: os.stat_result) -> Seen | None:
        known = self._old.get(path)
        try:
            return look(self._layer.content, path, found, known.after if known else None)
        except FileNotFoundError:
            return None
        except PermissionError:  # a file or folder of mode 000, by an ordinary user
            return look(self._layer.content, path, found, None, read=False)

    def _record(self, path: str, after: Seen | None, below: os.stat_result | None, *, late: bool = False) -> None:
        known = self._old.get(path)
        if known is not None:
            self._new[path] = Known(known.before, after, known.unsure)
            return
        before = None
        if below is not None:
            try:
                before = look(self._layer.real, path, below)
            except OSError:
                before = look(self._layer.real, path, below, read=False)
        recent = self._since is not None and before is not None and before.ctime_ns >= self._since
        doubtful = before is not None and before.type != "dir" and (recent or late)
        unseen = before is not None and path in self._layer.unseen and not (after is not None and after.type == "dir")
        self._new[path] = Known(before, after, doubtful or unseen)
