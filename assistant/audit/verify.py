"""Verifies a log: from the bodies up, against the keys and checkpoints that are known outside the database.

Never writes, and trusts nothing in the database but signatures. Run it in a process that has not opened the log (see
`store.snapshot`). A log that is right is read once, by several processes if wanted; only one that is wrong is read again,
to say where.
"""

from __future__ import annotations

import hashlib
import sqlite3
from array import array
from itertools import pairwise
from pathlib import Path

from assistant.audit.checkpoint import Checkpoint, open_checkpoint, read_checkpoint
from assistant.audit.keychain import KeyChain, read_links
from assistant.audit.locate import Located, Locator
from assistant.audit.merkle import Frontier
from assistant.audit.note import NoteError
from assistant.audit.scan import ALIGN_LEVEL, RANGE_ALIGN, ROOT_CHECKS, Scan, join, scan, wrong_node
from assistant.audit.trust import Trust
from assistant.audit.verification import Evidence, Problem, Progress, Verification
from assistant.errors import LogError
from assistant.store.schema import APPLICATION_ID, VERSION, read_schema
from assistant.store.snapshot import Snapshot

WORTH_SPLITTING = 200_000
"""Below so many entries, starting a second process costs more than it saves."""

ATTEMPTS = 3
"""A file that changes while it is read as immutable is read again, as one that is in use."""

_NOT_ITS_FAULT = frozenset(
    {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_FULL}
)
"""What SQLite reports when it could not read, rather than when it read something wrong."""


def evidence_of(trust: Trust, witnessed: list[tuple[str, str]] | None = None) -> Evidence:
    """What a trust folder knows. Raises LogDamaged when a file of it is not what was written."""
    return Evidence(trust.pinned(), trust.last_seen(), witnessed)


def verify(database: Path, evidence: Evidence, *, processes: int = 1, progress: Progress | None = None) -> Verification:
    """Verify the log at `database`.

    Raises LogError when there is none, when it was written by a newer version, or when no key is known to verify it with.
    """
    if not database.is_file():
        if not evidence.begun:
            raise LogError(f"there is no log at `{database}`")
        return _lost(evidence, f"there is no log at `{database}`, but entries of it have been seen")
    for _ in range(ATTEMPTS):
        snapshot = Snapshot(database)
        try:
            result = _Verifier(snapshot, evidence, processes, progress).run()
            if snapshot.held():
                return result
        except (sqlite3.Error, UnicodeError) as error:  # the second where SQLite quotes a damaged name in its message
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in _NOT_ITS_FAULT:
                raise LogError(
                    f"`{database}` can't be read: {error}", hint="may you read it, and its folder? Try a copy"
                ) from error
            if snapshot.held():
                return _lost(evidence, f"`{database}` can't be read as a database: {error}")
        except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
            # Flipped bits give values of types that no column was ever given. What can't be checked is not right.
            if snapshot.held():
                return _lost(evidence, f"`{database}` holds values that were never written there: {error!r}")
        finally:
            snapshot.close()
    raise LogError(f"`{database}` changes faster than it can be read", hint="try again, or verify a copy")


def _lost(evidence: Evidence, words: str) -> Verification:
    return Verification(False, first_bad_seq=1, problems=(Problem(words, 1),), signed_by=tuple(map(str, evidence.keys)))


class _Verifier:
    def __init__(self, snapshot: Snapshot, evidence: Evidence, processes: int, progress: Progress | None) -> None:
        self._snapshot = snapshot
        self._evidence = evidence
        self._processes = processes
        self._progress = progress
        self._connection = snapshot.connect()
        self._problems: list[Problem] = []
        self._notes: list[str] = []

    def run(self) -> Verification:
        try:
            return self._run()
        finally:
            self._connection.close()

    def _run(self) -> Verification:
        connection = self._connection
        connection.execute("BEGIN")  # one moment for everything that this connection reads
        if not self._check_schema():
            return self._result(0, "", KeyChain(self._evidence.keys, []), {})
        entries = _number(connection, "SELECT max(seq) FROM entries")
        notes = _number(connection, "SELECT count(*) FROM checkpoints")
        if not self._evidence.keys and entries:
            raise LogError(
                "no key is known to verify this log with",
                hint="give the trust folder with --trust, or the key with --vkey",
            )
        if not entries and self._evidence.begun and self._evidence.last_seen is None:
            self._problems.append(Problem("the log holds no entry, and its key was made with the first one", 1))
        scans = self._scan(entries, notes)
        tree, roots = join(scans)
        chain = self._chain([seq for part in scans for seq in part.rotations])
        heads = self._outside(chain)
        if entries and self._evidence.last_seen is None and not self._evidence.witnessed:
            self._notes.append("no checkpoint of it is known elsewhere: entries cut off its end would not be missed")
        if self._is_right(scans, tree, roots, chain, heads, entries):
            self._check_rest(scans, tree.size)
        else:
            chain = self._chain_of_all()
            self._locate(scans, chain, heads, entries)
        counts = {"checkpoints": notes, "contents": sum(part.contents for part in scans), "erased": self._erased(scans)}
        return self._result(entries, tree.root().hex(), chain, counts)

    def _result(self, entries: int, root: str, chain: KeyChain, counts: dict[str, int]) -> Verification:
        bad = [problem.seq for problem in self._problems if problem.seq is not None]
        return Verification(
            ok=not self._problems and not self._tail,
            entries=entries,
            root=root,
            signed_by=tuple(map(str, chain.keys)),
            first_bad_seq=min(bad) if bad else None,
            unsigned_tail=self._tail,
            problems=tuple(self._problems),
            notes=tuple(self._notes),
            **counts,
        )

    _tail = 0

    # ---------------------------------------------------------------- the parts

    def _check_schema(self) -> bool:
        connection = self._connection
        version = _number(connection, "PRAGMA user_version")
        if version > VERSION:
            raise LogError(
                f"the log was written by a newer version of the assistant (schema {version}; this one knows {VERSION})",
                hint="update the assistant to verify it",
            )
        schema = read_schema(connection)
        marks = (_number(connection, "PRAGMA application_id"), version)
        if schema.is_ours and marks == (0, 0):
            self._notes.append("the database was restored from a dump: its marks are missing, its contents are not")
        elif not schema.is_there and not self._evidence.begun and version == 0:
            self._notes.append("the log is empty")
            return False
        elif not schema.is_ours or marks != (APPLICATION_ID, VERSION):
            words = schema.words or f"its marks are {marks[0]:#x} and {marks[1]}"
            self._problems.append(
                Problem(f"the database is not as this program makes it; {words}", 1 if schema.missing else None)
            )
            return not schema.missing
        return True

    def _scan(self, entries: int, notes: int) -> list[Scan]:
        every = max(1, -(-notes // ROOT_CHECKS))
        file, options = str(self._snapshot.file), self._snapshot.options
        if self._processes < 2 or entries < WORTH_SPLITTING:
            return [scan(file, options, 0, entries, every, self._progress)]
        return _scan_apart(file, options, entries, every, self._processes, self._progress)

    def _chain_of_all(self) -> KeyChain:
        """With the rotations behind the entry where the scan has stopped, which say who signed the checkpoints there."""
        try:
            rows = self._connection.execute(
                'SELECT seq FROM entries WHERE body LIKE \'%"kind":"key.rotated"%\' ORDER BY seq'
            )
            return self._chain([seq for (seq,) in rows])
        except (sqlite3.Error, UnicodeError):
            return self._chain([])

    def _chain(self, rotations: list[int]) -> KeyChain:
        links = read_links(self._connection, rotations)
        notes = [
            note for (note,) in self._connection.execute("SELECT note FROM checkpoints ORDER BY size DESC LIMIT 20")
        ]
        if self._evidence.last_seen:
            notes.append(self._evidence.last_seen)
        return KeyChain(self._evidence.keys, links, notes)

    def _outside(self, chain: KeyChain) -> list[Checkpoint]:
        """The checkpoints that are known outside the database."""
        heads: list[Checkpoint] = []
        known = [*dict.fromkeys([*chain.keys, *self._evidence.keys])]
        if self._evidence.last_seen is not None:
            try:
                heads.append(open_checkpoint(self._evidence.last_seen, known)[0])
            except NoteError as error:
                self._problems.append(Problem(f"the last checkpoint seen here does not hold: {error}"))
        for who, note in self._evidence.witnessed:
            try:
                head = read_checkpoint(note)
            except NoteError as error:
                self._problems.append(Problem(f"the checkpoint kept by {who} is malformed: {error}"))
                continue
            try:
                open_checkpoint(note, known)
            except NoteError as error:  # it says nothing about these entries; but another log may have stood here
                words = f"the checkpoint kept by {who} is of another log, or forged: {error}"
                self._problems.append(Problem(words, 1))
                continue
            heads.append(head)
        return heads

    def _is_right(
        self,
        scans: list[Scan],
        tree: Frontier,
        roots: list[tuple[int, bytes, bytes]],
        chain: KeyChain,
        heads: list[Checkpoint],
        entries: int,
    ) -> bool:
        if any(part.first_bad is not None for part in scans) or (chain.problem is not None and entries):
            return False
        if any(chain.holds(size, note) is None for part in scans for size, note in part.unbound):
            return False
        if entries and _number(self._connection, "SELECT min(seq) FROM entries") != 1:
            return False
        if any(computed != told for _, computed, told in roots) or any(head.size > entries for head in heads):
            return False
        if _number(self._connection, "SELECT count(*) FROM checkpoints WHERE size<1"):
            return False
        if not entries:
            return _number(self._connection, "SELECT count(*) FROM checkpoints") == 0
        last = self._connection.execute("SELECT size, note FROM checkpoints ORDER BY size DESC LIMIT 1").fetchone()
        head = chain.holds(*last) if last else None
        if head is None or (head.size, head.root) != (entries, tree.root()):
            return False
        return all(_fits(self._connection, tree, outside) for outside in heads)

    def _check_rest(self, scans: list[Scan], size: int) -> None:
        """What is not under the tree: contents, kept subtrees, the database's own structure."""
        connection = self._connection
        wrong = wrong_node(connection, size, ALIGN_LEVEL)
        if wrong is not None:
            self._problems.append(Problem("a kept subtree is not the one its entries give", wrong))
        self._check_contents(scans)
        if not self._problems and _number(connection, "PRAGMA page_count") <= SMALL_PAGES:
            for (words,) in connection.execute("PRAGMA integrity_check(3)"):
                if words != "ok":
                    self._problems.append(Problem(f"the database's structure is damaged: {words}"))

    def _check_contents(self, scans: list[Scan]) -> None:
        import hashlib

        connection = self._connection
        kept = 0
        for sha256, data in connection.execute("SELECT sha256, data FROM blobs"):
            kept += 1
            if not isinstance(data, bytes) or hashlib.sha256(data).hexdigest() != sha256:
                self._problems.append(Problem(f"the content {sha256} was changed", self._first_with(sha256)))
                return
        erased = self._erased_hashes(scans)
        for sha256, seq in erased.items():
            if self._is_back(sha256, seq):
                self._problems.append(
                    Problem(f"the content {sha256} was erased by entry {seq}, and is here again", seq)
                )
                return
        for part in scans:
            for seq, sha256 in part.missing:
                if sha256 not in erased and not self._is_kept(sha256):
                    self._problems.append(
                        Problem(f"its content {sha256} is gone, and was not erased on the record", seq)
                    )
                    return
        named = {row for part in scans for row in array("q", part.named)}
        if len(named) != kept:
            self._check_strangers(named)

    def _check_strangers(self, named: set[int]) -> None:
        """Contents that no entry names. A content comes in the transaction of the entry that names it and goes by its hash, so
        neither a crash nor a writer at work leaves one: the entry was cut off, or another hand put it there."""
        rows = self._connection.execute("SELECT rowid, sha256 FROM blobs ORDER BY rowid")
        strangers = [sha256 for row, sha256 in rows if row not in named]
        for sha256 in strangers[:MAX_STRANGERS]:
            if self._first_with(sha256) is not None:
                continue  # a scan may have read a later moment, when the row was another's: entries have the last word
            self._problems.append(
                Problem(
                    f"the content {sha256} is named by no entry: entries that named it were cut off the end, or something"
                    " else put it there. The entries that are here are those that were signed"
                )
            )
        if len(strangers) > MAX_STRANGERS and self._problems:
            self._problems.append(Problem(f"so are {len(strangers) - MAX_STRANGERS} more contents"))

    def _first_with(self, sha256: str) -> int | None:
        if (
            len(sha256) != hashlib.sha256().digest_size * 2
        ):  # none names it, and SQLite refuses to look for what is too long
            return None
        row = self._connection.execute(
            "SELECT seq FROM entries WHERE body LIKE ? ORDER BY seq LIMIT 1", (f"%{sha256}%",)
        ).fetchone()
        return row[0] if row else None

    def _erased_hashes(self, scans: list[Scan]) -> dict[str, int]:
        """The contents that the log tells were erased, each with the entry that told it last."""
        from assistant.audit.entry import decode

        found: dict[str, int] = {}
        for seq in (seq for part in scans for seq in part.erasures):
            (body,) = self._connection.execute("SELECT body FROM entries WHERE seq=?", (seq,)).fetchone()
            try:
                found[str(decode(body).body.get("sha256"))] = seq
            except ValueError:
                continue  # signed by another program: it erases nothing
        return found

    def _is_back(self, sha256: str, seq: int) -> bool:
        """Whether a content is there although it was erased by entry `seq` and no later one has brought it again."""
        if not self._is_kept(sha256):
            return False
        later = self._connection.execute(
            "SELECT body FROM entries WHERE seq>? AND body LIKE ?", (seq, f'%_sha256":"{sha256}"%')
        )
        return later.fetchone() is None

    def _is_kept(self, sha256: str) -> bool:
        """As of the moment that this verification began: a scan may read a later one, when a content was erased meanwhile."""
        return self._connection.execute("SELECT 1 FROM blobs WHERE sha256=?", (sha256,)).fetchone() is not None

    def _erased(self, scans: list[Scan]) -> int:
        return len({sha256 for part in scans for _, sha256 in part.missing})

    def _locate(self, scans: list[Scan], chain: KeyChain, heads: list[Checkpoint], entries: int) -> None:
        found = Located()
        try:
            found = Locator(self._connection, chain, heads).run()
        except (sqlite3.Error, UnicodeError) as error:
            self._problems.append(Problem(f"the database can't be read to its end: {error}"))
        if chain.problem is not None:
            found.blame(*chain.problem)
        if found.bad is None and not found.tail:
            for part in scans:
                if part.first_bad is not None:
                    found.blame(part.first_bad, part.why)
        if found.bad is not None:
            seq, why = found.bad
            self._problems.append(Problem(f"entry {seq}: {why}", seq))
        elif found.tail:
            self._tail = found.tail
            first = entries - found.tail + 1
            self._problems.append(
                Problem(
                    f"the last {found.tail} entries, from {first} on, are under no checkpoint: nobody has signed them"
                )
            )
        elif not self._problems:
            self._problems.append(self._unexplained(chain))

    def _unexplained(self, chain: KeyChain) -> Problem:
        last = self._connection.execute("SELECT size, note FROM checkpoints ORDER BY size DESC LIMIT 1").fetchone()
        if last and chain.holds(*last) is None:
            size = last[0]
            return Problem(f"entry {size}: its checkpoint is not signed by the key that was in force", size)
        return Problem("the log does not verify, and no single entry explains it")


MAX_STRANGERS = 3
"""Contents named by no entry that are told one by one. Chosen: who has to look at them begins with the first."""

SMALL_PAGES = 50_000
"""Up to 100 MB, SQLite's own check of its structure is run as well: it takes a second at most."""


def _fits(connection: sqlite3.Connection, tree: Frontier, head: Checkpoint) -> bool:
    from assistant.audit.stored_tree import StoredTree

    if head.size == tree.size:
        return head.root == tree.root()
    return StoredTree(connection)(0, head.size) == head.root


def _number(connection: sqlite3.Connection, sql: str) -> int:
    value = connection.execute(sql).fetchone()[0]
    return value if isinstance(value, int) else 0


def _scan_apart(
    file: str, options: str, entries: int, every: int, processes: int, progress: Progress | None
) -> list[Scan]:
    """Scan with several processes: this one takes the first range, so that progress can be told."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    step = -(-entries // processes)
    bounds = [0, *(step * i // RANGE_ALIGN * RANGE_ALIGN for i in range(1, processes)), entries]
    ranges = list(pairwise(bounds))

    def scaled(done: int, total: int) -> None:
        if progress is not None:
            progress(done * entries // max(total, 1), entries)

    with ProcessPoolExecutor(processes - 1, mp_context=get_context("spawn")) as pool:
        others = [pool.submit(scan, file, options, low, high, every) for low, high in ranges[1:]]
        first = scan(file, options, *ranges[0], every, scaled)
        return [first, *(other.result() for other in others)]
