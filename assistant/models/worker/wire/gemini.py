"""Google's generateContent, as the Gemini API and Vertex speak it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from assistant.models.worker.answer import Answer
from assistant.models.worker.call import WireCall
from assistant.models.worker.failure import cut, from_body, is_error, unreadable
from assistant.models.worker.frames import Frame
from assistant.models.worker.history import Rules, arguments_of, fit, safe_name
from assistant.models.worker.shape import decode, encode, number, record, records, text
from assistant.models.worker.target import Target, join
from assistant.models.worker.wire.gemini_arguments import Arguments
from assistant.models.worker.wire.request import Request, json_request, schema
from assistant.types import (
    JSON,
    CallPart,
    ImagePart,
    Message,
    ModelEvent,
    ReasoningPart,
    ResultPart,
    TextPart,
    ToolSpec,
    Usage,
)

JSON_LINES = False

_FINISH: Mapping[object, str] = {
    "STOP": "stop",
    1: "stop",
    "MAX_TOKENS": "length",
    2: "length",
    "SAFETY": "content_filter",
    3: "content_filter",
    "RECITATION": "content_filter",
    4: "content_filter",
    "OTHER": "other",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "IMAGE_PROHIBITED_CONTENT": "content_filter",
    "IMAGE_RECITATION": "content_filter",
    "MODEL_ARMOR": "content_filter",
    "MALFORMED_FUNCTION_CALL": "malformed_tool_call",
    "UNEXPECTED_TOOL_CALL": "malformed_tool_call",
    "MISSING_THOUGHT_SIGNATURE": "malformed_tool_call",
    "TOO_MANY_TOOL_CALLS": "other",
}
"""By name, and by number where a client wrote the enumeration's values."""

_NO_SIGNATURE = "skip_thought_signature_validator"
"""Google's own word for a call that another model made: Gemini 3 refuses calls of the running turn without a signature."""
_THINKING = {"low": 1024, "medium": 8192, "high": 24_576}


def rules(target: Target, call: WireCall) -> Rules:
    """Function names as the API's error message gives them: a letter or underscore first, at most 64 characters."""
    return Rules(r"[\x21-\x7e]{1,64}", 24, r"[A-Za-z_][A-Za-z0-9_.:-]{0,63}", images=call.sees_images)


def build(call: WireCall, target: Target) -> Request:
    """The request."""
    own = rules(target, call)
    fitted = fit(call.request.messages, target.maker, own)
    body: dict[str, Any] = {}
    if fitted.system:
        body["systemInstruction"] = {"parts": [{"text": fitted.system}]}
    if call.request.tools:
        body["tools"] = [{"functionDeclarations": [_tool(tool, own.tool_name) for tool in call.request.tools]}]
    if config := _config(call, target.model):
        body["generationConfig"] = config
    body["contents"] = _contents(fitted.messages, strict=_wants_signatures(target.model))
    method = ("streamGenerateContent", "alt=sse") if call.stream else ("generateContent", "")
    path = f"/models/{quote(target.model.removeprefix('models/'), safe='')}:{method[0]}"
    return json_request(join(target.url, path, method[1]), target.headers, body)


def _tool(tool: ToolSpec, pattern: str) -> dict[str, Any]:
    named: dict[str, Any] = {"name": safe_name(tool.name, pattern), "description": tool.summary}
    shape = schema(tool)
    return {**named, "parametersJsonSchema": shape} if shape["properties"] else named


def _config(call: WireCall, model: str) -> dict[str, Any]:
    config: dict[str, Any] = {}
    if call.request.max_output_tokens:
        config["maxOutputTokens"] = call.request.max_output_tokens
    level = call.request.reasoning
    if level in _THINKING:
        thinking: dict[str, Any] = {"includeThoughts": True}
        version = _version(model)
        if not version:
            pass  # `gemini-flash-latest` may be of either kind: it decides itself
        elif version < (3, 0):
            thinking["thinkingBudget"] = _THINKING[level]
        else:
            medium = "flash" in model or version >= (3, 1)  # the first 3 Pro knows low and high only
            thinking["thinkingLevel"] = "high" if level == "medium" and not medium else level
        config["thinkingConfig"] = thinking
    return config


def _version(model: str) -> tuple[int, int] | None:
    found = re.search(r"gemini-(\d+)(?:\.(\d+))?", model)
    return (int(found[1]), int(found[2] or 0)) if found else None


def _wants_signatures(model: str) -> bool:
    return "gemini" in model and (_version(model) or (3, 0)) >= (3, 0)


def _contents(messages: tuple[Message, ...], *, strict: bool) -> list[dict[str, Any]]:
    """Results stand alone in the turn after their calls, as many as there were calls."""
    names: dict[str, str] = {}
    out: list[dict[str, Any]] = []
    for message in messages:
        role = "model" if message.role == "assistant" else "user"
        names |= {part.call.id: part.call.name for part in message.parts if isinstance(part, CallPart)}
        out.append({"role": role, "parts": _parts(message, names, strict=strict)})
    return out


def _parts(message: Message, names: Mapping[str, str], *, strict: bool) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = []
    first_call = True
    for part in message.parts:
        if isinstance(part, TextPart):
            parts.append({"text": part.text})
        elif isinstance(part, ImagePart):
            parts.append({"inlineData": {"mimeType": part.media_type, "data": part.data_b64}})
        elif isinstance(part, ResultPart):
            answer = {"output" if part.result.ok else "error": part.result.text}
            parts.append({"functionResponse": {"name": names.get(part.result.call_id, "tool"), "response": answer}})
        elif isinstance(part, CallPart):
            call: dict[str, Any] = {"functionCall": {"name": part.call.name, "args": arguments_of(part.call)}}
            signature = text(record(part.opaque).get("thoughtSignature"))
            if not signature and strict and first_call and not _signed(message):
                signature = _NO_SIGNATURE
            parts.append({**call, "thoughtSignature": signature} if signature else call)
            first_call = False
        else:
            _sign(parts, part)
    return parts


def _signed(message: Message) -> bool:
    return any(record(part.opaque).get("thoughtSignature") for part in message.parts if isinstance(part, CallPart))


def _sign(parts: list[dict[str, Any]], part: ReasoningPart) -> None:
    """A signature belongs to the words before it, or stands on an empty text."""
    signature = text(record(part.opaque).get("thoughtSignature"))
    if not signature:
        return
    if parts and "text" in parts[-1] and "thoughtSignature" not in parts[-1]:
        parts[-1]["thoughtSignature"] = signature
    else:
        parts.append({"text": "", "thoughtSignature": signature})


class Reader:
    """Reads a response, or the responses that a stream is made of. Only the first candidate counts."""

    def __init__(self, target: Target) -> None:
        self.answer = Answer(target.maker)
        self._thoughts: list[str] = []
        self._thought_signature = ""
        self._calls = 0
        self._partial: Arguments | None = None
        self._finish: object = None
        self._said = False

    def frame(self, frame: Frame) -> Iterator[ModelEvent]:
        """See `answer.Reader`."""
        if frame.data.strip() == b"[DONE]":
            return
        yield from self._response(record(decode(frame.data)))

    def whole(self, body: JSON) -> Iterator[ModelEvent]:
        """See `answer.Reader`. A stream asked for without `alt=sse` is one array."""
        responses = records(body) if isinstance(body, list) else [record(body)]
        for response in responses:
            if not {"candidates", "promptFeedback", "usageMetadata", "error"} & response.keys():
                raise unreadable("no candidate in it")
            yield from self._response(response)
        if self._finish is None and isinstance(body, dict) and self._said:
            self._finish = "STOP"  # one document that is whole, with content and without a reason

    def complete(self) -> bool:
        """See `answer.Reader`. Nothing marks the last response of a stream but the end of the body."""
        return False

    def finish(self) -> Iterator[ModelEvent]:
        """See `answer.Reader`."""
        if self._finish is None:
            raise cut()
        yield from self._close_call()
        yield from self._close_thought()
        finish = _FINISH.get(self._finish, "other")
        if self._finish == "UNEXPECTED_TOOL_CALL" and self.answer.has_calls:
            finish = "tool_calls"  # of a tool that was not offered: the model is told so like after any such call
        self.answer.finish = finish
        yield from self.answer.end()

    def _response(self, response: Mapping[str, Any]) -> Iterator[ModelEvent]:
        if is_error(response):
            raise from_body(response)
        usage = record(response.get("usageMetadata"))
        if "promptTokenCount" in usage or "totalTokenCount" in usage:
            self.answer.usage = _usage_of(usage)
        feedback = record(response.get("promptFeedback"))
        if feedback.get("blockReason"):
            self._finish = "SAFETY"
            self.answer.refuse(text(feedback.get("blockReasonMessage")) or text(feedback.get("blockReason")))
        first = (c for c in records(response.get("candidates")) if number(c.get("index")) == 0)
        for candidate in first:
            for part in records(record(candidate.get("content")).get("parts")):
                self._said = True
                yield from self._part(part)
            said = candidate.get("finishReason")
            if said and said != "FINISH_REASON_UNSPECIFIED":
                self._finish = said if isinstance(said, int) else text(said)
                if _FINISH.get(self._finish) == "content_filter":
                    self.answer.refuse(text(candidate.get("finishMessage")))

    def _part(self, part: Mapping[str, Any]) -> Iterator[ModelEvent]:
        signature = text(part.get("thoughtSignature"))
        words = text(part.get("text"))
        if part.get("thought"):
            self._thoughts.append(words)
            self._thought_signature = signature or self._thought_signature
            yield from self.answer.thought(words)
            return
        yield from self._close_thought()
        if "functionCall" in part:
            yield from self._call(record(part.get("functionCall")), signature)
            return
        yield from self.answer.text(words)
        for name in ("executableCode", "toolCall"):
            if name in part:
                detail = record(part.get(name))
                yield from self.answer.server_tool(text(detail.get("toolType")) or name, detail)
        if signature and "text" in part:
            yield from self.answer.thought_done("", {"thoughtSignature": signature})

    def _call(self, call: Mapping[str, Any], signature: str) -> Iterator[ModelEvent]:
        """A call, whole; or its name, and then its arguments value by value (see `gemini_arguments`)."""
        pieces = records(call.get("partialArgs"))
        going_on = bool(call.get("willContinue"))
        if self._partial is None or call.get("name"):
            yield from self._close_call()
            if not call.get("name") and not call.get("args"):
                return  # the end mark of a call that is closed
            self._calls += 1
            arguments = "" if pieces or going_on else encode(record(call.get("args")))
            opaque = {"thoughtSignature": signature} if signature else None
            id, name = text(call.get("id")), text(call.get("name"))
            yield from self.answer.call(self._calls, id=id, name=name, arguments=arguments, opaque=opaque)
            self._partial = Arguments() if pieces or going_on else None
        if self._partial is not None:
            for piece in pieces:
                self._partial.take(piece)
            if not going_on:
                yield from self._close_call()

    def _close_call(self) -> Iterator[ModelEvent]:
        if self._partial is not None:
            yield from self.answer.call(self._calls, arguments=encode(self._partial.value))
            self._partial = None

    def _close_thought(self) -> Iterator[ModelEvent]:
        words, self._thoughts = "".join(self._thoughts), []
        signature, self._thought_signature = self._thought_signature, ""
        yield from self.answer.thought_done(words, {"thoughtSignature": signature} if signature else None)


def _usage_of(raw: Mapping[str, Any]) -> Usage:
    """Thoughts and the results of Google's own tools are counted apart from the rest."""
    thought = number(raw.get("thoughtsTokenCount"))
    return Usage(
        number(raw.get("promptTokenCount")) + number(raw.get("toolUsePromptTokenCount")),
        number(raw.get("candidatesTokenCount")) + thought,
        number(raw.get("cachedContentTokenCount")),
        0,
        thought,
    )
