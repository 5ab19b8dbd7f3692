"""A Markdown text that grows, and the rows that show it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from textual.content import Content

from assistant.ui.markdown.blocks import Block, Table, blocks_of, code_lines
from assistant.ui.markdown.parser import PARSER
from assistant.ui.markdown.rows import Row, columns_of, fit
from assistant.ui.markdown.starts import Start, closes, fence_of, starts
from assistant.visible import visible

_NUMBERED = re.compile(r"(\d{1,9})[.)]\s")

References = dict[str, Any]
"""What markdown-it knows of `[name]: address`, in the shape it keeps it in."""


class _Piece:
    """The text from one start to the next."""

    def __init__(self, text: str, start: Start, before: _Piece | None, head: _Piece | None) -> None:
        self.text, self.opening, self.gap = text, start.opening, start.gap
        self.head = head
        """Of a table that goes on here, where it began."""
        found = _NUMBERED.match(text)
        self._written = found[1] if found else None
        self.number = int(found[1]) if found else None
        """Of the list item that it begins with. Who writes the same number before each means them to be counted."""
        if found and before is not None and before.number is not None and before._written == self._written:
            self.number = before.number + 1
        self._blocks: list[Block] | None = None

    def blocks(self, references: References) -> list[Block]:
        """What it holds; read once."""
        if self._blocks is None:
            self._blocks = self._read(references)
            if self._blocks:
                self._blocks[0].gap, self._blocks[0].above = self.gap, Content()
        return self._blocks

    def forget(self) -> None:
        """Read it again next time."""
        self._blocks = None

    def _read(self, references: References) -> list[Block]:
        first, _, rest = (self.opening + self.text).partition("\n")
        if (fence := fence_of(first)) is not None:
            signs, language = fence
            return [*code_lines(visible("\n".join(_code(rest, signs))), visible(language).split(" ")[0][:40])]
        return blocks_of(PARSER.parse(self.opening + self.text, references), self.number)

    def columns(self, references: References, width: int) -> Sequence[int]:
        """How wide the columns are of the table that goes on here."""
        if self.head is None:
            return ()
        tables = [block for block in self.head.blocks(references) if isinstance(block, Table)]
        return columns_of(tables[-1], width) if tables else ()


def _code(text: str, signs: str) -> list[str]:
    """The lines of a code block up to its end, if that has come."""
    found = text.split("\n")
    for n, row in enumerate(found):
        if closes(row, signs):
            return found[:n]
    return found if found[-1] else found[:-1]


class Document:
    """Grows by `append`; `lay` fits it into a width. What has been read and fitted stays, but for the last piece."""

    def __init__(self, *, goes_on: bool = False) -> None:
        """`goes_on`: no empty row comes first, since it goes on with what stands above it."""
        self.rows: list[Row] = []
        self.lines: list[str] = []
        """The text without marks, as it is copied."""
        self.changed = 0
        """Index of the first row that is not as it was before the last `lay`."""
        self._goes_on = goes_on
        self._pieces: list[_Piece] = []
        self._tail = ""
        self._start = Start(0, gap=not goes_on)
        self._head: _Piece | None = None
        self._settled: References = {}
        """The addresses that all pieces but the last have given: that one may have half of one."""
        self._known: Mapping[str, Any] = {}
        """Those that what is fitted in was read with."""
        self._grown = False
        self._width = 0
        self._ends: list[tuple[int, int]] = []
        """Numbers of rows and lines behind each piece that is fitted in."""

    def append(self, text: str) -> None:
        """More of it."""
        self._grown = True
        if self._pieces:
            self._pieces.pop()
            del self._ends[len(self._pieces) :]
        self._tail += text
        found = list(starts(self._tail, self._start.opening))
        found[0] = self._start._replace(at=0)
        for start, end in zip(found, [start.at for start in found[1:]] + [len(self._tail)], strict=True):
            self._start = start
            on = start.opening and not fence_of(start.opening)
            before = self._pieces[-1] if self._pieces else None
            piece = _Piece(self._tail[start.at : end], start, before, self._head if on else None)
            if not on:
                self._head = piece
            self._pieces.append(piece)
        self._tail = self._tail[self._start.at :]

    def lay(self, width: int) -> int:
        """Fit it into `width` cells; how many rows it takes."""
        if width != self._width:
            self._width = width
            self._ends.clear()
        if not self._pieces:
            return 0
        if self._grown:
            self._read()
        self._fit(width)
        return len(self.rows)

    def _read(self) -> None:
        """Read what has come. An address may be named before it is given: then all is read again."""
        self._grown = False
        *settled, last = self._pieces
        for piece in settled[len(self._ends) :]:
            piece.blocks(self._settled)
        given: References = {"references": dict(self._settled.get("references", {}))}
        last.blocks(given)
        if given["references"] != self._known:
            self._known = dict(given["references"])
            self._ends.clear()
            for piece in self._pieces:
                piece.forget()
                piece.blocks(given)

    def _fit(self, width: int) -> None:
        rows, lines = self._ends[-1] if self._ends else (0, 0)
        before = self.rows[rows:]
        del self.rows[rows:], self.lines[lines:]
        for piece in self._pieces[len(self._ends) :]:
            fitted = fit(piece.blocks({}), width, len(self.lines), piece.columns({}, width))
            self.rows += fitted.rows
            self.lines += fitted.lines
            self._ends.append((len(self.rows), len(self.lines)))
        self.changed = rows
        for old, new in zip(before, self.rows[rows:], strict=False):
            if not old.same(new):
                break
            self.changed += 1
