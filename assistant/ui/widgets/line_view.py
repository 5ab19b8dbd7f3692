"""Many lines of which only those in sight are drawn: what a diff and a merge are shown in. Moves, scrolls and copies."""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment
from textual.content import Content
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip
from textual.style import Style

from assistant.visible import one_line

LINE_LIMIT = 2_000
"""Characters of a line that can be scrolled to."""
TAB = 4


class LineView(ScrollView, can_focus=True):
    """Subclasses say how many lines there are and what each looks like. Drawing costs what is in sight, not what there is."""

    DEFAULT_CSS = """
    LineView { width: 1fr; height: 1fr; padding: 0 1; scrollbar-size-vertical: 1; scrollbar-size-horizontal: 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._drawn: dict[int, Content] = {}

    def line_count(self) -> int:
        """How many lines."""
        raise NotImplementedError

    def line_width(self) -> int:
        """Cells of the widest line, or 0 when lines are cut to the view."""
        return 0

    def line_at(self, index: int) -> Content:
        """One line, drawn for the present width and mode."""
        raise NotImplementedError

    def redraw(self, *, home: bool = False) -> None:
        """Something changed about the lines."""
        self._drawn.clear()
        self.virtual_size = Size(self.line_width(), self.line_count())
        if home:
            self.scroll_to(0, 0, animate=False)
        self.refresh()

    def on_resize(self) -> None:
        """Lines are drawn for the width there is."""
        self.redraw()

    def reveal(self, index: int, above: int = 2) -> None:
        """Scroll so that line `index` is in sight, with some of what is above it."""
        top, height = self.scroll_offset.y, self.scrollable_content_region.height
        if not top <= index < top + max(1, height - above):
            self.scroll_to(y=max(0, index - above), animate=False)

    def in_sight(self) -> range:
        """The lines that are shown now."""
        top = self.scroll_offset.y
        return range(top, min(self.line_count(), top + max(1, self.scrollable_content_region.height)))

    def _content(self, index: int) -> Content:
        found = self._drawn.get(index)
        if found is None:
            if len(self._drawn) > 1_000:
                self._drawn.clear()
            found = self._drawn[index] = self.line_at(index)
        return found

    def render_line(self, y: int) -> Strip:
        """See Textual."""
        scroll_x, scroll_y = self.scroll_offset
        width, index, style = self.size.width, scroll_y + y, self.visual_style
        if index >= self.line_count():
            return Strip.blank(width, style.rich_style)
        content = self._content(index)
        selection = self.text_selection
        if selection is not None and (span := selection.get_span(index)) is not None:
            start, end = span
            chosen = Style.from_styles(self.screen.get_component_styles("screen--selection"))
            content = content.stylize(chosen, start, len(content) if end == -1 else end)
        segments = content.render(style, "", parse_style=self._get_style)
        strip = Strip([Segment(text, part.rich_style) for text, part in segments], content.cell_length)
        return strip.crop_extend(scroll_x, scroll_x + width, style.rich_style).apply_offsets(scroll_x, index)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """What was marked with the mouse, to be copied."""
        text = "\n".join(self._content(index).plain.rstrip() for index in range(self.line_count()))
        return selection.extract(text), "\n"


def shown(text: str) -> str:
    """A line of a file as it is drawn: tabs as spaces, control characters visible."""
    return one_line(text.rstrip("\n").expandtabs(TAB), LINE_LIMIT)


def cut(text: str, start: int, width: int) -> str:
    """`width` cells of `text` from cell `start` on, filled with spaces; an ellipsis stands where something is cut off."""
    if width <= 0:
        return ""
    cells = cell_len(text)
    whole = Strip([Segment(text)], cells)
    if cells > start + width and width > 1:
        part = whole.crop(start, start + width - 1).text + "…"
    else:
        part = whole.crop(start, start + width).text
    return part + " " * max(0, width - cell_len(part))
