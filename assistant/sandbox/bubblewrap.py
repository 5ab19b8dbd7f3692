"""The engine of Linux: rooms of namespaces entered by bubblewrap, stages of overlays."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

from assistant.config import Paths, find_paths
from assistant.sandbox.call import CallBuilder
from assistant.sandbox.plan import RoomPlan, home_folder, room_ids
from assistant.sandbox.prepare import find_bwrap, must_copy, plan_room, task_stage
from assistant.sandbox.room import RoomOnLoop
from assistant.sandbox.running import mounts_folder, note_room, rooms_folder
from assistant.sandbox.stage.place import find_place
from assistant.sandbox.stage.stage import DiskStage
from assistant.sandbox.threads import in_thread


class BubblewrapSandbox:
    """See protocol.Sandbox."""

    def __init__(self, paths: Paths | None = None) -> None:
        self._paths = paths

    @property
    def name(self) -> str:
        """The engine's name."""
        return "bubblewrap"

    @property
    def warning(self) -> str:
        """None: this is the engine that the others are measured by."""
        return ""

    async def open(self, task: str, folder: Path, stages: Path) -> RoomOnLoop:
        """See protocol.Sandbox."""
        loop = asyncio.get_running_loop()
        return await in_thread(lambda: self._prepare(task, folder, stages, loop))

    async def open_private(self, name: str) -> RoomOnLoop:
        """A room without a folder and stage, for a program of our own such as the model worker."""
        paths = self._paths or find_paths()
        file, note = self._noting(paths, name, "")
        uid, gid = room_ids()
        where = str(mounts_folder(paths))
        plan = RoomPlan(where=where, home=home_folder(), uid=uid, gid=gid, leave_no=(str(file),))
        return RoomOnLoop(plan, CallBuilder(plan, find_bwrap()), None, note)

    def stage(self, task: str, folder: Path, stages: Path) -> DiskStage:
        """See protocol.Sandbox."""
        return task_stage(find_place(task, folder, stages, must_copy))

    def _prepare(self, task: str, folder: Path, stages: Path, loop: asyncio.AbstractEventLoop) -> RoomOnLoop:
        bwrap = find_bwrap()
        paths = self._paths or find_paths()
        place = find_place(task, folder, stages, must_copy)
        stage = task_stage(place)
        stage.prune_if_quiet()
        stage.refresh()
        file, note = self._noting(paths, task, place.folder)
        plan = plan_room(paths, place, stages, (str(file),))
        return RoomOnLoop(plan, CallBuilder(plan, bwrap), stage, note, loop)

    def _noting(self, paths: Paths, task: str, folder: str) -> tuple[Path, Callable[[int], None]]:
        file = rooms_folder(paths) / f"{task}-{os.getpid()}-{os.urandom(3).hex()}"
        return file, lambda pid: note_room(file, task, folder, pid)
