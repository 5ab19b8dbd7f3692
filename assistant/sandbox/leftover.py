"""Stages that single commands leave behind so that they can be undone: the newest stay, the rest go."""

from __future__ import annotations

import time
from pathlib import Path

from assistant.sandbox.prepare import task_stage
from assistant.sandbox.stage.place import Place, find_place, remove_place

_KEPT = 20
_KEPT_S = 7 * 24 * 3600.0


def trim_command_stages(stages: Path, keep: str) -> list[str]:
    """Remove old stages of single commands that hold no change any more. Returns their names."""
    names = sorted((f.name for f in stages.glob("exec-*")), reverse=True)
    removed: list[str] = []
    for at, name in enumerate(names):
        age = time.time() - (stages / name).stat().st_mtime
        if name == keep or (at < _KEPT and age < _KEPT_S):
            continue
        place = _empty_place(name, stages)
        if place is not None:
            remove_place(place)
            removed.append(name)
    return removed


def _empty_place(name: str, stages: Path) -> Place | None:
    from assistant.errors import AssistantError
    from assistant.sandbox.stage.place import recorded_folder

    folder = recorded_folder(stages / name)
    if folder is None or not folder.is_dir():
        return None
    try:
        place = find_place(name, folder, stages)
        return None if task_stage(place).changes() else place
    except AssistantError:
        return None
