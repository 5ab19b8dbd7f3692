"""One control group for a room, where groups can be made: the kernel then bounds all processes of its calls together.

The holder enters it once, and everything it starts is born in it. Entering anew for each call would cost milliseconds, since
the kernel waits for every processor then. With one call running, the bounds are exactly that call's; with several, their
sum, and the watch tells them apart.
"""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False  # not typing's own: see __init__
if TYPE_CHECKING:
    from typing import Any

_OWN_PROCESSES = 3
"""bubblewrap's two and a command's first, for each call."""
_HOLDER_BYTES = 32 << 20
_REMOVE_S = 1.0


def _write(path: str, text: str) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


def _read(path: str) -> str:
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""


class RoomGroup:
    """The group of this process and all that it starts. Raises OSError when it can't be made or entered."""

    def __init__(self, groups: dict[str, Any]) -> None:
        self._two = groups["version"] == 2
        self._memory = f"{groups['memory']}/{groups['prefix']}room"
        self._pids = f"{groups['pids']}/{groups['prefix']}room"
        for folder in dict.fromkeys((self._memory, self._pids)):
            os.mkdir(folder)
            _write(f"{folder}/cgroup.procs", "0")

    def bound(self, calls: list[tuple[int, int]]) -> None:
        """Bounds for running calls of these (memory bytes, processes). A room without calls keeps its last ones."""
        if not calls:
            return
        _write(f"{self._pids}/pids.max", str(1 + sum(processes + _OWN_PROCESSES for _, processes in calls)))
        memory = str(_HOLDER_BYTES + sum(memory for memory, _ in calls))
        if not self._two:
            _write(f"{self._memory}/memory.limit_in_bytes", memory)
            return
        _write(f"{self._memory}/memory.max", memory)
        try:
            _write(f"{self._memory}/memory.swap.max", "0")
        except OSError:
            pass  # a kernel without swap accounting

    def killed(self) -> int:
        """How many processes the kernel ended so far, since the memory was used up."""
        words = _read(f"{self._memory}/{'memory.events' if self._two else 'memory.oom_control'}").split()
        return int(dict(zip(words[::2], words[1::2], strict=False)).get("oom_kill", "0"))


def remove_groups(groups: dict[str, Any] | None) -> None:
    """Remove every group of this room; waits a little for processes that are just ending."""
    if not groups:
        return
    deadline = time.monotonic() + _REMOVE_S
    for parent in {groups["memory"], groups["pids"]}:
        try:
            names = [name for name in os.listdir(str(parent)) if name.startswith(str(groups["prefix"]))]
        except OSError:
            continue
        for name in names:
            while True:
                try:
                    os.rmdir(f"{parent}/{name}")
                    break
                except FileNotFoundError:
                    break
                except OSError:
                    if time.monotonic() > deadline:
                        break
                    time.sleep(0.002)
