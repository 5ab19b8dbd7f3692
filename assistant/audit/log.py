"""The log: append-only, signed, the one source of truth about what happened.

Every commit appends its entries, the complete subtrees that came to be, and one signed checkpoint in the same SQLite
transaction, and returns after the fsync. Several processes may write: each takes the writing lock, looks whether others
have appended, catches up by their leaves, and goes on. After any failure the state is read anew, so the log works again
as soon as the cause is gone.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from assistant.audit import keys
from assistant.audit.apart import ABOUT, set_apart
from assistant.audit.entry import (
    FIRST_PREV,
    PREV_BYTES,
    Entry,
    encode,
    head_of,
    plain,
    read_entry,
)
from assistant.audit.merkle import Frontier, leaf_hash
from assistant.audit.note import SigningKey
from assistant.audit.signer import Signer
from assistant.audit.stored_tree import GrowingTree, StoredTree
from assistant.audit.trust import Trust
from assistant.config import Paths
from assistant.errors import LogDamaged, LogError
from assistant.store import rows
from assistant.store.database import Database
from assistant.store.failure import log_error
from assistant.types import JSON

if TYPE_CHECKING:
    import asyncio

GROUP = 512
"""Most entries that `write` puts under one checkpoint: bounds how long the first waiter waits for the last."""

CATCH_UP = 4096
"""Up to this many entries by other processes are caught up leaf by leaf; beyond, the frontier is read from kept nodes."""

WRITE_S = 120.0
"""Deadline of `write`: the wait for another process, a person who unlocks a keyring, a slow disk."""


class Draft(msgspec.Struct, frozen=True):
    """An entry that is not in the log yet."""

    kind: str
    task: str
    body: Mapping[str, JSON]
    blobs: Mapping[str, bytes] = {}


class _Waiter(msgspec.Struct, frozen=True):
    """A draft, and who waits for it."""

    draft: Draft
    loop: Any
    done: Any
    """A future of `loop`."""


class Log:
    """One process's access to the log. `append*` may be called from any thread, `write` from any event loop."""

    def __init__(self, paths: Paths, *, read_only: bool = False, database: Path | None = None) -> None:
        self.paths = paths
        self.read_only = read_only
        self.trust = Trust(Path(paths.trust))
        self._database = Database(database or paths.log_db, read_only=read_only)
        self._signer = Signer(paths, self.trust)
        self._writing = threading.Lock()
        self._tree: Frontier | None = None
        self._last_leaf = b""
        self._head = ""
        """How the next commit names the last checkpoint: computed with its note, while that is in the processor's cache."""
        self._waiting: deque[_Waiter] = deque()
        self._wake = threading.Event()
        self._closed = False
        self._thread: threading.Thread | None = None

    @classmethod
    def open(cls, paths: Paths, *, read_only: bool = False, database: Path | None = None) -> Log:
        """Open the log, made when missing. The cost does not depend on its size. `database` names another file, to read.

        Raises LogError when the database can't be opened, was written by a newer version, or is gone although this machine
        has seen entries of it; LogDamaged for a file that is not a log. The signature of its end is checked, and a first
        key made, at the first append.
        """
        log = cls(paths, read_only=read_only, database=database)
        if read_only:
            log._database.read("SELECT 1")
            return log
        log._database.may_create = log.trust.last_seen() is None
        log._database.writer()
        return log

    def key_place(self) -> str:
        """In words for a person: where the signing key lies."""
        return keys.where(self.paths)

    @property
    def database(self) -> Database:
        """For the views of the log, which read."""
        return self._database

    # ---------------------------------------------------------------- writing

    def append(
        self, kind: str, task: str, body: Mapping[str, JSON], *, blobs: Mapping[str, bytes] | None = None
    ) -> Entry:
        """Append one entry; it is durable when this returns. Blocks for about one fsync.

        Each of `blobs` is kept by its SHA-256, and `body[name + "_sha256"]` is set to it; so are the personal fields of some
        kinds (`apart.py`). Raises LogError when the entry could not be made durable: then nothing that depends on it may
        happen.
        """
        return self.append_many([Draft(kind, task, body, blobs or {})])[0]

    def append_many(
        self, drafts: Sequence[Draft], *, also: Callable[[sqlite3.Connection], None] | None = None
    ) -> list[Entry]:
        """Append several entries under one checkpoint: all of them or none. Errors as `append`.

        `also` is run on the connection in the same transaction.
        """
        if not drafts:
            return []
        with self._writing:
            try:
                return self._commit(drafts, also)
            except BaseException:  # whatever it was: the state in memory may be ahead of the database
                self._reset()
                raise

    def rotate(self, new: SigningKey, *, lost: bool = False) -> Entry:
        """Sign with `new` (kept and pinned already) from now on; the entry that tells so is signed by the old key too.

        With `lost`, the old key is gone and did not agree: the log tells that. Errors as `append`.
        """
        with self._writing:
            try:
                self._reset()  # the end is checked anew, which tells the key in force
                connection = self._database.begin()
                self._caught_up(connection, lost_key=lost)
                old = self._signer.in_force
                if old is None:
                    raise LogError("the log is empty: its first key is made with its first entry")
                also = [] if lost else [self._signer.key]
                self._signer.adopt(new)
                body = {"old_vkey": str(old), "new_vkey": str(new.verifier), "lost": lost}
                return self._write(connection, [Draft("key.rotated", "", body)], also_signing=also)[0]
            finally:
                self._reset()

    def accept_tail(self) -> int:
        """Sign the entries at the end that no checkpoint covers, as they are, and tell so in the log; how many there were.

        For a person who knows where they came from. Raises LogDamaged when one of them is not a well-formed entry, or
        replaces the key.
        """
        with self._writing:
            try:
                connection = self._database.begin()
                found = rows.last_note(connection)
                signed = found[0] if found else 0
                tree = self._caught_up(connection, tail=True)
                for seq, text, leaf in connection.execute("SELECT seq, body, leaf FROM entries WHERE seq>?", (signed,)):
                    entry = read_entry(seq, text)
                    if entry.seq != seq or leaf_hash(text.encode()) != leaf:
                        raise LogDamaged(f"entry {seq} is not well-formed and can't be signed", first_bad_seq=seq)
                    if entry.kind == "key.rotated":  # it would hand the log to whoever wrote it
                        raise LogDamaged(
                            f"entry {seq} replaces the signing key, and nobody signed it", first_bad_seq=seq
                        )
                if tree.size == signed:
                    connection.execute("ROLLBACK")
                    return 0
                note = self._signer.sign(tree)
                self._head = head_of(note)
                rows.insert_note(connection, tree.size, note)
                body = {"first_seq": signed + 1, "count": tree.size - signed}
                self._write(connection, [Draft("tail.accepted", "", body)])
                return tree.size - signed
            finally:
                self._reset()

    async def write(
        self, kind: str, task: str, body: Mapping[str, JSON], *, blobs: Mapping[str, bytes] | None = None
    ) -> Entry:
        """As `append`, without blocking the event loop; writes that wait at the same time share a checkpoint and an fsync."""
        import asyncio  # 15 ms, which commands without a loop don't pay

        if self._closed:
            raise LogError("the log is closed")
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Entry] = loop.create_future()
        self._waiting.append(_Waiter(Draft(kind, task, body, blobs or {}), loop, done))
        self._start_thread()
        self._wake.set()
        try:
            async with asyncio.timeout(WRITE_S):
                return await done
        except TimeoutError as error:
            raise LogError(f"the log could not be written within {WRITE_S:.0f} s") from error

    def close(self) -> None:
        """Write what waits, then close. The log can't be used afterwards; closing once more does nothing."""
        if self._closed:
            return
        self._closed = True
        if self._thread is not None:
            self._wake.set()
            self._thread.join()
        with self._writing:
            self._reset()
            self._database.close()
            self.trust.settle()
            self.trust.close()

    def _commit(self, drafts: Sequence[Draft], also: Callable[[sqlite3.Connection], None] | None) -> list[Entry]:
        connection = self._database.begin()
        if self._others_wrote() or self._tree is None:
            self._caught_up(connection)
        return self._write(connection, drafts, also)

    def _others_wrote(self) -> bool:
        try:
            return self._database.others_wrote()
        except sqlite3.Error as error:
            raise log_error(error, self._database.path) from error

    def _write(
        self,
        connection: sqlite3.Connection,
        drafts: Sequence[Draft],
        also: Callable[[sqlite3.Connection], None] | None = None,
        also_signing: Sequence[SigningKey] = (),
    ) -> list[Entry]:
        """Write behind what `_caught_up` has seen, and commit."""
        assert self._tree is not None  # noqa: S101 - `_caught_up` has set it
        try:
            tree = GrowingTree(self._tree.copy())
            entries, stored, last_leaf = self._make(connection, drafts, tree)
            rows.insert_entries(connection, stored)
            if tree.new_nodes:
                rows.insert_nodes(connection, tree.new_nodes)
            if also is not None:
                also(connection)
            note = self._signer.sign(tree.frontier, *also_signing)
            head = head_of(note)
            rows.insert_note(connection, tree.frontier.size, note)
        except (OSError, sqlite3.Error) as error:
            raise log_error(error, self._database.path) from error
        self._database.commit()
        self._tree, self._last_leaf, self._head = tree.frontier, last_leaf, head
        self._database.may_create = False
        self.trust.saw(tree.frontier.size, note)
        return entries

    def _make(
        self, connection: sqlite3.Connection, drafts: Sequence[Draft], tree: GrowingTree
    ) -> tuple[list[Entry], list[tuple[int, str, bytes]], bytes]:
        """The entries of the drafts, their rows, and the last leaf; `tree` grows by them and contents are kept."""
        now = time.time_ns() // 1_000_000
        leaf = self._last_leaf
        head = self._head
        entries: list[Entry] = []
        stored: list[tuple[int, str, bytes]] = []
        seq = tree.frontier.size
        for draft in drafts:
            seq += 1
            body, names = _body(connection, draft)
            entry = Entry(
                seq=seq,
                time_ms=now,
                kind=plain(draft.kind),
                task=plain(draft.task),
                body=body,
                blobs=names,
                prev=leaf[:PREV_BYTES].hex() or FIRST_PREV,
                head=head,
            )
            text = encode(entry)
            leaf = leaf_hash(text.encode())
            tree.append(leaf)
            entries.append(entry)
            stored.append((seq, text, leaf))
            head = ""
        return entries, stored, leaf

    def _caught_up(self, connection: sqlite3.Connection, *, lost_key: bool = False, tail: bool = False) -> Frontier:
        """The frontier over what is stored now, checked against the signed end when others have written."""
        try:
            return self._catch_up(connection, lost_key, tail)
        except sqlite3.Error as error:
            raise log_error(error, self._database.path) from error

    def _catch_up(self, connection: sqlite3.Connection, lost_key: bool, tail: bool) -> Frontier:
        tree = self._tree
        if tree is not None and tree.size == rows.last_seq(connection):
            return tree
        size, leaf = rows.last_entry(connection)
        if tree is not None and 0 < size - tree.size <= CATCH_UP:
            for new in rows.leaves_between(connection, tree.size, size):
                tree.append(new)
        else:
            tree = StoredTree(connection).frontier(size)
        note = self._signer.check(connection, tree, lost_key=lost_key, tail=tail)
        self._head = head_of(note) if note else ""
        self._tree = tree
        self._last_leaf = leaf
        return tree

    def _reset(self) -> None:
        self._tree = None
        self._last_leaf = b""
        self._signer.forget()
        self._database.fail()

    def _start_thread(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            while group := self._next_group():
                self._settle(group)
            if self._closed and not self._waiting:
                return

    def _next_group(self) -> list[_Waiter]:
        group: list[_Waiter] = []
        while self._waiting and len(group) < GROUP:
            waiter = self._waiting.popleft()
            if not waiter.done.cancelled():
                group.append(waiter)
        return group

    def _settle(self, group: list[_Waiter]) -> None:
        results: list[Entry | BaseException]
        try:
            results = list(self.append_many([waiter.draft for waiter in group]))
        except BaseException as error:
            if len(group) > 1 and not isinstance(error, LogDamaged):  # one bad draft must not fail its neighbours
                for waiter in group:
                    self._settle([waiter])
                return
            results = [error] * len(group)
        by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Entry], Entry | BaseException]]] = {}
        for waiter, result in zip(group, results, strict=True):
            by_loop.setdefault(waiter.loop, []).append((waiter.done, result))
        for loop, pairs in by_loop.items():
            try:
                loop.call_soon_threadsafe(_resolve, pairs)
            except RuntimeError:
                pass  # that loop has ended: nobody waits there any more

    # ---------------------------------------------------------------- reading

    def blob(self, sha256: str) -> bytes | None:
        """Content by its hash; None when it was erased or never kept. Raises LogDamaged when it is not what its hash says."""
        found = self._database.read("SELECT data FROM blobs WHERE sha256=?", (sha256,))
        if not found:
            return None
        data = found[0][0]
        if not isinstance(data, bytes) or hashlib.sha256(data).hexdigest() != sha256:
            raise LogDamaged(f"the content {sha256} of the log was changed", hint="see `assistant log verify`")
        return data

    def entry(self, seq: int) -> Entry | None:
        """The entry with this number."""
        found = self._database.read("SELECT seq, body FROM entries WHERE seq=?", (seq,))
        return read_entry(*found[0]) if found else None

    def entries(
        self, *, task: str = "", kinds: Sequence[str] = (), after_seq: int = 0, limit: int | None = None
    ) -> Iterator[Entry]:
        """Entries in order, as of now, optionally of one task or some kinds. Raises LogDamaged for one that can't be read."""
        needle = f'%task":{msgspec.json.encode(task).decode()}%' if task else ""
        condition = "body LIKE ? AND " if needle else ""
        count = 0
        sql = f"SELECT seq, body FROM entries WHERE {condition}seq>? ORDER BY seq LIMIT ?"  # noqa: S608 - fixed text
        for seq, text in self._database.pages(sql, after_seq, None, (needle,) if needle else ()):
            if count == limit:
                return
            entry = read_entry(seq, text)
            if (task and entry.task != task) or (kinds and entry.kind not in kinds):
                continue
            count += 1
            yield entry

    def head(self) -> tuple[int, str] | None:
        """Size and note of the last checkpoint; None for an empty log. Raises LogDamaged for a note that is no text."""
        return _note(self._database.read("SELECT size, note FROM checkpoints ORDER BY size DESC LIMIT 1"))

    def checkpoint_at(self, size: int) -> tuple[int, str] | None:
        """Size and note of the checkpoint over `size` entries; None when no commit ended there. Errors as `head`."""
        return _note(self._database.read("SELECT size, note FROM checkpoints WHERE size=?", (size,)))


def _note(found: Sequence[tuple[Any, ...]]) -> tuple[int, str] | None:
    if not found:
        return None
    size, note = found[0]
    if not isinstance(note, str):
        raise LogDamaged(f"the checkpoint of {size} entries is no text", hint="see `assistant log verify`")
    return size, note


def _body(connection: sqlite3.Connection, draft: Draft) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The body to store and the names of the contents that lie apart, which are kept now."""
    kept, apart = set_apart(draft.kind, draft.body)
    blobs = draft.blobs
    if apart:
        blobs = {**blobs, ABOUT: msgspec.json.encode(plain(apart))}
    body: dict[str, Any] = plain(kept)
    for name, data in blobs.items():
        sha256 = hashlib.sha256(data).hexdigest()
        rows.insert_blob(connection, sha256, data)
        body[f"{name}_sha256"] = sha256
    return body, tuple(sorted(blobs))


def _resolve(pairs: list[tuple[asyncio.Future[Entry], Entry | BaseException]]) -> None:
    for done, result in pairs:
        if done.done():
            continue
        if isinstance(result, BaseException):
            done.set_exception(result)
        else:
            done.set_result(result)
