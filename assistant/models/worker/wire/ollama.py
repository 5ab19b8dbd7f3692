"""Ollama's own chat: JSON lines, arguments as objects, pictures beside the words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from assistant.models.worker.answer import Answer
from assistant.models.worker.call import WireCall
from assistant.models.worker.failure import cut, from_body, is_error, unreadable
from assistant.models.worker.frames import Frame
from assistant.models.worker.history import Rules, arguments_of, fit, joined, safe_name
from assistant.models.worker.shape import decode, encode, number, record, records, text
from assistant.models.worker.target import Target, join
from assistant.models.worker.wire.request import Request, json_request, schema
from assistant.types import (
    JSON,
    CallPart,
    ImagePart,
    Message,
    ModelEvent,
    ReasoningPart,
    ResultPart,
    ToolSpec,
    Usage,
)

JSON_LINES = True


def rules(target: Target, call: WireCall) -> Rules:
    """It keeps no ids; names are as free as the model's template lets them be."""
    return Rules(r"[\x21-\x7e]{1,64}", 24, images=call.sees_images)


def build(call: WireCall, target: Target) -> Request:
    """The request."""
    own = rules(target, call)
    fitted = fit(call.request.messages, target.maker, own)
    messages: list[dict[str, Any]] = [{"role": "system", "content": fitted.system}] if fitted.system else []
    names: dict[str, str] = {}
    for message in fitted.messages:
        names |= {part.call.id: part.call.name for part in message.parts if isinstance(part, CallPart)}
        messages.extend(_messages(message, names))
    body: dict[str, Any] = {"model": target.model, "messages": messages, "stream": call.stream}
    if call.request.tools:
        body["tools"] = [_tool(tool, own.tool_name) for tool in call.request.tools]
    asked = {"num_predict": call.request.max_output_tokens, "num_ctx": 0 if _is_elsewhere(target) else call.window}
    if options := {name: value for name, value in asked.items() if value}:
        body["options"] = options
    if call.request.reasoning:
        body["think"] = call.request.reasoning if "gpt-oss" in target.model else True
    return json_request(join(target.url, "/api/chat"), target.headers, body)


def _is_elsewhere(target: Target) -> bool:
    """Ollama's own cloud sets the window itself."""
    return target.model.endswith(("-cloud", ":cloud"))


def _tool(tool: ToolSpec, pattern: str) -> dict[str, Any]:
    named = {"name": safe_name(tool.name, pattern), "description": tool.summary}
    return {"type": "function", "function": {**named, "parameters": schema(tool)}}


def _messages(message: Message, names: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    if message.role == "tool":
        for part in message.parts:
            if isinstance(part, ResultPart):
                name = names.get(part.result.call_id, "tool")
                yield {"role": "tool", "tool_name": name, "content": part.result.text}
        return
    out: dict[str, Any] = {"role": message.role, "content": joined(message.parts)}
    if pictures := [part.data_b64 for part in message.parts if isinstance(part, ImagePart)]:
        out["images"] = pictures
    if thoughts := "".join(part.text for part in message.parts if isinstance(part, ReasoningPart)):
        out["thinking"] = thoughts
    calls = [part.call for part in message.parts if isinstance(part, CallPart)]
    if calls:
        out["tool_calls"] = [{"function": {"name": c.name, "arguments": arguments_of(c)}} for c in calls]
    yield out


class Reader:
    """Reads one message, or the lines of a stream. Each call comes whole; its index repeats, so position counts."""

    def __init__(self, target: Target) -> None:
        self.answer = Answer(target.maker)
        self._thoughts: list[str] = []
        self._calls = 0
        self._done = False
        self._reason = ""

    def frame(self, frame: Frame) -> Iterator[ModelEvent]:
        """See `answer.Reader`."""
        yield from self.whole(decode(frame.data))

    def whole(self, body: JSON) -> Iterator[ModelEvent]:
        """See `answer.Reader`."""
        line = record(body)
        if is_error(line):
            raise from_body(line)
        if "message" not in line and "done" not in line:
            raise unreadable("no message in it")
        message = record(line.get("message"))
        if words := text(message.get("thinking")):
            self._thoughts.append(words)
            yield from self.answer.thought(words)
        yield from self.answer.text(text(message.get("content")))
        for call in records(message.get("tool_calls")):
            function = record(call.get("function"))
            arguments = function.get("arguments")
            written = arguments if isinstance(arguments, str) else encode(record(arguments))
            self._calls += 1
            yield from self.answer.call(
                self._calls, id=text(call.get("id")), name=text(function.get("name")), arguments=written
            )
        if line.get("done"):
            self._done = True
            self._reason = text(line.get("done_reason")) or "stop"
            if "eval_count" in line or "prompt_eval_count" in line:
                self.answer.usage = Usage(number(line.get("prompt_eval_count")), number(line.get("eval_count")))

    def complete(self) -> bool:
        """See `answer.Reader`."""
        return self._done

    def finish(self) -> Iterator[ModelEvent]:
        """See `answer.Reader`."""
        if not self._done:
            raise cut()
        yield from self.answer.thought_done("".join(self._thoughts))
        self.answer.finish = self._reason if self._reason in ("stop", "length") else "other"
        yield from self.answer.end()
