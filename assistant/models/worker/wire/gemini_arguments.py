"""The arguments of one call of Gemini's that come value by value, each with the path where it belongs.

Vertex sends them so where it was asked to stream calls (`streamFunctionCallArguments`), and gateways ask for that unasked:

    {"jsonPath": "$.recipe.steps[2]", "stringValue": "Brown the ", "willContinue": true}

Strings of one path are joined; all other values come whole.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

from assistant.models.worker.shape import text
from assistant.types import JSON

MAX_DEPTH = 64
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d{1,9})\]|\[['\"]([^'\"]*)['\"]\]")
_VALUES = ("stringValue", "numberValue", "boolValue", "nullValue")


class Arguments:
    """One call's arguments while they come."""

    def __init__(self) -> None:
        self.value: dict[str, Any] = {}

    def take(self, piece: Mapping[str, Any]) -> None:
        """Put one value in its place. What has no place (a path that is none, a gap in an array) is left out."""
        name = next((name for name in _VALUES if name in piece), "")
        path = [_step(found) for found in _STEP.finditer(text(piece.get("jsonPath")))]
        if not name or not path or len(path) > MAX_DEPTH or not isinstance(path[0], str):
            return
        inside: Any = self.value
        for step, after in zip(path, [*path[1:], None], strict=True):
            new: JSON = None if after is None else [] if isinstance(after, int) else {}
            if not _reach(inside, step, new):
                return
            if after is not None:
                inside = inside[step]
        value = None if name == "nullValue" else piece.get(name)
        before = inside[path[-1]]
        inside[path[-1]] = before + value if isinstance(before, str) and isinstance(value, str) else value


def _step(found: re.Match[str]) -> str | int:
    return int(found[2]) if found[2] else found[1] if found[1] is not None else found[3]


def _reach(inside: Any, step: str | int, new: JSON) -> bool:
    """Make `inside[step]` exist. Arrays grow by one place at a time: an index far out would only fill memory."""
    if isinstance(inside, dict) and isinstance(step, str):
        return cast("dict[str, Any]", inside).setdefault(step, new) is not None or new is None
    if not isinstance(inside, list) or not isinstance(step, int):
        return False
    items = cast("list[Any]", inside)
    if step == len(items):
        items.append(new)
    return step < len(items)
