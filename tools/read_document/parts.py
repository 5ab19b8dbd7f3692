"""The parts of a document, and which of them are wanted."""

from __future__ import annotations

from typing import Any

from _kit.problem import Problem


class Part:
    """One page, slide, sheet or chapter as Markdown. `fields` are its structured leaves (addresses, names, times)."""

    def __init__(self, title: str, text: str, fields: list[dict[str, Any]] | None = None) -> None:
        self.title = title
        self.text = text
        self.fields = fields or []


class Wanted:
    """Which parts: `3`, `2-5`, `4-`, or all. Readers set `total` to how many there are."""

    def __init__(self, given: str) -> None:
        self.given = given
        self.total = 0
        first, dash, last = given.partition("-")
        self.first = int(first) if first else 1
        self.last = (int(last) if last else 10**9) if dash or not given else self.first
        if self.first < 1 or self.last < self.first:
            raise Problem("invalid_arguments", f"`pages` is `{given}`; write for example 3 or 2-5")

    def __contains__(self, number: int) -> bool:
        return self.first <= number <= self.last
