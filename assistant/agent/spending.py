"""What one task has used: counted call by call, said when it passes 80 %, and held within the budgets of task and day."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from assistant.agent.events import Notice
from assistant.gateway.delegation import smaller
from assistant.models.budgets import Energy, Spent, require, unpriced, warnings
from assistant.models.prices import cost_uusd
from assistant.types import Budgets, Data, ModelInfo, Usage

if TYPE_CHECKING:
    from assistant.agent.today import Today


class Charge(Data, frozen=True):
    """What one model call came to, and what the person should know after it."""

    cost_uusd: int | None
    energy: Energy | None = None
    notices: tuple[Notice, ...] = ()


class Spending:
    """The account of one task. `day` are the budgets of a whole day, over all tasks; without `today` they are not kept."""

    def __init__(
        self, spent: Spent, budgets: Callable[[], Budgets], day: Budgets | None = None, today: Today | None = None
    ) -> None:
        self.spent = spent
        self._budgets = budgets
        self._day = day or Budgets()
        self._today = today if self._day != Budgets() else None
        self._earlier_today = Spent()
        self._this_turn = Spent()
        self._told: set[str] = set()
        self._began: float | None = None
        self.waited_ms: Callable[[], int] = lambda: 0
        """How long the person has been waited for, since the task was opened."""
        self._waited_before = 0
        self._warned_to_ms = 0

    async def begin_turn(self) -> None:
        """Take in what other tasks used today. Raises LogError."""
        self._this_turn = Spent()
        self._began, self._waited_before, self._warned_to_ms = time.monotonic(), self.waited_ms(), 0
        if self._today is not None:
            self._earlier_today = await asyncio.to_thread(self._today.spent)

    def end_turn(self) -> int:
        """Count the turn's time; returns it in milliseconds. Waiting for a person does not count."""
        wall = self._running_ms()
        self._began = None
        self._add(Spent(wall_ms=wall))
        return wall

    async def call(self, info: ModelInfo, usage: Usage | None, seconds: float) -> Charge:
        """Count a model call. Energy is estimated in a thread, and only where a budget asks for it."""
        cost = cost_uusd(info, usage)
        energy = None
        if self._wants_energy:
            from assistant.models.energy import energy as estimate  # 0.2 s when first used: only who asks pays

            energy = await asyncio.to_thread(estimate, info, usage, seconds)
        return Charge(cost, energy, self.count(Spent().call(usage, cost, energy)))

    def count(self, used: Spent) -> tuple[Notice, ...]:
        """Add what was used, also by a child of the task; returns what to say."""
        running = self._running_ms()
        then, now = Spent(wall_ms=self._warned_to_ms), Spent(wall_ms=running)
        self._warned_to_ms = running
        before, before_day = self.spent + then, self._of_today + then
        self._add(used)
        passed = warnings(before, self.spent + now, self._budgets())
        passed += warnings(before_day, self._of_today + now, self._day, "day")
        found = [Notice("warning", f"budget: {level.sentence()}", "at 100 % the turn ends") for level in passed]
        return (*found, *self._unknown())

    def require(self, more: Spent | None = None) -> None:
        """Raises BudgetSpent when a budget of the task or of the day is used up, `more` counted in."""
        running = Spent(wall_ms=self._running_ms()) + (more or Spent())
        require(self.spent + running, self._budgets())
        require(self._of_today + running, self._day, "day")

    def left(self) -> Budgets:
        """What the task may still use, within its own budgets and the day's."""
        running = Spent(wall_ms=self._running_ms())
        mine = rest(self._budgets(), self.spent + running)
        return smaller(mine, rest(self._day, self._of_today + running))

    def seconds_left(self) -> float | None:
        """Of the time that the task or the day may take; None when neither is limited. Waiting for a person does not count."""
        running = self._running_ms()
        own = (self._budgets().wall_s, self.spent), (self._day.wall_s, self._of_today)
        return min(
            (limit - (spent.wall_ms + running) / 1000 for limit, spent in own if limit is not None), default=None
        )

    @property
    def _of_today(self) -> Spent:
        return self._earlier_today + self._this_turn

    @property
    def _wants_energy(self) -> bool:
        return self._budgets().energy_mwh is not None or self._day.energy_mwh is not None

    def _add(self, used: Spent) -> None:
        self.spent += used
        self._this_turn += used

    def _running_ms(self) -> int:
        if self._began is None:
            return 0
        return max(0, int((time.monotonic() - self._began) * 1000) + self._waited_before - self.waited_ms())

    def _unknown(self) -> list[Notice]:
        """Budgets that can't be kept, each said once."""
        said: list[str] = [unpriced(self.spent, self._budgets()) or unpriced(self._of_today, self._day)]
        if self._wants_energy and self.spent.unmeasured_calls:
            said.append("the energy of this model can't be estimated: the energy budget does not count its calls")
        kinds = ("price", "energy")
        found: list[Notice] = []
        for kind, text in zip(kinds, said, strict=False):
            if text and kind not in self._told:
                self._told.add(kind)
                found.append(Notice("warning", text, "set a budget of tokens or calls to hold such models"))
        return found


def rest(budgets: Budgets, spent: Spent) -> Budgets:
    """What is left of each limit that is set; never below zero."""
    used = {
        "cost_uusd": spent.cost_uusd,
        "tokens": spent.tokens,
        "calls": spent.calls,
        "wall_s": spent.wall_ms // 1000,
        "energy_mwh": int(spent.energy.high_mwh),
    }
    limits = ((name, getattr(budgets, name)) for name in used)
    return Budgets(**{name: max(0, limit - used[name]) for name, limit in limits if limit is not None})
