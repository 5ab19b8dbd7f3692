"""Opening and replacing files without being trapped: nothing here waits on a pipe, follows into a device, or tears."""

from __future__ import annotations

import os
import stat

from _kit.names import locate, show
from _kit.problem import Problem, from_os_error

_TYPES = {
    stat.S_IFDIR: "a folder",
    stat.S_IFLNK: "a link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a disk device",
}


def type_of(mode: int) -> str:
    """`a file`, `a folder`, `a pipe` ... for a mode of `os.stat`."""
    return _TYPES.get(stat.S_IFMT(mode), "a file")


def open_file(path: str) -> tuple[int, os.stat_result, str]:
    """(descriptor, status, path) of a regular file, open for reading.

    Raises Problem: not_found (with the names that come closest), is_folder, not_a_file for pipes, sockets and devices,
    no_permission.
    """
    path = locate(path)
    try:
        # Not to wait: opening a pipe blocks until somebody writes to it.
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except FileNotFoundError:
        raise Problem("not_found", f"`{show(path)}` does not exist{_close_names(path)}") from None
    except OSError as error:
        raise from_os_error(error, show(path)) from error
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode):
        os.close(fd)
        code = "is_folder" if stat.S_ISDIR(status.st_mode) else "not_a_file"
        hint = "; list_dir shows what is in it" if code == "is_folder" else ", which can't be read like a file"
        raise Problem(code, f"`{show(path)}` is {type_of(status.st_mode)}{hint}")
    return fd, status, path


def _close_names(path: str) -> str:
    import difflib

    folder, name = os.path.split(path)
    try:
        names = [n for _, n in zip(range(2000), os.listdir(folder or "."), strict=False)]
    except OSError:
        while folder not in ("", "/") and not os.path.isdir(folder):
            folder = os.path.dirname(folder)
        return f"; the part that exists is `{show(folder)}`"
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(f'`{show(n)}`' for n in sorted(close))}?" if close else ""


def short_sha256(data: bytes) -> str:
    """SHA-256 (hex) of a text in memory, by CPython's own module where it has one: loading OpenSSL costs 3 ms."""
    for name in ("_sha256", "_sha2", "hashlib"):  # 3.11; from 3.12; anywhere
        try:
            module = __import__(name)
        except ImportError:
            continue
        return str(module.sha256(data).hexdigest())
    raise Problem("failed", "this Python has no SHA-256")


def check_fresh(data: bytes, expected: str, name: str) -> None:
    """Raises Problem(stale) unless the SHA-256 of `data` begins with `expected`; an empty one expects nothing."""
    if not expected:
        return
    actual = short_sha256(data)
    if not actual.startswith(expected.lower()):
        raise Problem("stale", f"`{name}` has changed: its sha256 is now {actual[:12]}; read it again, then change it")


def sha256(fd: int) -> str:
    """SHA-256 (hex) of all that a descriptor leads to, from the beginning."""
    import hashlib

    digest = hashlib.sha256()
    offset = 0
    while chunk := os.pread(fd, 1 << 20, offset):
        digest.update(chunk)
        offset += len(chunk)
    return digest.hexdigest()


def replace(path: str, data: bytes) -> bool:
    """Write a whole file: complete or not at all, its mode kept, links followed, missing folders made.

    Returns whether it is new. Raises Problem(is_folder, not_a_file, no_permission, no_space, ...).
    """
    path = os.path.realpath(locate(path))
    try:
        status = os.stat(path)
    except FileNotFoundError:
        status = None
    except OSError as error:
        raise from_os_error(error, show(path)) from error
    if status is not None and not stat.S_ISREG(status.st_mode):
        code = "is_folder" if stat.S_ISDIR(status.st_mode) else "not_a_file"
        raise Problem(code, f"`{show(path)}` is {type_of(status.st_mode)}; give the path of a file")
    if status is not None and not os.access(path, os.W_OK):
        raise Problem("no_permission", f"`{show(path)}` is write-protected")
    folder = os.path.dirname(path)
    temporary = f"{folder}/.{os.urandom(6).hex()}.part"  # random: a killed call may have left one
    try:
        os.makedirs(folder, exist_ok=True)
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(fd, view) :]
            if status is not None:
                os.fchmod(fd, stat.S_IMODE(status.st_mode) & 0o777)
        finally:
            os.close(fd)
        os.replace(temporary, path)
    except OSError as error:
        try:
            os.unlink(temporary)
        except OSError:
            pass
        raise from_os_error(error, show(path)) from error
    return status is None
