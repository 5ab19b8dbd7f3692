"""Archives read as lists of members, whatever their format, with names that are safe to use or said to be not.

Nothing here trusts what an archive says of itself: sizes are counted while reading, names are checked, links are data.
"""

from __future__ import annotations

import lzma
import os
import stat
import tarfile
import zipfile
import zlib

from _kit.names import show
from _kit.problem import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import IO

TAIL_CHUNKS = 64
MEMBERS = 200_000
"""More entries than this are no archive that a person made."""


DAMAGED = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    ValueError,
)
"""What the readers raise for a file that is not what it says."""


def damaged(path: str, error: BaseException) -> Problem:
    """The problem of an archive that could not be read."""
    return Problem("bad_archive", f"`{show(path)}` is damaged, or of a kind that can't be read: {error}")


class Member:
    """One entry. `kind`: file, folder, link (symbolic), same (hard link to an earlier member), other (never made)."""

    __slots__ = ("kind", "link", "mode", "mtime", "name", "open", "size")

    def __init__(
        self, name: str, kind: str, size: int, mode: int, mtime: float, opener: Callable[[], IO[bytes]], link: str = ""
    ) -> None:
        self.name = name.rstrip("/")
        self.kind = kind
        self.size = size
        self.mode = mode
        self.mtime = mtime
        self.open = opener
        self.link = link


def members(path: str) -> Iterator[Member]:
    """The members of a zip or tar file, in its own order.

    Raises Problem(bad_archive) for anything that is broken, unknown, encrypted or has too many entries.
    """
    try:
        if zipfile.is_zipfile(path):
            source = _zip(path)
        elif tarfile.is_tarfile(path):
            source = _tar(path)
        else:
            raise Problem(
                "bad_archive", f"`{show(path)}` is no zip or tar archive; run_command may have a program for it"
            )
        for number, member in enumerate(source):
            if number >= MEMBERS:
                raise Problem("too_big", f"`{show(path)}` has more than {MEMBERS} entries")
            yield member
    except DAMAGED as error:
        raise damaged(path, error) from error


def _zip(path: str) -> Iterator[Member]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if info.flag_bits & 1:
                raise Problem("bad_archive", f"`{show(path)}` is encrypted; unpack it yourself with its password")
            mode = info.external_attr >> 16
            kind = "folder" if info.is_dir() else "link" if stat.S_ISLNK(mode) else "file"
            if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK):
                kind = "other"

            def opener(info: zipfile.ZipInfo = info) -> IO[bytes]:
                return archive.open(info)

            link = ""
            if kind == "link":
                with opener() as stream:
                    link = os.fsdecode(stream.read(4096))
            yield Member(_zip_name(info), kind, info.file_size, mode & 0o777, 0.0, opener, link)


def _zip_name(info: zipfile.ZipInfo) -> str:
    """The name: without the UTF-8 flag zipfile reads code page 437, but Chinese Windows writes GBK and macOS UTF-8."""
    if info.flag_bits & 0x800 or info.filename.isascii():
        return info.filename
    raw = info.filename.encode("cp437", "replace")
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return info.filename


def _tar(path: str) -> Iterator[Member]:
    with tarfile.open(path, "r:*", errors="surrogateescape") as archive:
        for info in archive:
            kind = (
                "file"
                if info.isreg()
                else "folder"
                if info.isdir()
                else "link"
                if info.issym()
                else "same"
                if info.islnk()
                else "other"
            )

            def opener(info: tarfile.TarInfo = info) -> IO[bytes]:
                stream = archive.extractfile(info)
                if stream is None:
                    raise Problem("bad_archive", f"`{show(info.name)}` has no content")
                return stream

            yield Member(info.name, kind, info.size, info.mode & 0o777, float(info.mtime), opener, info.linkname)
        # A cut stream only shows at its very end, behind the last member.
        for _ in range(TAIL_CHUNKS):
            if not archive.fileobj.read(1 << 20):
                break


def unsafe(name: str) -> str:
    """Why a member's name can't be used; empty when it can."""
    if not name or name == ".":
        return ""
    if "\0" in name:
        return "holds a NUL"
    if name.startswith(("/", "\\")) or (len(name) > 1 and name[1] == ":"):
        return "is an absolute path"
    if ".." in name.replace("\\", "/").split("/"):
        return "leads out of the folder"
    return ""
