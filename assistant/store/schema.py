"""The tables of the log's database, and how older ones become newer ones."""

from __future__ import annotations

import re
import sqlite3

from assistant.types import Data

APPLICATION_ID = 0x41734C67
"""Marks the file as a log of this product (SQLite header, offset 68): "AsLg"."""

VERSION = 1
"""SQLite's `user_version`. A file with a higher one was written by a newer program and is left alone."""

TABLES: dict[str, str] = {
    "entries": "CREATE TABLE entries(seq INTEGER PRIMARY KEY, body TEXT NOT NULL, leaf BLOB NOT NULL)",
    "checkpoints": "CREATE TABLE checkpoints(size INTEGER PRIMARY KEY, note TEXT NOT NULL)",
    "blobs": "CREATE TABLE blobs(sha256 TEXT PRIMARY KEY, data BLOB NOT NULL)",
    "nodes": "CREATE TABLE nodes(level INTEGER, number INTEGER, hash BLOB NOT NULL, PRIMARY KEY(level, number)) WITHOUT ROWID",
}
"""Name and exact statement of each. `entries` and `checkpoints` are the signed truth, `blobs` is named by hash from it,
`nodes` keeps complete subtrees so that opening and proving don't read every leaf; it can be computed anew."""

NODE_LEVEL = 8
"""Complete subtrees of 2**8 leaves and more are kept in `nodes`: one row for every 128 entries."""

MIGRATIONS: dict[int, tuple[str, ...]] = {0: (*TABLES.values(),)}
"""Statements that lead from a version to the next, run in one transaction. They never change a row of `entries`."""

_STATISTICS = re.compile(r"sqlite_stat[1-4]\Z")
_AUTOMATIC = re.compile(r"sqlite_autoindex_(\w+)_[0-9]+\Z")


class Schema(Data, frozen=True):
    """How what a database holds differs from TABLES, by name."""

    is_there: bool
    missing: tuple[str, ...]
    changed: tuple[str, ...]
    added: tuple[str, ...]

    @property
    def is_ours(self) -> bool:
        """Whether it holds our tables and nothing besides."""
        return not (self.missing or self.changed or self.added)

    @property
    def words(self) -> str:
        """The differences, for a person."""
        named = (("missing", self.missing), ("changed", self.changed), ("added", self.added))
        return "; ".join(f"{what}: {', '.join(names)}" for what, names in named if names)


def read_schema(connection: sqlite3.Connection) -> Schema:
    """Compare every object of a database with what this program makes: a trigger or a view may be called as a table is.

    SQLite's own statistics (ANALYZE) and the indexes that come with a primary key are no difference.
    """
    rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
    found = {name: sql for kind, name, table, sql in rows if kind == "table" and name == table and name in TABLES}
    added = [
        f"{kind} {name}"
        for kind, name, table, sql in rows
        if not (kind == "table" and name in found and name == table) and not _is_own(kind, name, table, sql)
    ]
    return Schema(
        is_there=bool(rows),
        missing=tuple(sorted(set(TABLES) - set(found))),
        changed=tuple(sorted(name for name, sql in found.items() if sql != TABLES[name])),
        added=tuple(sorted(added)),
    )


def _is_own(kind: str, name: str, table: str, sql: str | None) -> bool:
    if kind == "table":
        return _STATISTICS.match(name) is not None
    automatic = _AUTOMATIC.match(name)
    return kind == "index" and sql is None and automatic is not None and automatic[1] == table and table in TABLES
