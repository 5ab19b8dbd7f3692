"""An engine for tests of the floors above: programs are Python functions, the stage is a real copied one. Contains nothing.

Only what a test registers can run, so nothing that a model writes is ever executed. `assistant.compose` refuses it.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import msgspec

from assistant.errors import SandboxError, StageError
from assistant.sandbox.call import resolve_limits
from assistant.sandbox.protocol import Command
from assistant.sandbox.stage.changes import changes_between, split_renames
from assistant.sandbox.stage.copied import copied_stage
from assistant.sandbox.stage.place import find_place
from assistant.sandbox.stage.stage import DiskStage
from assistant.types import Change, Completed

_NOT_FOUND = 127


class FakeCall:
    """What a registered program is given."""

    def __init__(self, command: Command, folder: Path, real: Path, on_output: Callable[[bytes], None] | None) -> None:
        self.command = command
        self.argv = command.argv
        self.stdin = command.stdin
        self.folder = folder
        """The staged copy of the task's folder: write here."""
        self._real = real
        self._on_output = on_output
        self.out = bytearray()
        self.err = bytearray()

    def staged(self, path: str) -> Path:
        """Where an absolute path of the task's folder lies on the stage."""
        return self.folder / Path(path).relative_to(self._real)

    def write(self, data: bytes | str) -> None:
        """To standard output."""
        raw = data.encode() if isinstance(data, str) else data
        self.out += raw
        if self._on_output is not None:
            self._on_output(raw)

    def complain(self, data: bytes | str) -> None:
        """To standard error."""
        raw = data.encode() if isinstance(data, str) else data
        self.err += raw
        if self._on_output is not None:
            self._on_output(raw)


Program = Callable[[FakeCall], "int | Awaitable[int | None] | None"]
"""Returns an exit status (None is 0), or minus a signal's number."""


class FakeSandbox:
    """See protocol.Sandbox. `programs` by the last part of argv[0]; `*` is used for any other."""

    def __init__(self, programs: Mapping[str, Program] | None = None) -> None:
        self.programs = dict(programs or {})
        self.commands: list[Command] = []
        """Everything that was asked for, in order."""

    @property
    def name(self) -> str:
        """The engine's name."""
        return "fake"

    @property
    def warning(self) -> str:
        """None: nothing that a model writes is run by it."""
        return ""

    async def open(self, task: str, folder: Path, stages: Path) -> FakeRoom:
        """See protocol.Sandbox."""
        place = find_place(task, folder, stages, lambda place: True)
        stage = copied_stage(place, warning="")
        stage.refresh()
        return FakeRoom(self, stage, place.copy, Path(place.folder))

    async def open_private(self, name: str) -> FakeRoom:
        """See protocol.Sandbox."""
        return FakeRoom(self, None, Path("/nonexistent"), Path("/nonexistent"))

    def stage(self, task: str, folder: Path, stages: Path) -> DiskStage:
        """See protocol.Sandbox."""
        return copied_stage(find_place(task, folder, stages, lambda place: True), warning="")


class FakeProcess:
    """See protocol.Process: a registered program as a task."""

    def __init__(self, number: int, call: FakeCall, work: Awaitable[int]) -> None:
        self.id = f"p{number}"
        self._call = call
        self._read = 0
        self._task = asyncio.ensure_future(work)
        self.stopped = False

    @property
    def running(self) -> bool:
        """Whether it still runs."""
        return not self._task.done()

    async def write(self, data: bytes) -> None:
        """See protocol.Process."""
        if not self.running:
            raise SandboxError(f"process `{self.id}` has ended")
        self._call.stdin += data

    async def read(self, *, wait_s: float = 0.0, limit: int = 65536) -> bytes:
        """See protocol.Process."""
        if wait_s and self._read == len(self._call.out):
            await asyncio.wait([self._task], timeout=wait_s)
        data = bytes(self._call.out[self._read : self._read + limit])
        self._read += len(data)
        return data

    async def stop(self) -> Completed:
        """See protocol.Process."""
        self.stopped = self.running
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        if self.stopped:
            return Completed(None, 9, bytes(self._call.out), bytes(self._call.err), stopped=True)
        return _completed(self._call, self._task.result())


class FakeRoom:
    """See protocol.Room."""

    def __init__(self, sandbox: FakeSandbox, stage: DiskStage | None, copy: Path, real: Path) -> None:
        self._sandbox = sandbox
        self._stage = stage
        self._copy = copy
        self._real = real
        self._earlier: dict[str, Change] = {}
        self._processes: list[FakeProcess] = []
        self._calls: set[asyncio.Task[int]] = set()

    @property
    def stage(self) -> DiskStage:
        """See protocol.Room."""
        if self._stage is None:
            raise StageError("a private room has no stage")
        return self._stage

    async def run(self, command: Command, on_output: Callable[[bytes], None] | None = None) -> Completed:
        """See protocol.Room."""
        call = self._call(command, on_output)
        limits = resolve_limits(command.limits)
        if self._stage is not None:
            await asyncio.to_thread(self._stage.refresh)
        work = asyncio.ensure_future(self._work(call))
        self._calls.add(work)
        try:
            done, _ = await asyncio.wait([work], timeout=limits.wall_s)
        except asyncio.CancelledError:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            raise
        finally:
            self._calls.discard(work)
        if not done:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            return Completed(None, 9, bytes(call.out), bytes(call.err), timed_out=True, limit_hit="wall")
        if work.cancelled():
            return Completed(None, 9, bytes(call.out), bytes(call.err), stopped=True)
        return _capped(_completed(call, work.result()), limits.output_bytes or 0)

    async def start(self, command: Command) -> FakeProcess:
        """See protocol.Room."""
        call = self._call(command, None)
        process = FakeProcess(len(self._sandbox.commands), call, self._work(call))
        self._processes.append(process)
        return process

    async def pipe(self, command: Command) -> FakeProcess:
        """Not offered: there is no process whose streams these could be."""
        raise SandboxError("the fake engine has no streams")

    def processes(self) -> list[FakeProcess]:
        """See protocol.Room."""
        return [p for p in self._processes if p.running]

    def call_changes(self) -> list[Change]:
        """See protocol.Room."""
        now = split_renames(self.stage.changes())
        earlier, self._earlier = self._earlier, now
        return changes_between(earlier, now)

    async def stop(self) -> None:
        """See protocol.Room."""
        for work in list(self._calls):
            work.cancel()
        for process in self.processes():
            await process.stop()

    async def aclose(self) -> None:
        """See protocol.Room."""
        await self.stop()

    def _call(self, command: Command, on_output: Callable[[bytes], None] | None) -> FakeCall:
        self._sandbox.commands.append(command)
        return FakeCall(command, self._copy, self._real, on_output)

    async def _work(self, call: FakeCall) -> int:
        name = call.argv[0].rpartition("/")[2]
        program = self._sandbox.programs.get(name) or self._sandbox.programs.get("*")
        if program is None:
            call.complain(f"failed to execute {name}: no such program is registered\n")
            return _NOT_FOUND
        result = program(call)
        if inspect.isawaitable(result):
            result = await result
        return int(result or 0)


def _completed(call: FakeCall, code: int) -> Completed:
    return Completed(code if code >= 0 else None, -code if code < 0 else None, bytes(call.out), bytes(call.err))


def _capped(completed: Completed, cap: int) -> Completed:
    if len(completed.stdout) + len(completed.stderr) <= cap:
        return completed
    out = completed.stdout[:cap]
    return msgspec.structs.replace(completed, stdout=out, stderr=completed.stderr[: cap - len(out)], truncated=True)
