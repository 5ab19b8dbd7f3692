"""Painting held back for some milliseconds, while something that others wait for goes out first."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from textual.timer import Timer

if TYPE_CHECKING:
    from assistant.ui.screens.chat import ChatScreen

HELD_S = 0.03
"""The longest: two frames, which nobody sees."""

GO_OUT_S = 0.008
"""How long a request is given to go through the worker and the proxy, which shares this event loop. Measured: it takes
3-5 ms, and 13 behind a painting."""


class Held:
    """Nothing of the app is painted between `hold` and `release`; widgets change as ever. It ends by itself after `HELD_S`."""

    def __init__(self, screen: ChatScreen) -> None:
        self._screen = screen
        self._batch: AbstractContextManager[None] | None = None
        self._timer: Timer | None = None

    def hold(self) -> None:
        """From now on."""
        if self._batch is None:
            self._batch = self._screen.app.batch_update()
            self._batch.__enter__()
            self._timer = self._screen.set_timer(HELD_S, self.release)

    def release_soon(self) -> None:
        """After `GO_OUT_S`."""
        if self._batch is not None and self._timer is not None:
            self._timer.stop()
            self._timer = self._screen.set_timer(GO_OUT_S, self.release)

    def release(self) -> None:
        """Paint what has changed. Does nothing when nothing is held."""
        batch, self._batch = self._batch, None
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if batch is not None:
            batch.__exit__(None, None, None)
            self._screen.check_idle()  # it is in its idle moments that a screen paints, and a timer of it gives it none
