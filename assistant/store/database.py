"""The log's SQLite database: opening, the one writing connection, and reading beside it.

WAL, so that a reader never blocks a writer; `synchronous=FULL`, so that a commit returns after its fsync. The standard
library's sqlite3 is used directly: an insert costs a fifth of what sqlite-utils takes, and this is the hot path.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from assistant.errors import LogDamaged, LogError
from assistant.store.failure import log_error
from assistant.store.schema import APPLICATION_ID, MIGRATIONS, VERSION, read_schema

BUSY_S = 10.0
"""How long a writer waits for another process's commit."""

PAGE_BYTES = 2048
"""Page size of a new log. A commit of one entry rewrites two pages, so half of SQLite's 4096 saves 3 % of its time; reading
a log whole takes the same (300,000 entries, measured side by side)."""

WAL_PAGES = 512
"""The WAL is moved into the database when it has so many pages. Small on purpose: syncing a file that grows costs twice as
much as writing over it, and a young WAL grows."""

Row = tuple[Any, ...]


class Database:
    """One process's access to the database: a writing connection, and a reading one that never holds a lock for long.

    `writing` may be used by one thread at a time (the caller holds its own lock); reading is safe from any thread.
    Every failure is a LogError; after one, the writing connection is closed, and the next use opens it anew.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        self.read_only = read_only
        self.may_create = True
        """Set to False once a log is known to exist: a lost database is an error then, not a reason to begin anew."""
        self._file = str(path)
        self._wal_file = f"{path}-wal"
        self._writer: sqlite3.Connection | None = None
        self._reader: sqlite3.Connection | None = None
        self._reading = threading.Lock()
        self._identity: tuple[int, int] | None = None
        self._wal_identity: tuple[int, int] | None = None
        self._version = -1
        """Of the data, as the writing connection has seen it last; -1 for never."""

    # ---------------------------------------------------------------- writing

    def writer(self) -> sqlite3.Connection:
        """The writing connection, opened or created when needed. Raises LogError."""
        if self._writer is None:
            if self.read_only:
                raise LogError("this log is open for reading only")
            self._writer = self._open_writer()
        return self._writer

    def begin(self) -> sqlite3.Connection:
        """Start a writing transaction; waits up to BUSY_S for other processes. Raises LogError."""
        writer = self.writer()
        try:
            writer.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            self.fail()
            raise log_error(error, self.path) from error
        return writer

    def others_wrote(self) -> bool:
        """Whether another connection may have written since this was asked last; asked within a transaction. Raises sqlite3.Error.

        A new connection doesn't know, so then it is True.
        """
        was, self._version = self._version, self.writer().execute("PRAGMA data_version").fetchone()[0]
        return self._version != was

    def commit(self) -> None:
        """Make the transaction durable. When this returns, it survives a crash; when it raises LogError, don't rely on it.

        Whether the files are still there is asked right before: whoever removes them a moment later loses what was durable
        either way, and behind the sync, with caches gone cold, asking costs three times as much.
        """
        try:
            first = self._wal_identity is None  # only this commit makes the WAL
            if not first:
                self._check_still_there()
            self.writer().execute("COMMIT")
            if first:
                self._check_still_there()
        except (sqlite3.Error, OSError) as error:
            self.fail()
            raise log_error(error, self.path) from error
        except LogError:
            self.fail()
            raise

    def fail(self) -> None:
        """Forget the writing connection (its open transaction is undone), so that the next use starts afresh."""
        writer, self._writer = self._writer, None
        self._identity = self._wal_identity = None
        self._version = -1
        if writer is not None:
            try:
                writer.close()
            except sqlite3.Error:
                pass  # it is being given up already

    def _open_writer(self) -> sqlite3.Connection:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            created = self._create_file()
            connection = connect(self.path, "mode=rw")
            try:
                _prepare(connection, self.path)
            except BaseException:
                connection.close()
                raise
            if created:
                _sync_folder(self.path.parent)
            self._identity = _identity(self._file)
        except (sqlite3.Error, OSError) as error:
            raise log_error(error, self.path) from error
        return connection

    def _create_file(self) -> bool:
        if not self.may_create:
            if not self.path.exists():
                raise LogError(
                    f"the log `{self.path}` is gone",
                    hint="put it back; nothing that has an effect runs until it can be written",
                )
            return False
        try:
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except FileExistsError:
            return False
        return True

    def _check_still_there(self) -> None:
        """SQLite goes on writing into a file that was deleted or replaced: such a commit would be lost."""
        if _identity(self._file) != self._identity:
            raise LogError(
                f"the log `{self.path}` was removed or replaced while it was open",
                hint="put it back; nothing that has an effect runs until it can be written",
            )
        wal = _identity(self._wal_file)
        if wal is None or (self._wal_identity is not None and wal != self._wal_identity):
            raise LogError(
                f"the log's `{self.path.name}-wal` was removed or replaced while it was open",
                hint="put it back; nothing that has an effect runs until it can be written",
            )
        self._wal_identity = wal

    # ---------------------------------------------------------------- reading

    def read(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """All rows of a query, as of now. Raises LogError, also when there is no database yet."""
        try:
            with self._reading:
                if self._reader is None:
                    self._reader = self._open_reader()
                return self._reader.execute(sql, values).fetchall()
        except (sqlite3.Error, OSError) as error:
            with self._reading:
                self._close_reader()
            raise log_error(error, self.path) from error

    @contextmanager
    def reading(self) -> Generator[sqlite3.Connection]:
        """The reading connection for several questions as of one moment. Raises LogError. Keep it short."""
        try:
            with self._reading:
                if self._reader is None:
                    self._reader = self._open_reader()
                self._reader.execute("BEGIN")
                try:
                    yield self._reader
                finally:
                    self._reader.execute("ROLLBACK")
        except (sqlite3.Error, OSError) as error:
            with self._reading:
                self._close_reader()
            raise log_error(error, self.path) from error

    def settle(self) -> bool:
        """Move the whole WAL into the database and empty it; False when a reader of another process is in the way."""
        try:
            return self.writer().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
        except sqlite3.Error as error:
            self.fail()
            raise log_error(error, self.path) from error

    def pages(
        self, sql: str, after: int, limit: int | None, values: Sequence[Any] = (), size: int = 1000
    ) -> Iterator[Row]:
        """Rows of a query that takes `(*values, after, count)` and yields its key first, in pages: no lock is held between."""
        left = limit
        while left is None or left > 0:
            count = size if left is None else min(size, left)
            rows = self.read(sql, (*values, after, count))
            yield from rows
            if len(rows) < count:
                return
            after = rows[-1][0]
            left = None if left is None else left - len(rows)

    def _open_reader(self) -> sqlite3.Connection:
        if self.read_only:
            from assistant.store.snapshot import open_snapshot  # verify and readers of foreign copies share it

            connection = open_snapshot(self.path)
        else:
            connection = connect(self.path, "mode=rw")
            connection.execute("PRAGMA query_only=ON")
        try:
            check_version(connection, self.path)
        except BaseException:
            connection.close()
            raise
        return connection

    def _close_reader(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            try:
                reader.close()
            except sqlite3.Error:
                pass

    def close(self) -> None:
        """Close both connections. The last process to leave moves the WAL into the database."""
        with self._reading:
            self._close_reader()
        self.fail()


def connect(path: Path, options: str) -> sqlite3.Connection:
    """A connection without implicit transactions; `options` are those of SQLite's URI form. Raises sqlite3.Error."""
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?{options}",
        uri=True,
        timeout=BUSY_S,
        isolation_level=None,
        check_same_thread=False,
    )


def check_version(connection: sqlite3.Connection, path: Path) -> int:
    """The schema's version. Raises LogError for a newer one, LogDamaged for a file that is not a log."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    application: int = connection.execute("PRAGMA application_id").fetchone()[0]
    if application not in (0, APPLICATION_ID) or (application == 0 and version != 0):
        raise LogDamaged(f"`{path}` is not a log of this program", hint="move it away to begin a new one")
    if version > VERSION:
        raise LogError(
            f"the log `{path}` was written by a newer version of the assistant (schema {version}; this one knows {VERSION})",
            hint="update the assistant; the log was not touched",
        )
    return version


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute(f"PRAGMA page_size={PAGE_BYTES}")  # of a file that holds nothing yet; else it is without effect
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA journal_size_limit=16777216")
    connection.execute(f"PRAGMA wal_autocheckpoint={WAL_PAGES}")
    version = check_version(connection, path)
    mode: str = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
    if mode != "wal":
        raise LogError(f"the log `{path}` lies on a file system that can't share it between processes ({mode})")
    if version < VERSION:
        _migrate(connection, path)
    schema = read_schema(connection)
    if not schema.is_ours:  # a trigger would change what is written behind our back, a view what is read
        raise LogDamaged(
            f"the log `{path}` is not as this program makes it: {schema.words}", hint="see `assistant log verify`"
        )


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("BEGIN IMMEDIATE")
    version = check_version(connection, path)  # another process may have been first
    if version == 0 and read_schema(connection).is_ours:  # restored from a dump, which keeps no marks
        version = VERSION
    while version < VERSION:
        for statement in MIGRATIONS[version]:
            connection.execute(statement)
        version += 1
    connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version={VERSION}")
    connection.execute("COMMIT")


def _identity(path: str) -> tuple[int, int] | None:
    try:
        stat = os.stat(path)  # noqa: PTH116 - at every commit: Path.stat costs as much as the call itself
    except FileNotFoundError:
        return None
    return stat.st_dev, stat.st_ino


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
