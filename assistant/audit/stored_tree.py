"""The tree over a stored log, read in O(log n) rows: complete subtrees of 256 leaves and more are kept as nodes."""

from __future__ import annotations

import sqlite3

from assistant.audit.merkle import EMPTY_ROOT, Frontier, node_hash, root_of
from assistant.store.rows import leaves_between, node
from assistant.store.schema import NODE_LEVEL


class StoredTree:
    """Subtree roots of the log behind a connection. Callable, as `merkle.prove_*` ask for it.

    Nothing here is trusted: what is computed is compared with a signed checkpoint, or checked by whoever gets a proof.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __call__(self, start: int, end: int) -> bytes:
        """Root of the leaves `start` (included) to `end` (excluded)."""
        if end <= start:
            return EMPTY_ROOT
        size = end - start
        level = size.bit_length() - 1
        if level < NODE_LEVEL:
            return root_of(leaves_between(self._connection, start, end))
        if size == 1 << level and start % size == 0:
            kept = node(self._connection, level, start >> level)
            if kept is not None:
                return kept
            if level == NODE_LEVEL:
                return root_of(leaves_between(self._connection, start, end))
            level -= 1
        elif size == 1 << level:
            level -= 1
        middle = start + (1 << level)
        return node_hash(self(start, middle), self(middle, end))

    def frontier(self, size: int) -> Frontier:
        """The frontier at `size` leaves."""
        start = 0
        roots: list[bytes] = []
        for level in range(size.bit_length() - 1, -1, -1):
            if size >> level & 1:
                roots.append(self(start, start + (1 << level)))
                start += 1 << level
        return Frontier(size, roots)


class GrowingTree:
    """A frontier that also tells which complete subtrees came to be, for keeping."""

    def __init__(self, frontier: Frontier) -> None:
        self.frontier = frontier
        self.new_nodes: list[tuple[int, int, bytes]] = []

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash."""
        frontier = self.frontier
        if (frontier.size + 1) % (1 << NODE_LEVEL):
            frontier.append(leaf)
            return
        rest, level, size = frontier.size, 0, frontier.size + 1
        while rest & 1:
            leaf = node_hash(frontier.roots.pop(), leaf)
            level += 1
            rest >>= 1
            if level >= NODE_LEVEL:
                self.new_nodes.append((level, (size >> level) - 1, leaf))
        frontier.roots.append(leaf)
        frontier.size = size
