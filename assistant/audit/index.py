"""A rebuildable index beside the log: which entries belong to which task, what stands, and the words of contents.

It lies in the cache, is filled when someone asks, and is never in the way of an append. Nothing is decided by it: views
find entries through it and read them from the log. When it does not fit the log (another log, a rolled-back copy, a
broken file) it is thrown away and made anew; erasing content throws it away too, so that no word stays behind.

    chunks(task, chunk)     task has entries among numbers chunk * 256 + 1 ... chunk * 256 + 256
    tasks(task, ...)        totals of each task, as of `facts_to`
    standing(seq)           grants and boundaries, which are few and hold beyond one task
    words(rowid, text)      FTS5 over the contents that lie apart, as of `words_to`
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from assistant.audit.words import as_words, text_of
from assistant.store.database import BUSY_S, Database

CHUNK = 256
BATCH = 20_000
_MOST = 2**63 - 1
"""SQLite's largest number: a forged entry may have it."""
VERSION = 1

STANDING = frozenset({"grant.added", "grant.revoked", "boundary.added", "boundary.removed"})
_COUNTED = frozenset(
    {"task.opened", "task.changed", "turn.finished", "message", "model.call", "model.result", "intent"}
)

_TABLES = (
    "CREATE TABLE state(name TEXT PRIMARY KEY, value)",
    "CREATE TABLE chunks(task TEXT, chunk INTEGER, PRIMARY KEY(task, chunk)) WITHOUT ROWID",
    "CREATE TABLE tasks(task TEXT PRIMARY KEY, opened_seq INTEGER, first_seq INTEGER, last_seq INTEGER, updated_ms INTEGER,"
    " turns INTEGER, cost_uusd INTEGER, open_turn INTEGER, changes TEXT)",
    "CREATE INDEX tasks_by_time ON tasks(last_seq)",
    "CREATE TABLE standing(seq INTEGER PRIMARY KEY)",
    "CREATE VIRTUAL TABLE words USING fts5(text, content='', tokenize='unicode61 remove_diacritics 2')",
)

_COLUMNS = "opened_seq,first_seq,last_seq,updated_ms,turns,cost_uusd,open_turn,changes"

T = TypeVar("T")


class _Glance(msgspec.Struct):
    """As much of an entry as most need."""

    kind: str
    task: str
    time_ms: int
    body: msgspec.Raw
    blobs: tuple[str, ...] = ()


_glance = msgspec.json.Decoder(_Glance)


class TaskFacts(msgspec.Struct):
    """Totals of one task, in the order of the table's columns."""

    opened_seq: int = 0
    first_seq: int = 0
    last_seq: int = 0
    updated_ms: int = 0
    turns: int = 0
    cost_uusd: int = 0
    open_turn: int = 0
    changes: str = ""
    """Numbers of its `task.changed` entries."""

    def add(self, seq: int, entry: _Glance) -> None:
        """Count one entry."""
        self.last_seq = seq
        self.updated_ms = entry.time_ms
        kind = entry.kind
        if kind not in _COUNTED:
            return
        if kind == "task.opened":
            self.opened_seq = seq
        elif kind == "task.changed":
            self.changes = f"{self.changes} {seq}"
        elif kind == "turn.finished":
            self.turns += 1
            self.open_turn = 0
        elif kind in ("model.call", "intent") or (kind == "message" and b'"role":"user"' in bytes(entry.body)):
            self.open_turn = 1
        elif kind == "model.result":
            cost = msgspec.json.decode(entry.body).get("cost_uusd")
            self.cost_uusd += cost if isinstance(cost, int) else 0


class Index:
    """The index of one log. Safe from any thread; never raises for its own troubles, it starts over."""

    def __init__(self, log: Database, file: Path | None) -> None:
        self._log = log
        self._file = file
        """None: in memory."""
        self._identity: int | None = None
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._close()

    def forget(self) -> None:
        """Throw the index away: content was erased, or it does not fit the log."""
        with self._lock:
            self._close()
            self._remove()

    # ---------------------------------------------------------------- asking

    def chunks(self, task: str) -> list[int]:
        """The chunks that hold entries of `task`, ascending, as of now."""
        return self._ask(
            lambda c: [n for (n,) in c.execute("SELECT chunk FROM chunks WHERE task=? ORDER BY chunk", (task,))]
        )

    def chunks_if_ready(self, task: str, before_seq: int | None) -> list[int] | None:
        """As `chunks`, or None when so much is not indexed yet that looking through the log is quicker."""
        with self._lock:
            if self._last_seq() - _state(self._open()).get("facts_to", 0) > BATCH:
                return None
        return [n for n in self.chunks(task) if before_seq is None or n * CHUNK < before_seq]

    def standing(self) -> list[int]:
        """The numbers of all entries about what stands, ascending, as of now."""
        return self._ask(lambda c: [n for (n,) in c.execute("SELECT seq FROM standing ORDER BY seq")])

    def tasks(self, limit: int | None, prefix: str = "") -> list[tuple[str, TaskFacts]]:
        """The tasks that were active last, newest first, and whose id begins with `prefix`."""
        sql = (
            f"SELECT {_COLUMNS},task FROM tasks "  # noqa: S608 - fixed text
            "WHERE substr(task,1,?)=? ORDER BY last_seq DESC LIMIT ?"
        )
        values = (len(prefix), prefix, -1 if limit is None else limit)
        return self._ask(lambda c: [(row[8], TaskFacts(*row[:8])) for row in c.execute(sql, values)])

    def find_words(self, query: str, before_seq: int, limit: int, budget_s: float) -> tuple[list[int], int]:
        """Entries whose contents hold all words of `query`, newest first, and up to which number contents are indexed.

        Spends up to `budget_s` on indexing what is new first.
        """
        match = as_words(query, for_query=True)

        def ask(connection: sqlite3.Connection) -> tuple[list[int], int]:
            done = self._add_words(connection, time.monotonic() + budget_s)
            sql = "SELECT rowid FROM words WHERE words MATCH ? AND rowid<? ORDER BY rowid DESC LIMIT ?"
            found = connection.execute(sql, (match, before_seq, limit)).fetchall() if match else []
            return [seq for (seq,) in found], done

        return self._ask(ask, facts=False)

    def fill(self, budget_s: float) -> bool:
        """Index for up to `budget_s`; whether everything is indexed now. For idle moments."""

        def ask(connection: sqlite3.Connection) -> bool:
            return self._add_words(connection, time.monotonic() + budget_s) >= self._last_seq()

        return self._ask(ask)

    def _ask(self, question: Callable[[sqlite3.Connection], T], *, facts: bool = True) -> T:
        with self._lock:
            for attempt in range(2):
                try:
                    connection = self._open()
                    if facts:
                        self._add_facts(connection)
                    return question(connection)
                except sqlite3.Error:
                    if attempt:
                        raise
                    self._start_over()
            raise AssertionError

    # ---------------------------------------------------------------- filling

    def _open(self) -> sqlite3.Connection:
        if self._connection is not None and self._inode() != self._identity:
            self._close()  # another process has thrown it away
        if self._connection is None:
            self._connection = self._connect()
            if not self._fits(self._connection):
                self._start_over()
        assert self._connection is not None  # noqa: S101 - narrowed for the reader
        return self._connection

    def _connect(self) -> sqlite3.Connection:
        if self._file is not None:
            try:
                self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._file.touch(mode=0o600)
                connection = _connect(str(self._file))
                self._identity = self._inode()
                return connection
            except (OSError, sqlite3.Error):
                pass  # the cache can't be written: slower, and just as right
        self._identity = self._inode()
        return _connect(":memory:")

    def _inode(self) -> int | None:
        try:
            return self._file.stat().st_ino if self._file is not None else None
        except OSError:
            return None

    def _remove(self) -> None:
        if self._file is None:
            return
        for suffix in ("", "-wal", "-shm"):
            try:
                self._file.with_name(self._file.name + suffix).unlink(missing_ok=True)
            except OSError:
                return

    def _fits(self, connection: sqlite3.Connection) -> bool:
        """Whether it was made from this log: the last entry it has counted has the same leaf."""
        state = _state(connection)
        if state.get("version") != VERSION:
            return False
        at = state.get("facts_to", 0)
        if at == 0:
            return True
        found = self._log.read("SELECT leaf FROM entries WHERE seq=?", (at,))
        return bool(found) and found[0][0] == state.get("leaf")

    def _start_over(self) -> None:
        self._close()
        self._remove()
        self._connection = self._connect()
        if _state(self._connection).get("version") != VERSION:
            connection = self._connection = self._connection if _is_empty(self._connection) else _connect(":memory:")
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                if _is_empty(connection):
                    for statement in _TABLES:
                        connection.execute(statement)
                    connection.execute("INSERT INTO state VALUES('version', ?)", (VERSION,))

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _last_seq(self) -> int:
        return self._log.read("SELECT max(seq) FROM entries")[0][0] or 0

    def _add_facts(self, connection: sqlite3.Connection) -> None:
        last = self._last_seq()
        while _state(connection).get("facts_to", 0) < last:
            with connection:
                connection.execute("BEGIN IMMEDIATE")  # so that two processes don't count the same entries
                start = _state(connection).get("facts_to", 0)
                rows = self._log.read(
                    "SELECT seq, body, leaf FROM entries WHERE seq>? ORDER BY seq LIMIT ?", (start, BATCH)
                )
                if not rows:
                    return
                _count(connection, rows)
                _set(connection, "facts_to", rows[-1][0])
                _set(connection, "leaf", rows[-1][2])

    def _add_words(self, connection: sqlite3.Connection, deadline: float) -> int:
        """Index contents until `deadline`; returns up to which number they are indexed."""
        last = self._last_seq()
        done = _state(connection).get("words_to", 0)
        while done < last and time.monotonic() < deadline:
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                start = _state(connection).get("words_to", 0)
                first: int = self._log.read("SELECT min(seq) FROM entries WHERE seq>?", (start,))[0][0] or last
                rows = self._log.read(
                    "SELECT seq, body FROM entries WHERE seq>=? AND seq<? AND body LIKE '{\"blobs\":%' ORDER BY seq",
                    (first, min(first + 2000, _MOST)),
                )
                for seq, body in rows:
                    try:
                        text = as_words(self._content(_glance.decode(body)))
                    except (ValueError, TypeError, AttributeError, RecursionError):
                        continue  # the views and `verify` name it
                    connection.execute("INSERT INTO words(rowid,text) VALUES(?,?)", (seq, text))
                done = min(first + 1999, last)
                _set(connection, "words_to", done)
        return done

    def _content(self, entry: _Glance) -> str:
        body = msgspec.json.decode(entry.body)
        texts: list[str] = [text_of(bytes(entry.body))]
        for name in entry.blobs:
            found = self._log.read("SELECT data FROM blobs WHERE sha256=?", (body.get(f"{name}_sha256"),))
            if found:
                texts.append(text_of(found[0][0]))
        return "\n".join(texts)


def _connect(target: str) -> sqlite3.Connection:
    connection = sqlite3.connect(target, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=OFF")  # rebuildable: a power cut may cost it, never the log
    return connection


def _is_empty(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0


def _state(connection: sqlite3.Connection) -> dict[str, Any]:
    if _is_empty(connection):
        return {}
    return dict(connection.execute("SELECT name, value FROM state"))


def _set(connection: sqlite3.Connection, name: str, value: Any) -> None:
    connection.execute("INSERT OR REPLACE INTO state VALUES(?,?)", (name, value))


def _count(connection: sqlite3.Connection, rows: list[tuple[Any, ...]]) -> None:
    tasks: dict[str, TaskFacts] = {}
    chunks: set[tuple[str, int]] = set()
    standing: list[tuple[int]] = []
    decode = _glance.decode
    for seq, body, _ in rows:
        try:
            entry = decode(body)
        except (msgspec.DecodeError, TypeError):
            continue  # the views and `verify` name it
        task = entry.task
        if entry.kind in STANDING:
            standing.append((seq,))
        if not task:
            continue
        chunks.add((task, (seq - 1) // CHUNK))
        facts = tasks.get(task)
        if facts is None:
            facts = tasks[task] = _task_facts(connection, task, seq)
        facts.add(seq, entry)
    connection.executemany("INSERT OR IGNORE INTO standing VALUES(?)", standing)
    connection.executemany("INSERT OR IGNORE INTO chunks VALUES(?,?)", sorted(chunks))
    connection.executemany(
        "INSERT OR REPLACE INTO tasks VALUES(?,?,?,?,?,?,?,?,?)",
        [(task, *msgspec.structs.astuple(facts)) for task, facts in tasks.items()],
    )


def _task_facts(connection: sqlite3.Connection, task: str, seq: int) -> TaskFacts:
    row = connection.execute(f"SELECT {_COLUMNS} FROM tasks WHERE task=?", (task,)).fetchone()  # noqa: S608 - fixed text
    return TaskFacts(*row) if row else TaskFacts(first_seq=seq)
