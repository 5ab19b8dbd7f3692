"""Canonical JSON: the same value, the same bytes, the same name."""

from __future__ import annotations

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from assistant.canonical import digest, dumps

SIMPLE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcxyz_AZ09", max_size=6), inner, max_size=4),
    max_leaves=20,
)


class TestDumps:
    @given(SIMPLE)
    def test_the_quick_way_equals_the_reference(self, value: object) -> None:
        assert dumps(value) == rfc8785.dumps(value)  # type: ignore[arg-type]

    def test_floats_and_other_keys_go_by_the_reference(self) -> None:
        assert dumps({"é": 1.5, "a": 1e21}) == '{"a":1e+21,"é":1.5}'.encode()

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**53, "\ud800", {"a": {"b": -(2**60)}}])
    def test_what_has_no_canonical_form_is_refused(self, value: object) -> None:
        with pytest.raises(ValueError, match="canonical"):
            dumps(value)


class TestDigest:
    def test_key_order_does_not_matter(self) -> None:
        assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})

    @given(SIMPLE, SIMPLE)
    def test_different_values_have_different_names(self, one: object, other: object) -> None:
        assert (digest(one) == digest(other)) == (dumps(one) == dumps(other))
