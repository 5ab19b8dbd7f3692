"""One line that says that the assistant works, for how long, and how to stop it."""

from __future__ import annotations

import time

from textual.content import Content
from textual.reactive import reactive
from textual.timer import Timer
from textual.widget import Widget

from assistant.ui.language import _
from assistant.ui.safe import join

_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
TICK_S = 0.2


class Activity(Widget):
    """Hidden while nothing runs, so that an idle screen costs nothing."""

    DEFAULT_CSS = """
    Activity { height: 1; padding: 0 3; color: $quiet; display: none; }
    """

    what: reactive[str] = reactive("")
    seconds: reactive[int] = reactive(0)
    frame: reactive[int] = reactive(0)

    def __init__(self, *, still: bool = False) -> None:
        super().__init__()
        self.still = still
        """Reduced motion: no spinning sign, only seconds."""
        self._timer: Timer | None = None
        self._started = 0.0

    def begin(self, what: str) -> None:
        """Something starts."""
        self._started = time.monotonic()
        self.seconds, self.what, self.display = 0, what, True
        if self._timer is None:
            self._timer = self.set_interval(1.0 if self.still else TICK_S, self._tick)

    def end(self) -> None:
        """Nothing runs any more."""
        self.display = False
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def _tick(self) -> None:
        self.seconds = int(time.monotonic() - self._started)
        if not self.still:
            self.frame = (self.frame + 1) % len(_FRAMES)

    def render(self) -> Content:
        """The line."""
        sign = "●" if self.still else _FRAMES[self.frame]
        waited = f" · {self.seconds} s" if self.seconds else ""
        return join((sign, "$primary"), f" {self.what}{waited} · ", _("Esc stops"))
