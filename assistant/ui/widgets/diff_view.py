"""A diff, inline or side by side, with its hunks: one of them is marked, and is what keys act on."""

from __future__ import annotations

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.message import Message

from assistant.ui.diff import DiffRow, pairs, parse
from assistant.ui.language import _
from assistant.ui.safe import join
from assistant.ui.widgets.line_view import LineView, cut, shown

_STYLES = {"added": ("+", "$added"), "removed": ("-", "$removed"), "note": ("", "italic $quiet")}
_GUTTER = 7
"""A line number, a space, a sign, a space: before the text of each half."""

Line = tuple[int, "DiffRow | None", "DiffRow | None"]
"""(number of its hunk, left, right); a row that is no pair stands on both sides."""


class DiffView(LineView):
    """Shows one file's change. Signs tell additions from removals, a bar the marked hunk; colours only repeat it."""

    class HunkMarked(Message):
        """Another hunk is marked."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[DiffRow] = []
        self._lines: list[Line] = []
        self._starts: list[int] = []
        self._widest = 0
        self.beside = False
        """Side by side."""
        self.hunk = 0
        """The marked hunk, from 1; 0 when there is none."""

    @property
    def hunks(self) -> int:
        """How many there are."""
        return len(self._starts)

    def show(self, diff: str, *, keep: bool = False) -> None:
        """Show this diff. With `keep` it is the same file as before: the marked hunk stays where it was, if it can."""
        rows = parse(diff)
        if keep and rows == self._rows:
            return
        marked = self.hunk
        self._rows = rows
        self._widest = max((cell_len(shown(row.text)) for row in rows), default=0)
        self._lay_out()
        self.hunk = min(marked, self.hunks) if keep and marked else min(1, self.hunks)
        self.redraw(home=not keep)
        self.post_message(self.HunkMarked())

    def set_beside(self, beside: bool) -> None:
        """Side by side, or inline."""
        if beside != self.beside:
            self.beside = beside
            self._lay_out()
            self.redraw()
            if self.hunk > 1:
                self.reveal(self._starts[self.hunk - 1])

    def mark(self, hunk: int) -> bool:
        """Mark a hunk and bring it into sight. Whether there is one of that number."""
        if not 1 <= hunk <= self.hunks:
            return False
        self.hunk = hunk
        start = self._starts[hunk - 1]
        end = self._starts[hunk] if hunk < self.hunks else self.line_count()
        self._drawn.clear()
        self.refresh()
        self.reveal(min(end, self.line_count()) - 1, above=min(end - start + 1, max(2, self.size.height - 2)))
        self.reveal(start)
        self.post_message(self.HunkMarked())
        return True

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """What keys act on is in sight: a hunk whose changes were scrolled away hands its mark to the one that is seen."""
        super().watch_scroll_y(old_value, new_value)
        seen = {self._lines[index][0] for index in self.in_sight() if index < len(self._lines) and self._changes(index)}
        if self.hunk and seen and self.hunk not in seen:
            self.hunk = min(seen) if new_value > old_value else max(seen)
            self._drawn.clear()
            self.refresh()
            self.post_message(self.HunkMarked())

    def on_click(self, event: events.Click) -> None:
        """A click marks the hunk."""
        index = self.scroll_offset.y + event.y
        if index < len(self._lines) and (hunk := self._lines[index][0]):
            self.hunk = hunk
            self._drawn.clear()
            self.refresh()
            self.post_message(self.HunkMarked())

    def _changes(self, index: int) -> bool:
        return any(row is not None and row.kind in ("added", "removed") for row in self._lines[index][1:])

    def _lay_out(self) -> None:
        self._lines, self._starts = [], []
        both = pairs(self._rows) if self.beside else [(row, row) for row in self._rows]
        for left, right in both:
            if left is not None and left.kind == "hunk":
                self._starts.append(len(self._lines))
            self._lines.append((len(self._starts), left, right))

    # ------------------------------------------------------------ drawing

    def line_count(self) -> int:
        """See LineView."""
        return max(1, len(self._lines))

    def line_width(self) -> int:
        """See LineView. Side by side, the widest half that scrolling can bring into sight."""
        if self.beside:
            return self._visible() + max(0, self._widest - self._half() + _GUTTER)
        return self._widest + 2 * _GUTTER + 1

    def line_at(self, index: int) -> Content:
        """See LineView."""
        if not self._lines:
            return Content.styled(_("no text to compare"), "italic $quiet")
        hunk, left, right = self._lines[index]
        marked = hunk == self.hunk and hunk > 0
        at = self.scroll_offset.x if self.beside else 0
        # Each half moves by itself, so the line as a whole stands still.
        bar = (" " * at + ("▌" if marked else " "), "$primary")
        if left is not None and left.kind == "hunk":
            words = _("hunk {n} of {all}").format(n=hunk, all=self.hunks)
            style = "bold $primary" if marked else "$primary"
            return join(bar, (f"{words}  ", style), (shown(left.text).rpartition("@@")[0].strip("@ "), "$quiet"))
        if left is not None and left.kind == "note":
            return join(bar, (shown(left.text), "italic $quiet"))
        if not self.beside:
            return join(bar, *_inline(left or right))
        half = self._half()
        return join(
            bar,
            *_half(left, half, at, old=True),
            ("│", "$border-blurred"),
            *_half(right, half, at, old=False),
        )

    def _half(self) -> int:
        return max(_GUTTER + 4, (self._visible() - 2) // 2)

    def _visible(self) -> int:
        return max(20, self.scrollable_content_region.width)

    def watch_scroll_x(self, old_value: float, new_value: float) -> None:
        """Both halves move together, each within its own column."""
        super().watch_scroll_x(old_value, new_value)
        if self.beside:
            self._drawn.clear()
            self.refresh()


def _inline(row: DiffRow | None) -> list[tuple[str, str]]:
    if row is None:
        return []
    sign, style = _STYLES.get(row.kind, (" ", ""))
    return [(f"{row.old or '':>5} {row.new or '':>5} ", "$quiet"), (f"{sign} {shown(row.text)}", style)]


def _half(row: DiffRow | None, width: int, at: int, *, old: bool) -> list[tuple[str, str]]:
    if row is None:
        return [(" " * width, "")]
    sign, style = _STYLES.get(row.kind, (" ", ""))
    number = row.old if old else row.new
    return [(f"{number or '':>4} ", "$quiet"), (f"{sign} {cut(shown(row.text), at, width - _GUTTER)}", style)]
