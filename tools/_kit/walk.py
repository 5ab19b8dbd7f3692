"""Walks a tree in a fixed order, without following links, surviving whatever it meets."""

from __future__ import annotations

import os

from _kit.ignore import Ignored

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

DEPTH = 200
"""Deeper trees than this are made by mistake or on purpose; Linux itself ends at paths of 4,096 bytes."""


class Found:
    """One entry: its path, its path relative to the start, and the system's entry for it."""

    __slots__ = ("entry", "is_folder", "path", "relative")

    def __init__(self, path: str, relative: str, entry: os.DirEntry[str], is_folder: bool) -> None:
        self.path = path
        self.relative = relative
        self.entry = entry
        self.is_folder = is_folder


class Walk:
    """The entries below `start`, folders before what is in them, sorted by the bytes of their names.

    `.git` is shown and not entered unless `enter_git`. Unless `everything`, what `.gitignore` names is left out and counted in `ignored`.
    """

    def __init__(self, start: str, *, everything: bool = False, enter_git: bool = False) -> None:
        self.ignored = 0
        self.unreadable = 0
        self._start = start.rstrip("/") or "/"
        self._everything = everything
        self._closed = "" if enter_git else ".git"

    def __iter__(self) -> Iterator[Found]:
        return self._below(self._start, "", Ignored(), 0)

    def _below(self, folder: str, prefix: str, ignored: Ignored, depth: int) -> Iterator[Found]:
        try:
            with os.scandir(folder) as found:
                entries = list(found)
        except OSError:
            self.unreadable += 1
            if depth == 0:
                raise
            return
        if not self._everything:
            ignored = ignored.below(folder)
        entries.sort(key=_by_bytes)
        for entry in entries:
            is_folder = entry.is_dir(follow_symlinks=False)
            if ignored and ignored.covers(entry.path, is_folder):
                self.ignored += 1
                continue
            relative = prefix + entry.name
            yield Found(entry.path, relative, entry, is_folder)
            if is_folder and entry.name != self._closed and depth < DEPTH:
                yield from self._below(entry.path, relative + "/", ignored, depth + 1)

    def notes(self) -> str:
        """What was left out, in words; empty when nothing was."""
        notes: list[str] = []
        if self.ignored:
            notes.append(f"{self.ignored} left out by .gitignore; all=true takes them in")
        if self.unreadable:
            notes.append(f"{self.unreadable} folder{'s' if self.unreadable > 1 else ''} can't be opened")
        return "; ".join(notes)


def _by_bytes(entry: os.DirEntry[str]) -> bytes:
    return os.fsencode(entry.name)
