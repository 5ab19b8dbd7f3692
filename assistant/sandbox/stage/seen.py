"""How one file looked when it was last seen: enough to tell cheaply whether it changed, and surely what it held."""

from __future__ import annotations

import hashlib
import os
import stat

import msgspec

from assistant.sandbox.stage.tree import Tree

_CHUNK = 1 << 20


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """type: file, dir, symlink, fifo, socket, device. `sha256` is empty where content was not read."""

    type: str
    mode: int
    size: int
    inode: int
    mtime_ns: int
    ctime_ns: int
    links: int = 1
    sha256: str = ""
    target: str = ""
    """Of a symbolic link, percent-quoted so that any bytes fit."""

    def same_stat(self, other: Seen) -> bool:
        """Whether nothing can have been written in between."""
        return (
            self.inode == other.inode
            and self.ctime_ns == other.ctime_ns
            and self.mtime_ns == other.mtime_ns
            and self.size == other.size
            and self.mode == other.mode
        )

    def same_content(self, other: Seen) -> bool:
        """Whether both are the same thing with the same mode (a link's mode means nothing, a folder's content is others')."""
        if self.type != other.type:
            return False
        if self.type == "symlink":
            return self.target == other.target
        return self.mode == other.mode and (self.type == "dir" or self.sha256 == other.sha256)


def kind_of(mode: int) -> str:
    """The word for a file's type."""
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "dir"
    if stat.S_ISLNK(mode):
        return "symlink"
    if stat.S_ISFIFO(mode):
        return "fifo"
    if stat.S_ISSOCK(mode):
        return "socket"
    return "device"


def look(tree: Tree, path: str, found: os.stat_result, known: Seen | None = None, *, read: bool = True) -> Seen:
    """What is at `path`, its content hashed unless `known` shows that nothing changed since. Raises OSError."""
    seen = Seen(
        kind_of(found.st_mode),
        stat.S_IMODE(found.st_mode),
        found.st_size,
        found.st_ino,
        found.st_mtime_ns,
        found.st_ctime_ns,
        found.st_nlink,
    )
    if known is not None and known.type == seen.type and known.same_stat(seen) and (known.sha256 or not read):
        return msgspec.structs.replace(known, links=seen.links)
    if seen.type == "symlink":
        target = tree.readlink(path)
        digest = hashlib.sha256(os.fsencode(target)).hexdigest()
        return msgspec.structs.replace(seen, target=quote(target), sha256=digest)
    if seen.type == "file" and read:
        return msgspec.structs.replace(seen, sha256=hash_file(tree, path))
    return seen


def hash_file(tree: Tree, path: str) -> str:
    """SHA-256 hex of a file's content."""
    fd = tree.open(path)
    try:
        return hash_fd(fd)
    finally:
        os.close(fd)


def hash_fd(fd: int) -> str:
    """SHA-256 hex of what a descriptor still has to read."""
    digest = hashlib.sha256()
    while data := os.read(fd, _CHUNK):
        digest.update(data)
    return digest.hexdigest()


def quote(text: str) -> str:
    """Any file name or link target as plain text that every encoder takes."""
    return os.fsencode(text).decode("latin-1")


def unquote(text: str) -> str:
    """The inverse of `quote`."""
    return os.fsdecode(text.encode("latin-1"))
