"""Budgets: counters, the warning at 80 %, the stop at 100 %."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import BudgetSpent
from assistant.models.budgets import Energy, Spent, levels, require, unpriced, warnings
from assistant.types import Budgets, Usage

FIELDS = [
    ("cost_uusd", Spent(cost_uusd=100), 100),
    ("tokens", Spent(tokens=100), 100),
    ("calls", Spent(calls=10), 10),
    ("wall_s", Spent(wall_ms=30_000), 30),
    ("energy_mwh", Spent(energy=Energy(10, 50)), 50),
]


class TestCounting:
    def test_a_call_adds_up(self) -> None:
        spent = Spent().call(Usage(1000, 50), 1234, Energy(1, 2)).call(Usage(10, 5), 6, Energy(1, 2), wall_ms=7)
        assert spent == Spent(cost_uusd=1240, tokens=1065, calls=2, wall_ms=7, energy=Energy(2, 4))

    def test_what_is_unknown_is_counted_as_unknown(self) -> None:
        spent = Spent().call(None, None, None)
        assert (spent.calls, spent.cost_uusd, spent.unpriced_calls, spent.unmeasured_calls) == (1, 0, 1, 1)
        assert unpriced(spent, Budgets(cost_uusd=5))
        assert not unpriced(spent, Budgets(tokens=5))
        assert not unpriced(Spent().call(None, 0, None), Budgets(cost_uusd=5))

    @given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**7)), max_size=20))
    def test_order_does_not_matter(self, calls: list[tuple[int, int]]) -> None:
        parts = [Spent().call(Usage(tokens), cost, None) for cost, tokens in calls]
        assert sum(parts, Spent()) == sum(reversed(parts), Spent())


class TestStopping:
    @pytest.mark.parametrize(("name", "spent", "limit"), FIELDS)
    def test_M8_a_reached_limit_stops_with_exit_5(self, name: str, spent: Spent, limit: int) -> None:
        with pytest.raises(BudgetSpent) as caught:
            require(spent, Budgets(**{name: limit}))
        assert caught.value.exit_code == 5
        assert "100 %" in str(caught.value)

    @pytest.mark.parametrize(("name", "spent", "limit"), FIELDS)
    def test_below_the_limit_nothing_happens(self, name: str, spent: Spent, limit: int) -> None:
        require(spent, Budgets(**{name: limit + 1}))
        require(spent, Budgets())

    def test_a_limit_of_zero_is_reached_from_the_start(self) -> None:
        with pytest.raises(BudgetSpent):
            require(Spent(), Budgets(calls=0))

    def test_the_day_is_named(self) -> None:
        with pytest.raises(BudgetSpent, match="today"):
            require(Spent(calls=3), Budgets(calls=3), "day")


class TestWarning:
    def test_it_comes_once_when_80_percent_is_passed(self) -> None:
        budgets = Budgets(calls=10)
        told = [bool(warnings(Spent(calls=n), Spent(calls=n + 1), budgets)) for n in range(10)]
        assert told == [False] * 7 + [True] + [False] * 2

    def test_it_says_how_much_of_what(self) -> None:
        level = warnings(Spent(), Spent(cost_uusd=820_000), Budgets(cost_uusd=1_000_000))[0]
        assert level.sentence() == "cost: $0.82 of $1.00 for this task (82 %)"

    @given(st.integers(0, 2**40), st.integers(1, 2**40))
    def test_spent_and_100_percent_are_the_same(self, used: int, limit: int) -> None:
        level = next(levels(Spent(tokens=used), Budgets(tokens=limit)))
        assert level.spent == (level.percent >= 100)
