"""A question with a few answers, each a key. Enter answers nothing, and keys typed ahead don't either."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Static

from assistant.ui.language import _
from assistant.ui.safe import join, plain
from assistant.ui.screens.manners import leave
from assistant.ui.widgets.approval import ARM_S

T = TypeVar("T")


class ChooseScreen(ModalScreen[T]):
    """Each answer is (key, words, what it gives); Esc gives `otherwise`."""

    CSS = """
    ChooseScreen { align: center middle; background: $background 60%; }
    ChooseScreen > Vertical {
        width: 72; max-width: 96%; height: auto; max-height: 90%; padding: 1 2; background: $surface; border: round $warning;
    }
    ChooseScreen VerticalScroll { height: auto; max-height: 16; }
    ChooseScreen Static { height: auto; }
    ChooseScreen .answers { margin-top: 1; }
    """

    def __init__(self, question: str, detail: str, answers: Sequence[tuple[str, str, T]], otherwise: T) -> None:
        super().__init__()
        self._question, self._detail = question, detail
        self._answers = answers
        self._otherwise = otherwise
        self._armed_at = 0.0

    def compose(self) -> ComposeResult:
        """Question, detail, keys."""
        with Vertical():
            yield Static(plain(self._question, "bold"), markup=False)
            if self._detail:
                with VerticalScroll(can_focus=False):
                    yield Static(join("\n", plain(self._detail)), markup=False)
            keys = [join((f" {key} ", "bold reverse"), f" {words}") for key, words, _value in self._answers]
            yield Static(Content("   ").join(keys), markup=False, classes="answers")

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
            return
        for key, _words, value in self._answers:
            if event.key == key:
                leave(self, value)
        if event.key in ("escape", "ctrl+c"):
            leave(self, self._otherwise)


class ConfirmScreen(ChooseScreen[bool]):
    """`y` is yes; `n` and Esc are no."""

    def __init__(self, question: str, detail: str = "") -> None:
        super().__init__(question, detail, (("y", _("yes"), True), ("n", _("no"), False)), otherwise=False)
