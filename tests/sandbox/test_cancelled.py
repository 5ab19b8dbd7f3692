"""Cancelling while a room opens or a call starts: nothing is made late for somebody who is gone."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assistant.sandbox import bubblewrap
from assistant.sandbox.bubblewrap import BubblewrapSandbox
from assistant.sandbox.channel import Channel
from assistant.sandbox.protocol import Command
from assistant.sandbox.running import running_rooms
from assistant.sandbox.threads import in_thread
from tests.sandbox.places import open_place, paths_below, running


class Gate:
    """Holds up a function in its thread until the test lets it go on."""

    def __init__(self, work: Callable[..., Any]) -> None:
        self._work = work
        self.reached = threading.Event()
        self.open = threading.Event()

    def __call__(self, *args: Any) -> Any:
        self.reached.set()
        assert self.open.wait(30)
        return self._work(*args)


async def cancel_at(gate: Gate, call: asyncio.Task[Any]) -> None:
    await asyncio.to_thread(gate.reached.wait, 30)
    call.cancel()
    done, _ = await asyncio.wait([call], timeout=0.05)
    assert not done, "the cancellation travelled on before the work had ended"
    gate.open.set()
    with pytest.raises(asyncio.CancelledError):
        await call


async def test_S5_a_room_whose_opening_is_cancelled_is_gone_when_the_cancellation_arrives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_place(tmp_path) as place:
        before = children_of_this_process()
        gate = Gate(Channel.open)
        monkeypatch.setattr(Channel, "open", gate)
        await cancel_at(gate, asyncio.create_task(place.room.run(Command(("true",)))))
        assert children_of_this_process() <= before
        assert list(running_rooms(paths_below(tmp_path))) == []
        os.close(place.stage.locks.hold_room())
        assert (await place.sh("echo again")).stdout == b"again\n"


async def test_a_stage_whose_opening_is_cancelled_is_not_made_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(bubblewrap.find_place)
    monkeypatch.setattr(bubblewrap, "find_place", gate)
    (tmp_path / "work").mkdir()
    opening = BubblewrapSandbox(paths_below(tmp_path)).open("task", tmp_path / "work", tmp_path / "stages")
    await cancel_at(gate, asyncio.create_task(opening))
    before = sorted(tmp_path.rglob("*"))
    await asyncio.get_running_loop().shutdown_default_executor()  # no thread is left that could make anything
    assert sorted(tmp_path.rglob("*")) == before


async def test_a_second_cancellation_does_not_cut_the_waiting_short() -> None:
    gate = Gate(lambda: "made")
    given_back: list[str] = []
    call = asyncio.create_task(in_thread(gate, given_back.append))
    await asyncio.to_thread(gate.reached.wait, 30)
    for _ in range(3):
        call.cancel()
        await asyncio.wait([call], timeout=0.01)
    gate.open.set()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert given_back == ["made"]


async def test_what_fails_after_it_was_cancelled_is_still_a_cancellation() -> None:
    def fail() -> None:
        raise OSError("no")

    gate = Gate(fail)
    await cancel_at(gate, asyncio.create_task(in_thread(gate, lambda _: pytest.fail("there is nothing to give back"))))


async def test_S5_a_call_that_is_cancelled_while_it_starts_is_gone_when_the_cancellation_arrives(
    tmp_path: Path,
) -> None:
    mark = f"7{os.getpid()}.375"
    async with open_place(tmp_path) as place:
        await place.sh("true")
        for n in range(30):
            call = asyncio.create_task(place.sh(f"exec sleep {mark}", status=None))
            await asyncio.sleep(n * 0.0007)
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
            assert running(mark) == []
        assert (await place.sh("echo fine")).stdout == b"fine\n"


def children_of_this_process() -> set[str]:
    found: set[str] = set()
    for thread in os.listdir("/proc/self/task"):
        try:
            found |= set(Path(f"/proc/self/task/{thread}/children").read_text().split())
        except OSError:
            continue
    return found
