"""A budget of time ends a turn in the middle of what it does."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from assistant.agent import deadline as module
from assistant.agent import events
from assistant.agent.deadline import Deadline
from assistant.models.scripted import ScriptedCall, Step
from assistant.types import Budgets
from tests.agent.world import World, end


async def nothing() -> None:
    """No programs run here."""


def silence() -> None:
    """Nobody is told."""


class TestATurn:
    async def test_L8_a_model_that_does_not_stop_talking_is_cut_and_its_words_are_kept(self, folder: Path) -> None:
        world = World(folder, Step(text="on and on " * 500, between_s=0.02), budgets=Budgets(wall_s=1))
        begun = time.monotonic()
        seen = await world.turn()
        assert 0.9 < time.monotonic() - begun < 3
        assert (end(seen).reason, end(seen).exit_code) == ("budget", 5)
        assert end(seen).message.startswith("budget reached: time: 1 s of 1 s for this task")
        warned = [e.text for e in seen if isinstance(e, events.Notice) and e.level == "warning"]
        assert len(warned) == 1, "at 80 %, in the middle of the answer"
        assert warned[0].startswith("budget: time: 1 s of 1 s")
        assert world.session.history()[-1].text.startswith("on and on")
        assert world.kinds()[-2:] == ["model.failed", "turn.finished"]
        assert end(await world.turn("go on")).exit_code == 5, "and nothing more is begun"

    async def test_L8_a_command_that_does_not_end_is_ended(self, folder: Path) -> None:
        call = ScriptedCall("run_command", {"command": "sleep 60"})
        world = World(folder, Step(calls=(call,)), Step(text="never"), budgets=Budgets(wall_s=1))
        world.room.hang = True
        begun = time.monotonic()
        seen = await world.turn()
        assert time.monotonic() - begun < 3
        assert end(seen).exit_code == 5
        outcome = next(e for e in world.log.entries() if e.kind == "outcome")
        assert outcome.body["status"] == "stopped"

    async def test_L8_a_day_of_little_time_holds_too(self, folder: Path) -> None:
        world = World(folder, Step(text="on and on " * 500, between_s=0.02), day=Budgets(wall_s=1))
        assert "for today" in end(await world.turn()).message

    async def test_a_turn_within_its_time_is_left_alone(self, folder: Path) -> None:
        world = World(folder, Step(text="short"), budgets=Budgets(wall_s=30))
        assert end(await world.turn()).reason == "done"


class TestDeadline:
    @pytest.fixture(autouse=True)
    def _often(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "LOOK_S", 0.01)

    async def test_time_that_stands_still_or_is_given_is_not_used_up(self) -> None:
        left = [0.02] * 5 + [9.0]
        async with Deadline(lambda: left.pop(0) if len(left) > 1 else left[0], silence, nothing) as deadline:
            await asyncio.sleep(0.2)
        assert not deadline.passed

    async def test_programs_are_ended_before_the_work_is_cancelled(self) -> None:
        order: list[str] = []

        async def end_programs() -> None:
            order.append("programs")

        deadline = Deadline(lambda: 0, silence, end_programs)
        with pytest.raises(asyncio.CancelledError):
            async with deadline:
                try:
                    await asyncio.sleep(10)
                finally:
                    order.append("work")
        assert order == ["programs", "work"]
        assert deadline.passed
        task = asyncio.current_task()
        assert task is not None
        assert not task.cancelling(), "what comes after may wait as ever"

    async def test_no_limit_is_no_limit(self) -> None:
        async with Deadline(lambda: None, pytest.fail, nothing) as deadline:
            await asyncio.sleep(0.05)
        assert not deadline.passed
