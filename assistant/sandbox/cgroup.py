"""Control groups, where this person may make some: the kernel then bounds a call's memory and processes as a whole.

Version 2 below a systemd user session, or version 1 for root. Where neither can be written, each process has its own
bounds and the holder watches the sum.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

_ROOT = Path("/sys/fs/cgroup")
_NAME = "assistant-"


class Cgroups(msgspec.Struct, frozen=True):
    """Where groups can be made: `memory` and `pids` are one folder in version 2."""

    version: int
    memory: str
    pids: str

    def message(self, name: str) -> dict[str, Any]:
        """What a room's holder is told: where, and how its groups' names begin."""
        return {"version": self.version, "memory": self.memory, "pids": self.pids, "prefix": f"{_NAME}{name}-"}


@cache
def find_cgroups() -> Cgroups | None:
    """Tried, not guessed: a group is made and removed again."""
    lines = _read(Path("/proc/self/cgroup")).splitlines()
    for line in lines:
        number, controllers, path = line.split(":", 2)
        if number == "0" and not controllers:
            found = _version_2(path)
            if found:
                return found
    paths = {c: p for line in lines for c in line.split(":")[1].split(",") for p in [line.split(":", 2)[2]]}
    memory, pids = _ROOT / "memory", _ROOT / "pids"
    if "memory" in paths and "pids" in paths:
        memory, pids = memory / paths["memory"].strip("/"), pids / paths["pids"].strip("/")
        if _can_make(memory, "memory.limit_in_bytes") and _can_make(pids, "pids.max"):
            return Cgroups(1, str(memory), str(pids))
    return None


def _version_2(path: str) -> Cgroups | None:
    at = _ROOT / path.strip("/")
    for folder in (at, *at.parents):
        if not folder.is_relative_to(_ROOT):
            return None
        enabled = _read(folder / "cgroup.subtree_control").split()
        if {"memory", "pids"} <= set(enabled) and os.access(folder / "cgroup.procs", os.W_OK):
            return Cgroups(2, str(folder), str(folder)) if _can_make(folder, "memory.max") else None
    return None


def _can_make(folder: Path, file: str) -> bool:
    group = folder / f"{_NAME}try-{os.getpid()}"
    try:
        group.mkdir()
    except OSError:
        return False
    try:
        return os.access(group / file, os.W_OK)
    finally:
        group.rmdir()


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
