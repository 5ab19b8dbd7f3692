"""Which rooms live on this machine, for `assistant stop` and the list of tasks: one small file a room, gone with it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from assistant.config import Paths
from assistant.sandbox.stage.locks import end_room, start_time


class RunningRoom(msgspec.Struct, frozen=True):
    """`pid` is the holder's outer process; `started` recognises it among reused numbers."""

    task: str
    folder: str
    pid: int
    started: int
    file: str = ""


def rooms_folder(paths: Paths) -> Path:
    """Where the files lie, made when it is missing."""
    folder = Path(paths.runtime) / "rooms"
    folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    return folder


def mounts_folder(paths: Paths) -> Path:
    """An empty folder to mount private rooms on; each sees only its own."""
    folder = Path(paths.runtime) / "mount"
    folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    return folder


def note_room(file: Path, task: str, folder: str, pid: int) -> None:
    """Write down a room. Its holder removes the file when the room ends, however that comes."""
    record = RunningRoom(task, os.fsencode(folder).decode("latin-1"), pid, start_time(pid))
    file.write_bytes(msgspec.json.encode(record))


def running_rooms(paths: Paths) -> Iterator[RunningRoom]:
    """Every living room of this person. What a power cut left is removed."""
    for file in sorted(rooms_folder(paths).iterdir()):
        try:
            room = msgspec.json.decode(file.read_bytes(), type=RunningRoom)
        except (OSError, msgspec.MsgspecError):
            continue
        if start_time(room.pid) != room.started or not room.started:
            file.unlink(missing_ok=True)
            continue
        yield msgspec.structs.replace(room, file=str(file), folder=os.fsdecode(room.folder.encode("latin-1")))


def stop_rooms(paths: Paths, task: str | None, wait_s: float = 5.0) -> tuple[list[RunningRoom], list[RunningRoom]]:
    """End every process of a task, or of all. Returns the rooms that ended, and those that did not in time."""
    ended: list[RunningRoom] = []
    left: list[RunningRoom] = []
    for room in running_rooms(paths):
        if task is None or room.task == task:
            (ended if end_room(room.pid, wait_s) else left).append(room)
            Path(room.file).unlink(missing_ok=True)
    return ended, left
