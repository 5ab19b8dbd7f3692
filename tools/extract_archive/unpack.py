"""Writes the members of an archive below one folder, counting every byte, following no link."""

from __future__ import annotations

import os

from _kit.archive import DAMAGED, Member, damaged, members, unsafe
from _kit.names import show
from _kit.problem import Problem
from _kit.text import size

CHUNK = 1 << 20
RATIO = 200
"""Deflate packs at most 1,032 to 1; real data stays below this once there is much of it."""
RATIO_FROM_BYTES = 100_000_000


class Unpacked:
    """What came out."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.skipped: list[str] = []
        self.bytes = 0


def unpack(archive: str, folder: str, limit_bytes: int) -> Unpacked:
    """Unpack everything into the empty `folder`.

    Raises Problem: bad_archive for names that lead out or collide, too_big beyond `limit_bytes` or a bomb's ratio.
    """
    try:
        return _unpack(archive, folder, limit_bytes)
    except DAMAGED as error:
        raise damaged(archive, error) from error


def _unpack(archive: str, folder: str, limit_bytes: int) -> Unpacked:
    done = Unpacked()
    packed = os.path.getsize(archive)
    links: list[Member] = []
    for member in members(archive):
        why = unsafe(member.name)
        if why:
            raise Problem("bad_archive", f"`{show(member.name)}` in the archive {why}; nothing was unpacked")
        name = os.path.normpath(member.name)
        if name == ".":
            continue
        if member.kind == "folder":
            os.makedirs(os.path.join(folder, name), exist_ok=True)
        elif member.kind == "file":
            _write(member, folder, name, done, limit_bytes, packed)
        elif member.kind == "link":
            links.append(member)
        elif member.kind == "same":
            _copy(member, folder, name, done, limit_bytes)
        else:
            done.skipped.append(member.name)
    # Links last: no file can be written through one.
    for member in links:
        _link(member, folder, done)
    return done


def _create(folder: str, name: str, mode: int) -> int:
    path = os.path.join(folder, name)
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return os.open(
            path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o755 if mode & 0o100 else 0o644
        )
    except (FileExistsError, NotADirectoryError):
        raise Problem(
            "bad_archive", f"the archive holds `{show(name)}` twice, or as file and folder; nothing was unpacked"
        ) from None


def _write(member: Member, folder: str, name: str, done: Unpacked, limit: int, packed: int) -> None:
    fd = _create(folder, name, member.mode)
    try:
        with member.open() as source:
            while chunk := source.read(CHUNK):
                done.bytes += len(chunk)
                if done.bytes > limit:
                    raise Problem(
                        "too_big",
                        f"unpacked it is larger than {size(limit)}; `max_mb` allows more; nothing was unpacked",
                    )
                if done.bytes > RATIO_FROM_BYTES and done.bytes > RATIO * packed:
                    raise Problem(
                        "too_big",
                        f"{size(packed)} unpack to more than {size(done.bytes)}: this looks like an archive bomb",
                    )
                while chunk:
                    chunk = chunk[os.write(fd, chunk) :]
        if member.mtime > 0:
            os.utime(fd, (member.mtime, member.mtime))
    finally:
        os.close(fd)
    done.names.append(name)


def _copy(member: Member, folder: str, name: str, done: Unpacked, limit: int) -> None:
    """A hard link becomes a file of its own: two names for one file would surprise whoever edits it."""
    source = os.path.normpath(member.link)
    if unsafe(member.link) or source not in done.names:
        done.skipped.append(member.name)
        return
    path = os.path.join(folder, source)
    done.bytes += os.path.getsize(path)
    if done.bytes > limit:
        raise Problem("too_big", f"unpacked it is larger than {size(limit)}; nothing was unpacked")
    fd = _create(folder, name, os.stat(path).st_mode)
    with os.fdopen(fd, "wb") as target, open(path, "rb") as content:
        while chunk := content.read(CHUNK):
            target.write(chunk)
    done.names.append(name)


def _link(member: Member, folder: str, done: Unpacked) -> None:
    """A symbolic link, when it stays inside."""
    name = os.path.normpath(member.name)
    target = os.path.normpath(os.path.join(os.path.dirname(name), member.link))
    path = os.path.join(folder, name)
    # Through other links of the archive it might still lead out: none may be on its way.
    inside = not (member.link.startswith("/") or target.startswith("..") or "\0" in member.link)
    if (
        not inside
        or _through_link(folder, os.path.dirname(name))
        or _through_link(folder, target)
        or os.path.lexists(path)
    ):
        done.skipped.append(member.name)
        return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    os.symlink(member.link, path)
    done.names.append(name)


def _through_link(folder: str, relative: str) -> bool:
    path = folder
    for part in relative.split("/"):
        path = os.path.join(path, part)
        if os.path.islink(path):
            return True
    return False
