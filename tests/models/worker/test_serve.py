"""The worker's process: its lines, several calls at once, cancelling, and what it does not load."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from assistant.errors import ModelError
from assistant.models.worker.lines import Fault, Handshake, Order, Reply
from assistant.types import Finished, Message, ModelRequest, TextPart
from tests.models.worker.strict_server import StrictServer
from tests.models.worker.test_http import CHUNK, DONE, HEAD, LAST, chunked, request, serving

REQUEST = ModelRequest((Message("user", (TextPart("hi"),)),))


@asynccontextmanager
async def worker(shake: Handshake | bytes) -> AsyncIterator[asyncio.subprocess.Process]:
    """The real process."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-m",
        "assistant.models.worker",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    process.stdin.write((shake if isinstance(shake, bytes) else msgspec.json.encode(shake)) + b"\n")
    try:
        yield process
    finally:
        process.stdin.close()
        await asyncio.wait_for(process.wait(), 5)


def order(process: asyncio.subprocess.Process, content: Any) -> None:
    assert process.stdin is not None
    process.stdin.write(msgspec.json.encode(content) + b"\n")


async def reply(process: asyncio.subprocess.Process) -> Reply:
    assert process.stdout is not None
    return msgspec.json.decode(await asyncio.wait_for(process.stdout.readline(), 5), type=Reply)


def call_of(id: int, model: str = "openai/gpt-4.1") -> dict[str, Any]:
    return {"id": id, "call": {"model": model, "request": msgspec.to_builtins(REQUEST)}}


class TestServe:
    """The main loop."""

    async def test_takes_key_and_address_from_the_handshake(self) -> None:
        heads: list[bytes] = []

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heads.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(HEAD + chunked(CHUNK, LAST, DONE, b""))
            await writer.drain()

        async with serving(serve) as port:
            async with worker(Handshake("openai", "sk-given", f"http://127.0.0.1:{port}/v1")) as process:
                order(process, call_of(5))
                assert (await reply(process)).id == 5
                assert isinstance((await reply(process)).event, Finished)
        assert b"authorization: bearer sk-given" in heads[0].lower()

    async def test_W1_several_calls_at_once_each_end_once(self) -> None:
        """Replies interleave; each call has exactly one last line."""

        async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await request(reader)
            writer.write(HEAD)
            for _ in range(5):
                writer.write(chunked(CHUNK))
                await asyncio.sleep(0.01)
            writer.write(chunked(LAST, DONE, b""))
            await writer.drain()

        async with serving(slow) as port, worker(Handshake("openai", "", f"http://127.0.0.1:{port}/v1")) as process:
            for id in range(1, 9):
                order(process, call_of(id, "openai/gpt-4.1" if id % 4 else "nonsense"))
            ends: list[int] = []
            order_of_ids: list[int] = []
            while len(ends) < 8:
                said = await reply(process)
                order_of_ids.append(said.id)
                if said.error or isinstance(said.event, Finished):
                    ends.append(said.id)
                assert (said.error is not None) == (said.id % 4 == 0)
            assert sorted(ends) == list(range(1, 9))
            assert order_of_ids != sorted(order_of_ids)

    async def test_W8_a_cancel_ends_the_request_and_its_lines(self) -> None:
        gone = asyncio.Event()

        async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await request(reader)
            writer.write(HEAD)
            try:
                while not reader.at_eof():
                    writer.write(chunked(CHUNK))
                    await writer.drain()
                    await asyncio.sleep(0.005)
            finally:
                gone.set()

        async with serving(endless) as port, worker(Handshake("openai", "", f"http://127.0.0.1:{port}/v1")) as process:
            order(process, call_of(1))
            await reply(process)
            started = time.monotonic()
            order(process, {"cancel": 1})
            await asyncio.wait_for(gone.wait(), 1)
            assert time.monotonic() - started < 0.2
            order(process, call_of(2, "nonsense"))
            while (said := await reply(process)).id == 1:
                pass  # what was under way
            assert said.error is not None

    async def test_the_end_of_input_ends_it_with_calls_open(self) -> None:
        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await request(reader)
            await asyncio.sleep(10)

        async with serving(silent) as port:
            async with worker(Handshake("openai", "", f"http://127.0.0.1:{port}/v1")) as process:
                order(process, call_of(1))
                await asyncio.sleep(0.3)
                started = time.monotonic()
            assert time.monotonic() - started < 2
            assert process.returncode == 0

    async def test_a_handshake_that_does_not_fit_ends_it(self) -> None:
        async with worker(b"hello") as process:
            assert await asyncio.wait_for(process.wait(), 5) == 2

    async def test_an_order_that_does_not_fit_ends_nothing(self) -> None:
        async with worker(Handshake("openai")) as process:
            order(process, {"id": 1, "call": {"model": "x", "more": 1}})
            order(process, call_of(2, "nonsense"))
            said = await reply(process)
            assert (said.id, said.error and said.error.kind) == (2, "bad_request")

    async def test_speaks_to_a_strict_server_of_each_family(self) -> None:
        """The same through the process as in it."""
        async with StrictServer() as server:
            call = server.call("anthropic", REQUEST.messages, "text", ())
            async with worker(Handshake("anthropic", "k", call.api_base)) as process:
                order(process, {"id": 1, "call": {**msgspec.to_builtins(call), "api_base": ""}})
                said = [await reply(process)]
                while not isinstance(said[-1].event, Finished):
                    said.append(await reply(process))
                    assert said[-1].error is None


class TestLines:
    """What crosses the pipe."""

    def test_an_error_survives_the_way(self) -> None:
        error = ModelError("slow down", kind="rate_limit", retryable=True, retry_after_s=2.5)
        again = msgspec.json.decode(msgspec.json.encode(Reply(1, error=Fault.of(error))), type=Reply)
        assert again.error is not None
        back = again.error.error()
        assert (back.message, back.kind, back.retryable, back.retry_after_s) == ("slow down", "rate_limit", True, 2.5)

    def test_an_order_is_small(self) -> None:
        """What is not given is not sent."""
        assert json.loads(msgspec.json.encode(Order(cancel=3))) == {"cancel": 3}


class TestStart:
    """W9: the direct path loads what it needs and no more."""

    async def test_W9_no_provider_library_is_imported(self) -> None:
        code = (
            "import sys, assistant.models.worker.serve\n"
            "import importlib, pkgutil, assistant.models.worker.wire as w\n"
            "[importlib.import_module(f'{w.__name__}.{m.name}') for m in pkgutil.iter_modules(w.__path__)]\n"
            "print(' '.join(sorted({n.partition('.')[0] for n in sys.modules} & "
            "{'litellm','openai','anthropic','httpx','httpcore','aiohttp','requests','pydantic','botocore','certifi'})))"
        )
        process = await asyncio.create_subprocess_exec(sys.executable, "-I", "-c", code, stdout=asyncio.subprocess.PIPE)
        out, _ = await process.communicate()
        assert out.decode().strip() == ""
