"""Search in the conversation: a line above the prompt while it is open."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Input, Static

from assistant.ui.conversation import Answer, Card, Item, Note, Said, Thought
from assistant.ui.language import _
from assistant.ui.widgets.transcript import Transcript

PAUSE_S = 0.12
"""A pause in typing after which the search runs: each new match mounts its neighbourhood."""


class FindBar(Horizontal):
    """Enter goes to the earlier match, Shift+Tab or Down to the later one, Esc closes."""

    DEFAULT_CSS = """
    FindBar {
        height: 1; margin: 0 3; background: $surface;
        & > Input, & > Input:focus { width: 1fr; height: 1; border: none; padding: 0; background: $surface; }
        & > Static { width: auto; padding: 0 1; color: $quiet; }
    }
    """

    def __init__(self, transcript: Transcript, words: str) -> None:
        super().__init__()
        self._transcript = transcript
        self._words = words
        self._matches: list[int] = []
        self._at = 0
        self._marked: Item | None = None
        self._pause: Timer | None = None

    def compose(self) -> ComposeResult:
        """The words, and how many matches."""
        yield Static(Content(_("find")), markup=False)
        yield Input(self._words, placeholder=_("words · Enter: earlier · Down: later · Esc: close"))
        yield Static(markup=False, id="found")

    def on_mount(self) -> None:
        """Ready to type."""
        self.query_one(Input).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Search once the typing pauses."""
        event.stop()
        if self._pause is not None:
            self._pause.stop()
        self._pause = self.set_timer(PAUSE_S, self._search)

    async def _search(self) -> None:
        """Newest match first."""
        self._matches = matches(self._transcript.items, self.query_one(Input).value)
        self._at = len(self._matches) - 1
        await self._go()

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        """The match before."""
        event.stop()
        await self._step(-1)

    async def on_key(self, event: events.Key) -> None:
        """Moving about and leaving."""
        if event.key in ("up", "down"):
            event.stop()
            await self._step(-1 if event.key == "up" else 1)
        elif event.key == "escape":
            event.stop()
            self._mark(None)
            self.screen.query_one("#prompt").focus()
            await self.remove()

    async def _step(self, step: int) -> None:
        if self._matches:
            self._at = (self._at + step) % len(self._matches)
            await self._go()

    async def _go(self) -> None:
        count = len(self._matches)
        told = f"{self._at + 1}/{count}" if count else _("none") if self.query_one(Input).value else ""
        self.query_one("#found", Static).update(Content(told))
        if count:
            index = self._matches[self._at]
            await self._transcript.reveal(index)
            self._mark(self._transcript.items[index])
        else:
            self._mark(None)

    def _mark(self, item: Item | None) -> None:
        for one, on in ((self._marked, False), (item, True)):
            if one is not None and (view := self._transcript.view(one)) is not None:
                view.set_class(on, "-found")
        self._marked = item


def matches(items: list[Item], words: str) -> list[int]:
    """Indexes of the items that hold `words`, whatever their case."""
    wanted = words.strip().casefold()
    return [i for i, item in enumerate(items) if wanted in _text(item).casefold()] if wanted else []


def _text(item: Item) -> str:
    match item:
        case Said(text=text) | Answer(text=text) | Thought(text=text) | Note(text=text):
            return text
        case Card():
            return f"{item.tool} {item.title} {item.output or item.result}"
        case _:
            return ""
