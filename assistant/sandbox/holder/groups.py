"""One control group a call, where groups can be made: the kernel bounds all its processes together."""

from __future__ import annotations

import os
import time
from typing import Any

_OWN_PROCESSES = 3
"""bubblewrap's two, and the one that enters before them."""
_ENTER = 'for f in $0; do echo 0 >"$f" || exit 125; done; exec "$@"'
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


class Group:
    """Bounds of one call. Raises OSError when it can't be made."""

    def __init__(self, groups: dict[str, Any], name: str, memory: int, processes: int) -> None:
        self._two = groups["version"] == 2
        self._memory = f"{groups['memory']}/{groups['prefix']}{name}"
        self._pids = f"{groups['pids']}/{groups['prefix']}{name}"
        for folder in self.folders:
            os.mkdir(folder)
        _write(f"{self._pids}/pids.max", str(processes + _OWN_PROCESSES))
        if self._two:
            _write(f"{self._memory}/memory.max", str(memory))
            for name_, value in (("memory.swap.max", "0"), ("memory.oom.group", "1")):
                try:
                    _write(f"{self._memory}/{name_}", value)
                except OSError:
                    pass
        else:
            _write(f"{self._memory}/memory.limit_in_bytes", str(memory))

    @property
    def folders(self) -> list[str]:
        """One in version 2, two in version 1."""
        return list(dict.fromkeys((self._memory, self._pids)))

    def entering(self, argv: list[str]) -> list[str]:
        """`argv`, started so that it is in the group before it runs."""
        entries = " ".join(f"{folder}/cgroup.procs" for folder in self.folders)
        return ["/bin/sh", "-c", _ENTER, entries, *argv]

    def hit(self) -> str:
        """Which limit made the kernel kill something."""
        if self._two:
            words = _read(f"{self._memory}/memory.events").split()
            killed = dict(zip(words[::2], words[1::2], strict=False)).get("oom_kill", "0")
        else:
            lines = _read(f"{self._memory}/memory.oom_control").split()
            killed = dict(zip(lines[::2], lines[1::2], strict=False)).get("oom_kill", "0")
        return "memory" if killed != "0" else ""


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
