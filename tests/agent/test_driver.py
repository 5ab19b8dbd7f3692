"""A stop is never lost, whenever it comes and whatever breaks on its way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from assistant.agent import driver as driver_module
from assistant.agent.driver import Driver, Emit
from assistant.agent.events import Event, Notice, TurnFinished


async def nothing() -> None:
    """No processes to end."""


class Turn:
    """Work without an end, read like a screen reads it."""

    def __init__(self, deaf: int = 0) -> None:
        self.driver = Driver()
        self.seen: list[Event] = []
        self.cancels = 0
        self._deaf = deaf
        self._go = asyncio.Event()

    async def work(self, emit: Emit) -> None:
        emit(Notice("info", "begun"))
        while True:
            try:
                await self._go.wait()
            except asyncio.CancelledError:
                self.cancels += 1
                if self.cancels > self._deaf:
                    emit(TurnFinished("stopped", 130))
                    return

    async def read(self, work: Callable[[Emit], object] | None = None) -> None:
        async for event in self.driver.events(work or self.work, "turn"):  # type: ignore[arg-type]
            self.seen.append(event)

    async def begun(self) -> asyncio.Task[None]:
        reading = asyncio.create_task(self.read())
        while not self.seen:
            await asyncio.sleep(0)
        return reading

    @property
    def end(self) -> TurnFinished:
        assert isinstance(self.seen[-1], TurnFinished)
        return self.seen[-1]


async def test_in_the_first_instant_of_a_turn() -> None:
    turn = Turn()
    reading = asyncio.create_task(turn.read())
    stopping = asyncio.create_task(turn.driver.stop(nothing))  # runs before the first line of the work does
    await asyncio.wait_for(asyncio.gather(reading, stopping), 10)
    assert turn.end.reason == "stopped"
    assert turn.seen[0] == Notice("info", "begun"), "the work has begun, so that it could say its end"


async def test_when_the_processes_cannot_be_ended() -> None:
    async def broken() -> None:
        raise OSError("the room is gone")

    turn = Turn()
    reading = await turn.begun()
    with pytest.raises(OSError, match="the room is gone"):
        await turn.driver.stop(broken)
    await asyncio.wait_for(reading, 10)
    assert turn.end.reason == "stopped"


async def test_when_whoever_asked_for_it_goes_away() -> None:
    held = asyncio.Event()

    async def slow() -> None:
        await held.wait()

    turn = Turn()
    reading = await turn.begun()
    asking = asyncio.create_task(turn.driver.stop(slow))
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.wait([asking])
    held.set()
    await asyncio.wait_for(reading, 10)
    assert turn.end.reason == "stopped"


async def test_a_second_one_does_not_break_into_the_first() -> None:
    turn = Turn()
    closing = asyncio.Event()

    async def work(emit: Emit) -> None:
        emit(Notice("info", "begun"))
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await closing.wait()  # the outcome of a call is being written
            emit(Notice("info", "written"))
        emit(TurnFinished("stopped", 130))

    reading = asyncio.create_task(turn.read(work))
    while not turn.seen:
        await asyncio.sleep(0)
    stops = [asyncio.create_task(turn.driver.stop(nothing)) for _ in range(3)]
    await asyncio.sleep(0)
    closing.set()
    await asyncio.wait_for(asyncio.gather(reading, *stops), 10)
    assert [e for e in turn.seen if isinstance(e, Notice)] == [Notice("info", "begun"), Notice("info", "written")]


async def test_one_that_was_swallowed_can_be_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver_module, "AGAIN_S", 0.01)
    turn = Turn(deaf=1)
    reading = await turn.begun()
    await turn.driver.stop(nothing)
    assert turn.cancels == 1
    assert not reading.done()
    await turn.driver.stop(nothing)
    await asyncio.wait_for(reading, 10)
    assert turn.cancels == 2


async def test_it_ends_the_turn_that_it_was_meant_for_and_no_later_one() -> None:
    turn = Turn()
    reading = await turn.begun()
    await turn.driver.stop(nothing)
    await reading
    await turn.driver.stop(nothing)  # nothing runs
    turn.seen.clear()
    reading = await turn.begun()
    assert not reading.done()
    await turn.driver.stop(nothing)
    await asyncio.wait_for(reading, 10)
    assert turn.cancels == 2


@pytest.mark.parametrize(("error", "words"), [(None, "without saying how"), (KeyError("x"), "KeyError")])
async def test_work_that_ends_without_an_end_is_given_one(error: Exception | None, words: str) -> None:
    async def work(emit: Emit) -> None:
        if error:
            raise error

    turn = Turn()
    await asyncio.wait_for(turn.read(work), 10)
    assert turn.end.reason == "failed"
    assert words in turn.end.message


async def test_a_reader_that_is_cancelled_twice_does_not_break_into_the_end_of_the_work() -> None:
    """A screen that is closed cancels its workers, and does so again when the program ends."""
    driver, held, told = Driver(), asyncio.Event(), list[str]()

    async def work(emit: Emit) -> None:
        emit(Notice("info", "begun"))
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await held.wait()  # the end of the turn is being written
            told.append("written")
        emit(TurnFinished("stopped", 130))

    seen: list[Event] = []

    async def read() -> None:
        async for event in driver.events(work, "turn"):
            seen.append(event)

    reading = asyncio.create_task(read())
    while not seen:
        await asyncio.sleep(0)
    for _time in range(2):
        reading.cancel()
        for _step in range(3):
            await asyncio.sleep(0)
    assert driver.running, "it is still on its way to the end"
    held.set()
    await asyncio.wait_for(driver.stop(nothing), 10)
    assert told == ["written"]
    assert not driver.running
