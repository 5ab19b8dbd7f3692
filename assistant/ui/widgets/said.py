"""The person's own words in the transcript, and the pictures that they sent with them."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Static

from assistant.ui.conversation import Said, Update
from assistant.ui.language import N_
from assistant.ui.messages import EditAsked, TypedAhead
from assistant.ui.safe import sentences


class SaidView(Static, can_focus=True):
    """A prompt that was sent. Enter opens it in the prompt again; what is typed on it goes there too.

    Draws its words itself, and only where there are pictures by a widget above those: a widget less to find a place for in
    the frame that shows the first words of an answer.
    """

    DEFAULT_CSS = """
    SaidView {
        margin: 1 0 0 0; padding: 0 2 0 1; width: 1fr; height: auto; background: $surface; border-left: thick $primary;
        & > Static { height: auto; }
        & > PictureView { margin: 0; }
        &.-found { background: $panel; }
        &:focus { background: $panel; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "edit", N_("edit it and send it again, as a branch"))]

    def __init__(self, item: Said) -> None:
        super().__init__(sentences(item.text) if not item.images else "", markup=False)
        self.item = item
        self._words: Static | None = None

    def compose(self) -> ComposeResult:
        """Words and pictures, where there are any."""
        yield from self._parts()

    def show_update(self, update: Update) -> None:
        """Draw the item anew."""
        del update
        if self._words is not None:
            self._words.update(sentences(self.item.text))
        elif not self.item.images:
            self.update(sentences(self.item.text))
        elif self.is_mounted:
            self.update("")
            self.mount(*self._parts())

    def _parts(self) -> list[Widget]:
        """Once: pictures come when the prompt is in the log, and stay as they are."""
        if self._words is not None or not self.item.images:
            return []
        from assistant.ui.widgets.picture import MOST, PictureView  # few prompts have any

        self._words = Static(sentences(self.item.text), markup=False)
        return [self._words, *(PictureView(image) for image in self.item.images[:MOST])]

    def action_edit(self) -> None:
        """Ask for it to be edited."""
        self.post_message(EditAsked(self.item))

    def on_key(self, event: events.Key) -> None:
        """A letter is meant for the prompt."""
        if event.is_printable and event.character is not None and not event.key.startswith("alt+"):
            event.stop()
            self.post_message(TypedAhead(event.character))
