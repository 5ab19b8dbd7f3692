"""The statements that read and write the log's tables. Each runs on a connection that the caller owns."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

_INSERT = "INSERT INTO entries VALUES(?,?,?)"


def last_entry(connection: sqlite3.Connection) -> tuple[int, bytes]:
    """Number and leaf hash of the last entry; (0, b"") for an empty log."""
    row = connection.execute("SELECT seq, leaf FROM entries ORDER BY seq DESC LIMIT 1").fetchone()
    return row or (0, b"")


def last_seq(connection: sqlite3.Connection) -> int:
    """Number of the last entry, 0 for an empty log."""
    return connection.execute("SELECT max(seq) FROM entries").fetchone()[0] or 0


def last_note(connection: sqlite3.Connection) -> tuple[int, str] | None:
    """Size and note of the last checkpoint."""
    return connection.execute("SELECT size, note FROM checkpoints ORDER BY size DESC LIMIT 1").fetchone()


def leaves_between(connection: sqlite3.Connection, start: int, end: int) -> list[bytes]:
    """The leaf hashes with index `start` <= i < `end` (an index is one less than the entry's number)."""
    found = connection.execute("SELECT leaf FROM entries WHERE seq>? AND seq<=? ORDER BY seq", (start, end))
    return [leaf for (leaf,) in found]


def node(connection: sqlite3.Connection, level: int, number: int) -> bytes | None:
    """A kept complete subtree: the `number`th of 2**level leaves."""
    row = connection.execute("SELECT hash FROM nodes WHERE level=? AND number=?", (level, number)).fetchone()
    return row[0] if row else None


def insert_entries(connection: sqlite3.Connection, rows: Sequence[tuple[int, str, bytes]]) -> None:
    """Add entries as (seq, body, leaf). Raises sqlite3.IntegrityError when a number is taken."""
    if len(rows) == 1:
        connection.execute(_INSERT, rows[0])
    else:
        connection.executemany(_INSERT, rows)


def insert_note(connection: sqlite3.Connection, size: int, note: str) -> None:
    """Add a checkpoint."""
    connection.execute("INSERT INTO checkpoints VALUES(?,?)", (size, note))


def insert_nodes(connection: sqlite3.Connection, rows: Iterable[tuple[int, int, bytes]]) -> None:
    """Keep complete subtrees as (level, number, hash)."""
    connection.executemany("INSERT OR REPLACE INTO nodes VALUES(?,?,?)", rows)


def insert_blob(connection: sqlite3.Connection, sha256: str, data: bytes) -> None:
    """Keep content by its hash; content that is there already stays."""
    connection.execute("INSERT OR IGNORE INTO blobs VALUES(?,?)", (sha256, data))


def delete_blob(connection: sqlite3.Connection, sha256: str) -> bool:
    """Erase content. Whether there was any."""
    connection.execute("PRAGMA secure_delete=ON")
    return connection.execute("DELETE FROM blobs WHERE sha256=?", (sha256,)).rowcount > 0
