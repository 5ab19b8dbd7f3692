"""The tree: proofs verify, nothing else does, and every way to compute a root gives the same."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.audit.merkle import (
    EMPTY_ROOT,
    Frontier,
    leaf_hash,
    prove_consistency,
    prove_inclusion,
    root_of,
    subtrees_of,
    verify_consistency,
    verify_inclusion,
)
from assistant.audit.stored_tree import GrowingTree

LEAVES = [leaf_hash(bytes([i])) for i in range(70)]
SUBTREE = subtrees_of(LEAVES)


class TestProofs:
    def test_every_inclusion_proof_verifies_and_only_for_its_own_place(self) -> None:
        for size in range(1, 34):
            root = SUBTREE(0, size)
            for index in range(size):
                proof = prove_inclusion(index, size, SUBTREE)
                assert verify_inclusion(LEAVES[index], index, size, proof, root)
                assert not verify_inclusion(LEAVES[index + 1], index, size, proof, root)
                assert not verify_inclusion(LEAVES[index], index, size, [*proof, root], root)
                assert not proof or not verify_inclusion(LEAVES[index], index, size, proof[:-1], root)
                assert not any(verify_inclusion(LEAVES[index], i, size, proof, root) for i in range(size) if i != index)

    def test_every_consistency_proof_verifies_and_only_for_its_own_sizes(self) -> None:
        for second in range(1, 34):
            for first in range(1, second + 1):
                proof = prove_consistency(first, second, SUBTREE)
                assert verify_consistency(first, second, SUBTREE(0, first), SUBTREE(0, second), proof)
                assert not verify_consistency(first, second, SUBTREE(0, first + 1), SUBTREE(0, second), proof)
                assert not verify_consistency(first, second, SUBTREE(0, first), SUBTREE(0, second + 1), proof)
                assert not verify_consistency(
                    first, second, SUBTREE(0, first), SUBTREE(0, second), [*proof, EMPTY_ROOT]
                )

    @pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
    def test_there_is_no_inclusion_proof_for_a_leaf_outside(self, index: int, size: int) -> None:
        with pytest.raises(ValueError, match="not in a tree"):
            prove_inclusion(index, size, SUBTREE)

    @pytest.mark.parametrize(("first", "second"), [(0, 3), (4, 3), (-1, 3)])
    def test_there_is_no_consistency_proof_backwards_or_from_nothing(self, first: int, second: int) -> None:
        with pytest.raises(ValueError, match="no consistency proof"):
            prove_consistency(first, second, SUBTREE)

    @given(st.integers(1, 70), st.data())
    @settings(max_examples=60, deadline=None)
    def test_no_changed_proof_verifies(self, size: int, data: st.DataObject) -> None:
        index = data.draw(st.integers(0, size - 1))
        proof = prove_inclusion(index, size, SUBTREE)
        if proof:
            at, bit = data.draw(st.integers(0, len(proof) - 1)), data.draw(st.integers(0, 255))
            spoilt = bytearray(proof[at])
            spoilt[bit // 8] ^= 1 << bit % 8
            changed = [*proof[:at], bytes(spoilt), *proof[at + 1 :]]
            assert not verify_inclusion(LEAVES[index], index, size, changed, SUBTREE(0, size))


class TestFrontier:
    def test_it_has_the_root_of_each_size(self) -> None:
        frontier = Frontier()
        assert frontier.root() == EMPTY_ROOT
        for size, leaf in enumerate(LEAVES, 1):
            frontier.append(leaf)
            assert frontier.root() == SUBTREE(0, size) == root_of(LEAVES[:size])

    def test_subtrees_can_be_added_where_they_fit(self) -> None:
        frontier = Frontier()
        frontier.append_subtree(5, SUBTREE(0, 32))
        frontier.append_subtree(5, SUBTREE(32, 64))
        frontier.append(LEAVES[64])
        assert frontier.root() == SUBTREE(0, 65)
        with pytest.raises(ValueError, match="does not fit"):
            frontier.append_subtree(1, SUBTREE(65, 67))

    def test_it_refuses_a_wrong_number_of_roots(self) -> None:
        with pytest.raises(ValueError, match="2 complete subtrees"):
            Frontier(3, [EMPTY_ROOT])

    def test_a_growing_tree_tells_each_kept_subtree_once(self) -> None:
        leaves = [leaf_hash(b"%d" % i) for i in range(1100)]
        subtree = subtrees_of(leaves)
        tree = GrowingTree(Frontier())
        for leaf in leaves:
            tree.append(leaf)
        assert tree.frontier.root() == subtree(0, 1100)
        expected = {(8, 0), (8, 1), (8, 2), (8, 3), (9, 0), (9, 1), (10, 0)}
        assert {(level, number) for level, number, _ in tree.new_nodes} == expected
        for level, number, value in tree.new_nodes:
            assert value == subtree(number << level, (number + 1) << level)
