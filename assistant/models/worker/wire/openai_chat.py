"""OpenAI's chat completions, and the many providers that speak the same with accents of their own.

Accents read here, each with recordings: reasoning as `reasoning_content`, `reasoning`, `reasoning_details` or content
parts; usage in the last chunk, in a chunk without choices, or in `x_groq`; the legacy `function_call`; parallel calls
streamed under one index (Ollama); a finish said twice; errors inside a stream.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from assistant.errors import ModelError
from assistant.models.worker.answer import Answer
from assistant.models.worker.call import WireCall
from assistant.models.worker.failure import cut, from_body, is_error, unreadable
from assistant.models.worker.frames import Frame
from assistant.models.worker.growing import Growing
from assistant.models.worker.history import Fitted, Rules, fit, joined, safe_name
from assistant.models.worker.shape import decode, encode, items, number, record, records, text
from assistant.models.worker.target import Target, join
from assistant.models.worker.wire.request import Request, json_request, schema
from assistant.types import (
    JSON,
    CallPart,
    ImagePart,
    Message,
    ModelEvent,
    Part,
    ReasoningPart,
    ResultPart,
    TextPart,
    ToolSpec,
    Usage,
)

_FINISH = {
    "stop": "stop",
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "safety": "content_filter",
    "eos": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "stop_word": "stop",
    "eos_token": "stop",
    "complete": "stop",
    "tool_use": "tool_calls",
    "tool_call": "tool_calls",
    "max_output_tokens": "length",
    "model_context_window_exceeded": "length",
    "content_filtered": "content_filter",
    "sensitive": "content_filter",
    "refusal": "content_filter",
    "recitation": "content_filter",
    "malformed_function_call": "malformed_tool_call",
}
_BROKEN = {
    "error": "server",
    "network_error": "server",
    "insufficient_system_resource": "overloaded",
    "timeout": "timeout",
    "abort": "incomplete_stream",
    "cancelled": "incomplete_stream",
}
"""Ends that are none: OpenRouter's and Mistral's `error`, Zhipu's, DeepSeek's, vLLM's and SGLang's words for what broke off."""

JSON_LINES = False
_REASONING = ("reasoning_content", "reasoning", "thinking")
"""Where thoughts stand, by provider: DeepSeek and most, OpenRouter and Groq, gateways. Some say the same in two places."""
MAX_DESCRIPTION = 1024
"""Characters of a tool's description (OpenAI API reference)."""


def rules(target: Target, call: WireCall) -> Rules:
    """What this provider accepts.

    Mistral: ids of nine letters and digits, no user message right after a tool message (its API's own errors).
    DeepSeek: no pictures. OpenAI: ids of at most 40 characters.
    """
    if target.provider == "mistral":
        return Rules(r"[A-Za-z0-9]{9}", 9, system_inside=False, user_after_tool=False, images=call.sees_images)
    return Rules(
        r"[\x21-\x7e]{1,40}",
        40,
        system_inside=target.provider == "openai",
        images=call.sees_images and target.provider != "deepseek",
    )


def build(call: WireCall, target: Target) -> Request:
    """The request."""
    own = rules(target, call)
    fitted = fit(call.request.messages, target.maker, own)
    body = body_of(call, target, fitted, own)
    return json_request(join(target.url, "/chat/completions"), target.headers, body)


def body_of(call: WireCall, target: Target, fitted: Fitted, rules: Rules) -> dict[str, Any]:
    """The request's body."""
    messages: list[dict[str, Any]] = [{"role": "system", "content": fitted.system}] if fitted.system else []
    for message in fitted.messages:
        messages.extend(_messages(message, target.provider))
    body: dict[str, Any] = {"model": target.model, "messages": messages, "stream": call.stream}
    if call.request.tools:
        body["tools"] = [_tool(tool, rules.tool_name) for tool in call.request.tools]
    if call.stream and target.provider not in ("mistral", "databricks"):
        body["stream_options"] = {"include_usage": True}
    if call.request.max_output_tokens:
        own = "api.openai.com" in target.url or target.provider == "azure"  # its look-alikes know the old name only
        field = "max_completion_tokens" if own else "max_tokens"
        body[field] = call.request.max_output_tokens
    if call.request.reasoning:
        if target.provider == "openrouter":
            body["reasoning"] = {"effort": call.request.reasoning}
        else:
            body["reasoning_effort"] = call.request.reasoning
    if target.provider == "openrouter" and target.model.startswith("anthropic/"):
        body["cache_control"] = {"type": "ephemeral"}  # Claude alone has to be asked; at the top, so that no mark moves
    return body


def _tool(tool: ToolSpec, pattern: str) -> dict[str, Any]:
    function = {"name": safe_name(tool.name, pattern), "description": tool.summary[:MAX_DESCRIPTION]}
    return {"type": "function", "function": {**function, "parameters": schema(tool)}}


def _messages(message: Message, provider: str) -> Iterator[dict[str, Any]]:
    if message.role == "tool":
        for part in message.parts:
            if isinstance(part, ResultPart):
                yield {"role": "tool", "tool_call_id": part.result.call_id, "content": part.result.text}
    elif message.role == "assistant":
        yield _assistant(message, provider)
    else:
        yield {"role": message.role, "content": _content(message.parts)}


def _content(parts: tuple[Part, ...]) -> JSON:
    if not any(isinstance(part, ImagePart) for part in parts):
        return joined(parts)
    return [
        {"type": "text", "text": part.text}
        if isinstance(part, TextPart)
        else {"type": "image_url", "image_url": {"url": f"data:{part.media_type};base64,{part.data_b64}"}}
        for part in parts
        if isinstance(part, (TextPart, ImagePart))
    ]


def _assistant(message: Message, provider: str) -> dict[str, Any]:
    out: dict[str, Any] = {
        "role": "assistant",
        "content": "".join(p.text for p in message.parts if isinstance(p, TextPart)),
    }
    calls = [part for part in message.parts if isinstance(part, CallPart)]
    thoughts = [part for part in message.parts if isinstance(part, ReasoningPart)]
    for part in thoughts:
        kept = record(part.opaque)
        if details := items(kept.get("reasoning_details")):
            out.setdefault("reasoning_details", []).extend(details)
    if provider == "deepseek" and calls:
        # it refuses a tool loop whose calls lack this field; words of another model are not its own
        out["reasoning_content"] = "".join(part.text for part in thoughts)
    if calls:
        out["content"] = out["content"] or None
        out["tool_calls"] = [_call(part) for part in calls]
    return out


def _call(part: CallPart) -> dict[str, Any]:
    function = {"name": part.call.name, "arguments": part.call.arguments}
    return {"id": part.call.id, "type": "function", "function": function, **record(part.opaque)}


class Reader:
    """Reads a chat completion, whole or in chunks. Only the first of several choices counts."""

    def __init__(self, target: Target) -> None:
        self.answer = Answer(target.maker)
        self._done = False
        self._thoughts: list[str] = []
        self._details: dict[object, Growing] = {}
        self._current: object = None
        self._renamed: dict[object, object] = {}
        self._finish = ""

    def frame(self, frame: Frame) -> Iterator[ModelEvent]:
        """See `answer.Reader`."""
        if frame.data.strip() == b"[DONE]":
            self._done = True
            return
        chunk = record(decode(frame.data))
        if is_error(chunk) or _is_fault(chunk) or (frame.kind == "error" and "choices" not in chunk):
            raise from_body(chunk)
        self._usage(chunk)
        for choice in records(chunk.get("choices")):
            if number(choice.get("index")) == 0:
                yield from self._choice(choice, record(choice.get("delta")) or record(choice.get("message")))

    def whole(self, body: JSON) -> Iterator[ModelEvent]:
        """See `answer.Reader`."""
        content = record(body)
        choices = [c for c in records(content.get("choices")) if number(c.get("index")) == 0]
        if not choices:
            raise from_body(content) if is_error(content) or _is_fault(content) else unreadable("no choice in it")
        choice = choices[0]
        if not (isinstance(choice.get("message"), dict) or "text" in choice or text(choice.get("finish_reason"))):
            raise unreadable("no message in its choice")
        self._usage(content)
        if is_error(choice):
            raise from_body(choice)
        yield from self._choice(choice, record(choice.get("message")) or {"content": choice.get("text")})
        self._done = True

    def ended(self) -> None:
        """Said by whoever knows that the stream ended properly without its end mark."""
        self._done = bool(self._finish)

    def complete(self) -> bool:
        """See `answer.Reader`."""
        return self._done

    def finish(self) -> Iterator[ModelEvent]:
        """See `answer.Reader`. Some servers never say `[DONE]`: then a finish and a usage mean that all was said."""
        if not self._done and not (self._finish and self.answer.usage):
            raise cut()
        if kind := _BROKEN.get(self._finish.lower()):
            raise ModelError(f"the provider ended its answer with `{self._finish}`", kind=kind, retryable=True)
        words = "".join(self._thoughts)
        details = [block.whole() for block in self._details.values()]
        yield from self.answer.thought_done(words, {"reasoning_details": details} if details else None)
        self.answer.finish = _FINISH.get(self._finish.lower(), "other") if self._finish else "stop"
        yield from self.answer.end()

    def _choice(self, choice: Mapping[str, Any], message: Mapping[str, Any]) -> Iterator[ModelEvent]:
        if is_error(choice):
            raise from_body(choice)
        yield from self._reasoning(message)
        yield from self._words(message.get("content"))
        self.answer.refuse(text(message.get("refusal")))
        yield from self._calls(message)
        said = choice.get("finish_reason") or record(choice.get("finish_details")).get("type")
        self._finish = text(said) or self._finish
        if self.answer.usage is None:
            self._usage(choice)  # Moonshot puts it here

    def _words(self, content: JSON) -> Iterator[ModelEvent]:
        if isinstance(content, str):
            yield from self.answer.text(content)
            return
        if isinstance(content, dict):  # Cloudflare, asked for JSON, gives it unpacked
            yield from self.answer.text(encode(content))
            return
        for part in records(content):
            kind = part.get("type")
            if kind == "thinking":
                inner = part.get("thinking")
                pieces = [inner] if isinstance(inner, str) else [text(p.get("text")) for p in records(inner)]
                yield from self._think("".join(pieces))
            elif kind == "refusal":
                self.answer.refuse(text(part.get("refusal")))
            elif kind in ("text", "output_text", None):
                yield from self.answer.text(text(part.get("text")))

    def _reasoning(self, message: Mapping[str, Any]) -> Iterator[ModelEvent]:
        words = next((w for name in _REASONING if (w := text(message.get(name)))), "")
        details = records(message.get("reasoning_details"))
        if not words:
            words = "".join(text(d.get("text")) or text(d.get("summary")) for d in details)
        for detail in details:
            self._detail(detail)
        yield from self._think(words)

    def _think(self, words: str) -> Iterator[ModelEvent]:
        if words:
            self._thoughts.append(words)
            yield from self.answer.thought(words)

    def _detail(self, piece: Mapping[str, Any]) -> None:
        """Join the pieces of one reasoning block; it must go back as one."""
        key = (piece.get("type"), piece.get("index"), piece.get("id"))
        whole = self._details.get(key) or self._details.get((piece.get("type"), piece.get("index"), None))
        if whole is None:
            self._details[key] = Growing(piece)
            return
        for name, value in piece.items():
            if name in ("text", "summary", "data") and isinstance(value, str):
                whole.grow(name, value)
            elif value is not None:
                whole.put(name, value)

    def _calls(self, message: Mapping[str, Any]) -> Iterator[ModelEvent]:
        for piece in records(message.get("tool_calls")):
            function = record(piece.get("function"))
            custom = record(
                piece.get("custom")
            )  # a tool that takes any text; Snowflake writes an empty one beside each function
            free = not (function.get("name") or function.get("arguments")) and any(custom.values())
            if free:
                function = {"name": custom.get("name"), "arguments": custom.get("input")}
            opaque = {"extra_content": piece["extra_content"]} if piece.get("extra_content") else None
            yield from self._piece(self._key(piece), piece, function, opaque, free=free)
        legacy = record(message.get("function_call"))
        if legacy.get("name") or (legacy.get("arguments") and self.answer.call_open("legacy")):
            yield from self._piece("legacy", {}, legacy, None)

    def _piece(
        self, key: object, piece: Mapping[str, Any], function: Mapping[str, Any], opaque: JSON, *, free: bool = False
    ) -> Iterator[ModelEvent]:
        self._current = key
        arguments = function.get("arguments")
        written = arguments if isinstance(arguments, str) else "" if arguments is None else encode(arguments)
        id, name = text(piece.get("id")), text(function.get("name"))
        yield from self.answer.call(key, id=id, name=name, arguments=written, opaque=opaque, free=free)

    def _key(self, piece: Mapping[str, Any]) -> object:
        """Which call a piece belongs to: by index, except where a new id and name under an old index begin another call.

        An id alone does not: older vLLM makes a new one up for every piece.
        """
        index, id = piece.get("index"), text(piece.get("id"))
        name = text((record(piece.get("function")) or record(piece.get("custom"))).get("name"))
        if index is None:
            begins = bool(id) or bool(name) or self._current is None
            return ("id", id or object()) if begins else self._current
        known = self.answer.call_id(index)
        if id and known and (id == known or self.answer.call_id((index, id))):
            return index if id == known else (index, id)
        if id and known and name:
            self._renamed[index] = (index, id)
            return (index, id)
        return self._renamed.get(index, index)

    def _usage(self, content: Mapping[str, Any]) -> None:
        raw = record(content.get("usage")) or record(record(content.get("x_groq")).get("usage"))
        if not raw or (raw.get("prompt_tokens") is None and raw.get("completion_tokens") is None):
            return
        if raw.get("completion_tokens") is None and self.answer.usage:
            return
        self.answer.usage = usage_of(raw)


def _is_fault(content: Mapping[str, Any]) -> bool:
    """Whether an object without an `error` in it is one all the same: vLLM's and Mistral's `object: error`, the codes and
    messages that Zhipu, MiniMax and gateways send with status 200."""
    if "choices" in content:
        return False
    base = record(content.get("base_resp"))
    return content.get("object") == "error" or bool(base.get("status_code")) or _says(content)


def _says(content: Mapping[str, Any]) -> bool:
    words = any(isinstance(content.get(name), str) and content.get(name) for name in ("message", "msg", "detail"))
    return words and bool({"code", "success", "status", "type", "detail"} & content.keys())


def usage_of(raw: Mapping[str, Any]) -> Usage:
    """Tokens as counted by the provider. xAI counts reasoning apart from the completion: its total tells."""
    given, written = number(raw.get("prompt_tokens")), number(raw.get("completion_tokens"))
    inward, outward = record(raw.get("prompt_tokens_details")), record(raw.get("completion_tokens_details"))
    thought = number(outward.get("reasoning_tokens")) or number(raw.get("reasoning_tokens"))
    if thought and number(raw.get("total_tokens")) == given + written + thought:
        written += thought
    read = (
        number(inward.get("cached_tokens"))
        or number(raw.get("cache_read_input_tokens"))
        or number(raw.get("prompt_cache_hit_tokens"))
        or number(raw.get("cached_tokens"))
    )
    stored = number(inward.get("cache_write_tokens")) or number(raw.get("cache_creation_input_tokens"))
    return Usage(given, written, read, stored, thought)
