"""Long-running programs that a model starts, writes to, reads from and stops across calls (a dev server, a REPL).

Tools of the `process` protocol say by their `program` which of the four it is: `["start"]`, `["talk"]` or `["stop"]`. They are judged
and recorded like any other call; the programs run in the task's room and end with it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from assistant.errors import ToolError
from assistant.gateway.output import HeadTail, Reading, how_it_ended
from assistant.sandbox.protocol import Command
from assistant.types import Action, Data, Limits
from assistant.visible import one_line, prose, visible

if TYPE_CHECKING:
    from assistant.sandbox.protocol import Process, Room

FIRST_WAIT_S = 1.0
"""How long a start waits for first words: enough for a server to say its address or to fail."""
MOST_WAIT_S = 60.0
"""The longest that one call may wait for words of a program. Seconds; chosen, so that a turn goes on."""
QUIET_S = 0.25
"""A program that says nothing for so long is taken to have finished speaking. Seconds; chosen."""
MOST_PROCESSES = 8
"""Of one task at the same time. Chosen."""


class Running(Data, frozen=True):
    """One long-running program, for the screen."""

    id: str
    command: str
    running: bool


class Processes:
    """The long-running programs of one task."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, Process]] = {}

    def listing(self) -> list[Running]:
        """Those that were started and not yet forgotten, oldest first."""
        return [Running(name, one_line(command, 120), p.running) for name, (command, p) in self._known.items()]

    async def act(self, verb: str, action: Action, room: Room, limit: int, live: Callable[[str], None]) -> Reading:
        """Do what a tool of the `process` protocol asks. Raises ToolError for a verb that does not exist."""
        match verb:
            case "start":
                return await self._start(action, room, limit, live)
            case "talk":
                return await self._talk(action, limit, live)
            case "stop":
                return await self._stop(action, limit)
            case _:
                raise ToolError(f"tool `{action.tool}`: there is no process verb `{verb}`", hint="start, talk, stop")

    async def end(self, name: str) -> None:
        """End and forget one. One that is not known is no error."""
        if (found := self._known.pop(name, None)) is not None:
            await found[1].stop()

    async def end_all(self) -> None:
        """End and forget all of them."""
        known, self._known = list(self._known.values()), {}
        for _, process in known:
            await process.stop()

    async def _start(self, action: Action, room: Room, limit: int, live: Callable[[str], None]) -> Reading:
        if sum(p.running for _, p in self._known.values()) >= MOST_PROCESSES:
            return Reading(False, f"{MOST_PROCESSES} programs run already; stop one first", "too_many")
        command = str(action.argument("command"))
        hosts = tuple(str(h) for h in action.facts.get("hosts", []))
        pty = bool(action.argument("terminal"))
        process = await room.start(Command(("bash", "-c", command), hosts=hosts, pty=pty, limits=Limits()))
        self._known[process.id] = (command, process)
        text = await _read(process, FIRST_WAIT_S, limit, live)
        state = "runs" if process.running else await _ending(process)
        return Reading(process.running or state == "ended well", f"[{process.id} {state}]\n{text}".rstrip(), "")

    async def _talk(self, action: Action, limit: int, live: Callable[[str], None]) -> Reading:
        found = self._known.get(str(action.argument("id")))
        if found is None:
            return self._unknown(action)
        process = found[1]
        if (words := action.argument("input")) is not None and process.running:
            await process.write(str(words).encode("utf-8", "surrogateescape"))
        asked = action.argument("wait_s")
        wait = min(float(asked), MOST_WAIT_S) if isinstance(asked, (int, float)) else FIRST_WAIT_S
        text = await _read(process, wait, limit, live)
        state = "runs" if process.running else await _ending(process)
        return Reading(True, f"[{process.id} {state}]\n{text}".rstrip())

    async def _stop(self, action: Action, limit: int) -> Reading:
        found = self._known.pop(str(action.argument("id")), None)
        if found is None:
            return self._unknown(action)
        rest = await found[1].read(limit=limit)
        await found[1].stop()
        return Reading(True, f"[{action.argument('id')} stopped]\n{visible(rest.decode('utf-8', 'replace'))}".rstrip())

    def _unknown(self, action: Action) -> Reading:
        known = ", ".join(self._known) or "none"
        return Reading(
            False, f"no program `{one_line(str(action.argument('id')), 40)}`; there are: {known}", "not_found"
        )


async def _read(process: Process, wait_s: float, limit: int, live: Callable[[str], None]) -> str:
    """What it prints within `wait_s`; once it has said something, a short silence or its end is the end of it."""
    kept = HeadTail(limit)
    deadline = time.monotonic() + wait_s
    wait = wait_s
    while data := await process.read(wait_s=max(wait, 0.0), limit=limit):
        kept.add(data)
        live(visible(data.decode("utf-8", "replace")))
        wait = min(QUIET_S, deadline - time.monotonic())
    return prose(kept.text())


async def _ending(process: Process) -> str:
    return how_it_ended(await process.stop()) or "ended well"
