"""Words that come faster than anyone reads are passed on together; everything else at once and in its order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic

from assistant.agent.events import Event, ReasoningDelta, TextDelta

PAUSE_S = 0.015
"""The first word goes on at once, those of the next 15 ms after it together: below what a drawing takes."""


class Gathering:
    """One stream of events, on its way to `post`. Use from one event loop."""

    def __init__(self, post: Callable[[Event], object]) -> None:
        self._post = post
        self._held: list[str] = []
        self._kind: type[TextDelta] | type[ReasoningDelta] = TextDelta
        self._timer: asyncio.TimerHandle | None = None
        self._passed = 0.0

    def take(self, event: Event) -> None:
        """The next event."""
        if not isinstance(event, (TextDelta, ReasoningDelta)):
            self.flush()
            self._post(event)
            return
        if self._held and type(event) is not self._kind:
            self.flush()
        self._kind = type(event)
        self._held.append(event.text)
        wait = self._passed + PAUSE_S - monotonic()
        if wait <= 0:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(wait, self.flush)

    def flush(self) -> None:
        """Pass on what is held."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._held:
            words, self._held = "".join(self._held), []
            self._passed = monotonic()
            self._post(self._kind(words))
