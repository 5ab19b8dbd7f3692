"""What the wire costs: a cold worker, one piece of a stream, all recordings. Ratios within one run; figures are printed."""

from __future__ import annotations

import asyncio
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from assistant.models.worker.ask import ask
from assistant.models.worker.call import WireCall
from assistant.types import Message, ModelRequest, TextDelta, TextPart

pytestmark = pytest.mark.bench

PIECE = b'data: {"id":"x","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"word "},"finish_reason":null}]}\n\n'
END = (
    b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1}}\n\n'
    b"data: [DONE]\n\n"
)
REQUEST = ModelRequest((Message("user", (TextPart("hi"),)),))


@asynccontextmanager
async def streaming(count: int) -> AsyncIterator[str]:
    """A server that streams `count` pieces, each in a write of its own; its address."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
        await reader.readexactly(length)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        framed = f"{len(PIECE):x}\r\n".encode() + PIECE + b"\r\n"
        for _ in range(count):
            writer.write(framed)
            await writer.drain()
        writer.write(f"{len(END):x}\r\n".encode() + END + b"\r\n0\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    server.close()


def processor_s(code: str) -> float:
    """Least processor time of a fresh interpreter that runs `code`."""
    times: list[float] = []
    for _ in range(7):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-I", "-c", code], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(times)


def test_the_worker_starts_for_less_than_importing_httpx() -> None:
    ours = processor_s("import assistant.models.worker.serve, assistant.models.worker.wire.openai_chat")
    httpx = processor_s("import asyncio, httpx, anyio._backends._asyncio")
    print(f"\nworker {ours * 1000:.0f} ms of processor time, httpx alone {httpx * 1000:.0f} ms")
    assert ours < httpx


async def test_first_request_of_a_cold_worker() -> None:
    """From starting the process to the first byte of its request, against starting Python."""
    arrived = 0.0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal arrived
        await reader.readexactly(1)
        arrived = time.perf_counter()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    shake = {"provider": "openai", "api_base": f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"}
    part = {"type": "text", "text": "hi"}
    call = {"model": "openai/gpt-4.1", "request": {"messages": [{"role": "user", "parts": [part]}]}}
    lines = "\n".join(json.dumps(line) for line in (shake, {"id": 1, "call": call})) + "\n"
    times: list[float] = []
    for _ in range(11):
        start = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-m", "assistant.models.worker",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(lines.encode())
        await process.stdout.readline()
        process.stdin.close()
        await process.wait()
        times.append(arrived - start)
    server.close()
    least = processor_s("import asyncio")
    print(
        f"\nfirst byte of a cold worker {statistics.median(times) * 1000:.0f} ms; asyncio alone {least * 1000:.0f} ms"
    )
    assert statistics.median(times) < max(0.25, 5 * least)


async def test_one_piece_of_a_stream_costs_less_than_through_httpx() -> None:
    """Pieces in a second, ours as events and httpx's as decoded lines."""
    import httpx

    count = 10_000
    async with streaming(count) as base:
        start = time.process_time()
        words = 0
        async for event in ask(WireCall("openai/gpt-4.1", REQUEST, base)):
            words += isinstance(event, TextDelta)
        ours = time.process_time() - start
        assert words == count
        start = time.process_time()
        words = 0
        async with httpx.AsyncClient(trust_env=False) as client:
            async with client.stream("POST", f"{base}/chat/completions", json={}) as response:
                async for line in response.aiter_lines():
                    if line.startswith("data: {"):
                        words += bool(json.loads(line[6:])["choices"][0]["delta"])
        theirs = time.process_time() - start
        assert words == count
    print(
        f"\na piece costs {ours / count * 1e6:.0f} µs as events, {theirs / count * 1e6:.0f} µs by httpx (server included)"
    )
    assert ours < 1.5 * theirs


async def test_first_event_comes_at_once() -> None:
    """Warm: from asking to the first event, a server that answers at once; best of many."""
    async with streaming(1) as base:
        times: list[float] = []
        for _ in range(200):
            start = time.perf_counter()
            async for _event in ask(WireCall("openai/gpt-4.1", REQUEST, base)):
                times.append(time.perf_counter() - start)
                break
    print(f"\nfirst event {statistics.median(times) * 1000:.2f} ms, p99 {sorted(times)[197] * 1000:.2f} ms")
    assert statistics.median(times) < 0.025


async def test_every_recording_in_every_split(request: pytest.FixtureRequest) -> None:
    """The whole set, whole and in pieces of 7 bytes: all right, at 200 a second or more."""
    from tests.models.transcripts import oracle
    from tests.models.transcripts.conftest import ask_for
    from tests.models.transcripts.test_all import differences

    recordings: dict[str, Any] = request.getfixturevalue("recordings")
    replay: Any = request.getfixturevalue("replay")
    async with replay.Server(list(recordings.values())) as server:
        server.keep_log = False
        for options in ("", ";split=7"):
            start = time.perf_counter()
            wrong = 0
            for recording in recordings.values():
                wrong += bool(differences(await ask_for(recording, server.base, options), oracle.read(recording)))
            rate = len(recordings) / (time.perf_counter() - start)
            print(f"\n{len(recordings)} recordings{options}: {wrong} wrong, {rate:.0f}/s")
            assert wrong == 0
            assert rate > (200 if not options else 50)
