"""The calls of a room: one that runs to its end, one that lives on, one that is spoken to through its streams."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from assistant.errors import SandboxError
from assistant.sandbox.pipes import Input, Output
from assistant.sandbox.protocol import Command
from assistant.types import Completed, HostUse, Limits

if TYPE_CHECKING:
    from assistant.sandbox.egress import EgressProxy

_KILL_S = 2.0
_FLOOD = 16
"""A call is ended when it printed this many times what it may keep, and at least `_FLOOD_BYTES`."""
_FLOOD_BYTES = 64 << 20
_KEPT_UNREAD = 1 << 20
_SIGKILL, _SIGXFSZ = 9, 25


class Owner(Protocol):
    """What a call needs of its room."""

    def kill(self, number: int) -> None:
        """End a call."""
        ...

    def signal(self, number: int, which: int) -> None:
        """Send a signal to its program."""
        ...

    def forget(self, number: int) -> None:
        """A call is over."""
        ...


class Call:
    """One program in a room, run to its end."""

    def __init__(
        self, room: Owner, command: Command, limits: Limits, on_output: Callable[[bytes], None] | None = None
    ) -> None:
        self.command = command
        self.limits = limits
        self.stopped = False
        self.ended = asyncio.Event()
        self._room = room
        self._on_output = on_output
        self._number = 0
        self._running_lock = -1
        self._proxy: EgressProxy | None = None
        self._input: Input | None = None
        self._outputs: list[Output] = []
        self._kept = (bytearray(), bytearray())
        self._printed = 0
        self._truncated = False
        self._hit = ""
        self._timer: asyncio.TimerHandle | None = None
        self._started = time.monotonic()
        self._report: dict[str, Any] = {}

    # ------------------------------------------------------------ for the room

    def opened(self, number: int, running_lock: int, proxy: EgressProxy | None) -> None:
        """The room gives its number, the lock that says it runs, and the proxy that its hosts are reached through."""
        self._number, self._running_lock, self._proxy = number, running_lock, proxy

    def watched(self) -> dict[str, int]:
        """Bounds that the holder watches."""
        limits = self.limits
        return {"memory": limits.memory_bytes or 0, "processes": limits.processes or 0, "disk": limits.disk_bytes or 0}

    def connect(self) -> tuple[int, int, int]:
        """Make the program's standard descriptors; the room closes its copies of them once sent."""
        if self.command.pty:
            ours, theirs = os.openpty()
            os.set_inheritable(ours, False)
            _set_size(theirs, 24, 80)
            self._input = Input(os.dup(ours))
            self._outputs = [Output(ours, lambda data: self._printed_data(data, 0))]
            return theirs, theirs, theirs
        read_in, write_in = os.pipe2(os.O_CLOEXEC)
        self._input = Input(write_in)
        return (read_in, *self._connect_output())

    def _connect_output(self) -> tuple[int, int]:
        out, err = os.pipe2(os.O_CLOEXEC), os.pipe2(os.O_CLOEXEC)
        self._outputs = [
            Output(out[0], lambda data: self._printed_data(data, 0)),
            Output(err[0], lambda data: self._printed_data(data, 1)),
        ]
        return out[1], err[1]

    async def begin(self) -> None:
        """It runs: feed it, and watch the clock."""
        self._started = time.monotonic()
        if self._input is not None and self.command.stdin:
            self._input.write(self.command.stdin)
        if self._input is not None and not self.command.pty:
            self._input.end()
        self._watch_clock()

    def _watch_clock(self) -> None:
        if self.limits.wall_s is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self.limits.wall_s, self._end_for, "wall")

    def over(self, report: dict[str, Any], *, lost: bool = False) -> None:
        """The holder's word that every process of the call is gone."""
        if self.ended.is_set():
            return
        self._report = report
        self.stopped = self.stopped or (lost and not self._hit)
        self._room.forget(self._number)
        self._release()
        self.ended.set()

    def never_ran(self) -> None:
        """It was stopped before it was started."""
        self.over({"code": -_SIGKILL})

    def close(self) -> None:
        """Give back everything, whether it ran or not."""
        self._release()
        for output in self._outputs:
            output.close()
        self._room.forget(self._number)
        self.ended.set()

    def _release(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._input is not None:
            self._input.close()
        if self._proxy is not None:
            self._proxy.close()
        if self._running_lock >= 0:
            os.close(self._running_lock)
            self._running_lock = -1

    # ------------------------------------------------------------ running

    async def finish(self) -> Completed:
        """Wait for the end. Cancelling kills every process of the call, and waits for that, before it travels on."""
        try:
            await self.ended.wait()
        except asyncio.CancelledError:
            await self.kill_and_wait()
            self.close()
            raise
        for output in self._outputs:
            await output.done.wait()
        return self._completed()

    async def kill_and_wait(self) -> None:
        """End every process of it. Raises SandboxError when they are not gone within two seconds."""
        self._room.kill(self._number)
        try:
            async with asyncio.timeout(_KILL_S):
                await self.ended.wait()
        except TimeoutError:
            raise SandboxError(
                "a program could not be ended in time", hint="`assistant stop --all` ends everything"
            ) from None

    def _end_for(self, limit: str) -> None:
        if not self._hit and not self.ended.is_set():
            self._hit = limit
            self._room.kill(self._number)

    def _printed_data(self, data: bytes, stream: int) -> None:
        self._printed += len(data)
        if self._on_output is not None:
            self._on_output(data)
        cap = self.limits.output_bytes or 0
        space = cap - len(self._kept[0]) - len(self._kept[1])
        if len(data) > space:
            self._truncated = True
        if space > 0:
            self._kept[stream].extend(data[:space])
        if self._printed > max(_FLOOD * cap, _FLOOD_BYTES):
            self._end_for("output")

    def _completed(self) -> Completed:
        code = int(self._report.get("code", -9))
        out, err = bytes(self._kept[0]), bytes(self._kept[1])
        hit = self._hit or str(self._report.get("hit", ""))
        if code > 0 and not self._report.get("ran", True):
            raise SandboxError(f"the room refused the program: {err.decode(errors='replace').strip()[:500]}")
        # bubblewrap reports a signal as a shell does, by 128 and its number.
        number = -code if code < 0 else code - 128 if 128 < code <= 192 else None
        if number == _SIGXFSZ:
            hit = hit or "file"
        return Completed(
            exit_status=None if number is not None else code,
            signal=number,
            stdout=out,
            stderr=err,
            truncated=self._truncated,
            timed_out=hit == "wall",
            stopped=self.stopped,
            limit_hit=hit,
            wall_ms=int((time.monotonic() - self._started) * 1000),
            cpu_ms=int(self._report.get("cpu_ms", 0)),
            max_rss_bytes=int(self._report.get("rss", 0)),
            hosts=self._hosts(),
        )

    def _hosts(self) -> tuple[HostUse, ...]:
        return self._proxy.used() if self._proxy is not None else ()


class LongCall(Call):
    """See protocol.Process. What nobody reads is kept up to a mebibyte, newest last."""

    def __init__(self, room: Owner, command: Command, limits: Limits) -> None:
        super().__init__(room, command, limits)
        self._unread = bytearray()
        self._news = asyncio.Event()

    @property
    def id(self) -> str:
        """Short name, unique in its room."""
        return f"p{self._number}"

    @property
    def running(self) -> bool:
        """Whether it still runs."""
        return not self.ended.is_set()

    async def begin(self) -> None:
        """It runs. No clock unless the command asked for one; its input stays open."""
        if self._input is not None and self.command.stdin:
            self._input.write(self.command.stdin)
        if self.command.limits.wall_s is not None:
            self._watch_clock()

    async def write(self, data: bytes) -> None:
        """See protocol.Process."""
        if self._input is None or self._input.closed or not self.running:
            raise SandboxError(f"process `{self.id}` has ended")
        self._input.write(data)

    async def read(self, *, wait_s: float = 0.0, limit: int = 65536) -> bytes:
        """See protocol.Process."""
        if not self._unread and wait_s > 0 and self.running:
            self._news.clear()
            waiters = [asyncio.ensure_future(self._news.wait()), asyncio.ensure_future(self.ended.wait())]
            try:
                await asyncio.wait(waiters, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for waiter in waiters:
                    waiter.cancel()
        if not self._unread and not self.running:
            for output in self._outputs:
                await output.done.wait()
        data = bytes(self._unread[:limit])
        del self._unread[:limit]
        return data

    def signal(self, number: int) -> None:
        """Send a signal to it and what it started."""
        self._room.signal(self._number, number)

    async def wait(self) -> Completed:
        """Until it ends by itself."""
        await self.ended.wait()
        for output in self._outputs:
            await output.done.wait()
        return self._completed()

    async def stop(self) -> Completed:
        """See protocol.Process."""
        if self.running:
            self.stopped = True
            await self.kill_and_wait()
        return await self.wait()

    def _printed_data(self, data: bytes, stream: int) -> None:
        self._unread += data
        if len(self._unread) > _KEPT_UNREAD:
            self._truncated = True
            del self._unread[: len(self._unread) - _KEPT_UNREAD]
        self._news.set()


class PipedCall(Call):
    """See protocol.PipedProcess."""

    stdin: asyncio.StreamWriter
    stdout: asyncio.StreamReader
    stderr: asyncio.StreamReader
    _fds: tuple[int, int, int]
    _transports: tuple[asyncio.BaseTransport, ...] = ()

    @property
    def running(self) -> bool:
        """Whether it still runs."""
        return not self.ended.is_set()

    def connect(self) -> tuple[int, int, int]:
        """Plain pipes: the streams apply their own back-pressure."""
        ins, out, err = os.pipe2(os.O_CLOEXEC), os.pipe2(os.O_CLOEXEC), os.pipe2(os.O_CLOEXEC)
        self._fds = ins[1], out[0], err[0]
        return ins[0], out[1], err[1]

    def never_ran(self) -> None:
        """There are no streams that the caller could use. Raises SandboxError."""
        raise SandboxError("the room was stopped while the program started", hint="start it again")

    async def begin(self) -> None:
        """It runs: open the streams."""
        loop = asyncio.get_running_loop()
        self.stdout, out = await self._reader(loop, self._fds[1])
        self.stderr, err = await self._reader(loop, self._fds[2])
        writer, protocol = await loop.connect_write_pipe(
            lambda: asyncio.streams.FlowControlMixin(loop), os.fdopen(self._fds[0], "wb", 0)
        )
        self.stdin = asyncio.StreamWriter(writer, protocol, None, loop)
        self._transports = (writer, out, err)
        self._fds = (-1, -1, -1)
        if self.command.stdin:
            self.stdin.write(self.command.stdin)

    async def _reader(
        self, loop: asyncio.AbstractEventLoop, fd: int
    ) -> tuple[asyncio.StreamReader, asyncio.ReadTransport]:
        reader = asyncio.StreamReader(limit=16 << 20, loop=loop)
        transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader, loop=loop), os.fdopen(fd, "rb", 0)
        )
        return reader, transport

    async def wait(self) -> Completed:
        """Until it ends by itself. Its output is the caller's to read."""
        await self.ended.wait()
        return self._completed()

    async def stop(self) -> Completed:
        """End it and all its children."""
        if self.running:
            self.stopped = True
            await self.kill_and_wait()
        completed = await self.wait()
        for transport in self._transports:
            transport.close()
        return completed

    def close(self) -> None:
        """Give back everything, whether it ran or not."""
        for fd in getattr(self, "_fds", ()):
            if fd >= 0:
                os.close(fd)
        self._fds = (-1, -1, -1)
        super().close()


def _set_size(fd: int, rows: int, columns: int) -> None:
    import termios

    termios.tcsetwinsize(fd, (rows, columns))
