"""What staged text files looked like before the task changed them, kept so that a later conflict can be merged.

The real file is still that text when a change is first seen; once somebody writes to it, only this copy is left. Bounded:
beyond the bounds a conflict is still found, and is then merged from two sides instead of three.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from assistant.sandbox.stage.index import Known
from assistant.sandbox.stage.tree import Tree

MAX_FILES = 2_000
"""Files of one stage whose former text is kept; of the others a conflict is shown without a merge. Chosen."""
MAX_FILE_BYTES = 1 << 20
"""As much as a diff is made of."""
MAX_BYTES = 64 << 20
"""Of all of them together. Chosen."""


class Bases:
    """One file each, named by the SHA-256 of what it holds."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def update(self, paths: Mapping[str, Known], real: Tree) -> None:
        """Keep what became needed and can still be had, forget what nothing needs any more. Never fails: it only helps."""
        wanted = {k.before.sha256: (path, k.before.size) for path, k in paths.items() if _wanted(k) and k.before}
        try:
            kept = {entry.name: entry.stat().st_size for entry in os.scandir(self._folder)}
        except OSError:
            kept = dict[str, int]()
        for name in kept.keys() - wanted.keys():
            (self._folder / name).unlink(missing_ok=True)
        kept = {name: size for name, size in kept.items() if name in wanted}
        room = MAX_BYTES - sum(kept.values())
        for name in list(wanted.keys() - kept.keys())[: max(0, MAX_FILES - len(kept))]:
            path, size = wanted[name]
            if size > room:  # not read in vain at every scan
                continue
            data = self._read(real, path)
            if data is not None and len(data) <= room and hashlib.sha256(data).hexdigest() == name:
                room -= len(data)
                self.keep(name, data)

    def keep(self, name: str, data: bytes) -> None:
        """Keep this content. Not durable: losing it costs a merge its third side, never a change."""
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            new = self._folder / f"{name}.new"
            new.write_bytes(data)
            new.replace(self._folder / name)
        except OSError:
            pass

    def get(self, name: str) -> bytes | None:
        """The content of that SHA-256, or None when it is not kept (or was damaged)."""
        try:
            data = (self._folder / name).read_bytes() if name else None
        except OSError:
            return None
        return data if data is not None and hashlib.sha256(data).hexdigest() == name else None

    @staticmethod
    def _read(real: Tree, path: str) -> bytes | None:
        try:
            fd = real.open(path)
        except OSError:
            return None
        try:
            data = bytearray()
            while len(data) <= MAX_FILE_BYTES and (piece := os.read(fd, MAX_FILE_BYTES)):
                data += piece
        except OSError:
            return None
        finally:
            os.close(fd)
        return bytes(data) if len(data) <= MAX_FILE_BYTES else None


def _wanted(known: Known) -> bool:
    before, after = known.before, known.after
    return (
        known.differs and not known.unsure and before is not None and after is not None
        and before.type == after.type == "file" and bool(before.sha256) and before.size <= MAX_FILE_BYTES
    )  # fmt: skip
