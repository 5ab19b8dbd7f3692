"""Where a long answer may be cut into pages, so that each drawing costs what a page costs and not what the answer does.

Pure. A page ends in front of a block that stands for itself: a line behind an empty one that begins neither a list nor a
quote nor a table, and not inside a code block. Where none comes for long, it ends at a line of code or between two words.
The place depends on the text alone, not on the pieces it came in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

PAGE_CHARS = 3_000
"""From here on a page ends at the next block: about two screens, one of which is drawn in 10 ms."""
LONGEST_CHARS = 12_000
"""From here on it ends at the next line or word."""

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})([^`\n]*)")
_STANDS_ALONE = re.compile(r"[^\s\-*+>|\d=]")
_LISTED = re.compile(r"[-*+>\d\s]")
_GAP = re.compile(r" (?=\S)")


def cut(page: str, new: str) -> tuple[int, str] | None:
    """How much of `new` still belongs to the page that holds `page`, and what the page after it begins with (the opening
    line of a code block that goes on, or nothing). None: all of it does."""
    text, drawn = page + new, len(page)
    if len(text) <= PAGE_CHARS:
        return None
    fence, opening, empty, block = "", "", True, ""
    for start, row in _rows(text):
        movable = start >= drawn and bool(row)  # what is drawn already stays where it is
        if not fence and empty and movable and start >= PAGE_CHARS and _STANDS_ALONE.match(row):
            return start - drawn, ""
        if fence and movable and start >= LONGEST_CHARS:
            return start - drawn, opening + "\n"
        marked = _FENCE.match(row)
        if fence:
            if marked and marked[1].startswith(fence) and not marked[2].strip():
                fence = ""
        elif marked:
            fence, opening = marked[1], row
        else:
            block = row if empty else block
            if start + len(row) > LONGEST_CHARS and (place := _inside(block, start, row, drawn)) is not None:
                return place - drawn, ""
        empty = not row.strip()
    return None


def _inside(block: str, start: int, row: str, drawn: int) -> int | None:
    """Where a block that began with the line `block` may be cut in its line `row`."""
    if block.startswith("|"):
        return None  # the rows of a table can't do without its head
    if start >= max(drawn, LONGEST_CHARS) and row[:1].strip():
        return start
    if _LISTED.match(block):
        return None
    found = _GAP.search(row, max(drawn - 1, LONGEST_CHARS) - start if start < max(drawn - 1, LONGEST_CHARS) else 0)
    return start + found.end() if found and start + found.end() >= drawn else None


def _rows(text: str) -> Iterator[tuple[int, str]]:
    start = 0
    while (end := text.find("\n", start)) >= 0:
        yield start, text[start:end]
        start = end + 1
    yield start, text[start:]


def pages(text: str) -> Iterator[str]:
    """The pages of a text that is whole; one that is empty has one, also empty."""
    page = ""
    while (found := cut(page, text)) is not None:
        yield page + text[: found[0]]
        page, text = found[1], text[found[0] :]
    yield page + text
