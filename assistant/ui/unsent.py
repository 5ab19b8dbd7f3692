"""What was typed and not sent yet, kept in a file of its task: a terminal that dies takes nothing along (U7).

The file holds a JSON list of texts: prompts that wait, oldest first, then what the prompt holds. It is replaced whole, so
that it is the old one or the new one whenever the program is killed; it is not synced to the disk, which would only help
against a loss of power. It lies outside the log, is the person's alone, and goes when there is nothing to keep.
"""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from textual.timer import Timer

from assistant.ui.language import _

if TYPE_CHECKING:
    from assistant.ui.screens.chat import ChatScreen

KEEP_S = 0.5
"""How long after a key the file is written, keys in between not counted. Chosen: a word or two are soon typed again."""

MOST_CHARS = 1_000_000
"""What is longer isn't kept: it was pasted, and is somewhere else too. Writing it would take 10 ms."""


class Unsent:
    """The unsent texts of one chat. Nothing is kept before `bring_back`, which would be overwritten."""

    def __init__(self, chat: ChatScreen) -> None:
        self._chat = chat
        self._file: Path | None = None
        self._texts: list[str] = []
        """As the file has them, or soon will."""
        self._timer: Timer | None = None
        self._writing = threading.Lock()

    async def bring_back(self, file: Path, said: str) -> None:
        """Put what `file` keeps into the prompt, and keep what is written from now on there. `said` is what the log has as
        said last: the program may have died between sending it and forgetting it."""
        chat, self._file = self._chat, file
        self._texts = await asyncio.to_thread(read, file)
        if texts := [text for text in self._texts if text.strip() and text.strip() != said.strip()]:
            chat.prompt.give_back("\n".join(texts))
            chat.app.notify(_("what you had not sent is in the prompt again"), markup=False, timeout=4)
        self.changed()

    def changed(self) -> None:
        """The prompt or the line of waiting prompts is another one. Costs nothing that grows with them."""
        if self._file is not None and self._timer is None:
            self._timer = self._chat.set_timer(KEEP_S, self._due)

    def _due(self) -> None:
        self._timer = None
        if self._collect():
            self._chat.run_worker(self._write, group="unsent", thread=True, exit_on_error=False)

    def keep_now(self) -> None:
        """The chat ends: don't wait."""
        if self._file is not None and self._collect():
            self._write()

    def _collect(self) -> bool:
        """Whether there is something to write."""
        chat = self._chat
        texts = [text for text in (*chat.turns.waiting, chat.editing.draft, chat.prompt.whole) if text.strip()]
        if texts == self._texts or sum(map(len, texts)) > MOST_CHARS:
            return False
        self._texts = texts
        return True

    def _write(self) -> None:
        with self._writing:  # whoever waited here writes what is newest then
            if self._file is not None:
                write(self._file, self._texts)


def read(file: Path) -> list[str]:
    """The texts of `file`; none where there is no such file, or it holds something else. Blocking."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=list[str])
    except (OSError, ValueError, msgspec.MsgspecError):  # ValueError: a name that no file can have
        return []


def write(file: Path, texts: list[str]) -> None:
    """Replace the texts of `file`, or remove it when there are none. What can't be written isn't kept: it is still in the
    prompt, and the person is told of a full disk by all that matters more. Blocking."""
    try:
        if not texts:
            file.unlink(missing_ok=True)
            return
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = file.with_suffix(f".{os.getpid()}")
        with os.fdopen(os.open(new, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as out:
            out.write(msgspec.json.encode(texts))
        new.replace(file)
    except (OSError, ValueError):
        return
