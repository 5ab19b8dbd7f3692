"""Where the person writes: several lines, history at the edges, completion for `/` and `@`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from textual import events
from textual.app import App
from textual.binding import Binding
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.widgets import TextArea

from assistant.ui.language import _
from assistant.ui.messages import PromptSubmitted

if TYPE_CHECKING:
    from assistant.ui.widgets.completion import Completion

LONG_PASTE = 4_000
"""Characters from which a paste is folded to a mark, so that the prompt stays readable; it is sent in full."""


NEW_LINE = ("shift+enter", "ctrl+j", "alt+enter")
EDITING = {
    key: binding.action
    for binding in TextArea.BINDINGS
    if isinstance(binding, Binding)
    for key in binding.key.split(",")
} | {"ctrl+underscore": "undo"}
"""TextArea's own keys. They are run where they arrive: left to Textual, a key travels up to the App before its action
runs, and letters typed meanwhile overtake it whenever the screen is busy. Ctrl+Z leads to the shell, as in any terminal, so
undoing has the key that shells give it."""


class Prompt(TextArea):
    """Enter sends; Shift+Enter, Alt+Enter or Ctrl+J starts a new line; Up and Down at the edges walk the history."""

    DEFAULT_CSS = """
    Prompt {
        height: auto; min-height: 3; max-height: 12; padding: 0 1; background: $background;
        border: round $border-blurred; border-title-color: $quiet; border-subtitle-color: $quiet;
        &:focus { border: round $primary; }
        & .text-area--cursor-line { background: transparent; }
        & .text-area--placeholder { color: $quiet; }
    }
    Prompt.-low { min-height: 1; max-height: 3; border: none; padding: 0; }
    Prompt.-low:focus { border: none; }
    """
    app: App[Any]  # pyright: ignore[reportIncompatibleMethodOverride]  # the same, its type spelled out

    class Edited(Message):
        """The text or the cursor changed: completion may want to look."""

    def __init__(self) -> None:
        super().__init__(
            id="prompt",
            soft_wrap=True,
            compact=False,
            highlight_cursor_line=False,
            show_line_numbers=False,
            placeholder=_("Ask for something, or / for commands"),
        )
        self.completion: Completion | None = None
        self._history: list[str] = []
        self._position = 0
        self._left: dict[int, str] = {}
        """What was left written at each place of the history, the place behind its end being the draft, until it is taken."""
        self._pastes: dict[str, str] = {}
        self.take_back: Callable[[], str | None] = lambda: None
        """Gives back the newest prompt that still waits for its turn, if any."""
        self.attach: Callable[[str], Awaitable[str]] = _nothing
        """Takes pictures whose paths were pasted; the marks that stand for them, or nothing when the text is just text."""
        self.drawn = False
        self.last_key_at = 0.0
        """`Message.time` of the last key: an approval card waits for a pause in typing."""

    # ------------------------------------------------------------ text

    def take(self) -> str:
        """The whole text with folded pastes unfolded, and empty the prompt. What was left written elsewhere in the history, a
        draft for instance, becomes the newest of it (U7)."""
        text = self.whole
        left = [
            self._unfolded(t) for at, t in sorted(self._left.items()) if at != self._position and t != self._past(at)
        ]
        self._left.clear()
        for words in left:
            self.remember(words)
        self._pastes.clear()
        self.load_text("")
        self._position = len(self._history)
        return text

    @property
    def whole(self) -> str:
        """The text with folded pastes unfolded."""
        return self._unfolded(self.text)

    def put(self, text: str) -> None:
        """Replace the text, cursor at the end."""
        self.load_text(text)
        self.move_cursor(self.document.end)

    def give_back(self, text: str) -> None:
        """Put `text`, which was taken from here, before what was typed meanwhile (U7)."""
        self.put("\n".join(part for part in (text, self.text) if part))

    def _unfolded(self, text: str) -> str:
        for mark, content in self._pastes.items():
            text = text.replace(mark, content)
        return text

    def _past(self, position: int) -> str:
        """What the history holds there, or nothing behind its end."""
        return self._history[position] if position < len(self._history) else ""

    def remember(self, text: str) -> None:
        """Add to the history."""
        if text and (not self._history or self._history[-1] != text):
            self._history.append(text)
        self._position = len(self._history)

    def set_history(self, texts: list[str]) -> None:
        """What was said before this prompt was there (oldest first), as when a task is resumed."""
        self._history = [*texts, *self._history]
        self._position += len(texts)
        self._left = {at + len(texts): text for at, text in self._left.items()}

    def type_ahead(self, character: str) -> None:
        """Insert a key that another widget got but that was meant for here."""
        self.insert(character, maintain_selection_offset=False)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Drawn, and known to be."""
        self.drawn = True
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Textual can't wrap its placeholder into no columns at all, which is what a terminal of a few cells leaves."""
        return super().render_line(y) if self.content_size.width else Strip.blank(0)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many rows as the wrapped text has: the prompt grows and shrinks with it."""
        del container, viewport
        if self.wrap_width != width and width > 0:
            return max(1, len(Content(self.text).wrap(max(1, width - 1)))) if self.text else 1
        return max(1, self.wrapped_document.height)

    # ------------------------------------------------------------ keys

    async def on_key(self, event: events.Key) -> None:
        """Sending, completion and history come before editing."""
        self.last_key_at = event.time
        if event.key.startswith("alt+") and event.is_printable:
            event.prevent_default()  # Textual would type its letter
        elif await self._take(event.key):
            event.stop()
            event.prevent_default()

    async def _take(self, key: str) -> bool:
        """Do what `key` does here; False leaves it to Textual."""
        if self.completion is not None and self.completion.display and self.completion.take_key(key, self.text):
            return True
        if key == "up" and self.cursor_at_first_line and self._walk(-1):
            return True
        if key == "down" and self.cursor_at_last_line and self._walk(1):
            return True
        if key == "enter":
            self._send()
            return True
        if key in NEW_LINE:
            self.insert("\n", maintain_selection_offset=False)
            return True
        action = EDITING.get(key)
        return action is not None and await self.app.run_action(action, self)

    def _send(self) -> None:
        if self.text.strip():
            text = self.take()
            self.remember(text)
            self.post_message(PromptSubmitted(text))

    def _walk(self, step: int) -> bool:
        if step < 0 and not self.text and (waiting := self.take_back()):
            self.put(waiting)
            return True
        position = self._position + step
        if not 0 <= position <= len(self._history):
            return False
        self._left[self._position] = self.text
        self._position = position
        self.put(self._left.get(position, self._past(position)))
        return True

    async def on_paste(self, event: events.Paste) -> None:
        """Line ends are made `\\n`, control characters dropped; a long text is folded to a mark."""
        event.stop()
        event.prevent_default()
        text = event.text.replace("\r\n", "\n").replace("\r", "\n")
        text = "".join(c for c in text if c in "\n\t" or (ord(c) >= 32 and not 127 <= ord(c) < 160))
        if "." in text and len(text) <= LONG_PASTE and (marks := await self.attach(text)):
            text = marks
        if len(text) > LONG_PASTE:
            mark = _("[pasted text {n}: {lines} lines]").format(n=len(self._pastes) + 1, lines=text.count("\n") + 1)
            self._pastes[mark] = text
            text = mark
        self.insert(text, maintain_selection_offset=False)

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """Tell the screen, so that completion follows."""
        event.stop()
        if self.wrapped_document.height != self.content_size.height:
            self.refresh(layout=True)
        self.post_message(self.Edited())


async def _nothing(text: str) -> str:
    del text
    return ""
