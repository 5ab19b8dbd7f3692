"""The tables of the log's database, and how older ones become newer ones."""

from __future__ import annotations

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
