"""The pipe to a worker."""

from __future__ import annotations

import asyncio
import fcntl
import os

import pytest

from assistant.models.launcher import PIPE_BYTES, StreamPipe


@pytest.mark.skipif(not hasattr(fcntl, "F_GETPIPE_SZ"), reason="pipes of another system keep their size")
async def test_a_whole_conversation_is_handed_over_at_once() -> None:
    """Also while nobody reads: the rest of it would wait until the screen has been painted."""
    loop = asyncio.get_running_loop()
    reads, writes = os.pipe()
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, os.fdopen(writes, "wb", 0))
    silent = asyncio.StreamReader()
    silent.feed_eof()

    async def stop() -> None:
        transport.close()

    pipe = StreamPipe(asyncio.StreamWriter(transport, protocol, None, loop), silent, silent, stop)
    if fcntl.fcntl(reads, fcntl.F_GETPIPE_SZ) < PIPE_BYTES:
        pytest.skip("this user has too many wide pipes already")
    await pipe.write(b"x" * 400_000 + b"\n")
    assert transport.get_write_buffer_size() == 0
    await pipe.stop()
    os.close(reads)
