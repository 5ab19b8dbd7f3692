"""A small model server on loopback, for the real worker to talk to. It plays steps and keeps every request's exact bytes.

Speaks OpenAI's chat completions and Responses, Anthropic's messages and Gemini's generateContent, streaming.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from assistant.models.scripted import Step
from assistant.types import Data


class Taken(Data, frozen=True):
    """One request as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes
    at_s: float


class Serve(Data, frozen=True):
    """How the server behaves beside the step's own words: a status in place of an answer, or silence after them."""

    step: Step = Step()
    status: int = 200
    headers: dict[str, str] = {}
    hang: bool = False
    """Fall silent after the first words."""


class ModelServer:
    """`async with ModelServer([...]) as server:` then `server.base`, `server.taken`, `server.ended`. The last step repeats."""

    def __init__(self, steps: Sequence[Step | Serve]) -> None:
        self._steps = [s if isinstance(s, Serve) else Serve(s) for s in steps]
        self.taken: list[Taken] = []
        self.ended: list[float] = []
        """When a client went away before its answer was over."""

    async def __aenter__(self) -> ModelServer:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=2**26)
        self.base = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while await self._answer(reader, writer):
                pass
        writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; whether the connection may carry another."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        now = asyncio.get_running_loop().time()
        headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        path = head[0].split(" ")[1]
        stays = headers.get("connection", "").lower() != "close"
        serve = self._steps[min(len(self.taken), len(self._steps) - 1)]
        self.taken.append(Taken(path, headers, body, now))
        extra = "".join(f"{n}: {v}\r\n" for n, v in serve.headers.items())
        if serve.status != 200:
            text = json.dumps({"error": {"message": "so it was scripted", "type": "scripted"}}).encode()
            writer.write(f"HTTP/1.1 {serve.status} X\r\ncontent-type: application/json\r\n{extra}".encode())
            writer.write(f"content-length: {len(text)}\r\n\r\n".encode() + text)
            await writer.drain()
            return stays
        writer.write(
            f"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n{extra}transfer-encoding: chunked\r\n\r\n".encode()
        )
        for event in _events(path, serve.step, len(self.taken)):
            writer.write(b"%x\r\n%s\r\n" % (len(event), event))
            if serve.hang and serve.step.text[: serve.step.piece].encode() in event:
                await writer.drain()
                with suppress(ConnectionError):
                    await reader.read(1)
                self.ended.append(asyncio.get_running_loop().time())
                raise ConnectionResetError
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return stays


def _events(path: str, step: Step, number: int) -> Iterator[bytes]:
    if path.endswith("/chat/completions"):
        return _chat(step, number)
    if path.endswith("/responses"):
        return _responses(step, number)
    if path.endswith("/messages"):
        return _anthropic(step, number)
    return _gemini(step, number)


def _sse(data: Any, event: str = "") -> bytes:
    head = f"event: {event}\n" if event else ""
    return f"{head}data: {data if isinstance(data, str) else json.dumps(data)}\n\n".encode()


def _pieces(text: str, size: int) -> Iterator[str]:
    return (text[i : i + size] for i in range(0, len(text), size))


def _chat(step: Step, number: int) -> Iterator[bytes]:
    def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return _sse(
            {"id": f"c{number}", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
        )

    for piece in _pieces(step.text, step.piece):
        yield chunk({"role": "assistant", "content": piece})
    for index, call in enumerate(step.calls):
        function = {"name": call.name, "arguments": json.dumps(call.arguments)}
        yield chunk(
            {"tool_calls": [{"index": index, "id": f"call_{number}_{index}", "type": "function", "function": function}]}
        )
    yield chunk({}, "tool_calls" if step.calls else "stop")
    usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
    yield _sse(
        {
            "id": f"c{number}",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "m",
            "choices": [],
            "usage": usage,
        }
    )
    yield _sse("[DONE]")


def _responses(step: Step, number: int) -> Iterator[bytes]:
    items: list[dict[str, Any]] = []
    base = {
        "id": f"resp_{number}",
        "object": "response",
        "created_at": 1,
        "model": "m",
        "status": "in_progress",
        "output": [],
    }
    yield _sse({"type": "response.created", "sequence_number": 0, "response": base}, "response.created")
    if step.text:
        item: dict[str, Any] = {"type": "message", "id": f"msg_{number}", "role": "assistant", "status": "completed"}
        item["content"] = [{"type": "output_text", "text": step.text, "annotations": []}]
        ids = {"item_id": item["id"], "output_index": 0, "content_index": 0}
        yield _sse({"type": "response.output_item.added", "output_index": 0, "item": {**item, "content": []}})
        yield _sse(
            {
                "type": "response.content_part.added",
                "part": {"type": "output_text", "text": "", "annotations": []},
                **ids,
            }
        )
        for piece in _pieces(step.text, step.piece):
            yield _sse({"type": "response.output_text.delta", "delta": piece, **ids})
        yield _sse({"type": "response.output_text.done", "text": step.text, **ids})
        yield _sse({"type": "response.output_item.done", "output_index": 0, "item": item})
        items.append(item)
    for call in step.calls:
        at, text = len(items), json.dumps(call.arguments)
        item = {"type": "function_call", "id": f"fc_{number}_{at}", "call_id": f"call_{number}_{at}", "name": call.name}
        item |= {"arguments": text, "status": "completed"}
        yield _sse({"type": "response.output_item.added", "output_index": at, "item": {**item, "arguments": ""}})
        yield _sse(
            {"type": "response.function_call_arguments.delta", "item_id": item["id"], "output_index": at, "delta": text}
        )
        yield _sse(
            {
                "type": "response.function_call_arguments.done",
                "item_id": item["id"],
                "output_index": at,
                "arguments": text,
            }
        )
        yield _sse({"type": "response.output_item.done", "output_index": at, "item": item})
        items.append(item)
    usage = {
        "input_tokens": 100,
        "output_tokens": 10,
        "total_tokens": 110,
        "input_tokens_details": {"cached_tokens": 0},
    }
    usage["output_tokens_details"] = {"reasoning_tokens": 0}
    yield _sse(
        {"type": "response.completed", "response": {**base, "status": "completed", "output": items, "usage": usage}}
    )


def _anthropic(step: Step, number: int) -> Iterator[bytes]:
    usage = {"input_tokens": 100, "output_tokens": 1, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
    message = {
        "id": f"msg_{number}",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [],
        "usage": usage,
    }
    yield _sse(
        {"type": "message_start", "message": {**message, "stop_reason": None, "stop_sequence": None}}, "message_start"
    )
    index = 0
    if step.text:
        yield _sse({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}})
        for piece in _pieces(step.text, step.piece):
            yield _sse({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}})
        yield _sse({"type": "content_block_stop", "index": 0})
        index = 1
    for call in step.calls:
        block = {"type": "tool_use", "id": f"toolu_{number}_{index}", "name": call.name, "input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(call.arguments)}
        yield _sse({"type": "content_block_start", "index": index, "content_block": block})
        yield _sse({"type": "content_block_delta", "index": index, "delta": delta})
        yield _sse({"type": "content_block_stop", "index": index})
        index += 1
    stop = {"stop_reason": "tool_use" if step.calls else "end_turn", "stop_sequence": None}
    yield _sse({"type": "message_delta", "delta": stop, "usage": {"output_tokens": 10}}, "message_delta")
    yield _sse({"type": "message_stop"}, "message_stop")


def _gemini(step: Step, number: int) -> Iterator[bytes]:
    calls = [
        {"functionCall": {"id": f"c{number}_{i}", "name": c.name, "args": c.arguments}}
        for i, c in enumerate(step.calls)
    ]
    texts = [{"text": piece} for piece in _pieces(step.text, step.piece)]
    usage = {"promptTokenCount": 100, "candidatesTokenCount": 10, "totalTokenCount": 110}
    parts = [*texts, *calls] or [{"text": ""}]
    for at, part in enumerate(parts):
        candidate: dict[str, Any] = {"index": 0, "content": {"role": "model", "parts": [part]}}
        if at == len(parts) - 1:
            candidate["finishReason"] = "STOP"
        yield _sse({"candidates": [candidate], "usageMetadata": usage, "modelVersion": "m", "responseId": f"r{number}"})
