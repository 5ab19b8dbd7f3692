"""Blocks, fitted into a width: the rows that are drawn, and the lines of text that is copied."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rich.cells import cell_len
from textual.content import Content

from assistant.ui.markdown.blocks import BAR, Block, Line, Rule, Table
from assistant.ui.markdown.wrap import breaks

LEAST_CELLS = 6
"""A column narrower than that cuts every word: the table is then shown cell under cell."""
LEAST_ROOM = 12
"""Words with less room than that stand at the edge: how deep they lie is then lost, and nothing else."""
BETWEEN = " │ "
CODE_PAD = 2
GOES_ON = "↪ "
"""Before a row that goes on with the line of code above it."""


class Row(NamedTuple):
    """One row of the screen."""

    content: Content
    lead: Content
    """What stands before it and isn't copied."""
    look: str
    line: int
    """Index of the line of text that it shows a piece of."""
    start: int
    """Index of its first character in that line."""

    def same(self, other: Row) -> bool:
        """Whether both are drawn alike."""
        return self[2:] == other[2:] and self.content.is_same(other.content) and self.lead.is_same(other.lead)


class Fitted(NamedTuple):
    """Rows, and the lines of text that they show."""

    rows: list[Row]
    lines: list[str]


def fit(blocks: Sequence[Block], width: int, first_line: int = 0, columns: Sequence[int] = ()) -> Fitted:
    """`blocks` in `width` cells. `first_line` is the index of their first line of text. `columns`: how wide those of a table
    are which goes on here; its head is left out then."""
    fitted = Fitted([], [])
    for block in blocks:
        if block.gap:
            fitted.rows.append(Row(Content(), block.above, "", first_line + len(fitted.lines), 0))
            fitted.lines.append("")
        match block:
            case Line():
                _fit_line(block, width, first_line, fitted)
            case Rule():
                lead = _with_room(block.lead, width)
                _add(fitted, Content("─" * max(1, width - cell_len(lead.plain))), lead, "rule", first_line)
            case Table():
                lead = _with_room(block.lead, width)
                for content, look in _table(block, max(2, width - cell_len(lead.plain)), columns):
                    _add(fitted, content, lead, look, first_line)
    return fitted


def _add(fitted: Fitted, content: Content, lead: Content, look: str, first_line: int) -> None:
    fitted.rows.append(Row(content, lead, look, first_line + len(fitted.lines), 0))
    fitted.lines.append(content.plain)


def _with_room(lead: Content, width: int) -> Content:
    return lead if width - cell_len(lead.plain) >= LEAST_ROOM else Content()


def _fit_line(block: Line, width: int, first_line: int, fitted: Fitted) -> None:
    code = block.look == "code_block"
    lead, hang = block.lead, block.hang
    if code:
        lead, hang = lead + " " * CODE_PAD, hang + Content.styled(GOES_ON, ".quiet")
    line = first_line + len(fitted.lines)
    sign = Content()
    if block.lead.plain != block.hang.plain and not code:  # the sign of an item is copied with its words, bars aren't
        bars = block.lead.plain.rfind(BAR) + len(BAR) if BAR in block.lead.plain else 0
        lead, sign = block.lead[:bars], block.lead[bars:]
    if width - cell_len(hang.plain) < LEAST_ROOM:
        lead, hang = Content(), Content()
        sign = Content(sign.plain.lstrip())
    room = max(2, width - max(cell_len(hang.plain), cell_len(lead.plain + sign.plain)) - (CODE_PAD if code else 0))
    for n, (start, piece) in enumerate(broken(block.content, room)):
        if n == 0:
            fitted.rows.append(Row(sign + piece, lead, block.look, line, 0))
        else:
            fitted.rows.append(Row(piece, hang, block.look, line, start + len(sign)))
    fitted.lines.append(sign.plain + block.content.plain)


def broken(content: Content, width: int) -> Iterator[tuple[int, Content]]:
    """The rows of `content`, each with the index of its first character."""
    places = breaks(content.plain, width)
    for start, piece in zip((0, *places), content.divide(places), strict=True):
        yield start, piece.rstrip()


def columns_of(table: Table, width: int) -> list[int]:
    """How wide the columns are: as wide as their widest cell where all fit; else the widest give way. None where there is no
    room for a table."""
    natural = [
        max(2, *(cell_len(row[n].plain) for row in table.rows if n < len(row))) for n in range(len(table.aligns))
    ]
    room = width - len(BETWEEN) * (len(natural) - 1)
    if sum(natural) <= room:
        return natural
    narrow, most = sorted(natural), room
    for n, cells in enumerate(narrow):  # how much is left for each of those that give way
        most = room // (len(narrow) - n)
        if cells > most:
            break
        room -= cells
    return [min(cells, most) for cells in natural] if most >= LEAST_CELLS else []


def _table(table: Table, width: int, columns: Sequence[int]) -> Iterator[tuple[Content, str]]:
    cells = columns or columns_of(table, width)
    head, *body = table.rows
    if not cells or sum(cells) + len(BETWEEN) * (len(cells) - 1) > width:
        yield from _stacked(head, body, width)
        return
    rows = [(row, _row(row, cells, table.aligns)) for row in body]
    if not columns:
        for content in _row([cell.stylize("bold") for cell in head], cells, table.aligns):
            yield content, ""
        yield _line(cells, "─┼─", "─"), ""
    high = any(len(drawn) > 1 for _row_, drawn in rows)
    for n, (_cells, drawn) in enumerate(rows):
        if high and (n or columns):  # where cells have several rows, a line shows which belong together
            yield _line(cells, "┄┼┄", "┄"), ""
        for content in drawn:
            yield content, ""


def _line(cells: Sequence[int], between: str, sign: str) -> Content:
    return Content.styled(between.join(sign * width for width in cells), ".quiet")


def _row(row: Sequence[Content], cells: Sequence[int], aligns: Sequence[str]) -> list[Content]:
    """The rows of the screen that a row of the table takes."""
    pieces = [[piece for _start, piece in broken(cell, width)] for cell, width in zip(row, cells, strict=False)]
    pieces += [[Content()]] * (len(cells) - len(pieces))
    between = Content.styled(BETWEEN, ".quiet")
    return [
        between.join(
            _aligned(piece[n] if n < len(piece) else Content(), width, align)
            for piece, width, align in zip(pieces, cells, aligns, strict=False)
        )
        for n in range(max(map(len, pieces)))
    ]


def _aligned(content: Content, width: int, align: str) -> Content:
    left = {"right": width - content.cell_length, "center": (width - content.cell_length) // 2}.get(align, 0)
    return content.pad_left(left).pad_right(width - content.cell_length - left)


def _stacked(head: list[Content], body: list[list[Content]], width: int) -> Iterator[tuple[Content, str]]:
    for n, row in enumerate(body or [head]):
        if n:
            yield Content.styled("┄" * width, ".quiet"), ""
        for name, cell in zip(head, row, strict=False):
            words = name.stylize("bold") + ": " + cell if body else name.stylize("bold")
            for _start, piece in broken(words, width):
                yield piece, ""
