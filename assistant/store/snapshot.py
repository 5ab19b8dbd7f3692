"""Opens a log's database for reading without changing a byte of it or of its folder.

Three situations, since SQLite's own read-only mode may create or change the files beside a WAL database:

- no WAL is pending and nobody writes: the file itself, as immutable;
- a process has it open: through the shared memory that this process keeps (a reader's mark there is all that changes);
- a WAL is pending and nobody has it open (a crash, a copy): a private copy of both files, in the temporary folder.

Opening and closing the database's files would drop the locks that SQLite holds in the same process (POSIX locks belong to
the process): never use this in a process that has the same database open for writing. `assistant log verify` is a process
of its own.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import struct
import tempfile
from pathlib import Path

from assistant.errors import LogError
from assistant.store.database import connect

_SHM_LOCK_BYTE = 128
"""Offset in `-shm` of the lock that every connection holds while open (SQLite, "WAL-mode file format", section 2.3)."""

_FLOCK = "hhqqi4x"
"""`struct flock` of 64-bit Linux: type, whence, start, length, process."""


class _Copy(sqlite3.Connection):
    """A connection to a private copy, which goes when it is closed."""

    folder: tempfile.TemporaryDirectory[str] | None = None

    def close(self) -> None:
        """Close it and remove the copy."""
        super().close()
        if self.folder is not None:
            self.folder.cleanup()
            self.folder = None


def open_snapshot(path: Path) -> sqlite3.Connection:
    """A reading connection to the database at `path`, which is not changed. Raises LogError when it can't be opened."""
    if not path.is_file():
        raise LogError(f"there is no log at `{path}`")
    try:
        if _in_use(path):
            return _checked(connect(path, "mode=ro"))
        if any(_size(path.with_name(path.name + suffix)) for suffix in ("-wal", "-journal")):
            return _open_copy(path)
        return _checked(connect(path, "immutable=1"))
    except OSError as error:
        raise LogError(f"the log `{path}` can't be read: {error.strerror or error}") from error


def _checked(connection: sqlite3.Connection) -> sqlite3.Connection:
    connection.execute("PRAGMA query_only=ON")
    return connection


def _open_copy(path: Path) -> sqlite3.Connection:
    folder = tempfile.TemporaryDirectory(prefix="assistant-log-")
    target = Path(folder.name) / "log.db"
    try:
        for suffix in ("", "-wal", "-journal"):
            source = path.with_name(path.name + suffix)
            if source.is_file():
                shutil.copyfile(source, target.with_name(target.name + suffix))
        connection = sqlite3.connect(target, factory=_Copy, isolation_level=None, check_same_thread=False)
    except BaseException:
        folder.cleanup()
        raise
    connection.folder = folder
    return connection


def _in_use(path: Path) -> bool:
    """Whether a process has the database open: asked of the lock, without taking it."""
    try:
        handle = os.open(path.with_name(path.name + "-shm"), os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        question = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, _SHM_LOCK_BYTE, 1, 0)
        answer = struct.unpack(_FLOCK, fcntl.fcntl(handle, fcntl.F_GETLK, question))
    finally:
        os.close(handle)
    return answer[0] != fcntl.F_UNLCK


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
