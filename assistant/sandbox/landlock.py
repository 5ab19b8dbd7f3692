"""Landlock by its three system calls (linux/landlock.h, ABI 1 to 7): what a process and all it starts may touch."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_VERSION_FLAG = 1
_PATH_BENEATH, _NET_PORT = 1, 2
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_FILE_ONLY = _EXECUTE | _WRITE_FILE | _READ_FILE | 1 << 14 | 1 << 15
_ALL_BY_VERSION = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
_CONNECT_TCP, _BIND_TCP = 2, 1
_SCOPE_ABSTRACT, _SCOPE_SIGNAL = 1, 2

_libc = ctypes.CDLL(None, use_errno=True)


class _Ruleset(ctypes.Structure):
    _fields_ = [("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64)]


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("allowed", ctypes.c_uint64), ("fd", ctypes.c_int32)]


class _Port(ctypes.Structure):
    _fields_ = [("allowed", ctypes.c_uint64), ("port", ctypes.c_uint64)]


def landlock_version() -> int:
    """The kernel's ABI version; 0 or less when it has none."""
    return int(_libc.syscall(_CREATE, None, ctypes.c_size_t(0), _VERSION_FLAG))


def restrict_self(readable: Iterable[str], writable: Iterable[str], connect_ports: Iterable[int]) -> int:
    """Confine this process for good. Returns the ABI version used. Raises OSError when the kernel can't."""
    version = landlock_version()
    if version <= 0:
        raise OSError(ctypes.get_errno(), "the kernel has no landlock")
    everything = _ALL_BY_VERSION[min(version, 5)]
    rules = _Ruleset(
        everything,
        _CONNECT_TCP | _BIND_TCP if version >= 4 else 0,
        _SCOPE_ABSTRACT | _SCOPE_SIGNAL if version >= 6 else 0,
    )
    size = 8 if version < 4 else 16 if version < 6 else 24
    ruleset = _checked(_libc.syscall(_CREATE, ctypes.byref(rules), ctypes.c_size_t(size), 0))
    try:
        for path in readable:
            _allow(ruleset, path, _READ & everything)
        for path in writable:
            _allow(ruleset, path, everything)
        if version >= 4:
            for port in connect_ports:
                rule = _Port(_CONNECT_TCP, port)
                _checked(_libc.syscall(_ADD, ruleset, _NET_PORT, ctypes.byref(rule), 0))
        _checked(_libc.prctl(38, 1, 0, 0, 0))  # PR_SET_NO_NEW_PRIVS
        _checked(_libc.syscall(_RESTRICT, ruleset, 0))
    finally:
        os.close(ruleset)
    return version


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # not there: nothing to allow
    try:
        if not os.path.isdir(path):
            rights &= _FILE_ONLY
        rule = _Beneath(rights, fd)
        _checked(_libc.syscall(_ADD, ruleset, _PATH_BENEATH, ctypes.byref(rule), 0))
    finally:
        os.close(fd)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
