"""Cohere's chat: version 2, and version 1 for addresses that end in `/v1/chat`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from assistant.models.worker.answer import Answer
from assistant.models.worker.call import WireCall
from assistant.models.worker.failure import cut, from_body, is_error, unreadable
from assistant.models.worker.frames import Frame
from assistant.models.worker.history import Rules, fit, joined, safe_name
from assistant.models.worker.shape import decode, encode, number, record, records, text
from assistant.models.worker.target import Target, join
from assistant.models.worker.wire.request import Request, json_request, schema
from assistant.types import (
    JSON,
    CallPart,
    ImagePart,
    Message,
    ModelEvent,
    ResultPart,
    TextPart,
    ToolSpec,
    Usage,
)

JSON_LINES = True

_FINISH = {
    "COMPLETE": "stop",
    "STOP_SEQUENCE": "stop",
    "MAX_TOKENS": "length",
    "ERROR_LIMIT": "length",
    "TOOL_CALL": "tool_calls",
    "ERROR_TOXIC": "content_filter",
}


def rules(target: Target, call: WireCall) -> Rules:
    """Names of letters, digits and underscores that don't begin with a digit (API reference)."""
    return Rules(r"[\x21-\x7e]{1,64}", 24, r"[A-Za-z_][A-Za-z0-9_]{0,63}", system_inside=True, images=call.sees_images)


def build(call: WireCall, target: Target) -> Request:
    """The request. Version 1 gets words only: no model that needs it calls tools through us."""
    own = rules(target, call)
    fitted = fit(call.request.messages, target.maker, own)
    body: dict[str, Any] = {"model": target.model, "stream": call.stream}
    if call.request.max_output_tokens:
        body["max_tokens"] = call.request.max_output_tokens
    if target.url.endswith("/v1/chat"):
        *earlier, last = fitted.messages
        body |= {"message": _words(last), "chat_history": [_turn(message) for message in earlier]}
        if fitted.system:
            body["preamble"] = fitted.system
        return json_request(target.url, target.headers, body)
    body["messages"] = [{"role": "system", "content": fitted.system}] if fitted.system else []
    body["messages"] += [item for message in fitted.messages for item in _messages(message)]
    if call.request.tools:
        body["tools"] = [_tool(tool, own.tool_name) for tool in call.request.tools]
    url = target.url if target.url.endswith("/chat") else join(target.url, "/v2/chat")
    return json_request(url, target.headers, body)


def _tool(tool: ToolSpec, pattern: str) -> dict[str, Any]:
    named = {"name": safe_name(tool.name, pattern), "description": tool.summary}
    return {"type": "function", "function": {**named, "parameters": schema(tool)}}


def _words(message: Message) -> str:
    results = [part.result.text for part in message.parts if isinstance(part, ResultPart)]
    return "\n\n".join(part for part in (joined(message.parts), *results) if part)


def _turn(message: Message) -> dict[str, str]:
    return {"role": "CHATBOT" if message.role == "assistant" else "USER", "message": _words(message) or "(a tool call)"}


def _messages(message: Message) -> Iterator[dict[str, Any]]:
    if message.role == "tool":
        for part in message.parts:
            if isinstance(part, ResultPart):
                yield {"role": "tool", "tool_call_id": part.result.call_id, "content": part.result.text}
        return
    calls = [part.call for part in message.parts if isinstance(part, CallPart)]
    if calls:
        out: dict[str, Any] = {"role": "assistant"}
        if plan := joined(message.parts):
            out["tool_plan"] = plan
        functions = ((call.id, {"name": call.name, "arguments": call.arguments}) for call in calls)
        out["tool_calls"] = [{"id": id, "type": "function", "function": function} for id, function in functions]
        yield out
        return
    if any(isinstance(part, ImagePart) for part in message.parts):
        yield {
            "role": message.role,
            "content": [_content(p) for p in message.parts if isinstance(p, (TextPart, ImagePart))],
        }
    else:
        yield {"role": message.role, "content": joined(message.parts)}


def _content(part: TextPart | ImagePart) -> dict[str, Any]:
    if isinstance(part, TextPart):
        return {"type": "text", "text": part.text}
    return {"type": "image_url", "image_url": {"url": f"data:{part.media_type};base64,{part.data_b64}"}}


class Reader:
    """Reads both versions: their messages can't be confused."""

    def __init__(self, target: Target) -> None:
        self.answer = Answer(target.maker)
        self._thoughts: list[str] = []
        self._spoken = False
        self._finish = ""

    def frame(self, frame: Frame) -> Iterator[ModelEvent]:
        """See `answer.Reader`."""
        if frame.data.strip() == b"[DONE]":
            return
        event = record(decode(frame.data))
        if is_error(event):
            raise from_body(event)
        kind = text(event.get("type")) or frame.kind
        if "event_type" in event:
            yield from self._first_version(event)
        elif kind in ("content-start", "content-delta"):
            content = record(record(record(event.get("delta")).get("message")).get("content"))
            yield from self._content(content)
        elif kind == "tool-plan-delta":
            yield from self._think(text(record(record(event.get("delta")).get("message")).get("tool_plan")))
        elif kind in ("tool-call-start", "tool-call-delta"):
            call = record(record(record(event.get("delta")).get("message")).get("tool_calls"))
            yield from self._call(event.get("index"), call)
        elif kind == "message-end":
            delta = record(event.get("delta"))
            self._end(text(delta.get("finish_reason")), record(delta.get("usage")), delta)
        elif "message" in event or "text" in event:
            yield from self.whole(event)

    def whole(self, body: JSON) -> Iterator[ModelEvent]:
        """See `answer.Reader`."""
        content = record(body)
        message = record(content.get("message"))
        if is_error(content):
            raise from_body(content)
        if not message and not isinstance(content.get("text"), str):
            raise from_body(content) if isinstance(content.get("message"), str) else unreadable("no message in it")
        yield from self.answer.text(text(content.get("text")))
        yield from self._think(text(message.get("tool_plan")))
        yield from self.answer.text(text(message.get("content")))
        for part in records(message.get("content")):
            yield from self._content(part)
        for index, call in enumerate(records(message.get("tool_calls")) or records(content.get("tool_calls"))):
            yield from self._call(index, call)
        usage = record(content.get("usage")) or record(content.get("meta"))
        self._end(text(content.get("finish_reason")) or "COMPLETE", usage, content)

    def complete(self) -> bool:
        """See `answer.Reader`."""
        return bool(self._finish)

    def finish(self) -> Iterator[ModelEvent]:
        """See `answer.Reader`."""
        if not self._finish:
            raise cut()
        yield from self.answer.thought_done("".join(self._thoughts))
        self.answer.finish = _FINISH.get(self._finish, "other")
        yield from self.answer.end()

    def _first_version(self, event: Mapping[str, Any]) -> Iterator[ModelEvent]:
        kind = event.get("event_type")
        if kind == "text-generation":
            self._spoken = True
            yield from self.answer.text(text(event.get("text")))
        elif kind == "stream-end":
            response = record(event.get("response"))
            if not self._spoken:
                yield from self.answer.text(text(response.get("text")))
            for index, call in enumerate(records(response.get("tool_calls"))):
                yield from self._call(index, call)
            self._end(text(event.get("finish_reason")), record(response.get("meta")), event)

    def _content(self, part: Mapping[str, Any]) -> Iterator[ModelEvent]:
        yield from self._think(text(part.get("thinking")))
        yield from self.answer.text(text(part.get("text")))

    def _think(self, words: str) -> Iterator[ModelEvent]:
        """Thoughts, and the plan that comes before tool calls: both are said to nobody."""
        if words:
            self._thoughts.append(words)
            yield from self.answer.thought(words)

    def _call(self, key: object, call: Mapping[str, Any]) -> Iterator[ModelEvent]:
        function = record(call.get("function"))
        arguments = function.get("arguments")
        if "parameters" in call:  # version 1
            function, arguments = call, call.get("parameters")
        written = arguments if isinstance(arguments, str) else "" if arguments is None else encode(arguments)
        yield from self.answer.call(key, id=text(call.get("id")), name=text(function.get("name")), arguments=written)

    def _end(self, finish: str, usage: Mapping[str, Any], envelope: Mapping[str, Any]) -> None:
        if finish.upper() in ("ERROR", "TIMEOUT", "USER_CANCEL"):
            raise from_body({"message": text(envelope.get("error")) or f"the answer ended with {finish}"})
        self._finish = finish.upper() or "COMPLETE"
        tokens = record(usage.get("tokens")) or record(usage.get("billed_units"))
        if tokens:
            self.answer.usage = Usage(
                number(tokens.get("input_tokens")),
                number(tokens.get("output_tokens")),
                number(usage.get("cached_tokens")),
                0,
                number(tokens.get("reasoning_tokens")),
            )
