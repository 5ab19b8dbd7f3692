"""Reads requests in OpenAI's chat form, which is what everyone can write, into neutral messages and tools.

Lenient on purpose: what has no neutral form (sound, files, pictures by address) becomes a word in its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assistant.models.worker.shape import encode, items, record, records, text
from assistant.types import (
    JSON,
    CallPart,
    Effect,
    ImagePart,
    Message,
    Part,
    ResultPart,
    TextPart,
    ToolCall,
    ToolResult,
    ToolSpec,
)

_ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}


def messages_from(value: JSON) -> tuple[Message, ...]:
    """Neutral messages. Raises ValueError for what is no list of messages."""
    if not isinstance(value, list):
        raise ValueError("`messages` is no list")
    out: list[Message] = []
    for item in items(value):
        message = record(item)
        role = _ROLES.get(text(message.get("role")))
        if role is None:
            raise ValueError(f"a message has the role `{message.get('role')}`")
        out.append(Message(role, tuple(_parts(role, message))))
    return tuple(out)


def tools_from(value: JSON) -> tuple[ToolSpec, ...]:
    """Neutral tools. Tools of the provider's own are left out: only what we could run is offered."""
    out: list[ToolSpec] = []
    for item in records(value):
        function = record(item.get("function")) if item.get("type", "function") == "function" else {}
        if name := text(function.get("name")):
            schema = record(function.get("parameters"))
            out.append(ToolSpec(name, text(function.get("description")), Effect.READ, (), schema))
    return tuple(out)


def _parts(role: str, message: Mapping[str, Any]) -> list[Part]:
    content = message.get("content")
    if role == "tool":
        words = "".join(part.text for part in _content(content) if isinstance(part, TextPart))
        id = text(message.get("tool_call_id")) or text(message.get("name"))
        return [ResultPart(ToolResult(id, ok=True, text=words))]
    parts = _content(content)
    for call in records(message.get("tool_calls")):
        parts.append(CallPart(_call(text(call.get("id")), record(call.get("function")))))
    if legacy := record(message.get("function_call")):
        parts.append(CallPart(_call(text(legacy.get("name")), legacy)))
    return parts


def _call(id: str, function: Mapping[str, Any]) -> ToolCall:
    arguments = function.get("arguments")
    return ToolCall(
        id, text(function.get("name")), arguments if isinstance(arguments, str) else encode(arguments or {})
    )


def _content(content: JSON) -> list[Part]:
    if isinstance(content, str):
        return [TextPart(content)]
    out: list[Part] = []
    for part in items(content):
        if isinstance(part, str):
            out.append(TextPart(part))
            continue
        kind = text(record(part).get("type"))
        address = record(part).get("image_url")
        url = text(address) or text(record(address).get("url"))
        if kind == "image_url" and url.startswith("data:") and ";base64," in url:
            media_type, _, data = url.removeprefix("data:").partition(";base64,")
            out.append(ImagePart(media_type.partition(";")[0], data_b64=data))
        elif kind in ("text", "input_text", "output_text", "refusal"):
            out.append(TextPart(text(record(part).get("text")) or text(record(part).get("refusal"))))
        else:
            out.append(TextPart(f"({kind or 'part'} {url})".replace(" )", ")")))
    return out
