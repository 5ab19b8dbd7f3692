"""The list above the prompt: commands after `/`, files after `@`."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from assistant.types import Data
from assistant.ui.safe import join, line

ROWS = 8


class Choice(Data, frozen=True):
    """One row: `value` replaces what is being written, `note` explains it."""

    value: str
    note: str = ""


class Completion(Static):
    """Shown while there are choices. Tab or Enter takes one, Esc closes it, the prompt keeps the focus."""

    DEFAULT_CSS = """
    Completion { height: auto; max-height: 10; padding: 0 2; margin: 0 1; background: $surface; display: none; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    class Chosen(Message):
        """A row was taken, when the prompt held `written`. `send` says that Enter did it."""

        def __init__(self, choice: Choice, *, send: bool, written: str) -> None:
            self.choice, self.send, self.written = choice, send, written
            super().__init__()

    def __init__(self) -> None:
        super().__init__(markup=False)
        self.choices: list[Choice] = []
        self.index = 0
        self._written = ""

    def offer(self, choices: Sequence[Choice], written: str = "") -> None:
        """Show these rows, which fit the text `written`, or nothing."""
        if not choices and not self.display:
            return  # as with nearly every key: an update would cost a layout of the whole screen
        self.choices = list(choices)
        self._written = written
        self.index = 0
        self.display = bool(choices)
        self._draw()

    def take_key(self, key: str, written: str) -> bool:
        """A key of the prompt while the list is open; True when it was for the list.

        A list that was made for another text than what is `written` now takes no key: whoever types `/log` and Enter faster
        than the list follows must not get the first row of the list for `/`.
        """
        if written != self._written:
            self.offer(())
            return False
        if key in ("up", "down"):
            self.index = (self.index + (1 if key == "down" else -1)) % len(self.choices)
            self._draw()
        elif key in ("tab", "enter"):
            choice = self.choices[self.index]
            self.offer(())
            self.post_message(self.Chosen(choice, send=key == "enter", written=written))
        elif key == "escape":
            self.offer(())
        else:
            return False
        return True

    def _draw(self) -> None:
        start = max(0, min(self.index - ROWS // 2, len(self.choices) - ROWS))
        shown = self.choices[start : start + ROWS]
        width = min(40, max((cell_len(c.value) for c in shown), default=0))
        rows: list[Content] = []
        for number, choice in enumerate(shown, start):
            chosen = number == self.index
            mark = ("› ", "bold $primary") if chosen else "  "
            value = line(choice.value, "bold $primary" if chosen else "", 200)
            gap = " " * (max(0, width - value.cell_length) + 2)
            rows.append(join(mark, value, gap, line(choice.note, "$quiet", 120)))
        self.update(Content("\n").join(rows))
