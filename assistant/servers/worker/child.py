"""The streams of the server's process as an SDK transport, with bounds on what a line may hold."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

MAX_MESSAGE_BYTES = 16 * 2**20
"""One message of a server. Beyond it the connection is given up."""


@asynccontextmanager
async def transport(child: subprocess.Popen[bytes], ended: asyncio.Event) -> AsyncGenerator[Any]:
    """The two streams that the SDK wants. Ending it closes the server's input; `ended` is set when the server closes
    its output."""
    import anyio
    from mcp.shared.message import SessionMessage
    from mcp_types import jsonrpc_message_adapter

    assert child.stdin is not None  # noqa: S101  # made with pipes
    assert child.stdout is not None  # noqa: S101
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=MAX_MESSAGE_BYTES)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), child.stdout)
    pipe, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, child.stdin)
    writer = asyncio.StreamWriter(pipe, protocol, None, loop)
    arrived, incoming = anyio.create_memory_object_stream[Any](0)
    outgoing, leaving = anyio.create_memory_object_stream[Any](0)

    async def listen() -> None:
        async with arrived:
            try:
                while line := await reader.readline():
                    if not line.strip():
                        continue
                    try:
                        message = SessionMessage(jsonrpc_message_adapter.validate_json(line, by_name=False))
                    except ValueError:
                        continue  # servers that print a banner on their output are common; it is no message
                    await arrived.send(message)
            except (ValueError, OSError, anyio.BrokenResourceError, anyio.ClosedResourceError):
                return  # too long a line, or nobody listens any more: the stream ends here
            finally:
                ended.set()

    async def speak() -> None:
        async with leaving:
            async for message in leaving:
                try:
                    writer.write(message.message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n")
                    await writer.drain()
                except OSError:
                    await arrived.aclose()
                    return

    async with anyio.create_task_group() as group:
        group.start_soon(listen)
        group.start_soon(speak)
        try:
            yield incoming, outgoing
        finally:
            writer.close()
            group.cancel_scope.cancel()
