"""Lines of a result, as many as fit, with a note how to get the rest."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


FIELDS = 1000
"""Most structured fields of one result; what is beyond counts as plain text, which is the stricter reading."""


class Page:
    """Collects lines from number `start` on until the text is full; counts all of them.

    `argument` names the tool's argument that moves the page on.
    """

    def __init__(self, output_bytes: int, start: int = 1, argument: str = "start", limit: int = 0) -> None:
        self.count = 0
        self._budget = output_bytes - 200
        self._start = max(1, start)
        self._argument = argument
        self._limit = limit or 1 << 60
        self._lines: list[str] = []
        self._fields: list[dict[str, Any]] = []
        self._full = False

    def add(self, line: str, name: str = "", /, **fields: object) -> None:
        """One more line. `name` and `fields` (numbers, times) become structured fields of the result."""
        self.count += 1
        if self.count < self._start or self._full:
            return
        cost = len(line.encode("utf-8", "replace")) + 1
        if cost > self._budget or len(self._lines) >= self._limit:
            self._full = True
            return
        self._budget -= cost
        self._lines.append(line)
        row = len(self._lines) - 1
        if name and len(self._fields) < FIELDS:
            self._fields.append({"path": f"[{row}].name", "value": name, "kind": "name"})
        for key, value in fields.items():
            if len(self._fields) < FIELDS:
                kind = "number" if isinstance(value, (int, float)) else "time"
                self._fields.append({"path": f"[{row}].{key}", "value": value, "kind": kind})

    @property
    def full(self) -> bool:
        """Whether further lines would only be counted."""
        return self._full

    def result(self, noun: str, *, notes: str = "", counted: bool = True) -> dict[str, Any]:
        """The result. `noun` is what a line is; `counted` is False when the count is a lower bound."""
        end = self._start + len(self._lines) - 1
        text = "\n".join(self._lines)
        remarks = [notes] if notes else []
        if self._full:
            total = f"{self.count}" if counted else f"{self.count} or more"
            remarks.insert(0, f"{noun} {self._start}-{end} of {total}; {self._argument}={end + 1} for more")
        elif self._start > 1:
            remarks.insert(0, f"{noun} {self._start}-{end}, to the end" if self._lines else f"only {self.count} {noun}")
        if remarks:
            text = f"{text}\n[{'; '.join(remarks)}]" if text else f"[{'; '.join(remarks)}]"
        return {"text": text, "fields": self._fields, "truncated": self._full}
