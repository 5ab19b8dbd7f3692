"""Budgets of a task and of a day: said at 80 %, held at 100 %, summed from the log."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from assistant.agent import events
from assistant.agent.recall import recall
from assistant.agent.session import LocalSession
from assistant.agent.spending import Spending, rest
from assistant.agent.today import Today
from assistant.gateway.delegation import smaller
from assistant.models import energy as estimating
from assistant.models.budgets import Energy, Spent
from assistant.models.scripted import ScriptedModel, Step
from assistant.types import Budgets, ModelInfo, Usage
from tests.agent.world import READ, World, end

PRICED = ModelInfo("scripted/x", "scripted", True, input_uusd_per_mtok=1_000_000, output_uusd_per_mtok=1_000_000)
CALLING = Step(calls=(READ,), usage=Usage(100, 0))


def warned(seen: list[events.Event]) -> list[str]:
    return [e.text for e in seen if isinstance(e, events.Notice) and e.level == "warning"]


class TestWarnings:
    async def test_passing_80_percent_is_said_once(self, folder: Path) -> None:
        world = World(
            folder, CALLING, CALLING, CALLING, Step(text="ok", usage=Usage(100, 0)), budgets=Budgets(tokens=360)
        )
        said = warned(await world.turn())
        assert said == ["budget: tokens: 300 of 360 for this task (83 %)"]

    async def test_a_resumed_task_is_not_warned_again(self, folder: Path) -> None:
        world = World(folder, *[CALLING] * 3, Step(text="ok"), budgets=Budgets(tokens=360))
        await world.turn()
        past = recall(world.log, world.log.entries(task=world.task.id))
        again = LocalSession(world.task, ScriptedModel([Step(text="x", usage=Usage(10, 0))]), world.services, past)
        assert warned([e async for e in again.run_turn("go on")]) == []
        assert (again.totals.input_tokens, again.totals.calls) == (310, 5)

    async def test_the_totals_have_what_the_cache_took_also_when_resumed(self, folder: Path) -> None:
        world = World(folder, Step(calls=(READ,), usage=Usage(100, 5, 80, 15)), Step(text="a", usage=Usage(120, 5, 90)))
        await world.turn()
        totals = world.session.totals
        assert (totals.input_tokens, totals.cache_read, totals.cache_write) == (220, 170, 15)
        past = recall(world.log, world.log.entries(task=world.task.id))
        again = LocalSession(world.task, ScriptedModel([]), world.services, past)
        assert again.totals == totals

    async def test_unknown_prices_are_said_once_when_money_is_limited(self, folder: Path) -> None:
        world = World(folder, CALLING, CALLING, Step(text="ok"), budgets=Budgets(cost_uusd=1_000_000))
        said = warned(await world.turn())
        assert len(said) == 1
        assert "no known price" in said[0]


class TestADay:
    async def test_L8_what_other_tasks_used_today_counts_and_ends_the_turn(self, folder: Path) -> None:
        world = World(folder, Step(text="a", usage=Usage(900, 0)), day=Budgets(tokens=1000))
        await world.log.write("model.result", "another", {"usage": {"input": 100, "output": 1}, "cost_uusd": 0})
        said = warned(await world.turn())
        assert said == ["budget: tokens: 1,001 of 1,000 for today (100 %)"]
        assert end(await world.turn()).exit_code == 5

    async def test_L8_the_day_is_read_once_a_turn_and_then_only_what_is_new(self, folder: Path) -> None:
        world = World(folder)
        today = Today(world.log)
        await world.log.write("model.result", "a", {"usage": {"input": 5, "output": 1}, "cost_uusd": 7})
        assert today.spent().tokens == 6
        await world.log.write("turn.finished", "a", {"reason": "done", "wall_ms": 40})
        await world.log.write("model.result", "b", {"usage": None, "cost_uusd": None})
        asked = list[int]()
        read = world.log.database.read
        world.log.database.read = lambda sql, values=(): asked.append(1) or read(sql, values)  # type: ignore[method-assign]
        spent = today.spent()
        assert (spent.tokens, spent.cost_uusd, spent.calls, spent.unpriced_calls, spent.wall_ms) == (6, 7, 2, 1, 40)
        assert len(asked) < 12

    async def test_midnight_begins_anew(self, folder: Path) -> None:
        world = World(folder)
        await world.log.write("model.result", "a", {"usage": {"input": 5, "output": 1}, "cost_uusd": 7})
        clock = [datetime.now().astimezone()]
        today = Today(world.log, lambda: clock[0])
        assert today.spent().calls == 1
        clock[0] += timedelta(days=1)
        assert today.spent().calls == 0


class TestEnergy:
    async def test_nobody_asks_nobody_counts(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(estimating, "energy", lambda *_: pytest.fail("it was counted"))
        world = World(folder, Step(text="ok", usage=Usage(10, 10)), budgets=Budgets(tokens=1000))
        await world.turn()
        assert "ecologits" not in sys.modules

    async def test_a_budget_counts_its_upper_end_and_the_log_has_the_range(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(estimating, "energy", lambda *_: Energy(10.0, 60.5))
        world = World(folder, CALLING, CALLING, Step(text="x"), budgets=Budgets(energy_mwh=100))
        seen = await world.turn()
        assert end(seen).exit_code == 5
        bodies = [e.body for e in world.log.entries() if e.kind == "model.result"]
        assert [(b["energy_uwh"], b["energy_mwh"]) for b in bodies] == [([10_000, 60_500], 61)] * 2
        assert recall(world.log, world.log.entries()).spent.energy == Energy(20.0, 121.0)

    async def test_a_model_that_cant_be_measured_is_said_once(self, folder: Path) -> None:
        world = World(folder, CALLING, CALLING, Step(text="x"), budgets=Budgets(energy_mwh=100))
        said = warned(await world.turn())
        assert len(said) == 1
        assert "energy" in said[0]


class TestTime:
    def test_waiting_for_a_person_does_not_count(self) -> None:
        account = Spending(Spent(), Budgets)
        account._began, account._waited_before = 0.0, 500
        account.waited_ms = lambda: 10**12
        assert account.end_turn() == 0


class TestWhatIsLeft:
    def test_each_limit_by_itself_and_never_below_zero(self) -> None:
        spent = Spent(cost_uusd=70, tokens=9, calls=20)
        assert rest(Budgets(cost_uusd=100, calls=10), spent) == Budgets(cost_uusd=30, calls=0)

    def test_the_stricter_of_two(self) -> None:
        assert smaller(Budgets(tokens=5, calls=2), Budgets(tokens=3, wall_s=9)) == Budgets(tokens=3, calls=2, wall_s=9)
