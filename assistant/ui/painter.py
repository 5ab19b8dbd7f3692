"""Writes to the terminal only what differs from what it shows: unchanged cells are not written again.

Textual repaints every line of a widget that changed, so a growing paragraph would be written anew with each word. Here a
piece of a line that is shown already is left out, and of a plain line only the part from the first to the last difference
is written. What the terminal shows is remembered per piece; `Painter.forget` makes the next frame a whole one.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from typing import TYPE_CHECKING

from rich.segment import Segment
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.strip import Strip

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

Piece = tuple[int, int, Strip]
"""(row, column, what stands there)"""


class Frame(CompositorUpdate):
    """A frame of Textual's. What of it has to be written is decided when it is: a frame may be dropped before."""

    def __init__(self, painter: Painter, update: LayoutUpdate | ChopsUpdate) -> None:
        self._painter = painter
        self._update = update

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """All of it, as Textual draws it."""
        yield from self._update.__rich_console__(console, options)

    def render_segments(self, console: Console) -> str:
        """The bytes."""
        return "".join(
            f"\x1b[{y + 1};{x + 1}H{strip.render(console)}" for y, x, strip in self._painter.put(self._update, console)
        )


class Painter:
    """What the terminal shows now, as far as it is known."""

    def __init__(self) -> None:
        self._rows: dict[int, dict[int, tuple[Strip, str]]] = {}
        self._screen: object = None

    def forget(self) -> None:
        """The terminal may show anything: a new size, another program was in front."""
        self._rows.clear()

    def frame(self, screen: object, update: RenderableType | None) -> RenderableType | None:
        """`update` as a frame of which only the changes are written. The first of another screen is written whole."""
        if screen is not self._screen:
            self._screen = screen
            self.forget()
        if isinstance(update, (LayoutUpdate, ChopsUpdate)):
            return Frame(self, update)
        if update is not None:
            self.forget()
        return update

    def put(self, update: LayoutUpdate | ChopsUpdate, console: Console) -> Iterator[Piece]:
        """What of `update` has to be written."""
        for y, x, strip in _whole(update) if isinstance(update, LayoutUpdate) else _parts(update):
            yield from self._put(y, x, strip, console)

    def _put(self, y: int, x: int, strip: Strip, console: Console) -> Iterator[Piece]:
        width = strip.cell_length
        if not width:
            return
        row = self._rows.setdefault(y, {})
        known = row.get(x)
        rendered = strip.render(console)
        if known is not None and known[0].cell_length == width:
            if known[1] != rendered:
                yield _difference(y, x, known[0], strip)
                row[x] = (strip, rendered)
            return
        for other, (there, _) in list(row.items()):
            if other < x + width and other + there.cell_length > x:
                del row[other]
        row[x] = (strip, rendered)
        yield y, x, strip


def _whole(update: LayoutUpdate) -> Iterator[Piece]:
    for y, line in enumerate(update.strips, update.region.y):
        x = update.region.x
        for strip in line:
            yield y, x, strip
            x += strip.cell_length


def _parts(update: ChopsUpdate) -> Iterator[Piece]:
    """As Textual cuts them (`ChopsUpdate.render_segments`)."""
    for y, x1, x2 in update.spans:
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if strip is None or x > x2 or end <= x1:
                continue
            yield y, x, strip if x2 > x >= x1 and end <= x2 else strip.crop(0, min(end, x2) - x)


def _difference(y: int, x: int, old: Strip, new: Strip) -> Piece:
    """The part from the first to the last difference. Only of plain lines: a terminal may disagree about the width of other
    signs, and a line that is written whole mends itself.
    """
    before, after = list(old), list(new)
    if not all(s.text.isascii() and s.text.isprintable() and not s.control for s in (*before, *after)):
        return y, x, new
    head = len(list(takewhile(_same, zip(before, after, strict=False))))
    tail = len(list(takewhile(_same, zip(reversed(before[head:]), reversed(after[head:]), strict=False))))
    skipped = sum(len(segment.text) for segment in after[:head])
    middle, was = after[head : len(after) - tail], before[head : len(before) - tail]
    if middle and was and middle[0].style == was[0].style:
        same = len(list(takewhile(_same, zip(middle[0].text, was[0].text, strict=False))))
        if 0 < same < len(middle[0].text):
            middle = [Segment(middle[0].text[same:], middle[0].style), *middle[1:]]
            skipped += same
    return (y, x + skipped, Strip(middle)) if middle else (y, x, new)


def _same(pair: tuple[object, object]) -> bool:
    return pair[0] == pair[1]
