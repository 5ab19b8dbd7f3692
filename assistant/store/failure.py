"""Turns what SQLite and the system report into the error that a person can act on."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

from assistant.errors import LogDamaged, LogError

_NOTHING_RUNS = "nothing that has an effect runs until it can be written"


def log_error(error: sqlite3.Error | OSError, path: Path) -> LogError:
    """The LogError for a failure at the database `path`."""
    if isinstance(error, OSError):
        return _for_system(error, path)
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and _is_full(path)):
        return _full(path)
    if code == sqlite3.SQLITE_READONLY:
        return LogError(f"the log `{path}` can't be written: it is read-only here", hint=_NOTHING_RUNS)
    if code == sqlite3.SQLITE_BUSY or code == sqlite3.SQLITE_LOCKED:
        return LogError(f"the log `{path}` is held by another process", hint="wait, or end the process that holds it")
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return LogDamaged(f"the log `{path}` is damaged: {error}", hint="see `assistant log verify`")
    if code == sqlite3.SQLITE_CONSTRAINT:  # our own numbers were checked under the lock
        return LogDamaged(f"the log `{path}` changes although it is locked", hint="see `assistant log verify`")
    if code == sqlite3.SQLITE_CANTOPEN:
        return LogError(
            f"the log `{path}` can't be opened", hint=f"is it there, and may you write in its folder? {_NOTHING_RUNS}"
        )
    return LogError(
        f"the log `{path}` can't be used: {error}", hint=f"is its disk well, and still there? {_NOTHING_RUNS}"
    )


def _for_system(error: OSError, path: Path) -> LogError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return _full(path)
    if error.errno == errno.EROFS:
        return LogError(f"the log `{path}` can't be written: it is read-only here", hint=_NOTHING_RUNS)
    return LogError(f"the log `{path}` can't be used: {error.strerror or error}", hint=_NOTHING_RUNS)


_LEAST_BYTES = 64 * 1024
"""Less than that is a full disk: SQLite makes its shared memory file in pieces of 32 KiB (sqlite.org/walformat.html, 2.2), and
says only that this failed."""


def _is_full(path: Path) -> bool:
    try:
        found = os.statvfs(path.parent)
    except OSError:
        return False
    return found.f_bavail * found.f_frsize < _LEAST_BYTES


def _full(path: Path) -> LogError:
    return LogError(f"the log can't grow: the disk of `{path}` is full", hint=f"free some space; {_NOTHING_RUNS}")
