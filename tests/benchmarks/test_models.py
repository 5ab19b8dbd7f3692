"""How long a model call takes before it leaves, and what a worker costs. Figures are printed; limits are ratios or generous."""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

from assistant.agent.context import request_for
from assistant.compose import ModelRooms
from assistant.gateway.registry import Registry
from assistant.models.connection import Connection, host_of
from assistant.models.launcher import Launcher
from assistant.models.scripted import Step
from assistant.models.worker_model import WorkerModel
from assistant.models.worker_process import Worker
from assistant.sandbox.engine import find_sandbox
from assistant.shipped import shipped
from assistant.types import (
    CallPart,
    Message,
    ModelInfo,
    ModelRequest,
    ResultPart,
    TextDelta,
    TextPart,
    ToolCall,
    ToolResult,
)
from tests.models.model_server import ModelServer
from tests.models.plain_launcher import PlainLauncher

pytestmark = pytest.mark.bench

MODELS = {
    "openai/gpt-4o": "/v1",
    "openai/responses/gpt-5": "/v1",
    "anthropic/claude-sonnet-5": "",
    "gemini/gemini-2.5-pro": "/v1beta",
}


def say(text: str) -> None:
    sys.stdout.write(text + "\n")


def history(messages: int) -> list[Message]:
    """A tool loop of so many messages, results of 1 kB."""
    found: list[Message] = []
    while len(found) < messages:
        number = len(found)
        found.append(Message("user", (TextPart(f"please look at file {number}"),)))
        for step in range(2):
            call = ToolCall(f"call_{number}_{step}", "read_file", f'{{"path":"src/file_{number}_{step}.py"}}')
            found.append(Message("assistant", (TextPart("I look at it."), CallPart(call))))
            found.append(Message("tool", (ResultPart(ToolResult(call.id, True, "x = 1  # a line\n" * 60)),)))
        found.append(Message("assistant", (TextPart("It sets x again and again."),)))
    return [*found[: messages - 1], Message("user", (TextPart("and now?"),))]


def model_at(server: ModelServer, name: str, launcher: Launcher | None = None) -> WorkerModel:
    """`launcher`: the sandbox's rooms by default, as in the product."""
    base = server.base + MODELS[name]
    provider = name.partition("/")[0]
    launcher = launcher or ModelRooms(find_sandbox)
    return WorkerModel(ModelInfo(name, provider), Worker(launcher, Connection(provider, "k", base, (host_of(base),))))


async def ask(model: WorkerModel, request: ModelRequest) -> list[float]:
    """Times of the first words and of the end, from the call."""
    begun, first = time.perf_counter(), 0.0
    async for event in model.stream(request):
        first = first or (time.perf_counter() - begun if isinstance(event, TextDelta) else 0.0)
    return [first, time.perf_counter() - begun]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("messages", [2, 500])
async def test_from_enter_to_the_first_byte_leaving(name: str, messages: int, home: Path) -> None:
    registry = Registry.load([shipped("tools")])
    tools = [
        registry.get(t) for t in ("read_file", "write_file", "edit_file", "list_dir", "search_text", "run_command")
    ]
    conversation = history(messages)
    async with ModelServer([Step(text="hello")]) as server:
        model = model_at(server, name)
        await ask(model, request_for("/home/me", conversation[-1:], tools))  # warm: started, connected once
        taken: list[float] = []
        for _ in range(25):
            begun = asyncio.get_running_loop().time()
            await ask(model, request_for("/home/me", conversation, tools))
            taken.append((server.taken[-1].at_s - begun) * 1000)
        await model._worker.aclose()
    size = len(server.taken[-1].body)
    say(
        f"\n{name}, {messages} messages, {size:,} bytes: Enter → head of the request at the server: median {statistics.median(taken):.1f} ms, worst {max(taken):.1f}"
    )
    assert statistics.median(taken) < 25


@pytest.mark.parametrize("launcher", [PlainLauncher(), ModelRooms(find_sandbox)], ids=["bare", "room"])
async def test_what_a_worker_costs(launcher: Launcher, home: Path) -> None:
    """Start, first call, memory; beside a bare Python and a bare httpx in the same run."""
    bare = _python("pass")
    httpx = _python("import httpx")
    async with ModelServer([Step(text="hello")]) as server:
        begun = time.perf_counter()
        model = model_at(server, "openai/gpt-4o", launcher)
        model.warm_up()
        first = await ask(model, ModelRequest((Message("user", (TextPart("hi"),)),)))
        cold = time.perf_counter() - begun
        warm = await ask(model, ModelRequest((Message("user", (TextPart("hi"),)),)))
        rss = _rss_mb(model._worker.pid) if model._worker.pid else 0.0
        await model._worker.aclose()
    say(
        f"\nbare python {bare * 1000:.0f} ms, import httpx {httpx * 1000:.0f} ms; worker: start + first call {cold * 1000:.0f} ms, "
        f"warm call {warm[1] * 1000:.1f} ms (first words {warm[0] * 1000:.1f}), memory {rss:.0f} MB; first call {first[1] * 1000:.0f} ms"
    )
    assert cold < 40 * bare
    assert rss < 60


async def test_tokens_at_2000_a_second(home: Path) -> None:
    """A fast stream reaches us whole, and in time."""
    words = "word " * 20_000
    async with ModelServer([Step(text=words, piece=5)]) as server:
        model = model_at(server, "openai/gpt-4o")
        await ask(model, ModelRequest((Message("user", (TextPart("hi"),)),)))
        begun, got = time.perf_counter(), 0
        async for event in model.stream(ModelRequest((Message("user", (TextPart("hi"),)),))):
            got += isinstance(event, TextDelta) and len(event.text)
        took = time.perf_counter() - begun
        await model._worker.aclose()
    say(
        f"\n20,000 deltas in {took:.2f} s: {20_000 / took:,.0f} a second, {took / 20_000 * 1e6:.0f} µs each, server and both ends together"
    )
    assert got == len(words)
    assert 20_000 / took > 2_000


def _python(code: str) -> float:
    times = []
    for _ in range(5):
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-I", "-c", code], check=True)
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def _rss_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024
