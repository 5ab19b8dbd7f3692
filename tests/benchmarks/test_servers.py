"""How much later a server's first tool is usable than the server itself, and the whole official suite."""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

from assistant.compose import ServerRooms
from assistant.config import find_paths
from assistant.gateway.servers import launch_of
from assistant.sandbox.engine import find_sandbox
from assistant.servers.config import ServerConfig, parse_entry
from assistant.servers.offer import Offer
from assistant.servers.process import ServerProcess
from assistant.types import JSON
from tests.servers.making import SERVER
from tests.servers.real import command
from tests.servers.test_conformance import SCENARIOS, run

TIMES = 7
BOUND = 1.2
"""The first tool is usable within this times the server's own start."""


def alone_s(argv: list[str]) -> float:
    """From the start of a server by itself to its list of tools, asked by the barest client there can be."""
    started = time.monotonic()
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdin
    assert process.stdout
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "bare", "version": "1"}}
    for message in (
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/list"},
    ):
        process.stdin.write(json.dumps(message).encode() + b"\n")
        process.stdin.flush()
        while "id" in message:
            if json.loads(process.stdout.readline()).get("id") == message["id"]:
                break
    took = time.monotonic() - started
    process.kill()
    process.communicate()
    return took


class Quiet:
    async def answer(self, what: str, body: dict[str, JSON]) -> JSON:
        return {"action": "decline"}

    def offered(self, offer: Offer) -> None:
        pass

    def said(self, level: str, text: str) -> None:
        pass


async def ours_s(config: ServerConfig, rooms: ServerRooms, *, ready: bool) -> float:
    """From the first need of a server to its tools, ready to be called; the server itself is started only then.

    `ready`: a worker stands ready, as it does in a task soon after it was opened.
    """
    launch, shake = launch_of(config, "", {})
    if ready:
        rooms.prepare(launch)
        await rooms.prepared(launch)
    started = time.monotonic()
    process = ServerProcess(launch, shake, rooms, Quiet())
    await process.offer()
    took = time.monotonic() - started
    await process.aclose()
    await rooms.aclose()
    return took


@pytest.mark.parametrize(
    "program", ["test server", "mcp-server-everything", "mcp-server-filesystem", "mcp-server-memory", "mcp-server-git"]
)
async def test_the_first_tool_is_usable_soon_after_the_server_itself(program: str, home: Path) -> None:
    argv = [sys.executable, SERVER] if program == "test server" else [command(program)]
    if program == "mcp-server-filesystem":
        argv.append("/usr/share")
    config = parse_entry("bench", {"command": argv[0], "args": argv[1:]}, "")
    sandbox = find_sandbox(find_paths({"ASSISTANT_HOME": str(home / "assistant")}))
    rooms = ServerRooms(lambda: sandbox)
    alone: list[float] = []
    ours: list[float] = []
    cold: list[float] = []
    for _ in range(TIMES):  # in turns, so that all meet the same load
        alone.append(await asyncio.to_thread(alone_s, argv))
        ours.append(await ours_s(config, rooms, ready=True))
        cold.append(await ours_s(config, rooms, ready=False))
    ratio = min(ours) / min(alone)  # the least of each: what others do on the machine only ever adds
    print(
        f"\n{program}: alone {min(alone) * 1000:.0f} ms, ours {min(ours) * 1000:.0f} ms, ratio {ratio:.2f} (bound {BOUND}); "
        f"medians {statistics.median(alone) * 1000:.0f} and {statistics.median(ours) * 1000:.0f} ms; "
        f"with no worker ready {min(cold) * 1000:.0f} ms"
    )
    assert ratio < BOUND


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_official_suite(scenario: str) -> None:
    printed = run(scenario)
    print(f"\n{scenario}: {next((line for line in printed.splitlines() if line.startswith('Passed:')), 'nothing')}")
    assert "OVERALL: PASSED" in printed, printed[-3000:]
