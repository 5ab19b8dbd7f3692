"""The end that comes from outside: the terminal is gone, or somebody asks the program to leave.

A terminal that is closed sends SIGHUP to whoever leads its session, which a program in a wrapper or in another session isn't:
reading gives nothing at once then, for ever, and writing fails. So the terminal itself is watched too. Knows no Textual.
"""

from __future__ import annotations

import asyncio
import select
import signal
from collections.abc import Callable, Iterable

from assistant.streams import STREAMS, is_gone, let_go

ASKED = (signal.SIGTERM, signal.SIGINT)
"""Signals of which a second one means: at once."""


class Hangup:
    """Calls `leave` once, when the terminal is gone, at SIGHUP, or at the first of `asked`; `at_once` at the second of those.

    A second SIGHUP says nothing new: each terminal that closes may send several.
    """

    def __init__(
        self,
        leave: Callable[[], None],
        at_once: Callable[[], None],
        *,
        asked: Iterable[signal.Signals] = ASKED,
    ) -> None:
        self._leave, self._at_once, self._asked = leave, at_once, tuple(asked)
        self._watch: select.epoll | None = None
        self.came = False
        """Whether the program has been told to leave."""

    def start(self) -> None:
        """Begin to watch. Call from the loop of the main thread."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGHUP, *self._asked):
            loop.add_signal_handler(number, self._on_signal, number)
        if hasattr(select, "epoll"):
            # A poll for nothing still tells of a hang-up, and can itself be waited for, beside whoever reads the keys.
            self._watch = select.epoll()
            try:
                self._watch.register(0, 0)
            except OSError:  # a file or nothing at all: neither can go away
                self._unwatch()
            else:
                loop.add_reader(self._watch.fileno(), self._on_signal, signal.SIGHUP)

    def stop(self) -> None:
        """Leave the signals to whoever comes next."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGHUP, *self._asked):
            loop.remove_signal_handler(number)
        self._unwatch()

    def gone(self) -> None:
        """Reading or writing failed: as if the terminal had said it itself."""
        self._on_signal(signal.SIGHUP)

    def _on_signal(self, number: signal.Signals) -> None:
        if any(is_gone(stream) for stream in STREAMS):
            self._unwatch()
            let_go()
        if not self.came:
            self.came = True
            self._leave()
        elif number != signal.SIGHUP:
            self._at_once()

    def _unwatch(self) -> None:
        if self._watch is not None:
            asyncio.get_running_loop().remove_reader(self._watch.fileno())
            self._watch.close()
            self._watch = None
