"""One of a few values: a theme, a level, yes or no."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static

from assistant.ui.language import _
from assistant.ui.safe import join, line, plain
from assistant.ui.screens.manners import leave
from assistant.ui.screens.panel import Rows


class PickScreen(ModalScreen[str | None]):
    """Enter gives the marked value, Esc gives None."""

    CSS = """
    PickScreen { align: center middle; background: $background 60%; }
    PickScreen > Vertical { width: 72; max-width: 96%; height: auto; padding: 1 2; background: $surface; border: round $primary; }
    PickScreen Static { height: auto; }
    PickScreen Rows { height: auto; max-height: 14; margin: 1 0; background: $surface; }
    PickScreen .hint { color: $quiet; }
    """

    def __init__(self, question: str, detail: str, values: Sequence[str], now: str) -> None:
        super().__init__()
        self._question, self._detail, self._values, self._now = question, detail, tuple(values), now

    def compose(self) -> ComposeResult:
        """Question, values, keys."""
        with Vertical():
            yield Static(plain(self._question, "bold"), markup=False)
            yield Static(plain(self._detail), markup=False, classes="hint")
            yield Rows()
            yield Static(plain(_("Enter: take it · Esc: leave it")), markup=False, classes="hint")

    def on_mount(self) -> None:
        """The present value is marked by a sign, and is where the person starts."""
        rows = self.query_one(Rows)
        rows.set_rows(
            [
                (f"v{n}", join(("(•) " if value == self._now else "( ) ", "$primary"), line(value)))
                for n, value in enumerate(self._values)
            ]
        )
        if self._now in self._values:
            rows.highlighted = self._values.index(self._now)
        rows.focus()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        leave(self, self._values[event.option_index])

    def on_key(self, event: events.Key) -> None:
        """Left."""
        if event.key in ("escape", "ctrl+c"):
            event.stop()
            leave(self, None)
