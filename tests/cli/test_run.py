"""`assistant run`, interrupted at each of its stages."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import os
import signal
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from assistant import compose
from assistant.agent import events

command = importlib.import_module("assistant.cli.run")
SIGNALS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])


@pytest.fixture(autouse=True)
def _hangup() -> Iterator[None]:
    """The signals as they were: a program that ends needs none of them again, the tests do."""
    before = signal.getsignal(signal.SIGHUP)
    yield
    signal.signal(signal.SIGHUP, before)


class Interrupted:
    """A desk, and its one session, that send this very process a signal at the stage `at`."""

    def __init__(self, number: int, at: str) -> None:
        self.number, self.at = number, at
        self.running = self.closed = self.apply_at_end = False
        self.refused: list[tuple[str, str]] = []
        self._stopped = asyncio.Event()

    async def reach(self, stage: str) -> None:
        """Be interrupted here, or go on."""
        if stage == self.at:
            os.kill(os.getpid(), self.number)
            await asyncio.sleep(60)

    async def open_task(self, *_args: Any, **_options: Any) -> Interrupted:
        await self.reach("opening")
        return self

    async def aclose(self) -> None:
        self.closed = True

    def warm_up(self) -> None:
        """Nothing to start."""

    async def run_turn(self, _prompt: str) -> AsyncIterator[events.Event]:
        self.running = True
        if self.at == "turn":  # before the model has said anything
            os.kill(os.getpid(), self.number)
            await self._stopped.wait()
            self.running = False
            yield events.TurnFinished("stopped", 130, "stopped")
        else:
            self.running = False
            yield events.TurnFinished("done", 0)

    async def stop(self) -> None:
        self._stopped.set()

    async def apply_by_command(self, _channel: object) -> None:
        await self.reach("applying")


def run(monkeypatch: pytest.MonkeyPatch, desk: Interrupted) -> int:
    """The exit code."""
    monkeypatch.setattr(compose, "build_desk", lambda: desk)
    parser = argparse.ArgumentParser()
    command.add(parser)
    return command.run(parser.parse_args(["go", "--json", "--apply"]))


@SIGNALS
@pytest.mark.parametrize("at", ["opening", "turn", "applying"])
def test_the_first_interrupt_ends_it_with_130_whenever_it_comes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: int, at: str
) -> None:
    handlers = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]
    desk = Interrupted(number, at)
    assert run(monkeypatch, desk) == 130
    assert desk.closed, "the log is closed, and rooms are given back"
    rows = [json.loads(row) for row in capsys.readouterr().out.splitlines()]
    assert [row["type"] for row in rows] == ["turn_finished"]
    assert rows[0]["reason"] == ("done" if at == "applying" else "stopped")
    assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)] == handlers
