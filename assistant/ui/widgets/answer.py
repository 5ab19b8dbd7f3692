"""A model's answer: Markdown that grows while it is written.

Imported only when the first answer is shown: markdown-it takes a fifth of the time to the first frame.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, ClassVar, cast

from rich.segment import Segment
from textual.app import App
from textual.content import Content
from textual.geometry import Region, Size
from textual.selection import Selection
from textual.strip import Strip
from textual.style import Style
from textual.timer import Timer
from textual.widget import Widget

from assistant.ui import collecting
from assistant.ui.conversation import Answer, Update
from assistant.ui.language import _
from assistant.ui.markdown.document import Document
from assistant.ui.markdown.rows import Row
from assistant.visible import one_line, visible

FLUSH_S = 0.04
"""Pause between two drawings of new words: 25 a second is smooth, and several tokens share one layout."""
SHARE = 6
"""Words that were on the screen t seconds after their drawing began are followed by a pause of at least SHARE × t: a fast
answer, or a screenful of blocks, leaves six sevenths of the time to the keys."""
LONGEST_S = 0.2
"""But never by a longer one: what took longer was a module loaded for the first drawing, or another program's turn."""

AFTER_S = 0.02
"""How long after a drawing is a good moment to collect: keys that waited for it are answered by then."""

EMPTY = (Content(), Content())
"""What an answer shows that has no words yet: the row above it, and that of its first words, so that these move nothing."""


class AnswerView(Widget):
    """An answer. Links show their target and are copied, never opened."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "h1", "heading", "quote", "quote_bar", "rule", "quiet", "link", "code_inline", "code_block",
    }  # fmt: skip
    DEFAULT_CSS = """
    AnswerView {
        padding: 0 2; width: 1fr; height: auto; color: $foreground; background: transparent;
        &.-found { background: $panel; }
        & > .h1 { color: $primary; text-style: bold underline; }
        & > .heading { color: $primary; text-style: bold; }
        & > .quote { color: $secondary; }
        & > .quote_bar, & > .rule { color: $border-blurred; }
        & > .quiet { color: $quiet; }
        & > .link { text-style: underline; }
        & > .code_block { color: $foreground; background: $surface; }
        &:dark > .code_inline { background: $warning 10%; color: $text-warning 95%; }
        &:light > .code_inline { background: $error 5%; color: $text-error 95%; }
    }
    """

    app: App[Any]  # pyright: ignore[reportIncompatibleMethodOverride]  # the same, its type spelled out

    def __init__(self, item: Answer) -> None:
        super().__init__()
        self.item = item
        self._document = Document(goes_on=item.joined)
        self._written = 0
        """How many characters of it the document has."""
        if item.done:
            self._take_words()
        self._timer: Timer | None = None
        self._showing = False
        """Whether words are on their way to the screen."""

    def on_mount(self) -> None:
        """What has come before the widget did: at once, so that who calls after this mount finds it drawn."""
        if self._written < len(self.item.text):
            self.call_next(self._flush)

    def take(self, item: Answer) -> None:
        """This was the place for an answer, and `item` is the answer."""
        self.item = item
        self.call_next(self._flush)

    @property
    def drawing(self) -> bool:
        """Whether there are words that haven't been drawn yet."""
        return self._timer is not None or self._showing or self._written < len(self.item.text)

    def show_update(self, update: Update) -> None:
        """More words: drawn within FLUSH_S, together with what comes meanwhile."""
        if update.what == "state":
            self._flush_soon(0)
        elif self._timer is None and not self._showing:
            self._flush_soon(FLUSH_S)

    def _flush_soon(self, delay_s: float) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(max(delay_s, 0.001), self._flush)

    def _flush(self) -> None:
        self._timer = None
        if self._written == len(self.item.text):
            return
        started = time.monotonic()
        self._showing = True
        self._take_words()
        width, height = self.size
        if width and self._document.lay(width) == height:  # nothing around it moves: only what is new is drawn
            self.refresh(Region(0, self._document.changed, width, height - self._document.changed))
        else:
            self.refresh(layout=True)
        self.call_after_refresh(self._shown, started)

    def _take_words(self) -> None:
        self._document.append(self.item.text[self._written :])
        self._written = len(self.item.text)

    def _shown(self, started: float) -> None:
        self._showing = False
        took = time.monotonic() - started
        asyncio.get_running_loop().call_later(AFTER_S, collecting.good_moment)
        if self._timer is None and (self._written < len(self.item.text) or not self.item.done):
            self._flush_soon(min(max(FLUSH_S, took * SHARE), LONGEST_S))

    # ------------------------------------------------------------ drawing

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """All there is."""
        del viewport
        return container.width

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many rows as the words take."""
        del container, viewport
        if not self._written:
            return 0 if self.item.done else len(EMPTY)
        return self._document.lay(width) if width else 0

    def render_line(self, y: int) -> Strip:
        """Row `y` of them."""
        width, base = self.size.width, self.visual_style
        rows = self._document.rows
        if y >= len(rows) or not self._written:
            return Strip.blank(width, base.rich_style)
        row = rows[y]
        style = self.get_visual_style(row.look) if row.look else base
        segments = [Segment(words, look.rich_style) for words, look in row.lead.render(style, "", self._style)]
        column = row.start
        for words, look in self._selected(row).render(style, "", self._style):
            segments.append(Segment(words, (style + look).rich_style_with_offset(column, row.line)))
            column += len(words)
        return Strip(segments).adjust_cell_length(width, style.background_style.rich_style)

    def _style(self, name: str | Style) -> Style:
        return cast(Any, self)._get_style(name)

    def _selected(self, row: Row) -> Content:
        selection = self.text_selection
        span = selection.get_span(row.line) if selection is not None else None
        if span is None:
            return row.content
        start, end = span[0] - row.start, len(row.content) if span[1] < 0 else span[1] - row.start
        if end <= 0 or start >= len(row.content):
            return row.content
        style = Style.from_styles(self.screen.get_component_styles("screen--selection"))
        return row.content.stylize(style, max(0, start), min(end, len(row.content)))

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The words that are selected, without the ends of the rows they stand in."""
        found: list[str] = []
        for n, line in enumerate(self._document.lines):
            if (span := selection.get_span(n)) is not None:
                found.append(line[span[0] : len(line) if span[1] < 0 else span[1]])
        return ("\n".join(found), "\n") if found else None

    def action_link(self, href: str) -> None:
        """A link is copied, never opened: where it leads is for the person to decide."""
        self.app.copy_to_clipboard(visible(href))
        self.app.notify(one_line(href), title=_("link copied, not opened"), markup=False)
