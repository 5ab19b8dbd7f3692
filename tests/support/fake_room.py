"""A room that runs nothing: it answers with what the test says, and keeps what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from assistant.sandbox.protocol import Command, Stage
from assistant.types import Change, Completed


class FakeRoom:
    """Answers every command with `answer`; `hang` makes it wait until it is cancelled."""

    def __init__(self, text: str = "ok", *, hang: bool = False, changes: tuple[Change, ...] = ()) -> None:
        self.commands: list[Command] = []
        self.text = text
        self.hang = hang
        self.changes = changes
        self.ended = False
        self.before_run: Callable[[], None] = lambda: None

    @property
    def stage(self) -> Stage:
        raise NotImplementedError

    async def run(self, command: Command, on_output: Callable[[bytes], None] | None = None) -> Completed:
        self.before_run()
        self.commands.append(command)
        try:
            if self.hang:
                await asyncio.Event().wait()
        finally:
            self.ended = True
        if command.argv[0] == "bash":
            if on_output:
                on_output(self.text.encode())
            return Completed(0, stdout=self.text.encode())
        return Completed(0, stdout=msgspec.json.encode({"result": {"text": self.text}}))

    def call_changes(self) -> list[Change]:
        return list(self.changes)

    async def stop(self) -> None:
        self.ended = True

    async def aclose(self) -> None:
        self.ended = True
