"""A widget of which nothing is seen but its background, because others stand on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from rich.style import Style
from textual.strip import Strip

if TYPE_CHECKING:
    from textual.geometry import Region


class Ground:
    """Mix in before a widget that has neither text nor border: all of its lines are one line.

    Textual renders, filters and cuts each line of every widget in sight, covered or not. In a conversation that scrolls,
    the lines of the screen, of the transcript and of the answer under its paragraphs are three quarters of them.

    No `Widget` itself: Textual takes a widget's styles from the first of its bases that is one.
    """

    def render_lines(self, crop: Region) -> list[Strip]:
        """See Textual."""
        widget = cast(Any, self)
        background = widget.background_colors[1]
        strip = Strip.blank(crop.width, Style.from_color(bgcolor=background.rich_color))
        for line_filter in widget.get_line_filters():
            strip = strip.apply_filter(line_filter, background)
        return [strip] * crop.height
