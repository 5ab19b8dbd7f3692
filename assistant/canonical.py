"""Canonical JSON (RFC 8785) and the digests made from it.

orjson with sorted keys equals RFC 8785 for what we write ourselves (integers, ASCII keys) at a sixtieth of the cost of
the reference package; anything else goes to that package.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
import orjson

_MAX_EXACT = 2**53 - 1
"""Largest integer that every JSON reader keeps exactly (RFC 8785, section 3.2.2.3)."""


def dumps(value: Any) -> bytes:
    """The RFC 8785 form of `value` (JSON types, or any type of `assistant.types`).

    Raises ValueError for what has no such form: NaN, infinities, lone surrogates, integers beyond 2**53 - 1.
    """
    plain = msgspec.to_builtins(value)
    if _is_simple(plain):
        try:
            return orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)
        except orjson.JSONEncodeError as error:
            raise ValueError(f"no canonical form: {error}") from error
    import rfc8785  # only for floats and keys beyond ASCII, which our own records never hold

    try:
        return rfc8785.dumps(plain)
    except rfc8785.CanonicalizationError as error:
        raise ValueError(f"no canonical form: {error}") from error


def digest(value: Any) -> str:
    """SHA-256 (hex) of the canonical form: the name of an Action."""
    return hashlib.sha256(dumps(value)).hexdigest()


def _is_simple(value: Any) -> bool:
    if value is None or isinstance(value, (str, bool)):
        return True
    if isinstance(value, int):
        return -_MAX_EXACT <= value <= _MAX_EXACT
    if isinstance(value, dict):
        return all(isinstance(k, str) and k.isascii() and _is_simple(v) for k, v in value.items())  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]  # JSON
    if isinstance(value, (list, tuple)):
        return all(_is_simple(v) for v in value)  # pyright: ignore[reportUnknownVariableType]  # JSON
    return False
