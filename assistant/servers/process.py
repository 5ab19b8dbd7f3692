"""The core's side of one server: its worker process, started when asked for, and the requests that wait for it.

What comes out of a worker is hostile. A line that does not fit the protocol, or an answer beyond all measure, ends it.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Protocol

import msgspec

from assistant.errors import AssistantError, ToolError
from assistant.framing import LineFrames
from assistant.servers import lines
from assistant.servers.launcher import Launch, Launcher, Pipe
from assistant.servers.offer import Offer
from assistant.types import JSON
from assistant.visible import one_line

START_S = 60.0
"""How long a server may take until it offers its tools; one that installs itself first takes its time."""
CANCEL_S = 0.05
"""How long a cancelled request may take to be withdrawn politely before its process is ended."""
MAX_UNHEARD_BYTES = 4 * 2**20
"""What a worker may say that nobody asked for, since the last request."""
MAX_ASKS = 16
"""Questions of one server that wait at the same time."""


class Host(Protocol):
    """What a server may want of the core. Each answers an `Ask` with its body, or raises AssistantError with why not."""

    async def answer(self, what: str, body: dict[str, JSON]) -> JSON:
        """See `lines.Ask`."""
        ...

    def offered(self, offer: Offer) -> None:
        """The server said what it offers, at its start or later."""
        ...

    def said(self, level: str, text: str) -> None:
        """A log message, already safe to show."""
        ...


class ServerGone(Exception):
    """The process ended, or had to be ended, while a request waited: it may have been done."""


class _Waiting:
    def __init__(self, progress: Callable[[lines.Progress], None] | None) -> None:
        self.future: asyncio.Future[lines.Result | lines.Failed] = asyncio.get_running_loop().create_future()
        self.progress = progress


class ServerProcess:
    """One server. Use from one event loop."""

    def __init__(
        self, launch: Launch, shake: lines.Handshake, launcher: Launcher, host: Host, *, start_s: float = START_S
    ) -> None:
        self._launch = launch
        self._shake = shake
        self._launcher = launcher
        self._host = host
        self._start_s = start_s
        self._numbers = itertools.count(1)
        self._waiting: dict[int, _Waiting] = {}
        self._starting: asyncio.Task[tuple[Pipe, Offer]] | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._asks: set[asyncio.Task[None]] = set()
        self._ready: asyncio.Future[Offer] | None = None
        self._encoder = msgspec.json.Encoder()
        self._decoder: msgspec.json.Decoder[lines.Line] = msgspec.json.Decoder(lines.Line)
        self._unheard = 0

    @property
    def local(self) -> bool:
        """Whether the server itself runs in the worker's room, so that ending the room ends it."""
        return bool(self._shake.command)

    @property
    def running(self) -> bool:
        """Whether it is connected."""
        task = self._starting
        return task is not None and task.done() and not task.cancelled() and task.exception() is None

    def prepare(self) -> None:
        """Have its worker stand ready without starting the server. Never raises."""
        if self._starting is None:
            self._launcher.prepare(self._launch)

    def warm_up(self) -> None:
        """Start it without waiting. Never raises; a failure shows at the first request."""
        self._start()

    async def offer(self) -> Offer:
        """What it offers. Raises ToolError when it can't be reached, SandboxUnavailable, SandboxError."""
        return (await asyncio.shield(self._start()))[1]

    async def call(
        self, tool: str, arguments: dict[str, JSON], progress: Callable[[lines.Progress], None] | None = None
    ) -> lines.Result | lines.Failed:
        """Call a tool. Raises what `offer` raises, and ServerGone."""
        return await self._request(lambda n: lines.Call(n, tool, arguments), progress)

    async def listing(self, what: str) -> lines.Result | lines.Failed:
        """`resources` or `prompts`. Raises as `call`."""
        return await self._request(lambda n: lines.List(n, what), None)

    async def read(self, uri: str) -> lines.Result | lines.Failed:
        """One resource. Raises as `call`."""
        return await self._request(lambda n: lines.ReadResource(n, uri), None)

    async def prompt(self, name: str, arguments: dict[str, str]) -> lines.Result | lines.Failed:
        """One prompt, filled in. Raises as `call`."""
        return await self._request(lambda n: lines.GetPrompt(n, name, arguments), None)

    async def aclose(self) -> None:
        """End the process and everything in its room. May be called twice; a later request starts a new one."""
        starting, self._starting = self._starting, None
        for task in (*self._asks, *([starting] if starting is not None and not starting.done() else [])):
            task.cancel()
        if starting is not None:
            with suppress(asyncio.CancelledError, Exception):
                pipe, _ = await starting
                await pipe.stop()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=1.0)

    # ------------------------------------------------------------ requests

    async def _request(
        self, make: Callable[[int], lines.Request], progress: Callable[[lines.Progress], None] | None
    ) -> lines.Result | lines.Failed:
        pipe, _ = await asyncio.shield(self._start())
        number = next(self._numbers)
        waiting = self._waiting[number] = _Waiting(progress)
        self._unheard = 0
        try:
            await self._send(pipe, make(number))
            reply = await asyncio.shield(waiting.future)
            if isinstance(reply, lines.Failed) and reply.kind == "broken":
                await self.aclose()  # what is left of it is no use to the next request
                raise ServerGone(one_line(reply.message, 200))
            return reply
        except asyncio.CancelledError:
            await self._withdraw(pipe, number, waiting)
            raise
        except ConnectionError:
            raise ServerGone(_last_words(pipe)) from None
        finally:
            self._waiting.pop(number, None)

    async def _withdraw(self, pipe: Pipe, number: int, waiting: _Waiting) -> None:
        """Tell the server, then end it where it runs here: a server may go on with what it was told to stop."""
        with suppress(TimeoutError, ConnectionError, ServerGone):
            async with asyncio.timeout(CANCEL_S):
                await self._send(pipe, lines.Cancel(number))
                await asyncio.shield(waiting.future)
        if self.local:
            await self.aclose()
            self._launcher.prepare(self._launch)  # the next call need not wait for imports again

    # ------------------------------------------------------------ the process

    def _start(self) -> asyncio.Task[tuple[Pipe, Offer]]:
        task = self._starting
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            task = self._starting = self._keep(self._open())
            task.add_done_callback(lambda t: t.cancelled() or t.exception())  # seen: the next request tells
        return task

    async def _open(self) -> tuple[Pipe, Offer]:
        pipe = await self._launcher.start(self._launch)
        ready = self._ready = asyncio.get_running_loop().create_future()
        reading = self._keep(self._read(pipe, ready))
        try:
            await self._send(pipe, self._shake)
            async with asyncio.timeout(self._start_s):
                return pipe, await asyncio.shield(ready)
        except TimeoutError:
            await pipe.stop()
            raise ToolError(
                f"server `{self._launch.name}` did not answer within {self._start_s:.0f} s",
                hint=f"try it: `assistant servers check {self._launch.name}`",
            ) from None
        except ConnectionError:
            await asyncio.wait({reading}, timeout=1.0)
            await pipe.stop()
            raise self._broken("it ended at once", pipe) from None
        except BaseException:
            await pipe.stop()
            raise

    async def _send(self, pipe: Pipe, line: lines.Order) -> None:
        await pipe.write(self._encoder.encode(line) + b"\n")

    async def _read(self, pipe: Pipe, ready: asyncio.Future[Offer]) -> None:
        frames, why = LineFrames(), "it ended"
        try:
            while data := await pipe.read():
                for line in frames.feed(data):
                    self._take(line, pipe, ready)
                if frames.pending > lines.MAX_LINE_BYTES:
                    why = "it said more than is taken in one line"
                    break
        except (msgspec.DecodeError, OverflowError, RecursionError, OSError) as error:
            why = f"what it said is no protocol of ours ({type(error).__name__})"
        finally:
            self._lost(pipe, ready, why)
            await pipe.stop()

    def _take(self, data: bytes, pipe: Pipe, ready: asyncio.Future[Offer]) -> None:
        line: lines.Line = self._decoder.decode(data)
        match line:
            case lines.Prepared():
                pass  # taken before it had said so
            case lines.Ready():
                self._host.offered(line.offer)
                if not ready.done():
                    ready.set_result(line.offer)
            case lines.Result() | lines.Failed():
                waiting = self._waiting.get(line.id)
                if waiting is None:
                    self._count(data)
                elif not waiting.future.done():
                    waiting.future.set_result(line)
            case lines.Progress():
                self._count(data)
                waiting = self._waiting.get(line.id)
                if waiting is not None and waiting.progress is not None:
                    waiting.progress(line)
            case lines.Spoken():
                self._count(data)
                self._host.said(one_line(line.level, 20), one_line(line.text, 500))
            case lines.Ask():
                if len(self._asks) >= MAX_ASKS:
                    raise OverflowError
                task = self._keep(self._answer(pipe, line))
                self._asks.add(task)
                task.add_done_callback(self._asks.discard)
            case lines.Broken():
                if not ready.done():
                    ready.set_exception(self._broken(line.message, pipe))
                    ready.exception()

    def _count(self, data: bytes) -> None:
        self._unheard += len(data)
        if self._unheard > MAX_UNHEARD_BYTES:
            raise OverflowError

    async def _answer(self, pipe: Pipe, ask: lines.Ask) -> None:
        try:
            answer = lines.Answer(ask.ask, await self._host.answer(ask.what, ask.body))
        except AssistantError as error:
            answer = lines.Answer(ask.ask, error=error.message)
        except (KeyError, TypeError, ValueError, AttributeError):
            answer = lines.Answer(ask.ask, error="the question does not fit")
        with suppress(ConnectionError):
            await self._send(pipe, answer)

    def _lost(self, pipe: Pipe, ready: asyncio.Future[Offer], why: str) -> None:
        if not ready.done():
            ready.set_exception(self._broken(why, pipe))
            ready.exception()
        if self.running and self._starting is not None and self._starting.result()[0] is pipe:
            self._starting = None
        for waiting in self._waiting.values():
            if not waiting.future.done():
                waiting.future.set_exception(ServerGone(_last_words(pipe) or why))
                waiting.future.exception()
        for task in self._asks:
            task.cancel()

    def _broken(self, why: str, pipe: Pipe) -> ToolError:
        words = _last_words(pipe)
        return ToolError(
            f"server `{self._launch.name}` can't be used: {one_line(why, 300)}{f' ({words})' if words else ''}",
            hint=f"try it: `assistant servers check {self._launch.name}`",
        )

    def _keep(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _last_words(pipe: Pipe) -> str:
    return one_line(pipe.errors().strip().rpartition("\n")[2], 200)
