"""A model's reasoning: one quiet line, opened on request."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Click
from textual.reactive import reactive
from textual.widgets import Static

from assistant.ui.conversation import Thought, Update
from assistant.ui.language import N_, _
from assistant.ui.safe import join, line, sentences


class ThoughtView(Static, can_focus=True):
    """Reasoning, folded to its last line while it grows and to its first when done. Enter or a click opens it."""

    DEFAULT_CSS = """
    ThoughtView {
        margin: 1 0 0 0; padding: 0 2; height: auto; color: $quiet; text-style: italic;
        &:focus { background: $surface; }
        &.-found { background: $panel; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,space", "fold", N_("open or fold"))]

    opened = reactive(False, init=False)

    def __init__(self, item: Thought) -> None:
        super().__init__(_words(item, opened=False), markup=False)
        self.item = item

    def show_update(self, update: Update) -> None:
        """Draw the item anew."""
        del update
        self.update(_words(self.item, opened=self.opened))

    def watch_opened(self) -> None:
        """Open or folded."""
        self.update(_words(self.item, opened=self.opened))

    def action_fold(self) -> None:
        """Open or fold."""
        self.opened = not self.opened

    def on_click(self, event: Click) -> None:
        """A click is a toggle."""
        event.stop()
        self.action_fold()


def _words(item: Thought, *, opened: bool) -> Content:
    sign = "▾ " if opened else "▸ "
    title = _("thought") if item.done else _("thinking")
    if opened:
        return join(sign, title, "\n", sentences(item.text.strip()))
    lines = [text for text in item.text[-2_000 if not item.done else 0 :].splitlines() if text.strip()]
    shown = (lines[0] if item.done else lines[-1]) if lines else ""
    return join(sign, title, " · ", line(shown, limit=160)) if shown else join(sign, title)
