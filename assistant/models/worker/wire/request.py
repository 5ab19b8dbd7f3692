"""One HTTP request, ready to be sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from assistant.types import JSON, ToolSpec


class Request(NamedTuple):
    """Address, headers and body of one POST."""

    url: str
    headers: Mapping[str, str]
    body: bytes


def json_request(url: str, headers: Mapping[str, str], body: Mapping[str, JSON]) -> Request:
    """A POST of JSON. Keys keep their order, so equal content gives equal bytes and the provider's prompt cache holds."""
    plain = {"Content-Type": "application/json", "User-Agent": "assistant", **headers}
    try:
        return Request(url, plain, msgspec.json.encode(body))
    except UnicodeEncodeError:  # lone surrogates, from names of files or another model's escapes
        written = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        return Request(url, plain, written.encode("utf-8", "replace"))


def schema(tool: ToolSpec) -> dict[str, Any]:
    """The JSON schema of a tool's arguments as every family takes it: an object with properties, no choice at the top.

    Anthropic refuses a schema without `type`, OpenAI one without `properties`, both refuse `anyOf` and its like at the
    top. What is left out here is still checked when the call comes.
    """
    kept = {k: v for k, v in tool.parameters.items() if k not in ("anyOf", "oneOf", "allOf", "not", "enum", "$schema")}
    return {**kept, "type": "object", "properties": kept.get("properties") or {}}
