"""A task's room in which what policy forbids to read can't be seen at all, by whichever program."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from assistant.policy.session import Session
    from assistant.sandbox.protocol import Command, PipedProcess, Process, Room, Stage
    from assistant.types import Change, Completed


def covered(room: Callable[[], Awaitable[Room]], policy: Session) -> Callable[[], Awaitable[Room]]:
    """The way to a task's room, with what its policies hide kept from every program."""

    async def open_room() -> Room:
        return CoveredRoom(await room(), policy.hidden_paths)

    return open_room


class CoveredRoom:
    """The room given, with `hidden` asked anew for each program. See `assistant.sandbox.protocol.Room`."""

    def __init__(self, room: Room, hidden: Callable[[], Sequence[str]]) -> None:
        self._room = room
        self._hidden = hidden

    @property
    def stage(self) -> Stage:
        """The task's stage."""
        return self._room.stage

    async def run(self, command: Command, on_output: Callable[[bytes], None] | None = None) -> Completed:
        """Run to the end."""
        return await self._room.run(self._covered(command), on_output)

    async def start(self, command: Command) -> Process:
        """Start a long-running program."""
        return await self._room.start(self._covered(command))

    async def pipe(self, command: Command) -> PipedProcess:
        """Start a program that is spoken to through its streams."""
        return await self._room.pipe(self._covered(command))

    def processes(self) -> Sequence[Process]:
        """The long-running programs that still run."""
        return self._room.processes()

    def call_changes(self) -> list[Change]:
        """What the last call changed."""
        return self._room.call_changes()

    async def stop(self) -> None:
        """End every process."""
        await self._room.stop()

    async def aclose(self) -> None:
        """Give the room back."""
        await self._room.aclose()

    def _covered(self, command: Command) -> Command:
        paths = tuple(dict.fromkeys((*command.hidden, *self._hidden())))
        return msgspec.structs.replace(command, hidden=paths) if paths else command
