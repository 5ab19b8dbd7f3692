"""Where the blocks of a Markdown text begin that can be read for themselves. Pure.

A text that grows is read again only from its last start on, so a drawing costs what a block costs and not what the answer does.
A start is seen by the first character of its row as soon as that is there, so the places depend on the text alone and not on
the pieces it came in; only a code block that follows a sentence without an empty row is seen by its third.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

CODE_CHARS = 1_500
"""After so much code it is coloured as if it began anew: Pygments takes 3 ms for that. A string over many lines that is cut
there changes its colour, nothing else."""
TABLE_ROWS = 24
"""After so many rows the next are read for themselves, under the same head and as wide as the first ones made it."""
LONGEST_CHARS = 6_000
"""No block is longer: it goes on in a row of its own behind the next word."""
WORD_CHARS = 600
"""A word of which so much lies behind that is cut in two."""

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})([^`\n]*)")
_LISTED = re.compile(r"([-*+]|\d{1,9}[.)])\s+\S")
_BELOW_HEAD = re.compile(r"\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?$")
_GAP = re.compile(r" (?=\S)")


class Start(NamedTuple):
    """The beginning of a block."""

    at: int
    """Index of its first character."""
    opening: str = ""
    """What must be read before it, where it goes on with the one before: the first line of a code block or the head of a
    table."""
    gap: bool = True
    """Whether an empty row stands before it, unless it is the first."""


def starts(text: str, opening: str = "") -> Iterator[Start]:
    """The starts in a `text` that goes on after `opening`; the first is its beginning."""
    scan = _Scan(opening)
    yield Start(0, opening)
    for at, row in rows(text):
        if at and (start := scan.start(at, row)) is not None:
            yield start
        scan.learn(row)
        yield from scan.inside(at, row)


def rows(text: str) -> Iterator[tuple[int, str]]:
    """Each line with where it begins, without its end; the last one may be empty."""
    start = 0
    while (end := text.find("\n", start)) >= 0:
        yield start, text[start:end]
        start = end + 1
    yield start, text[start:]


def closes(row: str, fence: str) -> bool:
    """Whether `row` ends a code block that began with `fence`."""
    found = _FENCE.match(row)
    return found is not None and found[1].startswith(fence) and not found[2].strip()


def fence_of(row: str) -> tuple[str, str] | None:
    """The signs and the language of a row that begins a code block at the margin; None for any other."""
    found = _FENCE.match(row) if row[:1] in ("`", "~") else None
    return (found[1], found[2].strip()) if found else None


class _Scan:
    """What is known after each row."""

    def __init__(self, opening: str) -> None:
        self._begun = 0
        """Where the block began that is being read."""
        self._fence, self._fence_row, self._margin = "", "", False
        """The signs and the row that have opened a code block, and whether at the margin."""
        self._closed = self._empty = False
        """Whether the row before ended such a block; whether it was empty."""
        self._kind, self._head, self._before, self._count = "", "", "", 0
        for _at, row in rows(opening.removesuffix("\n")) if opening else ():
            self.learn(row)
        self._count = 0

    def start(self, at: int, row: str) -> Start | None:
        """The start at `row`, if it is one."""
        first, start = row[:1], None
        if self._fence:
            long = CODE_CHARS if self._margin else LONGEST_CHARS
            if first not in ("", "`", "~") and at - self._begun >= long:
                start = Start(at, self._fence_row + "\n", gap=False)
        elif self._closed and row.strip():
            start, self._kind = Start(at), ""
        elif first in ("", " ", "\t"):
            pass
        elif self._empty or fence_of(row):
            start, self._kind = Start(at), ""
        elif self._kind == "list" and first in "-*+0123456789":
            start = Start(at, gap=False)
        elif self._kind == "table" and first == "|" and self._count > TABLE_ROWS:
            start = Start(at, self._head + "\n", gap=False)
        if start is not None:
            self._begun, self._count = at, 0
        return start

    def learn(self, row: str) -> None:
        """`row` belongs to the block."""
        found = _FENCE.match(row)
        if self._fence:
            if closes(row, self._fence):
                self._fence, self._closed = "", self._margin
            return
        if found:
            self._fence, self._fence_row, self._margin = found[1], row, row[:1] in ("`", "~")
        elif row.strip():
            self._classify(row)
        self._closed = self._closed and not row.strip()
        self._empty, self._before = not row.strip(), row

    def _classify(self, row: str) -> None:
        self._count += 1
        if self._kind in ("", "text"):
            if _LISTED.match(row):
                self._kind = "list"
            elif self._kind and "|" in self._before and _BELOW_HEAD.match(row.strip()):
                self._kind, self._head = "table", f"{self._before}\n{row}"
            else:
                self._kind = "quote" if not self._kind and row.startswith(">") else "text"

    def inside(self, at: int, row: str) -> Iterator[Start]:
        """The starts within a row, where the block is too long."""
        if self._fence or self._kind == "table":
            return
        end = at + len(row)
        while end - self._begun > LONGEST_CHARS:
            least = max(self._begun + LONGEST_CHARS, at)
            found = _GAP.search(row, least - at, least - at + WORD_CHARS)
            if found is None and end - least <= WORD_CHARS:
                return
            self._begun = at + found.end() if found else least + WORD_CHARS
            self._kind = "text"
            yield Start(self._begun, gap=False)
