"""Canonical JSON (RFC 8785), the digests made from it, and a strict reader for what others wrote.

orjson with sorted keys equals RFC 8785 for what we write ourselves (integers, ASCII keys) at a sixtieth of the cost of
the reference package; anything else goes to that package.
"""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any

import msgspec
import orjson

_MAX_EXACT = 2**53 - 1
"""Largest integer that every JSON reader keeps exactly (RFC 8785, section 3.2.2.3)."""


def dumps(value: Any) -> bytes:
    """The RFC 8785 form of `value` (JSON types, or any type of `assistant.types`).

    Raises ValueError for what has no such form: NaN, infinities, lone surrogates, integers beyond 2**53 - 1; and for nesting
    deeper than the interpreter allows.
    """
    try:
        plain = msgspec.to_builtins(value)
        if _is_simple(plain):
            try:
                return orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)
            except orjson.JSONEncodeError:
                pass  # nested deeper than it goes (254): the package below says what else may be wrong
        import rfc8785  # else only for floats and keys beyond ASCII, which our own records never hold

        try:
            return rfc8785.dumps(plain)
        except rfc8785.CanonicalizationError as error:
            raise ValueError(f"no canonical form: {error}") from error
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def loads(data: str | bytes, *, doubles: bool = False) -> Any:
    """Read one JSON text as RFC 8785 demands (I-JSON, RFC 7493): what two readers could understand differently is refused.

    With `doubles`, an integer beyond 2**53 - 1 becomes the nearest double, as in JavaScript; otherwise it stays exact.
    Raises ValueError for duplicate names, lone surrogates, a byte order mark, invalid UTF-8, NaN, infinities, numbers beyond
    a double, nesting deeper than the interpreter allows, and anything else that is not JSON.
    """
    text = data.decode("utf-8") if isinstance(data, bytes) else data
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_float=_double,
            parse_int=_double_or_int if doubles else None,
        )
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    try:
        text.encode("utf-8")
        _check_text(value)
    except UnicodeEncodeError as error:
        raise ValueError("a string holds a lone surrogate") from error
    return value


def number(value: float) -> str:
    """How RFC 8785 (section 3.2.2.3) writes a double. Raises ValueError for NaN and infinities."""
    if not math.isfinite(value):
        raise ValueError("NaN and infinities have no JSON form")
    import rfc8785

    return rfc8785.dumps(value).decode()


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


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("an object has the same name twice")
    return result


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"`{name}` is not JSON")


def _double(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("a number is too large for a double")
    return value


def _double_or_int(text: str) -> float:
    try:
        value = int(text)
    except ValueError:  # longer than the interpreter converts
        return _double(text)
    return value if -_MAX_EXACT <= value <= _MAX_EXACT else _double(text)


def _check_text(value: Any) -> None:
    """Raise UnicodeEncodeError where a string can't be UTF-8. Iterative: nesting is the writer's choice."""
    waiting: list[Any] = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            item.encode("utf-8")
        elif isinstance(item, dict):
            waiting.extend(item)  # pyright: ignore[reportUnknownArgumentType]  # JSON: its names
            waiting.extend(item.values())  # pyright: ignore[reportUnknownArgumentType]  # JSON
        elif isinstance(item, list):
            waiting.extend(item)  # pyright: ignore[reportUnknownArgumentType]  # JSON
