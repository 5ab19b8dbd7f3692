"""A room on the event loop: one holder, opened when first needed, and the calls that run in it."""

from __future__ import annotations

import asyncio
import itertools
import os
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from assistant.errors import SandboxError, SandboxUnavailable, StageError
from assistant.sandbox.call import resolve_limits
from assistant.sandbox.channel import Channel
from assistant.sandbox.plan import RoomPlan
from assistant.sandbox.process import Call, LongCall, PipedCall
from assistant.sandbox.protocol import Command
from assistant.sandbox.stage.changes import changes_between, split_renames
from assistant.sandbox.stage.stage import DiskStage
from assistant.sandbox.threads import in_thread
from assistant.types import Change, Completed, Limits

C = TypeVar("C", bound=Call)

_STOP_S = 0.06
"""How long the holder may take to end everything before it is ended itself."""
_QUIET_S = 30.0
_PATIENCE_S = 0.2
_RETRY_S = 0.005


class Builder(Protocol):
    """Turns a command into what the holder starts."""

    def build(self, command: Command, limits: Limits, environment: Mapping[str, str]) -> dict[str, Any]:
        """`argv` and `options` of a start message."""
        ...


class RoomOnLoop:
    """See protocol.Room. `stage` is None for a private room."""

    def __init__(
        self,
        plan: RoomPlan,
        builder: Builder,
        stage: DiskStage | None,
        note: Callable[[int], None],
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._plan = plan
        self._builder = builder
        self._stage = stage
        self._note = note
        self._channel: Channel | None = None
        self._room_lock = -1
        self._opening = asyncio.Lock()
        self._calls: dict[int, Call] = {}
        self._starting: set[Call] = set()
        """Asked for, and not yet the holder's."""
        self._answers: dict[int, asyncio.Future[tuple[dict[str, Any], list[int]]]] = {}
        self._numbers = itertools.count(1)
        self._earlier: dict[str, Change] | None = None
        self._loop = loop or asyncio.get_running_loop()

    @property
    def stage(self) -> DiskStage:
        """The task's stage. Raises StageError for a private room, which has none."""
        if self._stage is None:
            raise StageError("a private room has no stage")
        return self._stage

    async def run(self, command: Command, on_output: Callable[[bytes], None] | None = None) -> Completed:
        """See protocol.Room."""
        call = await self._start(Call(self, command, resolve_limits(command.limits), on_output))
        return await call.finish()

    async def start(self, command: Command) -> LongCall:
        """See protocol.Room."""
        return await self._start(LongCall(self, command, resolve_limits(command.limits)))

    async def pipe(self, command: Command) -> PipedCall:
        """Start a program that is spoken to through its own streams; see protocol.PipedProcess."""
        return await self._start(PipedCall(self, command, resolve_limits(command.limits)))

    def processes(self) -> list[LongCall]:
        """The long-running programs that still run."""
        return [c for c in self._calls.values() if isinstance(c, LongCall)]

    def call_changes(self) -> list[Change]:
        """See protocol.Room."""
        now = split_renames(self.stage.changes())
        earlier, self._earlier = self._earlier or {}, now
        return changes_between(earlier, now)

    async def stop(self) -> None:
        """See protocol.Room."""
        for call in (*self._calls.values(), *self._starting):
            call.stopped = True
        if self._channel is None:
            return
        try:
            async with asyncio.timeout(_STOP_S):
                await self._ask({"op": "stop"}, 0)
        except (TimeoutError, SandboxError):
            await self._close()
        for call in list(self._calls.values()):
            await call.ended.wait()

    async def aclose(self) -> None:
        """See protocol.Room."""
        for call in self._calls.values():
            call.stopped = True
        await self._close()

    # ------------------------------------------------------------ for calls

    def kill(self, number: int) -> None:
        """End one call."""
        self._tell({"op": "kill", "id": number})

    def signal(self, number: int, which: int) -> None:
        """Send a signal to a call's program."""
        self._tell({"op": "signal", "id": number, "signal": which})

    def forget(self, number: int) -> None:
        """A call is over."""
        self._calls.pop(number, None)

    # ------------------------------------------------------------ the holder

    async def _start(self, call: C) -> C:
        self._starting.add(call)
        try:
            return await self._start_unless_stopped(call)
        finally:
            self._starting.discard(call)

    async def _start_unless_stopped(self, call: C) -> C:
        running = await self._count_as_running()
        number = next(self._numbers)
        try:
            channel = await self._open()
            environment, listener = await self._egress(call)
            call.opened(number, running, listener)
            running = -1
            if self._stage is not None:
                if self._stage.is_copy and not self._calls:
                    stage = self._stage
                    await in_thread(lambda: stage.refresh(patience_s=_PATIENCE_S))
                self._stage.note_start()
            parts = self._builder.build(call.command, call.limits, environment)
            if call.stopped:
                call.never_ran()
                return call
            fds = call.connect()
            self._calls[number] = call
            try:
                message = {
                    "op": "start",
                    "id": number,
                    **parts,
                    "watch": call.watched(),
                    "fresh": True,
                    "fds": len(fds),
                }
                answer = self._expect(number)
                channel.send(message, fds)
            finally:
                for fd in set(fds):
                    os.close(fd)
            # Not wait_for: before Python 3.12 it swallows a cancellation that comes together with the answer.
            async with asyncio.timeout(_QUIET_S):
                told, _ = await answer
            if told["op"] == "failed":
                raise SandboxError(
                    f"the program can't be started: {told['what']}", hint="`assistant doctor` tries each part"
                )
        except BaseException as error:
            if running >= 0:
                os.close(running)
            try:
                if number in self._calls and isinstance(error, asyncio.CancelledError):
                    await call.kill_and_wait()
                elif number in self._calls:
                    self.kill(number)
            finally:
                self._answers.pop(number, None)
                call.close()
            raise
        await call.begin()
        if call.stopped:
            self.kill(number)
        return call

    async def _egress(self, call: Call) -> tuple[dict[str, str], Any]:
        if not call.command.hosts:
            return {}, None
        from assistant.sandbox.egress import EgressProxy  # only what reaches out pays for it

        told, fds = await self._ask({"op": "listen"}, next(self._numbers))
        if not fds:
            raise SandboxError(f"the room's proxy can't be opened: {told.get('what')}")
        proxy = EgressProxy(call.command.hosts)
        await proxy.serve(fds[0])
        return proxy.environment(int(told["port"])), proxy

    async def _count_as_running(self) -> int:
        if self._stage is None:
            return -1
        deadline = time.monotonic() + _QUIET_S
        while True:
            try:
                return self._stage.locks.hold_running()
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise SandboxError("the stage is being changed by another process", hint="try again") from None
                await asyncio.sleep(_RETRY_S)

    async def _open(self) -> Channel:
        async with self._opening:
            self._readable()  # it may have been ended a moment ago: by applying, or from another window
            if self._channel is not None and not self._channel.closed:
                return self._channel
            if self._channel is not None:
                await self._close()
            try:
                await in_thread(self._hold_room)
                self._channel = await in_thread(self._open_channel, Channel.close)
            except BaseException:
                self._release_room()
                raise
            self._loop.add_reader(self._channel.fileno(), self._readable)
            return self._channel

    def _open_channel(self) -> Channel:
        channel = Channel.open(self._plan)
        try:
            channel.wait_ready()
            if self._stage is not None:
                self._stage.locks.note_holder(self._room_lock, channel.pid)
            self._note(channel.pid)
        except BaseException:
            channel.close()
            raise
        return channel

    def _hold_room(self) -> None:
        """One mount of a stage at a time: two would not know of each other's changes."""
        if self._stage is None:
            return
        deadline = time.monotonic() + 2.0
        while True:
            try:
                self._room_lock = self._stage.locks.hold_room()
                return
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise SandboxUnavailable(
                        "this task is open in another window", hint="close it there, or stop it: `assistant stop TASK`"
                    ) from None
                self._stage.locks.end_if_idle()
                time.sleep(_RETRY_S)

    def _release_room(self) -> None:
        if self._room_lock >= 0:
            os.close(self._room_lock)
            self._room_lock = -1

    async def _close(self) -> None:
        channel, self._channel = self._channel, None
        if channel is not None:
            self._loop.remove_reader(channel.fileno())
        try:
            if channel is not None:
                await in_thread(channel.close)
        finally:
            self._release_room()
            self._lost()

    def _lost(self) -> None:
        """The holder is gone, and with it, by the kernel's word, every process of the room."""
        for call in list(self._calls.values()):
            call.over({"code": -9, "hit": "", "cpu_ms": 0, "rss": 0}, lost=True)
        for future in self._answers.values():
            if not future.done():
                future.set_exception(SandboxError("the room ended", hint="run it again, a new room is made"))
        self._answers.clear()

    def _readable(self) -> None:
        if self._channel is None:
            return
        for message, fds in self._channel.arrived():
            self._take(message, fds)
        if self._channel.closed:
            self._loop.remove_reader(self._channel.fileno())
            self._release_room()
            self._lost()

    def _take(self, message: dict[str, Any], fds: list[int]) -> None:
        number = int(message.get("id", 0))
        if message["op"] == "ended":
            call = self._calls.get(number)
            if call is not None:
                call.over(message)
            return
        future = self._answers.pop(number, None)
        if future is not None and not future.done():
            future.set_result((message, fds))
        else:
            for fd in fds:
                os.close(fd)

    def _expect(self, number: int) -> asyncio.Future[tuple[dict[str, Any], list[int]]]:
        future: asyncio.Future[tuple[dict[str, Any], list[int]]] = self._loop.create_future()
        self._answers[number] = future
        return future

    async def _ask(self, message: dict[str, Any], number: int) -> tuple[dict[str, Any], list[int]]:
        if self._channel is None:
            raise SandboxError("the room is closed")
        answer = self._expect(number)
        self._channel.send({**message, "id": number})
        return await answer

    def _tell(self, message: dict[str, Any]) -> None:
        if self._channel is not None and not self._channel.closed:
            try:
                self._channel.send(message)
            except SandboxError:
                pass  # it is gone, and so is what should be ended
