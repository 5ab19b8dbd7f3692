"""Reads JSON of unknown shape without ever raising: what is not there, or is something else, counts as empty."""

from __future__ import annotations

import json
from typing import Any, cast

import msgspec

from assistant.types import JSON


def record(value: JSON) -> dict[str, Any]:
    """`value` if it is an object, else an empty one."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def items(value: JSON) -> list[Any]:
    """`value` if it is an array, else an empty one."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def records(value: JSON) -> list[dict[str, Any]]:
    """The objects of an array."""
    return [cast("dict[str, Any]", item) for item in items(value) if isinstance(item, dict)]


def text(value: JSON) -> str:
    """`value` if it is a string, else the empty one."""
    return value if isinstance(value, str) else ""


def number(value: JSON) -> int:
    """`value` as a count: 0 for what is no number or is negative. Some gateways write theirs as a string."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 16:
        return int(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value or value < 0:
        return 0
    return int(min(value, 2**53))


def decode(data: bytes) -> JSON:
    """JSON to Python. Raises ValueError for what is none.

    msgspec is strict and fast; the standard library's reader takes what some servers write against the rules (lone
    surrogates, NaN). Bytes that are no UTF-8 become replacement characters.
    """
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        found = json.loads(data.decode("utf-8", "replace"), strict=False)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return _without_surrogates(found)


def encode(value: JSON) -> str:
    """JSON text of `value`, compact, keys in the order given."""
    return msgspec.json.encode(value).decode()


def _without_surrogates(value: JSON) -> JSON:
    """Lone surrogates can't be written again as UTF-8: they become replacement characters."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_without_surrogates(item) for item in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {
            text(_without_surrogates(key)): _without_surrogates(item)
            for key, item in cast("dict[Any, Any]", value).items()
        }
    return value
