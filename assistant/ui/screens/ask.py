"""A small form of one line: a new title, a budget, a boundary."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from assistant.ui.language import _
from assistant.ui.safe import plain
from assistant.ui.screens.manners import leave


class AskScreen(ModalScreen[str | None]):
    """Enter gives the text, Esc gives None."""

    CSS = """
    AskScreen { align: center middle; background: $background 60%; }
    AskScreen > Vertical { width: 72; max-width: 96%; height: auto; padding: 1 2; background: $surface; border: round $primary; }
    AskScreen Input, AskScreen Input:focus { border: none; height: 1; margin: 1 0; padding: 0 1; background: $panel; }
    AskScreen .hint { color: $quiet; }
    """

    def __init__(self, question: str, value: str = "", hint: str = "") -> None:
        super().__init__()
        self._question, self._value, self._hint = question, value, hint

    def compose(self) -> ComposeResult:
        """Question, field, hint."""
        with Vertical():
            yield Static(plain(self._question, "bold"), markup=False)
            yield Input(self._value)
            yield Static(plain(self._hint or _("Enter: take it · Esc: leave it")), markup=False, classes="hint")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Taken."""
        event.stop()
        leave(self, event.value)

    def on_key(self, event: events.Key) -> None:
        """Left."""
        if event.key in ("escape", "ctrl+c"):
            event.stop()
            leave(self, None)
