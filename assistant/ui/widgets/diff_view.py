"""A diff, inline or side by side."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from assistant.ui.diff import DiffRow, pairs, parse
from assistant.ui.language import _, ngettext
from assistant.ui.safe import join
from assistant.visible import one_line

MAX_ROWS = 3_000
"""More than anybody reads in a terminal; the rest is told, not shown."""
_STYLES = {
    "added": ("+", "$added"),
    "removed": ("-", "$removed"),
    "hunk": ("", "$primary"),
    "note": ("", "italic $quiet"),
}


class DiffView(VerticalScroll, can_focus=True):
    """Shows one file's change. Signs tell additions from removals, colours only repeat it."""

    DEFAULT_CSS = """
    DiffView {
        width: 1fr; height: 1fr; padding: 0 1; scrollbar-size-vertical: 1;
        & > Static { height: auto; width: 100%; text-wrap: nowrap; text-overflow: ellipsis; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[DiffRow] = []
        self._head = Content("")
        self.beside = False
        """Side by side."""

    def compose(self) -> ComposeResult:
        """One block of text."""
        yield Static(markup=False)

    def show(self, diff: str, head: Content) -> None:
        """Show this diff under `head`."""
        self._rows, self._head = parse(diff), head
        self.scroll_home(animate=False)
        self.redraw()

    def redraw(self) -> None:
        """Draw for the present width and mode."""
        rows = self._rows[:MAX_ROWS]
        width = max(20, self.size.width - 3)
        drawn = _beside(rows, width) if self.beside else [_inline(row) for row in rows]
        if len(self._rows) > MAX_ROWS:
            hidden = len(self._rows) - MAX_ROWS
            drawn.append(Content.styled(ngettext("… {n} more line", "… {n} more lines", hidden), "italic $quiet"))
        if not rows:
            drawn.append(Content.styled(_("no text to compare"), "italic $quiet"))
        self.query_one(Static).update(Content("\n").join([self._head, Content(""), *drawn] if self._head else drawn))

    def on_resize(self) -> None:
        """The two columns share the new width."""
        if self.beside:
            self.redraw()


def _inline(row: DiffRow) -> Content:
    sign, style = _STYLES.get(row.kind, (" ", ""))
    if row.kind in ("hunk", "note"):
        return join((one_line(row.text, 500), style))
    return join((f"{row.old or '':>5} {row.new or '':>5} ", "$quiet"), (f"{sign} {one_line(row.text, 1_000)}", style))


def _beside(rows: list[DiffRow], width: int) -> list[Content]:
    half = (width - 1) // 2
    out: list[Content] = []
    for left, right in pairs(rows):
        if left is not None and left is right and left.kind in ("hunk", "note"):
            out.append(_inline(left))
        else:
            out.append(join(_half(left, half, old=True), ("│", "$border-blurred"), _half(right, half, old=False)))
    return out


def _half(row: DiffRow | None, width: int, *, old: bool) -> Content:
    if row is None:
        return Content(" " * width)
    sign, style = _STYLES.get(row.kind, (" ", ""))
    number = row.old if old else row.new
    text = Content.assemble((f"{number or '':>4} ", "$quiet"), (f"{sign} {one_line(row.text, 1_000)}", style))
    cut = text.truncate(width, ellipsis=True)
    return cut.pad_right(width - cut.cell_length) if cut.cell_length < width else cut
