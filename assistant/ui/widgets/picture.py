"""A picture in the transcript, of half blocks: each cell is two pixels, one above the other.

The pixels come from the desk, which has the picture decoded in a room: nothing of a foreign picture is read here. Asked for when
the item is mounted; until they are there, and where they can't be, it takes no place, and the words beside it stand for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.color import Color
from rich.color_triplet import ColorTriplet
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from assistant.types import ImagePart

if TYPE_CHECKING:
    from assistant.gateway.thumbnails import Thumbnail
    from assistant.ui.app import AssistantApp

MOST = 4
"""Pictures of one item that are drawn; the words of all are there."""
COLUMNS, ROWS = 80, 36
"""Cells of the largest."""
_ASIDE = 10
"""Columns left to margins, and to the bar beside the transcript."""


class PictureView(Widget):
    """One picture. It has no height before it is drawn, and one height from then on."""

    ALLOW_SELECT: ClassVar[bool] = False
    DEFAULT_CSS = """
    PictureView { width: auto; height: auto; margin: 0 0 0 2; display: none; }
    PictureView.-drawn { display: block; }
    """

    app: AssistantApp  # pyright: ignore[reportIncompatibleMethodOverride]  # narrowed: only our App shows it

    def __init__(self, image: ImagePart) -> None:
        super().__init__()
        self.image = image
        self._strips: list[Strip] = []

    def on_mount(self) -> None:
        """What was drawn before is there at once, so that nothing moves when one scrolls back to it."""
        drawings = self.app.drawings()
        if drawings is None:
            return
        columns, rows = bounds(self.app.size)
        known = drawings.known(self.image, columns, rows)
        if known is not None:
            self._show(known)
        else:
            self.run_worker(self._ask(columns, rows), exit_on_error=False)

    async def _ask(self, columns: int, rows: int) -> None:
        drawings = self.app.drawings()
        if drawings is not None and (found := await drawings.draw(self.image, columns, rows)) is not None:
            self._show(found)

    def _show(self, thumbnail: Thumbnail) -> None:
        self._strips = half_blocks(thumbnail)
        self.add_class("-drawn")
        self.refresh(layout=True)

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """See Textual."""
        del container, viewport
        return self._strips[0].cell_length if self._strips else 0

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """See Textual."""
        del container, viewport, width
        return len(self._strips)

    def render_line(self, y: int) -> Strip:
        """See Textual."""
        strip = self._strips[y] if y < len(self._strips) else Strip([])
        return strip.adjust_cell_length(self.size.width, self.rich_style)


def bounds(screen: Size) -> tuple[int, int]:
    """(columns, rows) of a picture on a screen of this size: never so high that the words around it are gone."""
    return max(8, min(COLUMNS, screen.width - _ASIDE)), max(4, min(ROWS, screen.height * 6 // 10))


def half_blocks(thumbnail: Thumbnail) -> list[Strip]:
    """Its rows of cells. Neighbours of one look are one segment: a chart is mostly paper."""
    width, rgb, stride = thumbnail.width, thumbnail.rgb, 3 * thumbnail.width
    strips: list[Strip] = []
    for row in range(thumbnail.height // 2):
        above, below = rgb[2 * row * stride :][:stride], rgb[(2 * row + 1) * stride :][:stride]
        pairs = [above[x : x + 3] + below[x : x + 3] for x in range(0, stride, 3)]
        segments: list[Segment] = []
        start = 0
        for x in range(1, width + 1):
            if x == width or pairs[x] != pairs[start]:
                segments.append(Segment("▀" * (x - start), _style(pairs[start])))
                start = x
        strips.append(Strip(segments, width))
    return strips


def _style(pair: bytes) -> Style:
    above, below = ColorTriplet(*pair[:3]), ColorTriplet(*pair[3:])
    return Style(color=Color.from_triplet(above), bgcolor=Color.from_triplet(below))
