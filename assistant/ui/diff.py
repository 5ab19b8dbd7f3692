"""A unified diff as rows, inline or side by side. Pure: text in, rows out."""

from __future__ import annotations

import re
from collections.abc import Iterable

from assistant.types import Data

_HUNK = re.compile(r"^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")


class DiffRow(Data, frozen=True):
    """One line. kind: `same`, `added`, `removed`, `hunk`, `note`. Line numbers are 0 where there is none."""

    kind: str
    text: str
    old: int = 0
    new: int = 0


def parse(diff: str) -> list[DiffRow]:
    """Rows of a unified diff (the file's own header left out). Anything that isn't one becomes notes."""
    rows: list[DiffRow] = []
    old = new = 0
    inside = False
    for line in diff.removesuffix("\n").split("\n") if diff else ():
        if found := _HUNK.match(line):
            old, new, inside = int(found[1]), int(found[2]), True
            rows.append(DiffRow("hunk", line))
        elif not inside:
            if not line.startswith(("--- ", "+++ ", "diff ", "index ")):
                rows.append(DiffRow("note", line))
        elif line.startswith("+"):
            rows.append(DiffRow("added", line[1:], 0, new))
            new += 1
        elif line.startswith("-"):
            rows.append(DiffRow("removed", line[1:], old, 0))
            old += 1
        elif line.startswith("\\"):
            rows.append(DiffRow("note", line))
        else:
            rows.append(DiffRow("same", line[1:], old, new))
            old, new = old + 1, new + 1
    return rows


def counts(rows: Iterable[DiffRow]) -> tuple[int, int]:
    """(lines added, lines removed)."""
    kinds = [row.kind for row in rows]
    return kinds.count("added"), kinds.count("removed")


def pairs(rows: list[DiffRow]) -> list[tuple[DiffRow | None, DiffRow | None]]:
    """Left and right for a side-by-side view: a block of removals stands beside the additions that replace it."""
    out: list[tuple[DiffRow | None, DiffRow | None]] = []
    left: list[DiffRow] = []
    right: list[DiffRow] = []

    def flush() -> None:
        for index in range(max(len(left), len(right))):
            out.append((left[index] if index < len(left) else None, right[index] if index < len(right) else None))
        left.clear()
        right.clear()

    for row in rows:
        if row.kind == "removed":
            if right:
                flush()
            left.append(row)
        elif row.kind == "added":
            right.append(row)
        else:
            flush()
            out.append((row, row))
    flush()
    return out
