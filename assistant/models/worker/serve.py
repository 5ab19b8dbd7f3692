"""The worker's main loop: orders in, replies out, several calls at once."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import aclosing

import msgspec

from assistant.errors import ModelError
from assistant.models.worker.ask import ask
from assistant.models.worker.call import WireCall
from assistant.models.worker.http import close_idle, tls
from assistant.models.worker.lines import Fault, Handshake, Order, Reply
from assistant.models.worker.target import PROVIDERS

MAX_LINE_BYTES = 256 * 2**20
"""A history with pictures is one line; this is far above what any provider takes."""


def main() -> int:
    """Serve until standard input ends. Returns 0; 2 when the handshake is missing or wrong."""
    # A provider library that prints must not be able to write into the line protocol: keep the real output apart.
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return asyncio.run(Worker(out.fileno()).serve())


class Worker:
    """One process, one provider, many calls."""

    def __init__(self, out: int) -> None:
        self._out = out
        self._shake = Handshake("")
        self._calls: dict[int, asyncio.Task[None]] = {}
        self._orders = msgspec.json.Decoder(Order)
        self._encoder = msgspec.json.Encoder()

    async def serve(self) -> int:
        """Read orders until the input ends, then stop what still runs."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=MAX_LINE_BYTES)
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        self._writer = await self._open_output(loop)
        try:
            self._shake = msgspec.json.decode(await reader.readline(), type=Handshake)
        except msgspec.DecodeError as error:
            sys.stderr.write(f"worker: the handshake does not fit: {error}\n")
            return 2
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.to_thread(self._warm_up))
            while line := await reader.readline():
                self._take(line, group)
            for task in list(self._calls.values()):
                task.cancel()
        close_idle()
        return 0

    def _warm_up(self) -> None:
        """What the first call would have to wait for: the trusted certificates, where the provider is far away."""
        known = PROVIDERS.get(self._shake.provider)
        if (self._shake.api_base or (known.base if known else "")).startswith("https:"):
            tls()

    async def _open_output(self, loop: asyncio.AbstractEventLoop) -> asyncio.StreamWriter:
        pipe = os.fdopen(self._out, "wb", buffering=0, closefd=False)
        transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, pipe)
        return asyncio.StreamWriter(transport, protocol, None, loop)

    def _take(self, line: bytes, group: asyncio.TaskGroup) -> None:
        try:
            order = self._orders.decode(line)
        except msgspec.DecodeError as error:
            sys.stderr.write(f"worker: an order does not fit: {error}\n")
            return
        if order.cancel is not None:
            if task := self._calls.pop(order.cancel, None):
                task.cancel()
        elif order.call is not None and order.id not in self._calls:
            task = group.create_task(self._run(order.id, self._complete(order.call)))
            self._calls[order.id] = task

    def _complete(self, call: WireCall) -> WireCall:
        """The call with what it leaves out taken from the handshake."""
        return msgspec.structs.replace(
            call,
            api_key=call.api_key or self._shake.api_key,
            api_base=call.api_base or self._shake.api_base,
            extra={**self._shake.extra, **call.extra},
        )

    async def _run(self, id: int, call: WireCall) -> None:
        try:
            async with aclosing(ask(call)) as events:
                async for event in events:
                    await self._say(Reply(id, event=event))
        except ModelError as error:
            await self._say(Reply(id, error=Fault.of(error)))
        except Exception as error:  # a bug must end one call, not all of them
            fault = Fault("server", f"the worker failed: {type(error).__name__}: {error}")
            await self._say(Reply(id, error=fault))
        finally:
            self._calls.pop(id, None)

    async def _say(self, reply: Reply) -> None:
        if reply.id in self._calls:
            self._writer.write(self._encoder.encode(reply) + b"\n")
            await self._writer.drain()
