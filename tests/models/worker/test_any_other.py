"""The way through litellm. Its import takes seconds, so the tests of one module share a process."""

from __future__ import annotations

import asyncio
import json
import os

import pytest

from assistant.errors import ModelError
from assistant.models.worker.call import WireCall
from assistant.models.worker.wire import any_other
from assistant.types import CallDone, Effect, Finished, Message, ModelRequest, TextDelta, TextPart, ToolSpec
from tests.models.worker.test_http import request, serving

TOOL = ToolSpec("read", "Read.", Effect.READ, (), {"type": "object", "properties": {"p": {"type": "string"}}})
REQUEST = ModelRequest((Message("user", (TextPart("hi"),)),), (TOOL,))


@pytest.fixture(scope="module", autouse=True)
def loaded() -> None:
    any_other.library()


def piece(delta: dict[str, object], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return (
        b"data: " + json.dumps({"id": "x", "object": "chat.completion.chunk", "choices": [choice]}).encode() + b"\n\n"
    )


CALL = {"index": 0, "id": "call_123456", "type": "function", "function": {"name": "read", "arguments": '{"p": '}}
REST = {"index": 0, "function": {"arguments": '"a"}'}}
STREAM = (
    piece({"role": "assistant", "content": "Let me "})
    + piece({"content": "look."})
    + piece({"tool_calls": [CALL]})
    + piece({"tool_calls": [REST]})
    + piece({}, "tool_calls")
    + b"data: [DONE]\n\n"
)


async def test_a_stream_becomes_the_same_events() -> None:
    """Text, a call in pieces, one end; and usage, which it invents, is marked as estimated."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n" + STREAM)
        await writer.drain()

    async with serving(serve) as port:
        call = WireCall("openai/some-model", REQUEST, f"http://127.0.0.1:{port}/v1", "k", timeout_s=10)
        events = [event async for event in any_other.ask(call)]
    assert "".join(e.text for e in events if isinstance(e, TextDelta)) == "Let me look."
    assert [e.part.call.arguments for e in events if isinstance(e, CallDone)] == ['{"p": "a"}']
    assert isinstance(events[-1], Finished)
    assert events[-1].finish == "tool_calls"
    assert events[-1].usage is None or events[-1].usage.estimated


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, {"error": {"message": "Incorrect API key provided", "code": "invalid_api_key"}}, "auth"),
        (429, {"error": {"message": "slow down", "code": "rate_limit_exceeded"}}, "rate_limit"),
        (
            400,
            {"error": {"message": "maximum context length is 9 tokens", "code": "context_length_exceeded"}},
            "context_length",
        ),
        (503, {"error": {"message": "busy"}}, "overloaded"),
    ],
)
async def test_errors_are_typed(status: int, body: dict[str, object], kind: str) -> None:
    seen = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal seen
        await request(reader)
        seen += 1
        data = json.dumps(body).encode()
        head = f"HTTP/1.1 {status} No\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {len(data)}\r\n\r\n"
        writer.write(head.encode() + data)
        await writer.drain()

    async with serving(serve) as port:
        call = WireCall("openai/some-model", REQUEST, f"http://127.0.0.1:{port}/v1", "k", timeout_s=10)
        with pytest.raises(ModelError) as error:
            _ = [event async for event in any_other.ask(call)]
    assert error.value.kind == kind
    assert seen == 1, "no retries of its own"


async def test_silence_ends_by_the_timeout() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        await asyncio.sleep(20)

    async with serving(serve) as port:
        call = WireCall("openai/some-model", REQUEST, f"http://127.0.0.1:{port}/v1", "k", timeout_s=0.5)
        with pytest.raises(ModelError) as error:
            _ = [event async for event in any_other.ask(call)]
    assert error.value.kind == "timeout"


def test_it_is_kept_from_the_network() -> None:
    """It would fetch a price list and read a file of settings on import."""
    assert os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] == "True"
    assert os.environ["LITELLM_MODE"] == "PRODUCTION"
