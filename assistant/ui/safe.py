"""Foreign text on its way to the screen. Nothing a model, tool, file or page says becomes a control sequence or markup.

Two walls. Text becomes `Content` only through `plain` and its kin here, which never parse markup. And every line that
Textual is about to write goes through `ControlFilter`, so that even text that slipped past the first wall arrives as
signs, never as commands.
"""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.content import Content
from textual.filter import LineFilter

from assistant.visible import JOINERS, one_line, prose, visible


def plain(text: str, style: str = "") -> Content:
    """`text` as it is, control characters visible, no markup parsed. `style` is ours: a style or `$variable`."""
    return Content.styled(visible(text), style) if style else Content(visible(text))


def sentences(text: str, style: str = "") -> Content:
    """As `plain`, for what somebody says, in whatever script; not for what is run or followed."""
    return Content.styled(prose(text), style) if style else Content(prose(text))


def line(text: str, style: str = "", limit: int = 400) -> Content:
    """`text` on one line, cut to `limit` characters."""
    return Content.styled(one_line(text, limit), style) if style else Content(one_line(text, limit))


def pad(text: str, cells: int) -> str:
    """`text` filled up with spaces to `cells` columns; wide characters take two."""
    return text + " " * max(0, cells - cell_len(text))


def join(*parts: Content | str | tuple[str, str]) -> Content:
    """Several parts in a row. A `str` or `(str, style)` is our own words."""
    return Content.assemble(*parts)


class ControlFilter(LineFilter):
    """Replaces what a terminal could take for a command in lines about to be written, cell for cell."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same line; `segments` that are clean are passed on untouched."""
        if all(text.isprintable() or control for text, _style, control in segments):
            return segments
        return [
            segment if segment.control or segment.text.isprintable() else Segment(_signs(segment.text), segment.style)
            for segment in segments
        ]


def _signs(text: str) -> str:
    shown = visible(text.replace("\t", " ").replace("\n", " "))
    if shown == text:
        return text
    # A control character has no width of its own; one sign in its place keeps the line readable. A joiner commands nothing,
    # and the piece of a line that it stands in may begin with it.
    return "".join(c if visible(c) == c or c in JOINERS else "�" for c in text.replace("\t", " ").replace("\n", " "))
