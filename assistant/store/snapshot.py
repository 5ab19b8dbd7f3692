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

_UNTOUCHED = "mode=ro&immutable=1"
"""Immutable alone would be opened for writing, and made when it is gone: nothing is written to it, but it could be."""

_FLOCK = "hhqqi4x"
"""`struct flock` of 64-bit Linux: type, whence, start, length, process."""


class Snapshot:
    """A database as it was at one moment, to which several connections may be made. Close it to remove a private copy."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise LogError(f"there is no log at `{path}`")
        self.path = path
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._before = _stamp(path)
        try:
            if in_use(path):
                self.file, self.options = path, "mode=ro"
            elif any(_size(path.with_name(path.name + suffix)) for suffix in ("-wal", "-journal")):
                self.file, self.options = self._copy(), "mode=rw"
            else:
                self.file, self.options = path, _UNTOUCHED
        except OSError as error:
            self.close()
            raise LogError(f"the log `{path}` can't be read: {error.strerror or error}") from error

    def connect(self) -> sqlite3.Connection:
        """A connection that can't write. Raises sqlite3.Error."""
        connection = connect(self.file, self.options)
        connection.execute("PRAGMA query_only=ON")
        return connection

    def held(self) -> bool:
        """Whether what was read is of one moment: an immutable file must not have changed while it was read."""
        return self.options != _UNTOUCHED or self._before == _stamp(self.path)

    def close(self) -> None:
        """Remove the private copy, if one was made."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def _copy(self) -> Path:
        self._folder = tempfile.TemporaryDirectory(prefix="assistant-log-")
        target = Path(self._folder.name) / "log.db"
        for suffix in ("", "-wal", "-journal"):
            source = self.path.with_name(self.path.name + suffix)
            if source.is_file():
                shutil.copyfile(source, target.with_name(target.name + suffix))
        return target


def open_snapshot(path: Path) -> sqlite3.Connection:
    """One reading connection to a snapshot, which goes with it. Raises LogError when there is none."""
    snapshot = Snapshot(path)
    try:
        connection = sqlite3.connect(
            f"{snapshot.file.absolute().as_uri()}?{snapshot.options}",
            uri=True,
            factory=_Owning,
            isolation_level=None,
            check_same_thread=False,
        )
    except BaseException:
        snapshot.close()
        raise
    connection.execute("PRAGMA query_only=ON")
    connection.snapshot = snapshot
    return connection


class _Owning(sqlite3.Connection):
    """A connection that removes its snapshot when it is closed."""

    snapshot: Snapshot | None = None

    def close(self) -> None:
        """Close the connection, then the snapshot."""
        super().close()
        if self.snapshot is not None:
            self.snapshot.close()


def in_use(path: Path) -> bool:
    """Whether a process has the database open: asked of the lock, without taking it."""
    try:
        handle = os.open(path.with_name(path.name + "-shm"), os.O_RDONLY | os.O_NONBLOCK)  # it might be a pipe
    except FileNotFoundError:
        return False
    try:
        question = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, _SHM_LOCK_BYTE, 1, 0)
        answer = struct.unpack(_FLOCK, fcntl.fcntl(handle, fcntl.F_GETLK, question))
    finally:
        os.close(handle)
    return answer[0] != fcntl.F_UNLCK


def _stamp(path: Path) -> tuple[int, ...]:
    stat = path.stat()
    return (stat.st_ino, stat.st_size, stat.st_mtime_ns, _size(path.with_name(path.name + "-wal")))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
