"""The fast pass of a verification: reads a range of entries once and computes everything from their bodies alone.

A range starts at a multiple of RANGE_ALIGN, so that ranges can be scanned by several processes and joined: each yields the
complete subtrees of its leaves.
"""

from __future__ import annotations

import hashlib
import sqlite3
from array import array
from pathlib import Path
from typing import Any

import msgspec

from assistant.audit.checkpoint import decode_hash
from assistant.audit.entry import head_of
from assistant.audit.merkle import Frontier, node_hash
from assistant.audit.stored_tree import GrowingTree
from assistant.audit.verification import Progress
from assistant.store.database import connect
from assistant.types import Data

ALIGN_LEVEL = 15
RANGE_ALIGN = 1 << ALIGN_LEVEL
REPORT_EVERY = 20_000
MAX_UNBOUND = 1000
MAX_LEVEL = 63
"""Of a kept subtree: a log can't be longer, and a wrong number must not make us compute for ever."""
ROOT_CHECKS = 50_000
"""Most checkpoints whose root is compared with the tree; every older note is bound by the entry behind it anyway."""


class Glance(msgspec.Struct):
    """The fields of an entry that verification looks at."""

    seq: int
    kind: str
    prev: str
    head: str = ""
    blobs: tuple[str, ...] = ()


class Bodied(Glance):
    """With the body, for the few entries that it matters for."""

    body: dict[str, Any] = {}


class Scan(Data, frozen=True):
    """What a range (`low`, `high`] holds. Nothing here is judged except by what the range itself shows."""

    low: int
    high: int
    subtrees: tuple[tuple[int, bytes], ...] = ()
    """Level and root of the complete subtrees, left to right."""
    first_bad: int | None = None
    why: str = ""
    roots: tuple[tuple[int, bytes, bytes], ...] = ()
    """Size, root of the leaves from its block's start up to there, root that the checkpoint of that size tells."""
    rotations: tuple[int, ...] = ()
    erasures: tuple[int, ...] = ()
    """Entries that tell of a rotation, and of an erased content."""
    unbound: tuple[tuple[int, str], ...] = ()
    """Checkpoints that the entry behind them does not name, as before a tail that was taken in: their signature must hold."""
    contents: int = 0
    missing: tuple[tuple[int, str], ...] = ()
    """Entry and hash of contents that are not there."""
    named: bytes = b""
    """The rows of the contents that entries name, as an `array("q")`: a million take 8 MB."""


class Stop(Exception):
    """Ends a scan at the first entry that is wrong in itself."""

    def __init__(self, seq: int, why: str) -> None:
        super().__init__(why)
        self.seq = seq
        self.why = why


def scan(file: str, options: str, low: int, high: int, every: int, progress: Progress | None = None) -> Scan:
    """Scan the entries (`low`, `high`] of the database; roots are kept of every `every`th checkpoint."""
    connection = connect(Path(file), options)
    try:
        return _Scanner(connection, low, high, every, progress).run()
    finally:
        connection.close()


class _Scanner:
    def __init__(
        self, connection: sqlite3.Connection, low: int, high: int, every: int, progress: Progress | None
    ) -> None:
        self.connection = connection
        self.low = low
        self.high = high
        self.every = every
        self.progress = progress
        self.growing = GrowingTree(Frontier())
        self.blocks: list[bytes] = []
        self.start = low
        """Where the block of RANGE_ALIGN leaves begins that `growing` grows over."""
        self.kept = _kept(connection, low, high)
        self.notes = connection.execute(
            "SELECT size, note FROM checkpoints WHERE size>=? AND size<=? ORDER BY size", (low, high)
        )
        self.note: tuple[int, Any] | None = None
        self.seen_notes = 0
        self.roots: list[tuple[int, bytes, bytes]] = []
        self.rotations: list[int] = []
        self.erasures: list[int] = []
        self.unbound: list[tuple[int, str]] = []
        self.missing: list[tuple[int, str]] = []
        self.contents = 0
        self.named = array("q")

    def run(self) -> Scan:
        bad, why = None, ""
        expected = self.low + 1
        try:
            self._next_note()
            expected = self._entries()
        except Stop as stop:
            bad, why = stop.seq, stop.why
        except (sqlite3.Error, UnicodeError) as error:
            bad, why = self.start + self.growing.frontier.size + 1, f"it can't be read: {error}"
        if bad is None and expected != self.high + 1:
            bad, why = expected, "it is missing"
        return Scan(
            low=self.low,
            high=self.high,
            subtrees=(*((ALIGN_LEVEL, root) for root in self.blocks), *_levels(self.growing.frontier)),
            first_bad=bad,
            why=why,
            roots=tuple(self.roots),
            rotations=tuple(self.rotations),
            erasures=tuple(self.erasures),
            unbound=tuple(self.unbound[:MAX_UNBOUND]),
            contents=self.contents,
            missing=tuple(self.missing),
            named=self.named.tobytes(),
        )

    def _entries(self) -> int:
        """Go through the rows; returns the number after the last. Raises Stop at the first that is wrong in itself."""
        expected = self.low + 1
        sha256, decode, append = hashlib.sha256, msgspec.json.Decoder(Glance).decode, self.growing.append
        rows = self.connection.execute(
            "SELECT seq, body, leaf FROM entries WHERE seq>? AND seq<=? ORDER BY seq", (self.low, self.high)
        )
        for seq, body, leaf in rows:
            if seq != expected:
                raise Stop(expected, "it is missing")
            try:
                computed = sha256(b"\x00" + body.encode()).digest()
                entry = decode(body)
            except (AttributeError, ValueError, TypeError) as error:
                raise Stop(seq, f"its body is not what was ever written: {error}") from error
            if computed != leaf:
                raise Stop(seq, "its body and its leaf hash don't belong together")
            if entry.seq != seq:
                raise Stop(seq, f"it is entry {entry.seq}, moved here")
            self._check_head(seq, entry.head)
            append(computed)
            if self.growing.new_nodes:
                self._check_nodes()
            if entry.blobs:
                self._check_contents(seq, body)
            if entry.kind == "key.rotated":
                self.rotations.append(seq)
            elif entry.kind == "erased":
                self.erasures.append(seq)
            expected += 1
            if self.progress is not None and expected % REPORT_EVERY == 0:
                self.progress(expected - self.low - 1, self.high - self.low)
        self._check_head(expected, None)
        return expected

    def _check_nodes(self) -> None:
        for level, own, value in self.growing.new_nodes:
            number = own + (self.start >> level)
            if self.kept.get((level, number), value) != value:
                raise Stop((number << level) + 1, "the kept subtree over it is not the one its entries give")
        self.growing.new_nodes.clear()
        if self.growing.frontier.size == RANGE_ALIGN:
            self.blocks.append(self.growing.frontier.root())
            self.start += RANGE_ALIGN
            self.growing.frontier = Frontier()

    def _next_note(self) -> None:
        self.note = self.notes.fetchone()
        if self.note is not None and not isinstance(self.note[1], str):
            raise Stop(self.note[0], "its checkpoint is not text")

    def _check_head(self, seq: int, head: str | None) -> None:
        """The note of size seq - 1 and the entry behind it name each other; None: there is no entry behind."""
        note = self.note
        if note is not None and note[0] < seq - 1:
            raise Stop(seq - 1, "a checkpoint's size is not where it was written")
        if note is None or note[0] != seq - 1:
            if head:
                raise Stop(seq, f"the checkpoint before it (size {seq - 1}) is missing")
            return
        if head == "":
            self.unbound.append(note)
        elif head is not None and head_of(note[1]) != head:
            raise Stop(seq, f"the checkpoint before it (size {seq - 1}) is not the one that was written")
        self.seen_notes += 1
        if note[0] > self.low and (self.seen_notes % self.every == 0 or not head):
            self.roots.append((note[0], self.growing.frontier.root(), _told_root(note)))
        self._next_note()

    def _check_contents(self, seq: int, body: str) -> None:
        entry = _decode_bodied(body)
        for name in entry.blobs:
            self.contents += 1
            sha256 = entry.body.get(f"{name}_sha256")
            row = self.connection.execute("SELECT rowid FROM blobs WHERE sha256=?", (sha256,)).fetchone()
            if row is None:
                self.missing.append((seq, str(sha256)))
            else:
                self.named.append(row[0])


_decode_bodied = msgspec.json.Decoder(Bodied).decode


def _kept(connection: sqlite3.Connection, low: int, high: int) -> dict[tuple[int, int], bytes]:
    found = connection.execute(
        "SELECT level, number, hash FROM nodes WHERE (number << level) >= ? AND (number << level) < ?", (low, high)
    )
    return {(level, number): value for level, number, value in found}


def _told_root(note: tuple[int, str]) -> bytes:
    size, text = note
    try:
        lines = text.split("\n", 3)
        if lines[1] != str(size):
            raise Stop(size, "its checkpoint tells another size")
        return decode_hash(lines[2])
    except (IndexError, ValueError, AttributeError, TypeError) as error:
        raise Stop(size, f"its checkpoint is malformed: {error}") from error


def _levels(tree: Frontier) -> tuple[tuple[int, bytes], ...]:
    bits = [level for level in range(tree.size.bit_length() - 1, -1, -1) if tree.size >> level & 1]
    return tuple(zip(bits, tree.roots, strict=True))


def join(scans: list[Scan]) -> tuple[Frontier, list[tuple[int, bytes, bytes]]]:
    """The tree over neighbouring ranges, and (size, computed root, told root) of the checkpoints that were kept."""
    tree = Frontier()
    roots: list[tuple[int, bytes, bytes]] = []
    waiting = [kept for part in scans for kept in part.roots][::-1]
    for level, root in (subtree for part in scans for subtree in part.subtrees):
        if level == ALIGN_LEVEL or tree.size % RANGE_ALIGN == 0:
            _complete(tree, waiting, roots)
        tree.append_subtree(level, root)
    _complete(tree, waiting, roots)
    return tree, roots


def _complete(tree: Frontier, waiting: list[tuple[int, bytes, bytes]], roots: list[tuple[int, bytes, bytes]]) -> None:
    """Fold the blocks before it into each kept root of the block that begins where `tree` ends."""
    while waiting and waiting[-1][0] < tree.size + RANGE_ALIGN and tree.size % RANGE_ALIGN == 0:
        size, computed, told = waiting.pop()
        if size == tree.size:  # the last of its block, kept when the block was already complete
            computed = tree.root()
        else:
            for left in reversed(tree.roots):
                computed = node_hash(left, computed)
        roots.append((size, computed, told))


def wrong_node(connection: sqlite3.Connection, size: int, above: int) -> int | None:
    """The first entry below a kept subtree above level `above` that is not made of its two halves, or None.

    Lower levels are compared by the scan. Kept subtrees serve speed only, but a wrong one would make the next commit fail.
    """
    kept: dict[tuple[int, int], bytes] = {}
    for level, number, value in connection.execute("SELECT level, number, hash FROM nodes WHERE level>=?", (above,)):
        if not (isinstance(level, int) and isinstance(number, int) and isinstance(value, bytes)) or level >= MAX_LEVEL:
            return 1
        kept[level, number] = value
    for (level, number), value in sorted(kept.items()):
        left, right = kept.get((level - 1, 2 * number)), kept.get((level - 1, 2 * number + 1))
        if level == above or left is None or right is None or (number + 1) << level > size:
            continue
        if node_hash(left, right) != value:
            return (number << level) + 1
    return None
