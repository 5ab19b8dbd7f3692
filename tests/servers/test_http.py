"""A server by streamable HTTP, from a room that reaches nothing else."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from assistant.errors import ToolError
from tests.servers.making import SERVER, World


@pytest_asyncio.fixture
async def address() -> AsyncIterator[str]:
    """The test server, listening on this computer."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        sys.executable, SERVER, str(port), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    for _ in range(300):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            break
        except OSError:
            await asyncio.sleep(0.1)
    yield f"http://127.0.0.1:{port}/mcp"
    process.kill()
    await process.wait()


class TestAServerByAddress:
    async def test_E1_it_is_reached_through_the_egress_proxy_and_nothing_else_is(
        self, world: World, address: str
    ) -> None:
        world.configure("far", {"url": address})
        await world.trust("far", fresh=True)
        assert (await world.call("far__echo", text="over there")).text == "over there"
        progress = await world.call("far__slow", steps=2)
        assert progress.ok
        assert "2 of 2 step 2" in world.shown()
        running = asyncio.create_task(world.call("far__wait", seconds=30))
        await asyncio.sleep(0.3)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert (await world.call("far__echo", text="again")).text == "again"

    async def test_one_that_is_not_there_is_named(self, world: World) -> None:
        world.configure("gone", {"url": "http://127.0.0.1:9/mcp"})
        with pytest.raises(ToolError, match="server `gone` can't be used"):
            await world.trust("gone", fresh=True)
