"""Budgets: what was used, what may be used, a warning at 80 %, a stop at 100 %. Pure counters; no clock, no I/O.

A limit counts as reached when what was used is equal to it, so a budget of 10 calls allows ten calls. A call whose price
is unknown is never counted as free: `unpriced_calls` counts it, and a money budget then can't be kept, which is said once.
"""

from __future__ import annotations

from collections.abc import Iterator

from assistant.errors import BudgetSpent
from assistant.types import Budgets, Data, Usage

WARN_PERCENT = 80


class Energy(Data, frozen=True):
    """Energy of model calls in milliwatt-hours, as a range: the estimate is that uncertain."""

    low_mwh: float = 0.0
    high_mwh: float = 0.0


class Spent(Data, frozen=True):
    """What was used so far, by one task or on one day."""

    cost_uusd: int = 0
    unpriced_calls: int = 0
    tokens: int = 0
    calls: int = 0
    wall_ms: int = 0
    """Time that turns ran; waiting for a person does not count."""
    energy: Energy = Energy()
    unmeasured_calls: int = 0
    """Calls of models whose energy nobody can estimate."""

    def call(self, usage: Usage | None, cost_uusd: int | None, energy: Energy | None, wall_ms: int = 0) -> Spent:
        """With one more model call. Unknown usage, cost or energy (None) is counted as unknown, not as zero."""
        tokens = usage.input + usage.output if usage else 0
        return self + Spent(
            cost_uusd or 0,
            1 if cost_uusd is None else 0,
            tokens,
            1,
            wall_ms,
            energy or Energy(),
            1 if energy is None else 0,
        )

    def __add__(self, other: Spent) -> Spent:
        """Both together."""
        return Spent(
            self.cost_uusd + other.cost_uusd,
            self.unpriced_calls + other.unpriced_calls,
            self.tokens + other.tokens,
            self.calls + other.calls,
            self.wall_ms + other.wall_ms,
            Energy(self.energy.low_mwh + other.energy.low_mwh, self.energy.high_mwh + other.energy.high_mwh),
            self.unmeasured_calls + other.unmeasured_calls,
        )


class Level(Data, frozen=True):
    """How full one budget is. `span` is `task` or `day`; `name` a field of Budgets."""

    span: str
    name: str
    used: float
    limit: float

    @property
    def percent(self) -> int:
        """Rounded down, so that 100 means reached. A limit of zero is reached from the start."""
        return int(self.used * 100 // self.limit) if self.limit > 0 else 100

    @property
    def spent(self) -> bool:
        """Nothing is left."""
        return self.used >= self.limit

    def sentence(self) -> str:
        """For the person: `cost: $0.82 of $1.00 for this task (82 %)`."""
        span = "this task" if self.span == "task" else "today"
        return f"{_NAMES[self.name]}: {_show(self.name, self.used)} of {_show(self.name, self.limit)} for {span} ({self.percent} %)"


_NAMES = {"cost_uusd": "cost", "tokens": "tokens", "calls": "model calls", "wall_s": "time", "energy_mwh": "energy"}


_FLAGS = {
    "cost_uusd": "--max-usd",
    "tokens": "--max-tokens",
    "calls": "--max-calls",
    "wall_s": "--max-seconds",
    "energy_mwh": "--max-wh",
}


def _show(name: str, value: float) -> str:
    if name == "cost_uusd":
        return f"${value / 1_000_000:.2f}" if value >= 10_000 or value == 0 else f"${value / 1_000_000:.4f}"
    if name == "wall_s":
        return f"{value:.0f} s"
    if name == "energy_mwh":
        return f"{value / 1000:.2f} Wh"
    return f"{value:,.0f}"


def levels(spent: Spent, budgets: Budgets, span: str = "task") -> Iterator[Level]:
    """One level for each limit that is set. Energy counts at the upper end of its range: a limit must hold."""
    used = {
        "cost_uusd": spent.cost_uusd,
        "tokens": spent.tokens,
        "calls": spent.calls,
        "wall_s": spent.wall_ms / 1000,
        "energy_mwh": spent.energy.high_mwh,
    }
    for name, value in used.items():
        limit = getattr(budgets, name)
        if limit is not None:
            yield Level(span, name, value, limit)


def warnings(before: Spent, after: Spent, budgets: Budgets, span: str = "task") -> list[Level]:
    """The budgets that passed 80 % between `before` and `after`: each is said once, by whoever compares in order."""
    was = {level.name: level.percent for level in levels(before, budgets, span)}
    return [level for level in levels(after, budgets, span) if level.percent >= WARN_PERCENT > was[level.name]]


def require(spent: Spent, budgets: Budgets, span: str = "task") -> None:
    """Called before each model call. Raises BudgetSpent (exit 5) when a limit is reached."""
    for level in levels(spent, budgets, span):
        if level.spent:
            where = f"assistant run {_FLAGS[level.name]}" if span == "task" else "assistant config"
            raise BudgetSpent(f"budget reached: {level.sentence()}", hint=f"raise it (`{where}`) or end here")


def unpriced(spent: Spent, budgets: Budgets) -> str:
    """The sentence for a money budget that can't be kept because prices are unknown; empty when all is known."""
    if budgets.cost_uusd is None or not spent.unpriced_calls:
        return ""
    return f"{spent.unpriced_calls} model calls have no known price: the money budget does not count them"
