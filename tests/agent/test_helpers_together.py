"""Helpers that one answer asks for work at the same time, and never act at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from assistant.agent.turn import MOST_HELPERS
from assistant.models.scripted import ScriptedCall, ScriptedModel, Step
from assistant.types import Budgets, Change, Completed, ModelEvent, ModelInfo, ModelRequest, Usage
from tests.agent.test_delegation import LOCAL, World, children

WAIT_S = 20.0


def last_words(request: ModelRequest) -> str:
    """What the model is answering: the prompt of the conversation."""
    return [m.text for m in request.messages if m.role == "user"][-1]


class Many:
    """Answers by what it is asked, as many at the same time as it is asked for."""

    info: ModelInfo = LOCAL

    def __init__(self, answer: Callable[[str, ModelRequest], Step], meet: int = 1) -> None:
        self._answer = answer
        self._meet = meet
        self.asked: list[str] = []
        self._arrived = asyncio.Event()
        self.at_once = 0
        self._now = 0

    async def stream(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        words = last_words(request)
        self.asked.append(words)
        if words.startswith("part") and request.messages[-1].role == "user":
            self._now += 1
            self.at_once = max(self.at_once, self._now)
            if self._now >= self._meet:
                self._arrived.set()
            async with asyncio.timeout(WAIT_S):
                await self._arrived.wait()
            self._now -= 1
        async for event in ScriptedModel([self._answer(words, request)], LOCAL).stream(request):
            yield event

    def warm_up(self) -> None:
        pass

    async def aclose(self) -> None:
        pass


def shares(
    number: int, act: ScriptedCall | None = None, usage: Usage | None = None
) -> Callable[[str, ModelRequest], Step]:
    """The parent gives `number` parts away; each helper does `act` first, when there is one, and then says which it was."""

    def answer(words: str, request: ModelRequest) -> Step:
        done = any(m.role == "tool" for m in request.messages)
        if words.startswith("part"):
            return Step(calls=(act,)) if act and not done else Step(text=f"did {words}", usage=usage)
        parts = tuple(ScriptedCall("delegate", {"prompt": f"part {n}"}) for n in range(number))
        return Step(text="all done") if done else Step(calls=parts)

    return answer


@pytest.fixture
async def world(home: Path, folder: Path) -> AsyncIterator[World]:
    made = World(folder)
    yield made
    await made.desk.aclose()


async def begin(world: World, model: Many, **more: object) -> None:
    await world.open(**more)
    world.session._model = model  # pyright: ignore[reportAttributeAccessIssue]


class TestHelpersOfOneAnswer:
    async def test_are_asked_at_the_same_time_and_each_result_finds_its_call(self, world: World) -> None:
        model = Many(shares(3), meet=3)
        await begin(world, model)
        seen = await world.turn()
        assert model.at_once == 3
        by_call = {r.call_id: r.text for r in world.results()}
        assert sorted(by_call.values()) == ["did part 0", "did part 1", "did part 2"]
        told = {e.call: e.task for e in children(seen)}
        assert set(told) == set(by_call), "each event names the call that its helper works for"
        assert len(set(told.values())) == 3

    async def test_are_no_more_than_a_few_at_once(self, world: World) -> None:
        model = Many(shares(MOST_HELPERS + 2))
        await begin(world, model)
        await world.turn()
        assert model.at_once <= MOST_HELPERS
        assert len(world.results()) == MOST_HELPERS + 2

    async def test_L10_share_one_budget(self, world: World) -> None:
        again = ScriptedCall("read_file", {"path": "a.txt"})

        def endless(words: str, request: ModelRequest) -> Step:
            if words.startswith("part"):
                return Step(calls=(again,), usage=Usage(100, 0))
            return shares(2)(words, request)

        model = Many(endless, meet=2)
        await begin(world, model, budgets=Budgets(tokens=1000))
        await world.turn()
        assert sum(words.startswith("part") for words in model.asked) <= 11, "a call each beyond it at most"

    async def test_run_programs_one_after_the_other_so_that_outcomes_name_their_own_changes(self, world: World) -> None:
        model = Many(shares(2, ScriptedCall("run_command", {"command": "true"})), meet=2)
        await begin(world, model)
        running = 0
        inner = world.room.run

        async def alone(*args: object, **more: object) -> Completed:
            nonlocal running
            running += 1
            assert running == 1, "two programs at once"
            for _ in range(20):
                await asyncio.sleep(0)
            try:
                return await inner(*args, **more)  # pyright: ignore[reportArgumentType]
            finally:
                running -= 1

        changes = iter([[Change("one.txt", "added")], [Change("two.txt", "added")]])
        world.room.run = alone  # pyright: ignore[reportAttributeAccessIssue]
        world.room.call_changes = lambda: next(changes)  # pyright: ignore[reportAttributeAccessIssue]
        await world.turn()
        outcomes = [[c["path"] for c in e.body["changes"]] for e in world.desk.log.entries() if "changes" in e.body]
        assert sorted(outcomes) == [["one.txt"], ["two.txt"]]

    async def test_stop_together_when_the_turn_is_stopped(self, world: World) -> None:
        model = Many(shares(2), meet=3)  # they wait for a third, which never comes
        await begin(world, model)
        turn = asyncio.create_task(world.turn())
        async with asyncio.timeout(WAIT_S):
            while model.at_once < 2:
                await asyncio.sleep(0.01)
        await world.session.stop()
        await turn
        ends = [e.body["reason"] for e in world.desk.log.entries() if e.kind == "child.finished"]
        assert ends == ["stopped", "stopped"]
