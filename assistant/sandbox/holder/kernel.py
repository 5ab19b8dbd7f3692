"""System calls that Python 3.11 has no name for. Numbers: include/uapi/asm-generic/unistd.h (same on every machine)."""

from __future__ import annotations

import ctypes
import os

_libc = ctypes.CDLL(None, use_errno=True)

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x20000, 0x10000000, 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND, MS_REC, MS_SLAVE = 1, 2, 4, 8, 32, 4096, 16384, 1 << 19
_MOUNT_SETATTR, _OPEN_TREE, _MOVE_MOUNT = 442, 428, 429
_AT_FDCWD, _AT_EMPTY_PATH, _AT_RECURSIVE = -100, 0x1000, 0x8000
_OPEN_TREE_CLONE, _MOVE_MOUNT_F_EMPTY_PATH = 1, 4
ATTR_RDONLY, ATTR_NOSUID, ATTR_NODEV, ATTR_IDMAP = 1, 2, 4, 0x100000
_PR_SET_PDEATHSIG, _PR_SET_NAME, _PR_SET_CHILD_SUBREAPER = 1, 15, 36


def _check(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def unshare(flags: int) -> None:
    """unshare(2)."""
    _check(_libc.unshare(flags), "unshare")


def mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    """mount(2)."""
    args = [None if text is None else os.fsencode(text) for text in (source, target, kind)]
    _check(_libc.mount(*args, ctypes.c_ulong(flags), data and os.fsencode(data)), f"mount {kind or ''} on {target}")


class _MountAttr(ctypes.Structure):
    _fields_ = [(n, ctypes.c_uint64) for n in ("set", "clear", "propagation", "userns_fd")]


def _set_attributes(folder: int, path: str, flags: int, attributes: int, userns: int = 0) -> None:
    wanted = _MountAttr(attributes, 0, 0, userns)
    result = _libc.syscall(
        _MOUNT_SETATTR, folder, os.fsencode(path), flags | _AT_RECURSIVE, ctypes.byref(wanted), ctypes.sizeof(wanted)
    )
    _check(result, f"mount_setattr {path}")


def bind(source: str, target: str, attributes: int) -> None:
    """Show `source` with all that is mounted below it at `target`, with further restrictions."""
    mount(source, target, None, MS_BIND | MS_REC)
    _set_attributes(_AT_FDCWD, target, 0, attributes)


def bind_with_ids(source: str, target: str, attributes: int, userns: int) -> None:
    """`bind`, with owners translated by the map of the user namespace `userns`. Needs real root and a file system that can."""
    tree = _check(
        _libc.syscall(
            _OPEN_TREE, _AT_FDCWD, os.fsencode(source), _OPEN_TREE_CLONE | os.O_CLOEXEC | _AT_RECURSIVE
        ),
        f"open_tree {source}",
    )  # fmt: skip
    try:
        _set_attributes(tree, "", _AT_EMPTY_PATH, attributes | ATTR_IDMAP, userns)
        _check(
            _libc.syscall(_MOVE_MOUNT, tree, b"", _AT_FDCWD, os.fsencode(target), _MOVE_MOUNT_F_EMPTY_PATH),
            f"move_mount {target}",
        )
    finally:
        os.close(tree)


def die_with_parent() -> None:
    """SIGKILL for this process when the one that started it ends."""
    _libc.prctl(_PR_SET_PDEATHSIG, 9, 0, 0, 0)


def adopt_orphans() -> None:
    """Become the parent of every process below that loses its own."""
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def set_name(name: str) -> None:
    """What `ps` shows."""
    _libc.prctl(_PR_SET_NAME, name.encode(), 0, 0, 0)
