"""The person's own words in the transcript."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.widgets import Static

from assistant.ui.conversation import Said, Update
from assistant.ui.language import N_
from assistant.ui.messages import EditAsked, TypedAhead
from assistant.ui.safe import plain


class SaidView(Static, can_focus=True):
    """A prompt that was sent. Enter opens it in the prompt again; what is typed on it goes there too."""

    DEFAULT_CSS = """
    SaidView {
        margin: 1 0 0 0; padding: 0 2 0 1; height: auto; background: $surface; border-left: thick $primary;
        &.-found { background: $panel; }
        &:focus { background: $panel; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "edit", N_("edit it and send it again, as a branch"))]

    def __init__(self, item: Said) -> None:
        super().__init__(plain(item.text), markup=False)
        self.item = item

    def show_update(self, update: Update) -> None:
        """Draw the item anew."""
        del update
        self.update(plain(self.item.text))

    def action_edit(self) -> None:
        """Ask for it to be edited."""
        self.post_message(EditAsked(self.item))

    def on_key(self, event: events.Key) -> None:
        """A letter is meant for the prompt."""
        if event.is_printable and event.character is not None and not event.key.startswith("alt+"):
            event.stop()
            self.post_message(TypedAhead(event.character))
