"""The person's own words in the transcript."""

from __future__ import annotations

from textual.widgets import Static

from assistant.ui.conversation import Said, Update
from assistant.ui.safe import plain


class SaidView(Static):
    """A prompt that was sent."""

    DEFAULT_CSS = """
    SaidView {
        margin: 1 0 0 0; padding: 0 2 0 1; height: auto; background: $surface; border-left: thick $primary;
        &.-found { background: $panel; }
    }
    """

    def __init__(self, item: Said) -> None:
        super().__init__(plain(item.text), markup=False)
        self.item = item

    def show_update(self, update: Update) -> None:
        """Draw the item anew."""
        del update
        self.update(plain(self.item.text))
