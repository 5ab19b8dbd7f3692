"""A task's room and stage in an empty place, for tests."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from assistant.config import Paths
from assistant.sandbox.bubblewrap import BubblewrapSandbox
from assistant.sandbox.protocol import Command
from assistant.sandbox.room import RoomOnLoop
from assistant.types import Change, Completed, Limits


def paths_below(folder: Path) -> Paths:
    """The assistant's folders, all below one."""
    return Paths(*(str(folder / name) for name in ("config", "data", "trust", "cache", "run")))


class Place:
    """One folder, its task, its room."""

    def __init__(self, top: Path, folder: Path, room: RoomOnLoop) -> None:
        self.top = top
        self.folder = folder
        self.room = room
        self.stage = room.stage

    async def sh(self, script: str, **options: object) -> Completed:
        """Run a shell script in the room; it must succeed unless `status` says otherwise."""
        status = options.pop("status", 0)
        options.setdefault("limits", Limits(wall_s=60.0))
        done = await self.room.run(Command(("sh", "-c", script), **options))  # type: ignore[arg-type]
        assert status is None or done.exit_status == status, done
        return done

    def changes(self) -> dict[str, Change]:
        """By path."""
        return {c.path: c for c in self.stage.changes()}

    def kinds(self) -> dict[str, str]:
        """Kind by path."""
        return {path: c.kind for path, c in self.changes().items()}


@asynccontextmanager
async def open_place(top: Path, folder: Path | None = None, task: str = "task") -> AsyncIterator[Place]:
    """A room over `top / work`, or over another folder."""
    folder = folder or top / "work"
    folder.mkdir(exist_ok=True, parents=True)
    room = await BubblewrapSandbox(paths_below(top)).open(task, folder, top / "data" / "stages")
    try:
        yield Place(top, folder, room)
    finally:
        await room.aclose()


def running(mark: str) -> list[int]:
    """Processes of this machine whose command line holds `mark`."""
    found: list[int] = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                if mark in Path(f"/proc/{name}/cmdline").read_bytes().decode(errors="replace"):
                    found.append(int(name))
            except OSError:
                continue
    return found
