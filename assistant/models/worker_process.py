"""One worker process per connection: started when asked for, shared by calls, restarted when it dies, ended when idle.

What comes out of a worker is hostile: it runs provider libraries. A line that does not fit the protocol, or an answer
beyond all measure, ends that process.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator
from contextlib import suppress

import msgspec

from assistant.errors import AssistantError, ModelError
from assistant.framing import LineFrames
from assistant.models.connection import Connection
from assistant.models.failures import KINDS
from assistant.models.launcher import Launch, Launcher, Pipe, worker_launch
from assistant.models.worker.call import WireCall
from assistant.models.worker.lines import Fault, Handshake, Order, Reply
from assistant.types import ModelEvent
from assistant.visible import one_line

IDLE_S = 300.0
"""A worker without a call is ended after this time, and its memory given back; a new one starts in about 0.2 s."""

MAX_LINE_BYTES = 32 * 2**20
MAX_ANSWER_BYTES = 128 * 2**20
"""No provider sends this much; a broken or hostile worker might."""

MAX_UNHEARD_BYTES = 16 * 2**20
"""What a worker may say that nobody asked for, until the next call."""

GRACE_S = 5.0
"""How much longer than the call's own time limit we wait before we call the worker dead."""


class WorkerDied(Exception):
    """The process ended, or had to be ended, while a call waited."""


class _Waiting:
    """One call's mailbox."""

    def __init__(self, pipe: Pipe) -> None:
        self.pipe = pipe
        self.mail: asyncio.Queue[Reply | WorkerDied] = asyncio.Queue()
        self.received_bytes = 0


class Worker:
    """The process of one connection. Use from one event loop."""

    def __init__(self, launcher: Launcher, connection: Connection, *, idle_s: float = IDLE_S) -> None:
        self._launcher = launcher
        self._connection = connection
        self._idle_s = idle_s
        self._ids = itertools.count(1)
        self._waiting: dict[int, _Waiting] = {}
        self._starting: asyncio.Task[Pipe] | None = None
        self._reading: asyncio.Task[None] | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._stopping: set[asyncio.Task[None]] = set()
        self._decoder = msgspec.json.Decoder(Reply)
        self._encoder = msgspec.json.Encoder()
        self._unheard_bytes = 0
        self.starts = 0
        """How many processes were started so far."""

    @property
    def pid(self) -> int:
        """Of the running process; 0 when there is none."""
        pipe = self._pipe()
        return pipe.pid if pipe else 0

    def warm_up(self) -> None:
        """Start the process without waiting for it. Never raises; a failure shows at the next call."""
        with suppress(RuntimeError):  # outside an event loop there is nothing to start in
            self._start()
            self._rest()

    async def call(self, call: WireCall) -> AsyncGenerator[ModelEvent]:
        """Make one call. Raises WorkerDied, ModelError, SandboxUnavailable, SandboxError."""
        self._busy()
        pipe = await asyncio.shield(self._start())
        number, waiting = next(self._ids), _Waiting(pipe)
        self._waiting[number] = waiting
        self._unheard_bytes = 0
        done = False
        try:
            await self._send(pipe, Order(number, call=call))
            # the worker's own limits end a silent call, and one with signs of life alone after at most twice its time
            deadline_s = 2 * call.timeout_s + GRACE_S
            while not done:
                reply = await self._next(waiting, deadline_s)
                if reply.error is not None:
                    done = True
                    raise _error(reply.error)
                if reply.event is not None:
                    done = reply.event.__struct_config__.tag == "finished"
                    yield reply.event
        finally:
            del self._waiting[number]
            if not done:
                self._cancel(pipe, number)
            self._rest()

    async def aclose(self) -> None:
        """End the process. May be called twice; a later call starts a new one."""
        self._busy()
        starting, self._starting = self._starting, None
        if starting is not None:
            starting.cancel()
            with suppress(asyncio.CancelledError, AssistantError):
                await (await starting).stop()
        if self._reading is not None:
            await asyncio.wait({self._reading}, timeout=1.0)
        if self._stopping:
            await asyncio.wait(self._stopping, timeout=1.0)

    # ------------------------------------------------------------ the process

    def _start(self) -> asyncio.Task[Pipe]:
        task = self._starting
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            task = self._starting = asyncio.get_running_loop().create_task(self._open())
            task.add_done_callback(_look)
        return task

    async def _open(self) -> Pipe:
        connection = self._connection
        pipe = await self._launcher.start(self._launch())
        self.starts += 1
        shake = Handshake(connection.provider, connection.api_key, connection.api_base, connection.extra)
        try:
            await self._send(pipe, shake)
        except BaseException:
            await pipe.stop()
            raise
        self._reading = asyncio.create_task(self._read(pipe))
        return pipe

    def _launch(self) -> Launch:
        connection = self._connection
        if connection.model_file:
            from assistant.models.local import local_launch  # only for those who run models here

            return local_launch(connection)
        return worker_launch(connection.provider, connection.hosts)

    def _pipe(self) -> Pipe | None:
        task = self._starting
        ready = task is not None and task.done() and not task.cancelled() and task.exception() is None
        return task.result() if task is not None and ready else None

    async def _send(self, pipe: Pipe, line: Handshake | Order) -> None:
        try:
            await pipe.write(self._encoder.encode(line) + b"\n")
        except ConnectionError as error:
            self._lost(pipe)
            raise WorkerDied(_last_words(pipe)) from error

    async def _read(self, pipe: Pipe) -> None:
        frames = LineFrames()
        try:
            while data := await pipe.read():
                for line in frames.feed(data):
                    self._deliver(line)
                if frames.pending > MAX_LINE_BYTES:
                    break
        except (msgspec.DecodeError, OverflowError, RecursionError, OSError):
            pass  # it does not keep to the protocol: end it, like one that ended itself
        finally:
            self._lost(pipe)
            await pipe.stop()

    def _deliver(self, line: bytes) -> None:
        reply = self._decoder.decode(line)
        waiting = self._waiting.get(reply.id)
        if waiting is None:  # of a call that nobody waits for any more; a few such lines are in the pipe after a cancel
            self._unheard_bytes += len(line)
            if self._unheard_bytes > MAX_UNHEARD_BYTES:
                raise OverflowError
            return
        waiting.received_bytes += len(line)
        if waiting.received_bytes > MAX_ANSWER_BYTES:
            raise OverflowError
        waiting.mail.put_nowait(reply)

    def _lost(self, pipe: Pipe) -> None:
        if self._pipe() is pipe:
            self._starting = None
        for waiting in self._waiting.values():
            if waiting.pipe is pipe:
                waiting.mail.put_nowait(WorkerDied(_last_words(pipe)))

    # ------------------------------------------------------------ calls

    async def _next(self, waiting: _Waiting, deadline_s: float) -> Reply:
        try:
            async with asyncio.timeout(deadline_s):
                reply = await waiting.mail.get()
        except TimeoutError:
            await self.aclose()
            raise ModelError(f"the worker was silent for {deadline_s:.0f} s", kind="timeout", retryable=True) from None
        if isinstance(reply, WorkerDied):
            raise reply
        return reply

    def _cancel(self, pipe: Pipe, number: int) -> None:
        task = asyncio.get_running_loop().create_task(self._send_quietly(pipe, number))
        self._stopping.add(task)
        task.add_done_callback(self._stopping.discard)

    async def _send_quietly(self, pipe: Pipe, number: int) -> None:
        with suppress(WorkerDied):
            await self._send(pipe, Order(cancel=number))

    # ------------------------------------------------------------ idleness

    def _busy(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None

    def _rest(self) -> None:
        self._busy()
        if not self._waiting:
            self._idle = asyncio.get_running_loop().call_later(self._idle_s, self._sleep)

    def _sleep(self) -> None:
        self._idle = None
        pipe = self._pipe()
        if pipe is not None and not self._waiting:
            self._starting = None
            task = asyncio.get_running_loop().create_task(pipe.stop())
            self._stopping.add(task)
            task.add_done_callback(self._stopping.discard)


def _last_words(pipe: Pipe) -> str:
    return one_line(pipe.errors().strip().rpartition("\n")[2], 200)


def _error(fault: Fault) -> ModelError:
    error = fault.error()
    error.message = one_line(error.message, 1000)  # the provider's words: hostile
    error.kind = error.kind if error.kind in KINDS else "server"
    return error


def _look(task: asyncio.Task[Pipe]) -> None:
    if not task.cancelled():
        task.exception()  # seen: a failed warm-up says nothing by itself, the next call tries again and tells
