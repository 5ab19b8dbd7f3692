"""Stages that single commands leave behind so that they can be undone: the newest stay, the rest go.

Looking whether a stage still holds changes costs as much as it is large, so a command that left none says so by a mark, and
of the others (their changes may have been applied or dropped since) one at most is looked at each time.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from assistant.sandbox.stage.locks import Locks
from assistant.sandbox.stage.place import recorded_place, remove_place

_KEPT = 20
_KEPT_S = 7 * 24 * 3600.0
_MARK = "nothing-staged"


def mark_empty(base: Path) -> None:
    """Note that this stage holds nothing but what could be undone."""
    (base / _MARK).touch()


def trim_command_stages(stages: Path, keep: str) -> list[str]:
    """Remove old stages of single commands that hold no change any more. Returns their names."""
    names = sorted((f.name for f in os.scandir(stages) if f.name.startswith("exec-")), reverse=True)
    old = [name for at, name in enumerate(names) if name != keep and (at >= _KEPT or _age_s(stages / name) >= _KEPT_S)]
    marked = [name for name in old if (stages / name / _MARK).exists()]
    others = [name for name in old if name not in marked]
    if others:
        name = others[int.from_bytes(os.urandom(4)) % len(others)]
        if _is_empty(stages / name):
            marked.append(name)
    return [name for name in marked if _remove(stages / name)]


def _age_s(base: Path) -> float:
    try:
        return time.time() - base.stat().st_mtime
    except FileNotFoundError:  # another command removed it meanwhile
        return 0.0


def _is_empty(base: Path) -> bool:
    from assistant.errors import AssistantError
    from assistant.sandbox.prepare import task_stage

    place = recorded_place(base)
    try:
        return place is not None and Path(place.folder).is_dir() and not task_stage(place).changes()
    except AssistantError:
        return False


def _remove(base: Path) -> bool:
    """Whether it is gone. One whose command still runs stays."""
    place = recorded_place(base)
    if place is None:
        return False
    try:
        running = Locks(base).hold_alone()
    except (BlockingIOError, FileNotFoundError):
        return False
    try:
        remove_place(place)
    finally:
        os.close(running)
    return True
