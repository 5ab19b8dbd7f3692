"""Small pictures for the screen, of pictures that came from anywhere: decoded in a private room, taken back as bare pixels.

No call of a model's, so no policy is asked: it reads nothing but the bytes that it is given, reaches nothing, and what it gives
back is only drawn. Each picture has a room of its own, without folder and network, that ends with it.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from assistant.errors import AssistantError
from assistant.gateway.run import interpreter, interpreter_folders
from assistant.sandbox.protocol import Command
from assistant.shipped import shipped
from assistant.types import Limits

if TYPE_CHECKING:
    from assistant.sandbox.protocol import Sandbox

MOST_COLUMNS, MOST_ROWS = 200, 100
"""Cells of the largest thumbnail: a screen in full."""
KEPT = 64
"""Thumbnails that are kept: 1.5 MB at the 80 x 48 cells of a usual one."""
LIMITS = Limits(wall_s=10.0, memory_bytes=1 << 30, file_bytes=0)
"""Of one decoding. Measured: 50 million pixels, the most that `tools/thumbnail.py` takes, need 440 MB and 1.5 s."""
_HEAD = re.compile(rb"P6\n([1-9][0-9]{0,2}) ([1-9][0-9]{0,2})\n255\n")


class Thumbnail(msgspec.Struct, frozen=True):
    """Pixels from left to right and top to bottom, three bytes each: red, green, blue. `height` is even."""

    width: int
    height: int
    rgb: bytes


class Thumbnails:
    """Draws pictures small, one at a time, and keeps the last ones. Use from one event loop."""

    def __init__(self, sandbox: Callable[[], Sandbox]) -> None:
        """`sandbox` finds the engine; it may block, and is called in a thread."""
        self._sandbox = sandbox
        self._kept: dict[tuple[str, int, int], Thumbnail | None] = {}
        self._one = asyncio.Lock()
        self._drawing: asyncio.Task[Thumbnail | None] | None = None
        self._closed = False

    async def draw(self, data: bytes, columns: int, rows: int) -> Thumbnail | None:
        """The picture within `columns` x `rows` cells, two pixels a cell, one above the other.

        None for what is no PNG, JPEG, GIF or WebP picture, is damaged, has too many pixels or takes too long, and where there
        is no sandbox: then nothing is decoded at all.
        """
        width, height = max(1, min(columns, MOST_COLUMNS)), 2 * max(1, min(rows, MOST_ROWS))
        key = (hashlib.sha256(data).hexdigest(), width, height)
        async with self._one:
            if key in self._kept:
                self._kept[key] = found = self._kept.pop(key)  # used last
                return found
            if self._closed:
                return None
            self._drawing = asyncio.ensure_future(self._in_room(data, width, height))
            try:
                found = await self._drawing
            except (AssistantError, OSError):  # no room to be had now: perhaps later
                return None
            finally:
                self._drawing = None
            self._kept[key] = found
            while len(self._kept) > KEPT:
                del self._kept[next(iter(self._kept))]
            return found

    async def aclose(self) -> None:
        """End what is being drawn, its room too, and draw nothing any more."""
        self._closed = True
        if (drawing := self._drawing) is not None:
            drawing.cancel()
            await asyncio.wait([drawing])

    async def _in_room(self, data: bytes, width: int, height: int) -> Thumbnail | None:
        sandbox = await asyncio.to_thread(self._sandbox)
        program = str(shipped("tools") / "thumbnail.py")
        command = Command(
            (*interpreter(packages=True), program, str(width), str(height)),
            stdin=data,
            limits=msgspec.structs.replace(LIMITS, output_bytes=64 + 3 * width * height),
            read_only=(program, *interpreter_folders(packages=True)),
            private=True,
        )
        room = await sandbox.open_private("picture")
        try:
            done = await room.run(command)
        finally:
            await room.aclose()
        return pixels(done.stdout, width, height) if done.exit_status == 0 and not done.truncated else None


def pixels(ppm: bytes, width: int, height: int) -> Thumbnail | None:
    """What the program in the room gave back, taken as hostile: None unless it is what was asked for, to the byte."""
    head = _HEAD.match(ppm)
    if head is None:
        return None
    across, down = int(head[1]), int(head[2])
    rgb = ppm[head.end() :]
    if across > width or down > height or down % 2 or len(rgb) != 3 * across * down:
        return None
    return Thumbnail(across, down, rgb)
