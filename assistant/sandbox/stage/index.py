"""What the stage remembers of each path that differs: how the real file was when the difference was first seen.

A file of our own beside the layer. Losing it loses no change: paths are then seen for the first time again.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from assistant.sandbox.stage.seen import Seen, quote, unquote

_VERSION = 1


class Known(msgspec.Struct, array_like=True):
    """One path. `before` is None where nothing was, `after` where the stage has nothing."""

    before: Seen | None = None
    after: Seen | None = None
    unsure: bool = False
    """The real file may have changed between the task's reading it and our seeing it: applying asks."""

    @property
    def differs(self) -> bool:
        """Whether the stage holds a change here. Applying sets `before` to what was written, so it then holds none."""
        if self.before is None or self.after is None:
            return self.before is not self.after
        return not self.before.same_content(self.after)


class _File(msgspec.Struct, array_like=True):
    version: int
    paths: dict[str, Known]


class Index:
    """Paths are as everywhere: str with surrogateescape."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.paths: dict[str, Known] = {}
        self._written = b""
        try:
            self._written = file.read_bytes()
            loaded = msgspec.msgpack.decode(self._written, type=_File)
            if loaded.version == _VERSION:
                self.paths = {unquote(p): known for p, known in loaded.paths.items()}
        except (OSError, msgspec.MsgspecError):
            pass

    def save(self) -> None:
        """Write it when it changed. Raises OSError."""
        data = msgspec.msgpack.encode(_File(_VERSION, {quote(p): known for p, known in self.paths.items()}))
        if data == self._written:
            return
        new = self._file.with_name(f"{self._file.name}.new")
        new.write_bytes(data)
        os.replace(new, self._file)
        self._written = data
