"""The Merkle tree over log entries (RFC 6962, section 2.1; verification by RFC 9162, sections 2.1.3.2 and 2.1.4.2).

Leaf hash SHA-256(0x00 || entry), node SHA-256(0x01 || left || right), the empty tree SHA-256(""). Leaves are counted from 0,
sizes are numbers of leaves. All hashes are 32 bytes; verification refuses any other length.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()

_sha256 = hashlib.sha256

SubtreeRoot = Callable[[int, int], bytes]
"""Root of the leaves `start` (included) to `end` (excluded). Asked only for the subtrees that a proof needs."""


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one entry."""
    return _sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return _sha256(b"\x01" + left + right).digest()


class Frontier:
    """The roots of the complete subtrees along a tree's right edge: all that appending needs.

    Append costs two hashes on average, the root at most one for each binary digit of the size.
    """

    __slots__ = ("roots", "size")

    def __init__(self, size: int = 0, roots: Iterable[bytes] = ()) -> None:
        self.size = size
        self.roots = list(roots)
        if len(self.roots) != size.bit_count():
            raise ValueError(f"a tree of {size} leaves has {size.bit_count()} complete subtrees, not {len(self.roots)}")

    def copy(self) -> Frontier:
        """An independent copy."""
        return Frontier(self.size, self.roots)

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash."""
        size = self.size
        roots = self.roots
        while size & 1:
            leaf = _sha256(b"\x01" + roots.pop() + leaf).digest()
            size >>= 1
        roots.append(leaf)
        self.size += 1

    def append_subtree(self, level: int, root: bytes) -> None:
        """Add a complete subtree of 2**level leaves. Raises ValueError where it would not be aligned."""
        if self.size & ((1 << level) - 1):
            raise ValueError(f"a subtree of level {level} does not fit behind {self.size} leaves")
        rest = self.size >> level
        while rest & 1:
            root = _sha256(b"\x01" + self.roots.pop() + root).digest()
            rest >>= 1
        self.roots.append(root)
        self.size += 1 << level

    def root(self) -> bytes:
        """The root of the whole tree."""
        if not self.roots:
            return EMPTY_ROOT
        result = self.roots[-1]
        for left in self.roots[-2::-1]:
            result = _sha256(b"\x01" + left + result).digest()
        return result


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root over leaf hashes."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.root()


def subtrees_of(leaves: Sequence[bytes]) -> SubtreeRoot:
    """Subtree roots over leaf hashes held in memory; each complete node is computed once."""
    levels = [list(leaves)]
    while len(levels[-1]) > 1:
        below = levels[-1]
        levels.append([node_hash(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)])

    def subtree(start: int, end: int) -> bytes:
        if end <= start:
            return EMPTY_ROOT
        level = (end - start).bit_length() - 1
        if end - start == 1 << level and start % (1 << level) == 0:
            return levels[level][start >> level]
        middle = start + _split(end - start)
        return node_hash(subtree(start, middle), subtree(middle, end))

    return subtree


def _split(size: int) -> int:
    """Largest power of two smaller than `size` (RFC 6962, section 2.1: "k")."""
    return 1 << ((size - 1).bit_length() - 1)


def prove_inclusion(index: int, size: int, subtree: SubtreeRoot) -> list[bytes]:
    """The audit path of leaf `index` in the tree of `size` leaves. Raises ValueError when it is not in there."""
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size} leaves")
    start, end = 0, size
    path: list[bytes] = []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(subtree(middle, end))
            end = middle
        else:
            path.append(subtree(start, middle))
            start = middle
    return path[::-1]


def prove_consistency(first: int, second: int, subtree: SubtreeRoot) -> list[bytes]:
    """Proof that the tree of `first` leaves is a prefix of that of `second`. Raises ValueError unless 0 < first <= second."""
    if not 0 < first <= second:
        raise ValueError(f"no consistency proof leads from {first} to {second} leaves")
    start, end = 0, second
    path: list[bytes] = []
    while first != end:
        middle = start + _split(end - start)
        if first <= middle:
            path.append(subtree(middle, end))
            end = middle
        else:
            path.append(subtree(start, middle))
            start = middle
    if start != 0:  # the old tree's own last complete subtree is not a prefix by itself: the verifier must be told it
        path.append(subtree(start, end))
    return path[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether `proof` shows that `leaf` is leaf `index` of the tree of `size` leaves with that `root`."""
    if not 0 <= index < size or not _are_hashes(leaf, root, *proof):
        return False
    at, last, result = index, size - 1, leaf
    for step in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            result = node_hash(step, result)
            while not at & 1 and at:
                at >>= 1
                last >>= 1
        else:
            result = node_hash(result, step)
        at >>= 1
        last >>= 1
    return last == 0 and result == root


def verify_consistency(first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether `proof` shows that the tree of `first` leaves is a prefix of the tree of `second`.

    From an empty tree to a larger one the answer is no: there is nothing that such a proof could show.
    """
    if not 0 <= first <= second or not _are_hashes(first_root, second_root, *proof):
        return False
    if first == second:
        return not proof and first_root == second_root and (first > 0 or first_root == EMPTY_ROOT)
    if first == 0 or not proof:
        return False
    path = list(proof)
    if first & (first - 1) == 0:
        path.insert(0, first_root)
    at, last = first - 1, second - 1
    while at & 1:
        at >>= 1
        last >>= 1
    old = new = path[0]
    for step in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while not at & 1 and at:
                at >>= 1
                last >>= 1
        else:
            new = node_hash(new, step)
        at >>= 1
        last >>= 1
    return last == 0 and old == first_root and new == second_root


def _are_hashes(*values: bytes) -> bool:
    return all(len(value) == HASH_BYTES for value in values)
