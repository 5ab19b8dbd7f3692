"""Descriptors of one call on the event loop: output as it comes, input as it is taken, nothing that blocks."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

_CHUNK = 1 << 16


class Output:
    """Reads a pipe or terminal to its end. `done` is set when every writer is gone."""

    def __init__(self, fd: int, on_data: Callable[[bytes], None]) -> None:
        os.set_blocking(fd, False)
        self._fd = fd
        self._on_data = on_data
        self._loop = asyncio.get_running_loop()
        self.done = asyncio.Event()
        self._loop.add_reader(fd, self._ready)

    def _ready(self) -> None:
        try:
            data = os.read(self._fd, _CHUNK)
        except BlockingIOError:
            return
        except OSError:  # a terminal whose last program ended
            data = b""
        if data:
            self._on_data(data)
        else:
            self.close()

    def close(self) -> None:
        """Stop reading."""
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1
            self.done.set()


class Input:
    """Feeds a pipe or terminal. A program that stops reading costs nothing but the memory of what was given."""

    def __init__(self, fd: int, *, owned: bool = True) -> None:
        os.set_blocking(fd, False)
        self._fd = fd
        self._owned = owned
        self._loop = asyncio.get_running_loop()
        self._left = bytearray()
        self._ending = False
        self._waiting = False

    @property
    def closed(self) -> bool:
        """Whether nobody can be told anything any more."""
        return self._fd < 0 or self._ending

    def write(self, data: bytes) -> None:
        """Queue bytes."""
        self._left += data
        self._ready()

    def end(self) -> None:
        """End of input once all is written."""
        self._ending = True
        self._ready()

    def _ready(self) -> None:
        if self._fd < 0:
            return
        try:
            while self._left:
                del self._left[: os.write(self._fd, self._left[:_CHUNK])]
        except BlockingIOError:
            if not self._waiting:
                self._waiting = True
                self._loop.add_writer(self._fd, self._ready)
            return
        except OSError:  # the program does not want more
            self._left.clear()
            self.close()
            return
        if self._waiting:
            self._waiting = False
            self._loop.remove_writer(self._fd)
        if self._ending:
            self.close()

    def close(self) -> None:
        """Close at once, whatever is left."""
        if self._fd >= 0:
            if self._waiting:
                self._loop.remove_writer(self._fd)
            if self._owned:
                os.close(self._fd)
            self._fd = -1
