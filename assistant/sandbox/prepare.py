"""What a room of the bubblewrap engine is made from, without an event loop: its stage, its plan, its program."""

from __future__ import annotations

import os
from pathlib import Path

from assistant.config import Paths
from assistant.errors import SandboxUnavailable
from assistant.sandbox.plan import RoomPlan, home_folder, is_below, room_ids
from assistant.sandbox.stage.overlay import OverlayLayer
from assistant.sandbox.stage.place import Place, unlock
from assistant.sandbox.stage.stage import DiskStage, Layer
from assistant.sandbox.stage.tree import Tree


def overlay_stage(place: Place) -> DiskStage:
    """The stage of a task as an overlay's upper layer, its folders made when they are missing."""
    found = Path(place.folder).stat()
    if not place.upper.is_dir():
        place.upper.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(place.upper, found.st_uid, found.st_gid)
        place.upper.chmod(found.st_mode & 0o7777)
    place.work.mkdir(mode=0o700, exist_ok=True)
    (Path(place.base) / "room").mkdir(mode=0o700, exist_ok=True)
    return DiskStage(place, _open_overlay)


def _open_overlay(place: Place, real: Tree) -> Layer:
    return OverlayLayer(real, place.upper)


def find_bwrap() -> str:
    """The program. Raises SandboxUnavailable when it is missing."""
    for folder in f"{os.environ.get('PATH', '')}:/usr/bin:/bin".split(":"):
        program = f"{folder}/bwrap"
        if folder.startswith("/") and os.access(program, os.X_OK):
            return os.path.realpath(program)
    raise SandboxUnavailable(
        "bubblewrap is not installed, and without it no tool can be contained",
        hint="install the package `bubblewrap` of your system (`apt install bubblewrap`)",
    )


def hidden_paths(paths: Paths, place: Place, stages: Path) -> tuple[str, ...]:
    """Folders of the assistant itself that lie below the task's folder: its log, keys, settings and stages."""
    own = [paths.config, paths.data, paths.trust, paths.cache, paths.runtime, str(stages), place.base, place.layer]
    real = {os.path.realpath(p) for p in own}
    return tuple(sorted(p for p in real if is_below(p, place.folder) and p != place.folder))


def plan_room(paths: Paths, place: Place, stages: Path, leave_no: tuple[str, ...]) -> RoomPlan:
    """The plan of a task's room."""
    uid, gid = room_ids()
    unlock(place.work / "work")
    return RoomPlan(
        where=f"{place.base}/room",
        home=home_folder(),
        uid=uid,
        gid=gid,
        folder=place.folder,
        upper=str(place.upper),
        work=str(place.work),
        hidden=hidden_paths(paths, place, stages),
        leave_no=leave_no,
    )
