"""The engine for machines without user namespaces: Landlock, seccomp and process limits over a copied stage.

Weaker, and it says so: programs see the names of the host's files and processes, share its loopback, and find the task's
folder at another path. What they can read, write, signal and connect to is confined by the kernel all the same.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

import assistant
from assistant.config import Paths, find_paths
from assistant.errors import SandboxError, SandboxUnavailable
from assistant.sandbox.hiding import HIDE_HINT, UNHIDDEN
from assistant.sandbox.holder.root import LINKED, SECRETS, SYSTEM
from assistant.sandbox.landlock import landlock_version
from assistant.sandbox.plan import RoomPlan, home_folder
from assistant.sandbox.protocol import Command
from assistant.sandbox.room import RoomOnLoop
from assistant.sandbox.running import mounts_folder, note_room, rooms_folder
from assistant.sandbox.seccomp import room_filter
from assistant.sandbox.stage.copied import copied_stage
from assistant.sandbox.stage.place import find_place
from assistant.sandbox.stage.stage import DiskStage
from assistant.sandbox.threads import in_thread
from assistant.types import Limits

_LEAST_VERSION = 4
"""The first that confines TCP: without it a program could reach the network, whatever was granted."""
_CONFINE = (
    "import sys; sys.path.append(sys.argv[1]); from assistant.sandbox.holder.confine import main; main(sys.argv[2:])"
)
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty")
WARNING = (
    "this machine allows no user namespaces: programs are confined less well than in a room (see `assistant doctor`)"
)
_SIGNALS = "; its kernel does not keep them from ending your other programs either (Linux 6.12 does)"
_CONFINES_SIGNALS = 6
"""The first version of Landlock that does."""


def warning() -> str:
    """What a person must be told before anything runs."""
    return WARNING if landlock_version() >= _CONFINES_SIGNALS else WARNING + _SIGNALS


def loose_plan(folder: str, where: str, file: Path) -> RoomPlan:
    """The plan of a room without namespaces: `where` holds its scratch space, `file` goes when it ends."""
    Path(where, "scratch").mkdir(parents=True, mode=0o700, exist_ok=True)
    return RoomPlan(
        where=where, home=home_folder(), uid=os.geteuid(), gid=os.getegid(), folder=folder, leave_no=(str(file),),
        engine="landlock", filter=room_filter(unix_sockets=False, udp=False),
    )  # fmt: skip


class ConfinedBuilder:
    """What a call is started with: our own program, which confines itself and becomes the command."""

    def __init__(self, plan: RoomPlan, shown: str) -> None:
        self._plan = plan
        self._shown = shown
        """The copy that stands for the task's folder."""

    def build(self, command: Command, limits: Limits, environment: Mapping[str, str]) -> dict[str, Any]:
        """`argv` and `options` of a start message."""
        plan = self._plan
        if command.hidden and not command.private:
            raise SandboxError(UNHIDDEN, hint=HIDE_HINT)
        scratch = f"{plan.where}/scratch"
        readable = [p for p in (*SYSTEM, *LINKED) if p != "/etc" and os.path.exists(p)]
        readable += [f"/etc/{name}" for name in os.listdir("/etc") if f"/etc/{name}" not in SECRETS and name != "ssh"]
        readable += [
            "/proc/self",
            "/proc/cpuinfo",
            "/proc/meminfo",
            "/proc/stat",
            "/proc/sys/kernel",
            *command.read_only,
        ]
        writable = [scratch, *_DEVICES]
        if self._shown and not command.private:
            (readable if command.folder_read_only else writable).append(self._shown)
        folder = self._shown if self._shown and not command.private else scratch
        variables = {**plan.environment(), "HOME": scratch, "TMPDIR": scratch, **environment, **command.env}
        ports = [environment["HTTP_PROXY"].rpartition(":")[2]] if "HTTP_PROXY" in environment else []
        words: dict[str, Any] = {
            "readable": readable,
            "writable": writable,
            "ports": [int(port) for port in ports],
            "cwd": os.path.normpath(os.path.join(folder, command.cwd)),
            "env": [f"{name}={value}" for name, value in variables.items()],
            "limits": [limits.memory_bytes, limits.processes, limits.file_bytes],
            "pty": command.pty,
            "argv": list(command.argv),
        }
        if any("\0" in word for word in (*command.argv, *variables, *variables.values())):
            raise SandboxError("a zero byte in the command line or environment", hint="no program can be given one")
        packages = str(Path(assistant.__file__).resolve().parent.parent)
        python = getattr(sys, "_base_executable", "") or sys.executable
        return {"argv": [python, "-I", "-S", "-B", "-c", _CONFINE, packages], "options": msgspec.json.encode(words)}


class LandlockSandbox:
    """See protocol.Sandbox."""

    def __init__(self, paths: Paths | None = None) -> None:
        if landlock_version() < _LEAST_VERSION:
            raise SandboxUnavailable(
                "this machine allows no user namespaces, and its kernel has no landlock that could stand in for them",
                hint="`assistant doctor` says what to change",
            )
        self._paths = paths

    @property
    def name(self) -> str:
        """The engine's name."""
        return "landlock"

    @property
    def warning(self) -> str:
        """What a person must be told before anything runs."""
        return warning()

    async def open(self, task: str, folder: Path, stages: Path) -> RoomOnLoop:
        """See protocol.Sandbox."""
        loop = asyncio.get_running_loop()
        return await in_thread(lambda: self._prepare(task, folder, stages, loop))

    async def open_private(self, name: str) -> RoomOnLoop:
        """See protocol.Sandbox."""
        paths = self._paths or find_paths()
        where = mounts_folder(paths) / f"{name}-{os.getpid()}"
        file = self._file(paths, name)
        plan = loose_plan("", str(where), file)
        return RoomOnLoop(plan, ConfinedBuilder(plan, ""), None, lambda pid: note_room(file, name, "", pid))

    def stage(self, task: str, folder: Path, stages: Path) -> DiskStage:
        """See protocol.Sandbox."""
        return copied_stage(find_place(task, folder, stages))

    def _prepare(self, task: str, folder: Path, stages: Path, loop: asyncio.AbstractEventLoop) -> RoomOnLoop:
        paths = self._paths or find_paths()
        place = find_place(task, folder, stages)
        stage = copied_stage(place)
        stage.prune_if_quiet()
        stage.refresh()
        file = self._file(paths, task)
        plan = loose_plan(place.folder, f"{place.base}/room", file)
        builder = ConfinedBuilder(plan, str(place.copy))
        return RoomOnLoop(plan, builder, stage, lambda pid: note_room(file, task, place.folder, pid), loop)

    def _file(self, paths: Paths, task: str) -> Path:
        return rooms_folder(paths) / f"{task}-{os.getpid()}-{os.urandom(3).hex()}"
