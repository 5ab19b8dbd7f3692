"""A record whose texts come in pieces. They are joined once, at the end: joining at each piece would copy all that came before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assistant.models.worker.shape import text
from assistant.types import JSON


class Growing:
    """A JSON object while it comes. Its keys keep the order in which they came."""

    def __init__(self, start: Mapping[str, JSON] | None = None) -> None:
        self._fields: dict[str, Any] = dict(start or {})
        self._pieces: dict[str, list[str]] = {}

    def get(self, name: str) -> JSON:
        """What a field that comes whole holds; None where there is none."""
        return self._fields.get(name)

    def put(self, name: str, value: JSON) -> None:
        """A field that comes whole."""
        self._fields[name] = value

    def grow(self, name: str, piece: str) -> None:
        """One more piece of a text."""
        if name not in self._pieces:
            self._pieces[name] = [text(self._fields.setdefault(name, ""))]
        self._pieces[name].append(piece)

    def whole(self) -> dict[str, Any]:
        """All of it."""
        return {**self._fields, **{name: "".join(pieces) for name, pieces in self._pieces.items()}}
