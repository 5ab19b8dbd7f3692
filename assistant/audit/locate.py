"""The careful pass of a verification, run only when something is wrong: names the first entry that is.

What can be trusted then are single checkpoints whose signature holds. The tree over the entries as they stand has their
root up to the first changed entry and never after, so halving between them finds the commit that is wrong; inside a commit
of several entries, each names the start of the leaf hash before it.
"""

from __future__ import annotations

import sqlite3
from typing import Any

import msgspec

from assistant.audit.checkpoint import Checkpoint
from assistant.audit.entry import PREV_BYTES, head_of
from assistant.audit.keychain import KeyChain
from assistant.audit.merkle import Frontier, leaf_hash
from assistant.audit.scan import Glance

STEP = 1024
"""Entries between two kept frontiers: what halving reads again at each step."""


class Located:
    """What is wrong: `bad` (entry, why) or None, and how many entries at the end no checkpoint covers."""

    def __init__(self) -> None:
        self.bad: tuple[int, str] | None = None
        self.tail = 0

    def blame(self, seq: int, why: str) -> None:
        """Keep the first."""
        if self.bad is None or seq < self.bad[0]:
            self.bad = (seq, why)


class Locator:
    """Reads the log once, then looks closer where it must."""

    def __init__(self, connection: sqlite3.Connection, chain: KeyChain, evidence: list[Checkpoint]) -> None:
        self._connection = connection
        self._chain = chain
        self._evidence = evidence
        self._frontiers: dict[int, Frontier] = {0: Frontier()}
        self._readable = 0
        """Entries from the first on that are there, in order, as text."""
        self._stop: tuple[int, str] | None = None
        self._mismatch: tuple[int, str] | None = None
        self._moved: tuple[int, str] | None = None

    def run(self) -> Located:
        """Find what is wrong."""
        found = Located()
        self._read_rows()
        notes, unreadable = self._read_notes()
        good, broken, invalid = self._compare(notes)
        for high in broken:
            low = max((c.size for c in good if c.size < high), default=0)
            if any(c.size >= high for c in good):  # signed here, and otherwise elsewhere: no entry says where it forked
                words = (
                    f"the first {high} entries were signed here, and others in their place elsewhere: it was rewritten"
                )
                found.blame(low + 1, f"{words} from one of the entries {low + 1} to {high} on")
                continue
            self._blame_inside(found, low, high, one_commit=not any(low < size < high for size in notes))
        if self._stop is not None:
            found.blame(*self._stop)
        if self._mismatch is not None:
            found.blame(*self._mismatch)
        covered = max((c.size for c in good), default=0)
        self._blame_notes(found, notes, good, invalid, covered)
        if unreadable:
            found.blame(covered + 1, f"the checkpoints can't be read: {unreadable}")
        newest = max([*(c.size for c in self._evidence), *(s for s in notes if s not in invalid)], default=0)
        if newest > self._readable:
            found.blame(self._readable + 1, f"it is missing: {newest} entries have been signed")
        signed = max((s for s in notes if s not in invalid and s <= covered), default=0)
        if found.bad is None and self._readable > signed:
            found.tail = self._readable - signed
        return found

    # ---------------------------------------------------------------- entries

    def _read_rows(self) -> None:
        tree = Frontier()
        decode = msgspec.json.Decoder(Glance).decode
        try:
            for seq, body, leaf in self._connection.execute("SELECT seq, body, leaf FROM entries ORDER BY seq"):
                if seq != tree.size + 1:
                    wrong = min(seq, tree.size + 1)
                    self._stop = (wrong, "it is missing" if seq > wrong else "no entry has this number")
                    break
                if not isinstance(body, str):
                    self._stop = (seq, "its body is not text")
                    break
                computed = leaf_hash(body.encode())
                if computed != leaf and self._mismatch is None:
                    self._mismatch = (seq, "its body and its leaf hash don't belong together")
                if self._moved is None:
                    self._check_place(seq, body, decode)
                tree.append(computed)
                if tree.size % STEP == 0:
                    self._frontiers[tree.size] = tree.copy()
        except (sqlite3.Error, UnicodeEncodeError) as error:
            self._stop = (tree.size + 1, f"it can't be read: {error}")
        self._readable = tree.size

    def _check_place(self, seq: int, body: str, decode: Any) -> None:
        try:
            told = decode(body).seq
        except ValueError as error:
            self._moved = (seq, f"its body is not what was ever written: {error}")
            return
        if told != seq:
            self._moved = (seq, f"it is entry {told}, moved here")

    def _root_at(self, size: int) -> bytes:
        start = size - size % STEP
        tree = self._frontiers[start].copy()
        for (body,) in self._connection.execute(
            "SELECT body FROM entries WHERE seq>? AND seq<=? ORDER BY seq", (start, size)
        ):
            if not isinstance(body, str):  # a damaged file may give another row than a moment ago
                return b""
            tree.append(leaf_hash(body.encode()))
        return tree.root()

    # ---------------------------------------------------------------- checkpoints

    def _read_notes(self) -> tuple[dict[int, Any], str]:
        notes: dict[int, Any] = {}
        try:
            for size, note in self._connection.execute("SELECT size, note FROM checkpoints ORDER BY size"):
                notes[size] = note
        except (sqlite3.Error, UnicodeError) as error:
            return notes, str(error)
        return notes, ""

    def _compare(self, notes: dict[int, Any]) -> tuple[list[Checkpoint], list[int], set[int]]:
        """Checkpoints that fit the entries, sizes of those that don't, sizes of false notes."""
        invalid: set[int] = set()
        heads = [c for c in self._evidence if c.size <= self._readable]
        good = [c for c in heads if self._root_at(c.size) == c.root]
        broken = [c.size for c in heads if c not in good]
        sizes = [size for size in notes if 0 < size <= self._readable]
        low, high = 0, len(sizes) - 1
        last_good, first_broken = None, None
        while low <= high:
            middle = (low + high) // 2
            probe = self._valid_near(notes, sizes, middle, high, invalid)
            if probe is None:
                high = middle - 1
                continue
            at, head = probe
            if self._root_at(head.size) == head.root:
                last_good, low = head, at + 1
            else:
                first_broken, high = head, middle - 1
        if last_good is not None:
            good.append(last_good)
        if first_broken is not None:
            broken.append(first_broken.size)
        for size in sorted(
            notes, reverse=True
        ):  # those at the end are bound by no later entry: the signature must hold
            if self._chain.once_held(size, notes[size]) is not None:
                break
            invalid.add(size)
        return good, broken, invalid

    def _valid_near(
        self, notes: dict[int, Any], sizes: list[int], middle: int, high: int, invalid: set[int]
    ) -> tuple[int, Checkpoint] | None:
        for at in range(middle, high + 1):
            head = self._chain.once_held(sizes[at], notes[sizes[at]])
            if head is not None:
                return at, head
            invalid.add(sizes[at])
        return None

    def _blame_inside(self, found: Located, low: int, high: int, *, one_commit: bool) -> None:
        """The first wrong entry in (low, high], of which the first `low` are right."""
        if self._moved is not None and low < self._moved[0] <= high:
            found.blame(*self._moved)
        previous: tuple[int, bytes] | None = None
        doubted = 0
        """The entry that names another one before it than is there: it is wrong itself, or that one is."""
        for seq, body in self._connection.execute(
            "SELECT seq, body FROM entries WHERE seq>=? AND seq<=? ORDER BY seq", (max(low, 1), high + 1)
        ):
            if previous is not None and _prev_of(body) != previous[1][:PREV_BYTES].hex():
                moved = self._moved is not None and self._moved[0] == seq
                if doubted or moved or previous[0] == low:
                    found.blame(doubted or seq, "it is not the entry that was signed")
                    return
                doubted = seq
            elif doubted:  # the one behind it names it rightly: only the one before it was changed
                break
            previous = (seq, leaf_hash(body.encode() if isinstance(body, str) else b""))
        if doubted:
            found.blame(doubted - 1, "it is not the entry that was signed")
            return
        if one_commit and previous is not None and previous[0] == high:  # all before it are named, and nobody names it
            found.blame(high, "it is not the entry that was signed")
        elif found.bad is None or found.bad[0] > high:
            where = (
                "it is not the entry that was signed"
                if high == low + 1
                else f"one of the entries to {high} is not the one signed"
            )
            found.blame(low + 1, where)

    def _blame_notes(
        self, found: Located, notes: dict[int, Any], good: list[Checkpoint], invalid: set[int], covered: int
    ) -> None:
        """Checkpoints that were edited, added or removed under entries which are themselves vouched for."""
        decode = msgspec.json.Decoder(Glance).decode
        for seq, body in self._connection.execute(
            "SELECT seq, body FROM entries WHERE seq>0 AND seq<=? ORDER BY seq", (covered,)
        ):
            try:
                head = decode(body).head
            except ValueError:
                break
            note = notes.get(seq - 1)
            if note is None and head:
                found.blame(seq - 1, "the checkpoint that was signed over it is missing")
                break
            if note is not None and not (isinstance(note, str) and self._names(head, seq - 1, note)):
                found.blame(max(seq - 1, 1), "its checkpoint is not the one that was signed")
                break
        if min(notes, default=1) < 1:
            found.blame(1, f"a checkpoint of {min(notes)} entries was never written")
        for size in sorted(invalid):
            if size > covered or size > self._readable - 1:
                found.blame(min(covered + 1, size) if size > covered else size, "its checkpoint does not hold")
                break

    def _names(self, head: str, size: int, note: str) -> bool:
        """Whether the entry behind a checkpoint names it, or names none and the signature holds by itself."""
        return head_of(note) == head if head else self._chain.once_held(size, note) is not None


def _prev_of(body: Any) -> str:
    try:
        return msgspec.json.decode(body, type=Glance).prev
    except (ValueError, TypeError):
        return ""
