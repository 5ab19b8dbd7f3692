"""Anthropic's Messages API, spoken by Anthropic itself, and inside the envelopes of Bedrock's invoke."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from assistant.models.worker.answer import Answer
from assistant.models.worker.call import WireCall
from assistant.models.worker.failure import cut, from_body, unreadable
from assistant.models.worker.frames import Frame
from assistant.models.worker.growing import Growing
from assistant.models.worker.history import Rules, arguments_of, fit, safe_name
from assistant.models.worker.shape import decode, encode, number, record, records, text
from assistant.models.worker.target import Target, join
from assistant.models.worker.wire.request import Request, json_request, schema
from assistant.types import (
    JSON,
    CallPart,
    ImagePart,
    Message,
    ModelEvent,
    ModelRequest,
    Part,
    ReasoningPart,
    ResultPart,
    TextPart,
    ToolSpec,
    Usage,
)

JSON_LINES = False

_FINISH = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
    "pause_turn": "pause",
}

DEFAULT_OUTPUT_TOKENS = 16_384
"""The API wants a limit. Every model from Claude 3.7 on allows this much."""
_OLD_OUTPUT_TOKENS = {"claude-3-5": 8192, "claude-3-": 4096, "claude-2": 4096, "claude-instant": 4096}
_THINKING_TOKENS = {"low": 2048, "medium": 8192, "high": 24_576}
_THOUGHTS = ("thinking", "redacted_thinking")
_WRITTEN = "\0written"
"""Under this name the JSON text of a block's input is kept until the block ends; no block has a field of it."""


def rules(target: Target, call: WireCall) -> Rules:
    """Ids and names as the API's error messages give them: `^[a-zA-Z0-9_-]+$`, names of at most 128."""
    return Rules(r"[A-Za-z0-9_-]{1,128}", 24, r"[A-Za-z0-9_-]{1,128}", images=call.sees_images)


def build(call: WireCall, target: Target) -> Request:
    """The request."""
    body: dict[str, Any] = {"model": target.model, **content(call, target), "stream": call.stream}
    if target.provider == "anthropic":
        body["cache_control"] = {
            "type": "ephemeral"
        }  # the whole prefix, without a marker that moves through the messages
    headers = {"anthropic-version": "2023-06-01", **target.headers}
    path = "/messages" if target.url.endswith("/v1") else "/v1/messages"
    return json_request(join(target.url, path), headers, body)


def content(call: WireCall, target: Target) -> dict[str, Any]:
    """What is asked, without the envelope: Bedrock wraps the same."""
    own = rules(target, call)
    fitted = fit(call.request.messages, target.maker, own)
    thinking = _thinking(call.request, target.model, fitted.messages)
    budget = thinking.get("thinking", {}).get("budget_tokens", 0)
    body: dict[str, Any] = {"max_tokens": _limit(call.request, target.model) + budget}
    if fitted.system:
        body["system"] = fitted.system
    if call.request.tools:
        body["tools"] = [_tool(tool, own.tool_name) for tool in call.request.tools]
    body |= thinking
    body["messages"] = _alternate(fitted.messages)
    return body


def _limit(request: ModelRequest, model: str) -> int:
    known = next((tokens for name, tokens in _OLD_OUTPUT_TOKENS.items() if name in model), DEFAULT_OUTPUT_TOKENS)
    return request.max_output_tokens or known


def _thinking(request: ModelRequest, model: str, messages: tuple[Message, ...]) -> dict[str, Any]:
    """From version 4.6 on a model decides itself how much to think, within an effort; before, it is given tokens."""
    tokens = _THINKING_TOKENS.get(request.reasoning, 0)
    if not tokens:
        return {}
    version = _version(model)
    if version >= (4, 6):
        shown = {"display": "summarized"} if version >= (4, 7) else {}  # else the later ones think without a word
        return {"thinking": {"type": "adaptive", **shown}, "output_config": {"effort": request.reasoning}}
    if version < (3, 7) or not _thought_out(messages):
        return {}
    return {"thinking": {"type": "enabled", "budget_tokens": tokens}}


def _version(model: str) -> tuple[int, int]:
    """`claude-sonnet-4-5-20250929` is (4, 5), `claude-3-7-sonnet` is (3, 7); (0, 0) for a name that says nothing."""
    found = re.search(r"claude-(?:[a-z]+-)?(\d)(?:[-.](\d)(?!\d))?", model)
    return (int(found[1]), int(found[2] or 0)) if found else (0, 0)


def _thought_out(messages: tuple[Message, ...]) -> bool:
    """Whether every answer of the running tool loop begins with thoughts of this model, as it wants with thinking on. Where
    another model began the loop, thinking stays off until the loop ends."""
    for message in reversed(messages):
        if message.role == "user":
            return True
        if message.role == "assistant" and not isinstance(message.parts[0], ReasoningPart):
            return False
    return True


def _tool(tool: ToolSpec, pattern: str) -> dict[str, Any]:
    return {"name": safe_name(tool.name, pattern), "description": tool.summary, "input_schema": schema(tool)}


def _alternate(messages: tuple[Message, ...]) -> list[dict[str, Any]]:
    """Tool results travel in a user message, first in it."""
    out: list[dict[str, Any]] = []
    for message in messages:
        role = "assistant" if message.role == "assistant" else "user"
        blocks = [block for part in message.parts for block in _block(part)]
        if message.role == "assistant":
            blocks = _trimmed(blocks)
        if out and out[-1]["role"] == role:
            out[-1]["content"] += blocks
        else:
            out.append({"role": role, "content": blocks})
    return out


def _trimmed(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Thoughts stand before what they led to; left at the end they are refused. A text may not end in white space."""
    while len(blocks) > 1 and blocks[-1]["type"] in _THOUGHTS:
        blocks = blocks[:-1]
    if blocks and blocks[-1]["type"] == "text":
        blocks = [*blocks[:-1], {**blocks[-1], "text": blocks[-1]["text"].rstrip()}]
    return blocks


def _block(part: Part) -> Iterator[dict[str, Any]]:
    if isinstance(part, TextPart):
        yield {"type": "text", "text": part.text}
    elif isinstance(part, ImagePart):
        source = {"type": "base64", "media_type": part.media_type, "data": part.data_b64}
        yield {"type": "image", "source": source}
    elif isinstance(part, CallPart):
        named = {"type": "tool_use", "id": part.call.id, "name": part.call.name}
        yield {**named, "input": arguments_of(part.call)}
    elif isinstance(part, ResultPart):
        result: dict[str, Any] = {
            "type": "tool_result",
            "tool_use_id": part.result.call_id,
            "content": part.result.text,
        }
        yield result if part.result.ok else {**result, "is_error": True}
    elif block := record(record(part.opaque).get("block")):
        yield block


class Reader:
    """Reads a message, or the events that build one."""

    def __init__(self, target: Target) -> None:
        self.answer = Answer(target.maker)
        self._blocks: dict[object, Growing] = {}
        self._usage: dict[str, Any] = {}
        self._stop = ""
        self._done = False

    def frame(self, frame: Frame) -> Iterator[ModelEvent]:
        """See `answer.Reader`."""
        if frame.data.strip() == b"[DONE]":
            return
        event = record(decode(frame.data))
        if frame.kind == "error" and "type" not in event:
            raise from_body(event)
        yield from self.event(event)

    def event(self, event: Mapping[str, Any]) -> Iterator[ModelEvent]:
        """One event of the stream, taken out of its envelope."""
        kind = event.get("type")
        if kind == "content_block_delta":
            yield from self._delta(event.get("index"), record(event.get("delta")))
        elif kind == "content_block_start":
            yield from self._start(event.get("index"), record(event.get("content_block")))
        elif kind == "content_block_stop":
            yield from self._stop_block(event.get("index"))
        elif kind == "message_start":
            if self._blocks or self.answer.has_calls:  # a gateway that asked another upstream in the middle
                self._blocks.clear()
                self.answer.begin_anew()
            self._count(record(record(event.get("message")).get("usage")))
        elif kind == "message_delta":
            self._count(record(event.get("usage")))
            self._end(record(event.get("delta")))
        elif kind == "message_stop":
            self._done = True
        elif kind == "error" or "error" in event:
            raise from_body(event)
        elif kind == "message":
            yield from self.whole(event)

    def whole(self, body: JSON) -> Iterator[ModelEvent]:
        """See `answer.Reader`."""
        message = record(body)
        if message.get("type") == "error" or (message.get("error") and "content" not in message):
            raise from_body(message)
        if isinstance(message.get("content"), str):  # some that speak like it answer as they may be asked
            message["content"] = [{"type": "text", "text": message["content"]}]
        if not isinstance(message.get("content"), list):
            raise unreadable("no content in it")
        for index, block in enumerate(records(message.get("content"))):
            yield from self._start(index, block)
            yield from self._stop_block(index)
        self._count(record(message.get("usage")))
        self._end(message)
        self._stop = self._stop or "end_turn"
        self._done = True

    def _end(self, said: Mapping[str, Any]) -> None:
        self._stop = text(said.get("stop_reason")) or self._stop
        if self._stop == "refusal":
            self.answer.refuse(text(record(said.get("stop_details")).get("explanation")))

    def complete(self) -> bool:
        """See `answer.Reader`."""
        return self._done and bool(self._stop)

    def finish(self) -> Iterator[ModelEvent]:
        """See `answer.Reader`."""
        if not self._stop:
            raise cut()
        self.answer.usage = _usage_of(self._usage) if self._usage else None
        self.answer.finish = _FINISH.get(self._stop, "other")
        yield from self.answer.end()

    def _start(self, index: object, block: Mapping[str, Any]) -> Iterator[ModelEvent]:
        self._blocks[index] = Growing(block)
        kind = block.get("type")
        if kind == "tool_use":
            given = record(block.get("input"))
            yield from self.answer.call(
                index, id=text(block.get("id")), name=text(block.get("name")), arguments=encode(given) if given else ""
            )
        elif kind == "text":
            yield from self.answer.text(text(block.get("text")))
        elif kind == "thinking":
            yield from self.answer.thought(text(block.get("thinking")))

    def _delta(self, index: object, delta: Mapping[str, Any]) -> Iterator[ModelEvent]:
        block = self._blocks.setdefault(index, Growing())
        kind = delta.get("type")
        if kind == "text_delta":
            yield from self.answer.text(text(delta.get("text")))
        elif kind == "thinking_delta":
            block.grow("thinking", text(delta.get("thinking")))
            yield from self.answer.thought(text(delta.get("thinking")))
        elif kind == "signature_delta":
            block.grow("signature", text(delta.get("signature")))
        elif kind == "input_json_delta":
            piece = text(delta.get("partial_json"))
            if block.get("type") == "tool_use":
                yield from self.answer.call(index, arguments=piece)
            else:
                block.grow(_WRITTEN, piece)

    def _stop_block(self, index: object) -> Iterator[ModelEvent]:
        block = self._blocks.pop(index, Growing()).whole()
        written = text(block.pop(_WRITTEN, ""))
        kind = text(block.get("type"))
        if kind in _THOUGHTS:
            yield from self.answer.thought_done(text(block.get("thinking")), {"block": block})
        elif kind.endswith("tool_use") and kind != "tool_use":
            if written:
                block["input"] = _object(written)
            yield from self.answer.server_tool(text(block.get("name")), block)
            yield from self.answer.thought_done("", {"block": block})
        elif kind.endswith("tool_result"):
            yield from self.answer.thought_done("", {"block": block})

    def _count(self, usage: Mapping[str, Any]) -> None:
        self._usage |= {name: value for name, value in usage.items() if value is not None}


def _object(written: str) -> JSON:
    try:
        return record(decode(written.encode()))
    except ValueError:
        return {}


def _usage_of(raw: Mapping[str, Any]) -> Usage:
    """`input_tokens` leaves out what was read from or written to the cache."""
    read, stored = number(raw.get("cache_read_input_tokens")), number(raw.get("cache_creation_input_tokens"))
    thought = number(record(raw.get("output_tokens_details")).get("thinking_tokens"))
    return Usage(
        number(raw.get("input_tokens")) + read + stored, number(raw.get("output_tokens")), read, stored, thought
    )
