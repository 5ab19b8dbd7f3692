"""The bubblewrap command line of one call. Pure: the same command in the same room gives the same list."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from assistant.errors import SandboxError
from assistant.sandbox.hiding import hiding
from assistant.sandbox.plan import RoomPlan, is_below
from assistant.sandbox.protocol import Command
from assistant.types import Limits

MIB = 1 << 20
DEFAULT_WALL_S = 120.0
"""Limits of a call whose tool sets none. All are chosen: room for a build or a test run, an end to what went astray."""
DEFAULT_MEMORY_BYTES = 4 << 30
DEFAULT_PROCESSES = 512
DEFAULT_FILE_BYTES = 4 << 30
DEFAULT_DISK_BYTES = 8 << 30
"""How much the stage may grow."""
DEFAULT_OUTPUT_BYTES = 1 << 20
"""Of what it prints; a model is given far less of it."""
_OPEN_FILES = 8192
_FILTER_FD, _OPTIONS_FD, _STATUS_FD = "9", "10", "11"
_SHM_BYTES = 256 * MIB

_MASKED = (
    "kcore", "keys", "kallsyms", "cmdline", "interrupts", "kpagecount", "kpageflags", "kpagecgroup", "timer_list",
    "sched_debug", "latency_stats", "slabinfo", "vmallocinfo", "acpi", "scsi", "fs", "driver", "asound", "dynamic_debug", "tty",
)  # fmt: skip
"""Entries of /proc that tell of the host, of its people's keys and keystrokes, or of the kernel's memory.

Each file costs a call a third of a millisecond, since bubblewrap reads the list of all mounts for every one. Not here are
those that the kernel itself gives only to capabilities that no room has (kmsg, the addresses in iomem, ioports and modules,
writing to mtrr), counts that every process monitor shows (diskstats, swaps, softirqs), and what bubblewrap covers already
(irq, bus, sysrq-trigger).
"""
_READ_ONLY = ("sys",)
"""Settings of the host's kernel. Their files ask only whether the writer is root's id, which a room of root's is."""
_EMPTY = "/dev/null"


def resolve_limits(limits: Limits) -> Limits:
    """Every bound filled in: None is the engine's default, never no limit."""

    def given(value: int | None, default: int) -> int:
        return default if value is None else value

    memory = given(limits.memory_bytes, min(DEFAULT_MEMORY_BYTES, _half_of_memory()))
    disk = given(limits.disk_bytes, DEFAULT_DISK_BYTES)
    return Limits(
        wall_s=DEFAULT_WALL_S if limits.wall_s is None else limits.wall_s,
        memory_bytes=memory,
        processes=given(limits.processes, DEFAULT_PROCESSES),
        file_bytes=min(given(limits.file_bytes, DEFAULT_FILE_BYTES), disk),
        disk_bytes=disk,
        output_bytes=given(limits.output_bytes, DEFAULT_OUTPUT_BYTES),
    )


def _half_of_memory() -> int:
    return max(512 * MIB, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2)


def masked_proc() -> tuple[str, ...]:
    """Those of the masked entries that this kernel has and that would open for this person."""
    return tuple(name for name in _MASKED if os.access(f"/proc/{name}", os.R_OK))


class CallBuilder:
    """Builds the command lines of one room: what does not change between calls is made once."""

    def __init__(self, plan: RoomPlan, bwrap: str) -> None:
        self._plan = plan
        self._bwrap = bwrap
        shown = f"{plan.where}/root"
        self._head = [
            "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try",
            "--uid", str(plan.uid), "--gid", str(plan.gid), "--hostname", "room",
            "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--seccomp", _FILTER_FD, "--json-status-fd", _STATUS_FD,
            "--bind", shown, "/", "--dev", "/dev", "--proc", "/proc",
        ]  # fmt: skip
        for name in masked_proc():
            kind = ("--tmpfs",) if os.path.isdir(f"/proc/{name}") else ("--ro-bind", _EMPTY)
            self._head += [*kind, f"/proc/{name}"]
        for name in _READ_ONLY:
            if os.path.exists(f"/proc/{name}"):
                self._head += ["--ro-bind", f"/proc/{name}", f"/proc/{name}"]

    def build(self, command: Command, limits: Limits, environment: Mapping[str, str]) -> dict[str, Any]:
        """`argv` and `options` of a start message. `limits` are resolved; `environment` is added to the room's basics."""
        plan = self._plan
        shm = min(_SHM_BYTES, limits.memory_bytes or _SHM_BYTES)
        words = [*self._head, "--size", str(shm), "--perms", "1777", "--tmpfs", "/dev/shm"]  # noqa: S108
        inner = [p for p in command.read_only if is_below(p, plan.folder)]
        for path in command.read_only:
            words += ["--ro-bind-try", path, path]
        if command.private and plan.folder:
            words += ["--tmpfs", plan.folder, "--remount-ro", plan.folder]
        elif plan.folder:
            if any(is_below(plan.folder, path) for path in command.read_only):
                words += ["--bind", f"{plan.where}/root{plan.folder}", plan.folder]
                for path in inner:
                    words += ["--ro-bind-try", path, path]
            if command.folder_read_only:
                words += ["--remount-ro", plan.folder]
            words += hiding(plan, command.hidden)
        words += ["--remount-ro", "/"]
        variables = {**plan.environment(), **environment, **command.env}
        if command.pty:
            variables.setdefault("TERM", "xterm-256color")
        for name, value in variables.items():
            words += ["--setenv", name, value]
        words += ["--chdir", self._start_folder(command)]
        inside = [*self._limited(limits), *(("setsid", "--ctty") if command.pty else ()), *command.argv]
        if any("\0" in word for word in (*words, *inside)):
            raise SandboxError("a zero byte in the command line or environment", hint="no program can be given one")
        return {
            "argv": [self._bwrap, "--args", _OPTIONS_FD, "--", *inside],
            "options": b"".join(os.fsencode(word) + b"\0" for word in words),
        }

    def _start_folder(self, command: Command) -> str:
        if command.private or not self._plan.folder:
            return self._plan.home if any(s[0] == self._plan.home for s in self._plan.scratch()) else "/tmp"  # noqa: S108
        return os.path.normpath(os.path.join(self._plan.folder, command.cwd))

    def _limited(self, limits: Limits) -> list[str]:
        """Set inside, since the number of processes is counted for each user namespace."""
        return [
            "prlimit",
            f"--nproc={(limits.processes or 0) + 1}",  # bubblewrap's own first process counts too
            f"--data={limits.memory_bytes}",
            f"--fsize={limits.file_bytes}",
            f"--nofile={_OPEN_FILES}",
            "--core=0",
            "--",
        ]
