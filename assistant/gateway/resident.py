"""Programs that serve many calls of a task: started at the first, asked by lines, ended with the task.

A tool whose manifest says `session = true` keeps state between calls (names of a Python session). One that dies, hangs or
prints what is no answer is ended; the next call starts afresh and is told so.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from assistant.errors import SandboxError
from assistant.types import Completed

if TYPE_CHECKING:
    from assistant.sandbox.protocol import Command, PipedProcess, Room

_FINAL = (b'"result"', b'"error"')
_GRACE_S = 0.2


class Residents:
    """The resident programs of one task. Calls come one after the other."""

    def __init__(self) -> None:
        self._programs: dict[str, PipedProcess] = {}
        self.restarted = ""
        """Set when the last call had to start a program anew that had held state; says why."""
        self._lost: dict[str, str] = {}

    async def ask(
        self, room: Room, name: str, command: Command, request: bytes, on_output: Callable[[bytes], None]
    ) -> Completed:
        """One call. `command` starts the program when it is not there; `request` is one line.

        The call's wall limit is `command.limits.wall_s`; past it the program is ended and its state is lost.
        Cancelling ends the program before the cancellation travels on.
        """
        started = time.monotonic()
        program = self._programs.get(name)
        self.restarted = ""
        if program is None or not program.running:
            if program is not None or name in self._lost:
                self.restarted = self._lost.pop(name, "it had ended")
            endless = msgspec.structs.replace(command.limits, wall_s=None)
            program = await room.pipe(msgspec.structs.replace(command, stdin=b"", limits=endless))
            self._programs[name] = program
        try:
            async with asyncio.timeout(command.limits.wall_s):
                line = await self._exchange(program, request, on_output)
        except TimeoutError:
            await self._end(name, "the call before ran too long")
            return Completed(None, timed_out=True, wall_ms=_ms_since(started))
        except (ConnectionError, ValueError, SandboxError):
            line = b""
        except BaseException:
            await self._end(name, "the call before was stopped")
            raise
        if not line:
            errors = await _last_words(program)
            done = await program.stop()
            self._lost[name] = "it had ended"
            self._programs.pop(name, None)
            return msgspec.structs.replace(done, stdout=b"", stderr=errors, stopped=False, wall_ms=_ms_since(started))
        return Completed(0, stdout=line, wall_ms=_ms_since(started))

    async def _exchange(self, program: PipedProcess, request: bytes, on_output: Callable[[bytes], None]) -> bytes:
        program.stdin.write(request)
        await program.stdin.drain()
        while line := await program.stdout.readline():
            if any(mark in line[:16] for mark in _FINAL):
                return line
            on_output(line)
        return b""

    async def _end(self, name: str, why: str) -> None:
        program = self._programs.pop(name)
        self._lost[name] = why
        await program.stop()

    async def end_all(self) -> None:
        """End all of them; their state is lost."""
        for name in list(self._programs):
            await self._end(name, "everything was stopped")

    def forget(self) -> None:
        """The room has ended every process; state is gone."""
        for name in self._programs:
            self._lost[name] = "everything was stopped"
        self._programs.clear()


async def _last_words(program: PipedProcess) -> bytes:
    try:
        async with asyncio.timeout(_GRACE_S):
            return await program.stderr.read(4096)
    except TimeoutError:
        return b""


def _ms_since(started: float) -> int:
    return int((time.monotonic() - started) * 1000)
