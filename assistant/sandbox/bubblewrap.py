"""The engine of Linux: rooms of namespaces entered by bubblewrap, stages of overlays."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path

from assistant.config import Paths, find_paths
from assistant.errors import SandboxUnavailable
from assistant.sandbox.plan import RoomPlan, home_folder, is_below, room_ids
from assistant.sandbox.room import BubblewrapRoom
from assistant.sandbox.running import mounts_folder, note_room, rooms_folder
from assistant.sandbox.stage.overlay import OverlayLayer
from assistant.sandbox.stage.place import Place, find_place, unlock
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
    found = shutil.which("bwrap", path=f"{os.environ.get('PATH', '')}:/usr/bin:/bin")
    if not found:
        raise SandboxUnavailable(
            "bubblewrap is not installed, and without it no tool can be contained",
            hint="install the package `bubblewrap` of your system (`apt install bubblewrap`)",
        )
    return os.path.realpath(found)


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


class BubblewrapSandbox:
    """See protocol.Sandbox."""

    def __init__(self, paths: Paths | None = None) -> None:
        self._paths = paths

    @property
    def name(self) -> str:
        """The engine's name."""
        return "bubblewrap"

    async def open(self, task: str, folder: Path, stages: Path) -> BubblewrapRoom:
        """See protocol.Sandbox."""
        return await asyncio.to_thread(self._prepare, task, folder, stages, asyncio.get_running_loop())

    async def open_private(self, name: str) -> BubblewrapRoom:
        """A room without a folder and stage, for a program of our own such as the model worker."""
        paths = self._paths or find_paths()
        file, note = self._noting(paths, name, "")
        uid, gid = room_ids()
        where = str(mounts_folder(paths))
        plan = RoomPlan(where=where, home=home_folder(), uid=uid, gid=gid, leave_no=(str(file),))
        return BubblewrapRoom(plan, find_bwrap(), None, note)

    def stage(self, task: str, folder: Path, stages: Path) -> DiskStage:
        """See protocol.Sandbox."""
        return overlay_stage(find_place(task, folder, stages))

    def _prepare(self, task: str, folder: Path, stages: Path, loop: asyncio.AbstractEventLoop) -> BubblewrapRoom:
        bwrap = find_bwrap()
        paths = self._paths or find_paths()
        place = find_place(task, folder, stages)
        stage = overlay_stage(place)
        stage.prune_if_quiet()
        file, note = self._noting(paths, task, place.folder)
        plan = plan_room(paths, place, stages, (str(file),))
        return BubblewrapRoom(plan, bwrap, stage, note, loop)

    def _noting(self, paths: Paths, task: str, folder: str) -> tuple[Path, Callable[[int], None]]:
        file = rooms_folder(paths) / f"{task}-{os.getpid()}-{secrets.token_hex(3)}"
        return file, lambda pid: note_room(file, task, folder, pid)
