"""A question with yes and no. Enter answers nothing, and keys typed ahead don't either."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Static

from assistant.ui.language import _
from assistant.ui.safe import join, plain
from assistant.ui.screens.manners import leave
from assistant.ui.widgets.approval import ARM_S


class ConfirmScreen(ModalScreen[bool]):
    """`y` is yes; `n` and Esc are no."""

    CSS = """
    ConfirmScreen { align: center middle; background: $background 60%; }
    ConfirmScreen > Vertical {
        width: 72; max-width: 96%; height: auto; max-height: 90%; padding: 1 2; background: $surface; border: round $warning;
    }
    ConfirmScreen VerticalScroll { height: auto; max-height: 16; }
    ConfirmScreen Static { height: auto; }
    ConfirmScreen .answers { margin-top: 1; }
    """

    def __init__(self, question: str, detail: str = "") -> None:
        super().__init__()
        self._question, self._detail = question, detail
        self._armed_at = 0.0

    def compose(self) -> ComposeResult:
        """Question, detail, keys."""
        with Vertical():
            yield Static(plain(self._question, "bold"), markup=False)
            if self._detail:
                with VerticalScroll(can_focus=False):
                    yield Static(join("\n", plain(self._detail)), markup=False)
            yield Static(
                join((" y ", "bold reverse"), " " + _("yes"), "   ", (" n ", "bold reverse"), " " + _("no")),
                markup=False,
                classes="answers",
            )

    @property
    def takes_answers(self) -> bool:
        """Whether it has stood long enough for a key to be an answer."""
        return Message().time >= self._armed_at > 0

    def on_mount(self) -> None:
        """Nothing pressed so far is an answer."""
        self._armed_at = Message().time + ARM_S

    def on_key(self, event: events.Key) -> None:
        """An answer, or nothing."""
        event.stop()
        if event.time < self._armed_at:
            return
        scrolls = {"up": "scroll_up", "down": "scroll_down", "pageup": "scroll_page_up", "pagedown": "scroll_page_down"}
        if event.key in scrolls and (scroll := self.query(VerticalScroll)):
            getattr(scroll.first(), scrolls[event.key])(animate=False)
        elif event.key == "y":
            leave(self, True)
        elif event.key in ("n", "escape", "ctrl+c"):
            leave(self, False)
