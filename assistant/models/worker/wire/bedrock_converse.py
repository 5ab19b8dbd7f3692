"""Amazon Bedrock's Converse, the same for every model that it hosts."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from assistant.errors import ModelError
from assistant.models.worker.answer import Answer
from assistant.models.worker.call import WireCall
from assistant.models.worker.failure import cut, from_body, unreadable
from assistant.models.worker.frames import Frame
from assistant.models.worker.growing import Growing
from assistant.models.worker.history import Rules, arguments_of, fit, safe_name
from assistant.models.worker.shape import decode, encode, number, record, records, text
from assistant.models.worker.target import Target, join, region
from assistant.models.worker.wire.aws_signature import find_credentials, sign
from assistant.models.worker.wire.bedrock_cache import mark_converse
from assistant.models.worker.wire.request import Request, json_request, schema
from assistant.types import (
    JSON,
    CallPart,
    Effect,
    ImagePart,
    Message,
    ModelEvent,
    Part,
    ResultPart,
    TextPart,
    ToolSpec,
    Usage,
)

JSON_LINES = False

FINISH = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
    "malformed_tool_use": "malformed_tool_call",
    "malformed_model_output": "other",
}


def rules(target: Target, call: WireCall) -> Rules:
    """Ids and names `[a-zA-Z0-9_-]+` of at most 64 characters (API reference); Nova wants a letter first."""
    return Rules(r"[A-Za-z0-9_-]{1,64}", 24, r"[A-Za-z][A-Za-z0-9_]{0,63}", images=call.sees_images)


def build(call: WireCall, target: Target) -> Request:
    """The request, signed."""
    own = rules(target, call)
    fitted = fit(call.request.messages, target.maker, own)
    body: dict[str, Any] = {"messages": _alternate(fitted.messages)}
    if fitted.system:
        body["system"] = [{"text": fitted.system}]
    if call.request.max_output_tokens:
        body["inferenceConfig"] = {"maxTokens": call.request.max_output_tokens}
    if tools := _tools(call.request.tools, fitted.messages, own.tool_name):
        body["toolConfig"] = {"tools": tools}
    mark_converse(body, target.model)
    return signed(call, target, "converse-stream" if call.stream else "converse", body)


def signed(call: WireCall, target: Target, method: str, body: Mapping[str, JSON]) -> Request:
    """A request to the Bedrock runtime. With a Bedrock API key no signature is needed."""
    url = join(target.url, f"/model/{quote(target.model, safe='')}/{method}")
    plain = json_request(url, {}, body)
    if call.api_key:
        return plain._replace(headers={**plain.headers, "Authorization": f"Bearer {call.api_key}"})
    who = find_credentials(call.extra)
    if who is None:
        raise ModelError(
            "no AWS credentials were given",
            kind="auth",
            hint="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or store a Bedrock API key",
        )
    return plain._replace(headers=sign(url, plain.headers, plain.body, who, region(call), "bedrock"))


def _tools(tools: tuple[ToolSpec, ...], messages: tuple[Message, ...], pattern: str) -> list[dict[str, Any]]:
    """A history with calls is refused without any tools: then one stands in that says what it is."""
    if not tools and any(isinstance(part, CallPart) for message in messages for part in message.parts):
        tools = (_STAND_IN,)
    specs = ((safe_name(tool.name, pattern), tool.summary or tool.name, schema(tool)) for tool in tools)
    return [{"toolSpec": {"name": n, "description": d, "inputSchema": {"json": s}}} for n, d, s in specs]


def _alternate(messages: tuple[Message, ...]) -> list[dict[str, Any]]:
    out: list[dict[str, Any]] = []
    for message in messages:
        role = "assistant" if message.role == "assistant" else "user"
        blocks = [block for part in message.parts for block in _block(part)]
        if out and out[-1]["role"] == role:
            out[-1]["content"] += blocks
        else:
            out.append({"role": role, "content": blocks})
    return out


def _block(part: Part) -> Iterator[dict[str, Any]]:
    if isinstance(part, TextPart):
        yield {"text": part.text}
    elif isinstance(part, ImagePart):
        form = part.media_type.rpartition("/")[2].replace("jpg", "jpeg")
        yield {"image": {"format": form, "source": {"bytes": part.data_b64}}}
    elif isinstance(part, CallPart):
        yield {"toolUse": {"toolUseId": part.call.id, "name": part.call.name, "input": arguments_of(part.call)}}
    elif isinstance(part, ResultPart):
        status = "success" if part.result.ok else "error"
        inner = [{"text": part.result.text}]
        yield {"toolResult": {"toolUseId": part.result.call_id, "content": inner, "status": status}}
    elif block := record(record(part.opaque).get("reasoningContent")):
        yield {"reasoningContent": block}


class Reader:
    """Reads a converse answer, or the events that build one."""

    def __init__(self, target: Target) -> None:
        self.answer = Answer(target.maker)
        self._thoughts: dict[object, Growing] = {}
        self._server: dict[object, dict[str, Any]] = {}
        self._stop = ""
        self._whole = False
        """Nothing more is to come: the body was one document, or the stream said its last event."""

    def frame(self, frame: Frame) -> Iterator[ModelEvent]:
        """See `answer.Reader`."""
        if frame.fault:
            raise from_body(
                decode(frame.data) if frame.data[:1] == b"{" else frame.data.decode("utf-8", "replace"),
                name=frame.fault,
            )
        yield from self.event(frame.kind, record(decode(frame.data)))

    def event(self, kind: str, event: Mapping[str, Any]) -> Iterator[ModelEvent]:
        """One event of the stream, taken out of its envelope."""
        index = event.get("contentBlockIndex")
        if kind == "contentBlockDelta":
            yield from self._delta(index, record(event.get("delta")))
        elif kind == "contentBlockStart":
            yield from self._start(index, record(record(event.get("start")).get("toolUse")))
        elif kind == "contentBlockStop":
            yield from self._stop_block(index)
        elif kind == "messageStop":
            self._stop = text(event.get("stopReason"))
        elif kind == "metadata":
            self.answer.usage = usage_of(record(event.get("usage")))
            self._whole = True

    def whole(self, body: JSON) -> Iterator[ModelEvent]:
        """See `answer.Reader`."""
        content = record(body)
        message = record(record(content.get("output")).get("message"))
        if not message:
            raise from_body(content) if content.get("message") else unreadable("no message in it")
        for index, block in enumerate(records(message.get("content"))):
            yield from self._block(index, block)
        self._stop = text(content.get("stopReason")) or "end_turn"
        self.answer.usage = usage_of(record(content.get("usage")))
        self._whole = True

    def complete(self) -> bool:
        """See `answer.Reader`."""
        return bool(self._stop and self._whole)

    def finish(self) -> Iterator[ModelEvent]:
        """See `answer.Reader`. The metadata come last: without them the stream was cut."""
        if not self._stop or not self._whole:
            raise cut()
        for index in list(self._thoughts):
            yield from self._stop_block(index)
        self.answer.finish = FINISH.get(self._stop, "other")
        yield from self.answer.end()

    def _block(self, index: object, block: Mapping[str, Any]) -> Iterator[ModelEvent]:
        yield from self.answer.text(text(block.get("text")))
        for part in records(record(block.get("citationsContent")).get("content")):
            yield from self.answer.text(text(part.get("text")))
        if use := record(block.get("toolUse")):
            yield from self._start(index, use)
            if self.answer.call_open(index):
                yield from self.answer.call(index, arguments=encode(record(use.get("input"))))
        if thought := record(block.get("reasoningContent")):
            inner = record(thought.get("reasoningText"))
            yield from self.answer.thought(text(inner.get("text")))
            yield from self.answer.thought_done(text(inner.get("text")), {"reasoningContent": thought})

    def _start(self, index: object, use: Mapping[str, Any]) -> Iterator[ModelEvent]:
        if not use:
            return
        if text(use.get("type")).startswith("server"):
            self._server[index] = dict(use)
            yield from self.answer.server_tool(text(use.get("name")), dict(use))
            return
        yield from self.answer.call(index, id=text(use.get("toolUseId")), name=text(use.get("name")))

    def _delta(self, index: object, delta: Mapping[str, Any]) -> Iterator[ModelEvent]:
        yield from self.answer.text(text(delta.get("text")))
        if "toolUse" in delta and index not in self._server:
            piece = record(delta.get("toolUse")).get("input")
            yield from self.answer.call(index, arguments=piece if isinstance(piece, str) else encode(record(piece)))
        if thought := record(delta.get("reasoningContent")):
            kept = self._thoughts.setdefault(index, Growing())
            for name in ("text", "signature", "redactedContent"):
                if name in thought:
                    kept.grow(name, text(thought.get(name)))
            yield from self.answer.thought(text(thought.get("text")))

    def _stop_block(self, index: object) -> Iterator[ModelEvent]:
        begun = self._thoughts.pop(index, None)
        if begun is None:
            return
        kept = begun.whole()
        if "redactedContent" in kept:
            block: dict[str, Any] = {"redactedContent": kept["redactedContent"]}
        else:
            block = {"reasoningText": {name: kept[name] for name in ("text", "signature") if name in kept}}
        yield from self.answer.thought_done(kept.get("text", ""), {"reasoningContent": block})


def usage_of(raw: Mapping[str, Any]) -> Usage | None:
    """`inputTokens` leaves out what was read from or written to the cache."""
    if not raw:
        return None
    read, stored = number(raw.get("cacheReadInputTokens")), number(raw.get("cacheWriteInputTokens"))
    read, stored = (
        read or number(raw.get("cacheReadInputTokenCount")),
        stored or number(raw.get("cacheWriteInputTokenCount")),
    )
    return Usage(number(raw.get("inputTokens")) + read + stored, number(raw.get("outputTokens")), read, stored)


_STAND_IN = ToolSpec(
    "no_tool",
    "Does nothing: the tools of earlier turns are not offered any more.",
    effect=Effect.READ,
    program=(),
    parameters={},
)


def unwrap(data: bytes) -> JSON:
    """The JSON inside an invoke stream's `{"bytes": base64}`."""
    return decode(base64.b64decode(text(record(decode(data)).get("bytes")), validate=False))
