"""This process's own terminal, lent to a command: raw while it runs, the same size, as it was afterwards."""

from __future__ import annotations

import os
import signal
import termios
import tty
from typing import Any


class LentTerminal:
    """`open` gives a pair; `restore` must follow."""

    def __init__(self) -> None:
        self._saved: list[Any] | None = None
        self._ours = -1
        self._handler: Any = None

    def open(self) -> tuple[int, int]:
        """(our end, the command's end)."""
        ours, theirs = os.openpty()
        self._ours = ours
        if os.isatty(0):
            self._saved = termios.tcgetattr(0)
            tty.setraw(0)
            self._handler = signal.signal(signal.SIGWINCH, self._resized)
        self._resized()
        return ours, theirs

    def restore(self) -> None:
        """Give the terminal back."""
        if self._saved is not None:
            termios.tcsetattr(0, termios.TCSADRAIN, self._saved)
            signal.signal(signal.SIGWINCH, self._handler)
            self._saved = None

    def _resized(self, *_: object) -> None:
        try:
            size = termios.tcgetwinsize(0)
        except (OSError, termios.error):
            size = (24, 80)
        try:
            termios.tcsetwinsize(self._ours, size)
        except (OSError, termios.error):
            pass
