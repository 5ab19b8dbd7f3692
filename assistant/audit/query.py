"""What a person types to look for something in the log: words, and `tool:run verdict:ask since:2d` between them.

A value with spaces is put in quotes (`path:"my notes"`); in quotes altogether, a filter is just words (`"tool:run"`).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from assistant.audit.page import Filter
from assistant.errors import UsageError
from assistant.types import Data, Decision

_PART = re.compile(r'(?:(?P<name>[a-z]+):)?(?:"(?P<quoted>[^"]*)"|(?P<plain>\S+))')
_AGO = re.compile(r"([0-9]{1,9})([smhdw])\Z")
_UNIT_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}

NAMES = ("task", "kind", "tool", "verdict", "model", "host", "path", "since", "until")
"""The filters, in the order that they are explained."""


class Query(Data, frozen=True):
    """What to look for. `wanted.task` is the beginning of an id."""

    wanted: Filter = Filter()
    words: str = ""


def parse(text: str) -> Query:
    """Read a query. Raises UsageError for a filter whose value means nothing."""
    fields: dict[str, Any] = {}
    words: list[str] = []
    for part in _PART.finditer(text):
        name, quoted = part["name"] or "", part["quoted"]
        value = part["plain"] if quoted is None else quoted
        if name in NAMES:
            if value:
                _take(fields, name, value)
        else:
            words.append(f"{name}:{value}" if name else value)
    return Query(Filter(**fields), " ".join(word for word in words if word))


def _take(fields: dict[str, Any], name: str, value: str) -> None:
    match name:
        case "kind":
            fields["kinds"] = (*fields.get("kinds", ()), value)
        case "since":
            fields["from_ms"] = when(value)
        case "until":
            fields["to_ms"] = when(value)
        case "verdict":
            if value not in tuple(Decision):
                raise UsageError(f"`{value}` is no verdict", hint="allow, ask or deny")
            fields["verdict"] = value
        case _:
            fields[name] = value


def when(text: str, now_s: Callable[[], float] = time.time) -> int:
    """A moment as Unix milliseconds: `2026-11-24`, `2026-11-24T13:00` (local time), or `90m`, `5h`, `2d` ago.

    Raises UsageError for anything else.
    """
    ago = _AGO.match(text)
    if ago:
        return int((now_s() - int(ago[1]) * _UNIT_S[ago[2]]) * 1000)
    try:
        return int(datetime.fromisoformat(text).astimezone().timestamp() * 1000)
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"`{text}` is not a time", hint="write 2026-11-24, 2026-11-24T13:00, or 90m, 5h, 2d ago"
        ) from error


def narrowed(query: Query, kinds: tuple[str, ...], task: str) -> Query:
    """`query` within `kinds` and `task`, where it names none itself."""
    wanted = query.wanted
    return Query(msgspec.structs.replace(wanted, kinds=wanted.kinds or kinds, task=wanted.task or task), query.words)
