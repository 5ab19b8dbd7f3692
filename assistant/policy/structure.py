"""The leaves of a structured result, also of one that came as text alone: JSON, what Python prints, or a YAML block.

Provenance knows more of a value that stands in a field of a record than of one in running text. Whoever serialises a record
quotes what others wrote into it, so that a body can't add a field; that holds for a text which is such a record as a whole,
and only then. Text with one sentence outside the structure has no fields. Never asked of web pages: their authors would
write the records themselves.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, cast

from assistant.policy.normal import EMAIL, host_of
from assistant.policy.provenance import Field, field_name

MAX_CHARS = 400_000
"""Longer text counts as running text. Reading this much YAML takes a tenth of a second."""
MAX_FIELDS = 20_000
"""Of one result; further ones are left out, and so can't be pointed to. Chosen."""
_MAX_DEPTH = 12

_KEY = re.compile(r"[^\W\d][\w-]{0,63}")
"""Keys of a YAML record. Other signs would make a record of `Important message from Ann: send it to ...`."""
_ID = re.compile(r"(?:^|_)(?i:id|uuid|guid)_*$|[a-z]I[dD]$")
_ENUM = re.compile(r"(?i)(?:^|_)(?:status|state|type|kind|mode|role|permissions?|priority|visibility)_*$")
_NUMBER = re.compile(r"[-+]?\d{1,30}(?:\.\d{1,30})?(?:[eE][-+]?\d{1,3})?")
_TIME = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?.{0,32})?|\d\d:\d\d(?::\d\d)?")
_ACCOUNT = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{8,30}")
_WORDS = frozenset({"true", "false", "yes", "no", "on", "off"})
_EMPTY = frozenset({"", "null", "~", "None", "[]", "{}"})


class _Plain(str):
    """A scalar that stood unquoted in YAML, so that `7` may be a number and `true` a truth value."""

    __slots__ = ()


def fields_of_text(text: str) -> tuple[Field, ...]:
    """The leaves of a text that is one structure from its first sign to its last; none for any other text."""
    whole = text.strip()
    if not whole or len(whole) > MAX_CHARS:
        return ()
    if whole[0] in "[{" and whole[-1] in "]}":
        value = _literal(whole)
    elif whole[0] in "\"'&*!|>%@`#?":
        value = None
    else:
        value = _yaml(whole)
    return fields_of_value(value) if isinstance(value, (dict, list)) else ()


def fields_of_value(value: Any) -> tuple[Field, ...]:
    """The leaves of a JSON value with their places (`[4].sender`) and kinds, in the order of the value."""
    found: list[Field] = []
    for path, leaf in islice(_leaves(value, "", 0), MAX_FIELDS * 4):
        if leaf is None:
            continue
        if len(found) >= MAX_FIELDS:
            break
        text = leaf if isinstance(leaf, str) else _written(leaf)
        if text.strip():
            found.append(Field(path, str(text), _kind(path, leaf, text)))
    return tuple(found)


def _leaves(value: Any, path: str, depth: int) -> Iterator[tuple[str, Any]]:
    """Leaves, and a None for each list and record on the way: what is shared many times in YAML may be nearly endless."""
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, (dict, list, tuple)):
        yield path, None
    if isinstance(value, dict):
        for key, item in cast("dict[Any, Any]", value).items():
            yield from _leaves(item, f"{path}.{key}".lstrip("."), depth + 1)
    elif isinstance(value, (list, tuple)):
        for place, item in enumerate(cast("list[Any]", value)):
            yield from _leaves(item, f"{path}[{place}]", depth + 1)
    elif value is not None and not (isinstance(value, _Plain) and value in _EMPTY):
        yield path, value


def _written(leaf: Any) -> str:
    return "true" if leaf is True else "false" if leaf is False else str(leaf)


def _kind(path: str, leaf: Any, text: str) -> str:
    """By the key's name and the value's form; names and texts are told apart in `provenance.kind_of`."""
    loose = isinstance(leaf, _Plain)
    if isinstance(leaf, bool) or (loose and text.lower() in _WORDS):
        return "enum"
    name = field_name(path)
    if _ID.search(name):
        return "id"
    if _ENUM.search(name) and len(text) <= 24 and " " not in text:
        return "enum"
    if isinstance(leaf, (int, float)) or (loose and _NUMBER.fullmatch(text)):
        return "number"
    if _TIME.fullmatch(text):
        return "time"
    if EMAIL.fullmatch(text) or _ACCOUNT.fullmatch(text.replace(" ", "")) or _is_link(text):
        return "address"
    return "text"


def _is_link(text: str) -> bool:
    return " " not in text and ("://" in text or text.startswith("www.")) and bool(host_of(text))


# ---------------------------------------------------------------- reading


def _literal(text: str) -> Any:
    """JSON, JSON lines, or a Python literal; None when it is none of them."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    lines = text.splitlines()
    if len(lines) > 1 and all(line.startswith("{") and line.endswith("}") for line in lines):
        try:
            return [json.loads(line) for line in lines]
        except (ValueError, RecursionError):
            pass
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        return None


_TAGS = frozenset({"", "str", "int", "float", "bool", "null", "timestamp", "seq", "map"})


class _NotARecord(Exception):
    """The text is no YAML of the kind that programs write."""


def _yaml(text: str) -> Any:
    """A block of records, or a list of single values; None for anything else. No tag but YAML's own is taken."""
    if not (text.startswith("- ") or re.match(r"[^\W\d][\w-]{0,63}:(?:\s|$)", text)):
        return None
    import yaml  # 15 ms: only for text that looks like it

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        value = _built(cast("Any", yaml).parse(text, Loader=loader))  # cast: its stub leaves the stream's type out
    except (yaml.YAMLError, _NotARecord, RecursionError, ValueError):
        return None
    return value if _is_record_like(value) else None


def _built(events: Iterator[Any]) -> Any:
    """The one document of a stream of YAML events, scalars as they are written."""
    top: list[Any] = []
    open_: list[Any] = []
    keys: list[str | None] = []
    named: dict[str, Any] = {}

    def put(value: Any) -> None:
        if not open_:
            top.append(value)
        elif isinstance(open_[-1], list):
            cast("list[Any]", open_[-1]).append(value)
        else:
            mapping, key = cast("dict[str, Any]", open_[-1]), keys[-1]
            if key is None:
                if not isinstance(value, str) or value in mapping:
                    raise _NotARecord
                keys[-1] = value
            else:
                mapping[key] = value
                keys[-1] = None

    for event in events:
        kind = type(event).__name__
        if kind == "AliasEvent":
            if event.anchor not in named:
                raise _NotARecord
            put(named[event.anchor])
        elif kind in ("ScalarEvent", "SequenceStartEvent", "MappingStartEvent"):
            tag = str(event.tag or "").removeprefix("tag:yaml.org,2002:")
            if tag not in _TAGS or len(open_) > _MAX_DEPTH:
                raise _NotARecord
            if kind == "ScalarEvent":
                made: Any = _Plain(event.value) if not event.style or tag in ("bool", "int", "float") else event.value
                put(made)
            else:
                made = [] if kind == "SequenceStartEvent" else {}
                put(made)
                open_.append(made)
                keys.append(None)
            if event.anchor:
                named[event.anchor] = made
        elif kind in ("SequenceEndEvent", "MappingEndEvent"):
            open_.pop()
            keys.pop()
        elif kind == "DocumentEndEvent" and len(top) > 1:
            raise _NotARecord
    return top[0] if top else None


def _is_record_like(value: Any) -> bool:
    """A record with two plainly named fields at least, a list of such, or a list of single values that are no sentences."""
    if isinstance(value, dict):
        keys = list(cast("dict[str, Any]", value))
        return len(keys) >= 2 and all(_KEY.fullmatch(k) for k in keys)
    if not isinstance(value, list) or not value:
        return False
    items = cast("list[Any]", value)
    if all(isinstance(item, dict) for item in items):
        return all(_is_record_like(item) for item in items)
    return all(isinstance(i, str) and len(i) <= 200 and "\n" not in i for i in items)
