"""The database of remembered facts: a table and its full-text index, apart from the log. One connection an operation.

    facts(number, text, source, integrity, confidentiality, sources, task, created_ms, changed_ms)
    words(rowid = number, text)    FTS5 over the words that the caller has split

A number is never given twice. What is deleted is overwritten in the file: `secure_delete` for the table, and a merge of the
whole index, since FTS5 else keeps deleted words until it merges by itself (its own option for that needs SQLite 3.42).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from assistant.errors import ToolError
from assistant.store.database import BUSY_S
from assistant.types import Confidentiality, Data, Integrity, Label

VERSION = 1
APPLICATION_ID = 0x41734D65  # "AsMe"
MOST = 10_000
"""Facts in all. A memory of more is a dump, and every search would pay for it."""

_TABLES = (
    "CREATE TABLE facts(number INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL, source TEXT NOT NULL,"
    " integrity TEXT NOT NULL, confidentiality TEXT NOT NULL, sources TEXT NOT NULL, task TEXT NOT NULL,"
    " created_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL)",
    "CREATE VIRTUAL TABLE words USING fts5(text, tokenize='unicode61 remove_diacritics 2')",
    f"PRAGMA application_id={APPLICATION_ID}",
    f"PRAGMA user_version={VERSION}",
)
_MERGE = "INSERT INTO words(words) VALUES('optimize')"
_COLUMNS = "number, text, source, integrity, confidentiality, sources, task, created_ms, changed_ms"


class Fact(Data, frozen=True):
    """One remembered fact. `source` is for the person: who said it, and where. Times are Unix milliseconds."""

    number: int
    text: str
    source: str
    label: Label
    task: str
    created_ms: int
    changed_ms: int


class Facts:
    """The facts in one file. Safe from any thread and beside other processes. Every failure is a ToolError."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def adding(self, fact: Fact, words: str) -> Generator[Fact]:
        """Add a fact; yields it with its number, and keeps it only when the block ends well."""
        with self._writing() as db:
            if db.execute("SELECT count(*) FROM facts").fetchone()[0] >= MOST:
                raise ToolError(f"the memory holds {MOST} facts already", hint="forget some: assistant memory list")
            label = fact.label
            done = db.execute(
                "INSERT INTO facts(text, source, integrity, confidentiality, sources, task, created_ms, changed_ms)"
                " VALUES(?,?,?,?,?,?,?,?)",
                (fact.text, fact.source, *_label_row(label), fact.task, fact.created_ms, fact.changed_ms),
            )
            number = int(done.lastrowid or 0)
            db.execute("INSERT INTO words(rowid, text) VALUES(?,?)", (number, words))
            yield msgspec.structs.replace(fact, number=number)

    @contextmanager
    def changing(self, fact: Fact, words: str) -> Generator[None]:
        """Replace the fact of this number, when the block ends well. Raises ToolError when it is gone."""
        with self._writing() as db:
            self._must_be_there(
                db.execute(
                    "UPDATE facts SET text=?, source=?, integrity=?, confidentiality=?, sources=?, task=?, changed_ms=?"
                    " WHERE number=?",
                    (fact.text, fact.source, *_label_row(fact.label), fact.task, fact.changed_ms, fact.number),
                ),
                fact.number,
            )
            db.execute("UPDATE words SET text=? WHERE rowid=?", (words, fact.number))
            db.execute(_MERGE)
            yield

    @contextmanager
    def forgetting(self, number: int) -> Generator[None]:
        """Delete a fact, when the block ends well. Raises ToolError when it is gone."""
        with self._writing() as db:
            self._must_be_there(db.execute("DELETE FROM facts WHERE number=?", (number,)), number)
            db.execute("DELETE FROM words WHERE rowid=?", (number,))
            db.execute(_MERGE)
            yield

    def get(self, number: int) -> Fact | None:
        """One fact, or None."""
        found = self._read(f"SELECT {_COLUMNS} FROM facts WHERE number=?", (number,))  # noqa: S608 - fixed text
        return found[0] if found else None

    def newest(self, limit: int) -> list[Fact]:
        """The facts that were written last."""
        return self._read(f"SELECT {_COLUMNS} FROM facts ORDER BY changed_ms DESC, number DESC LIMIT ?", (limit,))  # noqa: S608

    def search(self, query: str, limit: int) -> list[Fact]:
        """Facts that fit an FTS5 query, best first."""
        sql = f"SELECT {_COLUMNS} FROM facts JOIN (SELECT rowid AS found, rank FROM words WHERE words MATCH ?) ON number=found"  # noqa: S608
        return self._read(f"{sql} ORDER BY rank, number DESC LIMIT ?", (query, limit))

    def _must_be_there(self, done: sqlite3.Cursor, number: int) -> None:
        if done.rowcount == 0:
            raise ToolError(f"there is no fact `{number}`", hint="see `assistant memory list`")

    def _read(self, sql: str, values: tuple[object, ...]) -> list[Fact]:
        if not self.path.exists():
            return []
        try:
            with closing(self._open("mode=ro")) as db:
                if db.execute("PRAGMA user_version").fetchone()[0] == 0:
                    return []  # a first write is just beginning, or has failed
                return [_fact(row) for row in db.execute(sql, values)]
        except (sqlite3.Error, OSError, msgspec.DecodeError, ValueError) as error:
            raise self._failure(error) from error

    @contextmanager
    def _writing(self) -> Generator[sqlite3.Connection]:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self.path.exists():
                self.path.touch(mode=0o600)
            with closing(self._open("mode=rw")) as db:
                db.execute("PRAGMA secure_delete=ON")
                db.execute("PRAGMA synchronous=FULL")
                db.execute("BEGIN IMMEDIATE")
                if db.execute("PRAGMA user_version").fetchone()[0] == 0:
                    for statement in _TABLES:
                        db.execute(statement)
                yield db
                db.execute("COMMIT")  # without it, closing undoes everything
        except (sqlite3.Error, OSError) as error:
            raise self._failure(error) from error

    def _open(self, mode: str) -> sqlite3.Connection:
        db = sqlite3.connect(f"{self.path.absolute().as_uri()}?{mode}", uri=True, timeout=BUSY_S, isolation_level=None)
        try:
            version = db.execute("PRAGMA user_version").fetchone()[0]
            application = db.execute("PRAGMA application_id").fetchone()[0]
            if version > VERSION or (version and application != APPLICATION_ID):
                raise ToolError(
                    f"the memory `{self.path}` was written by a newer version or another program",
                    hint="update the assistant, or move the file away",
                )
        except BaseException:
            db.close()
            raise
        return db

    def _failure(self, error: Exception) -> ToolError:
        return ToolError(
            f"the memory `{self.path}` can't be used: {error}", hint="mend its file or folder, or move it away"
        )


def _label_row(label: Label) -> tuple[str, str, str]:
    return str(label.integrity), str(label.confidentiality), msgspec.json.encode(label.sources).decode()


def _fact(row: tuple[object, ...]) -> Fact:
    number, text, source, integrity, confidentiality, sources, task, created, changed = row
    label = Label(
        Integrity(str(integrity)),
        Confidentiality(str(confidentiality)),
        msgspec.json.decode(str(sources), type=tuple[str, ...]),
    )
    values = (number, text, source, label, task, created, changed)
    return msgspec.convert(dict(zip(Fact.__struct_fields__, values, strict=True)), Fact)
