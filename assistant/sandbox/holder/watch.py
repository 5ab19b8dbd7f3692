"""Watches what a call's processes use, where no control group can: memory together, their number, growth of the stage."""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False  # not typing's own: see __init__
if TYPE_CHECKING:
    from typing import Any

_INTERVAL_S = 0.05
_EMPTY_FILE = 4096
"""Bytes that a file counts as at least: its inode takes space too, which the count of free blocks does not show."""
_COST_SHARE = 10
"""A look costs at most a tenth of the time between two looks."""


class Watch:
    """The bounds of one call. None means that something else enforces it."""

    def __init__(self, bounds: dict[str, Any], upper: str) -> None:
        self._memory: int | None = bounds.get("memory")
        self._processes: int | None = bounds.get("processes")
        self._disk: int | None = bounds.get("disk")
        self._upper = upper
        self._since = time.clock_gettime(time.CLOCK_REALTIME) - 0.01
        self._free = self._free_bytes()
        self._next = 0.0

    def look(self, pid: int) -> str:
        """The name of the limit that the processes below `pid` broke, or empty."""
        now = time.monotonic()
        if now < self._next:
            return ""
        broken = self._look(pid)
        self._next = time.monotonic() + max(_INTERVAL_S, _COST_SHARE * (time.monotonic() - now))
        return broken

    def _look(self, pid: int) -> str:
        if self._memory is not None or self._processes is not None:
            family = descendants(pid)
            if self._processes is not None and len(family) - 2 > self._processes:  # bubblewrap's own two
                return "processes"
            if self._memory is not None and self._resident(family) > self._memory:
                return "memory"
        if self._disk is not None and 2 * (self._free - self._free_bytes()) >= self._disk and self._grown():
            return "disk"
        return ""

    def _resident(self, family: list[int]) -> int:
        """Bytes in memory. Shared pages count once: proportional shares are read when the plain sum is too high."""
        total = sum(self._kilobytes(f"{pid}/status", ("RssAnon:", "RssShmem:")) for pid in family) * 1024
        if self._memory is None or total <= self._memory:
            return total
        return sum(self._kilobytes(f"{pid}/smaps_rollup", ("Pss_Anon:", "Pss_Shmem:")) for pid in family) * 1024

    def _kilobytes(self, name: str, fields: tuple[str, ...]) -> int:
        try:
            with open(f"/proc/{name}") as file:
                return sum(int(line.split()[1]) for line in file if line.startswith(fields))
        except (OSError, ValueError):  # it ended meanwhile
            return 0

    def _free_bytes(self) -> int:
        if self._disk is None or not self._upper:
            return 0
        try:
            found = os.statvfs(self._upper)
        except OSError:
            return 0
        return found.f_bfree * found.f_frsize + found.f_ffree * _EMPTY_FILE

    def _grown(self) -> bool:
        """Whether files changed since the call began hold more than the bound. An empty file counts as a block."""
        total, waiting = 0, [self._upper]
        while waiting:
            try:
                entries = list(os.scandir(waiting.pop()))
            except OSError:
                continue
            for entry in entries:
                try:
                    found = entry.stat(follow_symlinks=False)
                except OSError:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                if found.st_ctime >= self._since:
                    total += max(found.st_blocks * 512, _EMPTY_FILE)
        return self._disk is not None and total > self._disk


def children(pid: int) -> list[int]:
    """Processes whose parent is `pid`."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return [int(word) for word in file.read().split()]
    except (OSError, ValueError):
        return []


def descendants(pid: int) -> list[int]:
    """`pid` and all below it. Orphans of a call hang below bubblewrap's own first process, so none is missed."""
    found = [pid]
    for at in found:
        found += children(at)
    return found
