"""A folder reached by descriptors alone: no step of a path inside it follows a link, whoever swaps one in meanwhile.

Programs of a room, editors and other tasks change these folders while they are read. A path given to the kernel in one
piece would follow a link that appeared a moment ago; here each component is opened from its parent with O_NOFOLLOW.
"""

from __future__ import annotations

import errno
import os
import stat
from collections import OrderedDict
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Self

_OPEN_FOLDERS = 64
_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_LISTED = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_BUFFER = 1 << 20
LONGEST = 4096
"""PATH_MAX of linux/limits.h. What lies deeper no program can name in one piece, and nothing here follows it there: programs
of a room can nest folders without end.
"""


def split(path: str) -> tuple[str, str]:
    """(parent, name) of a relative path; the parent of a top entry is empty."""
    parent, _, name = path.rpartition("/")
    return parent, name


def check_relative(path: str) -> str:
    """`path` without a trailing slash. Raises ValueError for one that is absolute, empty, or climbs."""
    clean = path.rstrip("/")
    if not clean or clean.startswith("/") or any(part in ("", ".", "..") for part in clean.split("/")):
        raise ValueError(f"`{path}` is not a path inside the folder")
    return clean


class Tree:
    """Relative paths of one folder. Every method raises OSError as the system call does, ELOOP or ENOTDIR for links on the way."""

    def __init__(self, top: Path | str) -> None:
        self.top = Path(top)
        self._top_fd = os.open(top, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self._folders: OrderedDict[str, int] = OrderedDict()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give back every descriptor."""
        self.forget()
        if self._top_fd >= 0:
            os.close(self._top_fd)
            self._top_fd = -1

    def forget(self) -> None:
        """Drop folders that are kept open; needed after folders were removed or renamed."""
        for fd in self._folders.values():
            os.close(fd)
        self._folders.clear()

    def folder(self, path: str) -> int:
        """A descriptor (O_PATH) of the folder `path`, which stays ours; empty is the top."""
        if not path:
            return self._top_fd
        kept = self._folders.get(path)
        if kept is not None:
            self._folders.move_to_end(path)
            return kept
        below: list[str] = []
        while path and path not in self._folders:
            below.append(path)
            path = split(path)[0]
        fd = self._folders[path] if path else self._top_fd
        for step in reversed(below):
            fd = os.open(split(step)[1], _FOLDER, dir_fd=fd)
            self._folders[step] = fd
            if len(self._folders) > _OPEN_FOLDERS:
                os.close(self._folders.popitem(last=False)[1])
        return fd

    def lstat(self, path: str) -> os.stat_result | None:
        """None when nothing is there, or when a parent is missing or no folder."""
        parent, name = split(path)
        try:
            return os.stat(name, dir_fd=self.folder(parent), follow_symlinks=False)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
                return None
            raise

    def open(self, path: str, flags: int = os.O_RDONLY, mode: int = 0o600) -> int:
        """A descriptor of a file. Never waits on a FIFO, never follows a link."""
        parent, name = split(path)
        extra = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
        return os.open(name, flags | extra, mode, dir_fd=self.folder(parent))

    def readlink(self, path: str) -> str:
        """Target of a symbolic link."""
        parent, name = split(path)
        return os.readlink(name, dir_fd=self.folder(parent))

    def names(self, path: str) -> list[str]:
        """Names in a folder, sorted."""
        fd = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self.folder(path))
        try:
            return sorted(os.listdir(fd))
        finally:
            os.close(fd)

    def walk(self, path: str, shut: Collection[str] = ()) -> Iterator[tuple[str, os.stat_result]]:
        """Everything below the folder `path`, a folder before what is in it. What vanishes meanwhile is left out.

        Told of, and not entered: folders named in `shut`, those that this person may not list, and what lies beyond LONGEST.
        """
        open_folders = [self._inside(path)]
        while open_folders:
            inside = next(open_folders[-1], None)
            if inside is None:
                open_folders.pop()
                continue
            found = self.lstat(inside)
            if found is None:
                continue
            yield inside, found
            if stat.S_ISDIR(found.st_mode) and inside not in shut and len(inside) < LONGEST:
                open_folders.append(self._inside(inside))

    def _inside(self, path: str) -> Iterator[str]:
        try:
            return iter([f"{path}/{name}" if path else name for name in self.names(path)])
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EACCES):
                return iter(())
            raise

    def xattr(self, path: str, name: str) -> bytes:
        """An extended attribute of a folder or file; empty when it has none."""
        try:
            fd = self.open(path, os.O_RDONLY)
        except OSError:
            return b""
        try:
            return os.getxattr(fd, name)
        except OSError:
            return b""
        finally:
            os.close(fd)

    def mkdir(self, path: str, mode: int) -> None:
        """Make one folder."""
        parent, name = split(path)
        os.mkdir(name, 0o700, dir_fd=self.folder(parent))
        self.chmod(path, mode)

    def chmod(self, path: str, mode: int) -> None:
        """Set the mode of a file or folder, never of what a link points to."""
        fd = self.open(path, os.O_RDONLY)
        try:
            os.fchmod(fd, mode & 0o7777)
        finally:
            os.close(fd)

    def unlink(self, path: str) -> None:
        """Remove a file, link or special file."""
        parent, name = split(path)
        os.unlink(name, dir_fd=self.folder(parent))

    def rmdir(self, path: str) -> None:
        """Remove an empty folder."""
        parent, name = split(path)
        at = self.folder(parent)
        self.forget_below(path)
        os.rmdir(name, dir_fd=at)

    def remove(self, path: str) -> None:
        """Remove whatever is at `path`, with all below it. Nothing there is no error."""
        found = self.lstat(path)
        if found is None:
            return
        if not stat.S_ISDIR(found.st_mode):
            self.unlink(path)
            return
        self.forget_below(path)
        parent, name = split(path)
        _remove_folder(name, self.folder(parent))

    def forget_below(self, path: str) -> None:
        """Close what is kept open of a folder that goes away."""
        for known in [p for p in self._folders if p == path or p.startswith(path + "/")]:
            os.close(self._folders.pop(known))

    def sync_folder(self, path: str) -> None:
        """Make the names in a folder durable."""
        fd = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self.folder(path))
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def _remove_folder(name: str, at: int) -> None:
    """Remove a folder however deep it is: with one descriptor and no recursion, by way of `..`, which is never a link."""
    fd, entered = _enter(name, at), [name]
    try:
        while entered:
            child = _first_folder(fd)
            if child:
                fd, old = _enter(child, fd), fd
                entered.append(child)
            else:
                up = os.dup(at) if len(entered) == 1 else os.open("..", _LISTED, dir_fd=fd)
                fd, old = up, fd
                os.rmdir(entered.pop(), dir_fd=fd)
            os.close(old)
    finally:
        os.close(fd)


def _enter(name: str, at: int) -> int:
    found = os.stat(name, dir_fd=at, follow_symlinks=False)
    if found.st_mode & 0o700 != 0o700:
        os.chmod(name, 0o700, dir_fd=at)
    return os.open(name, _LISTED, dir_fd=at)


def _first_folder(fd: int) -> str:
    """Remove files until a folder comes; empty when none does."""
    with os.scandir(fd) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                return entry.name
            os.unlink(entry.name, dir_fd=fd)
    return ""


def copy_content(source: int, target: int, size: int) -> None:
    """Copy a file's bytes between descriptors; holes stay holes, and shared blocks stay shared where the system can."""
    at = 0
    while at < size:
        try:
            start = os.lseek(source, at, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:  # only a hole is left
                break
            raise
        end = os.lseek(source, start, os.SEEK_HOLE)
        os.lseek(source, start, os.SEEK_SET)
        os.lseek(target, start, os.SEEK_SET)
        while start < end:
            done = _copy_range(source, target, end - start)
            if done == 0:  # it was cut short meanwhile
                break
            start += done
        at = max(end, at + 1)
    os.ftruncate(target, size)


def _copy_range(source: int, target: int, count: int) -> int:
    try:
        return os.copy_file_range(source, target, count)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP):
            raise
    data = os.read(source, min(count, _BUFFER))
    view = memoryview(data)
    while view:
        view = view[os.write(target, view) :]
    return len(data)
