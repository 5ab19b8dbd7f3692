"""The engine of macOS: sandbox-exec with a profile of ours over a copied stage (blocks shared by clonefile).

UNTESTED: written against Apple's profile language as of macOS 14 and never run by us. It fails closed: a profile that the
system does not take starts nothing. There is no process namespace, so a call's processes are ended by their session.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from assistant.config import Paths, find_paths
from assistant.errors import SandboxError, SandboxUnavailable, StageError
from assistant.sandbox.call import resolve_limits
from assistant.sandbox.hiding import HIDE_HINT, UNHIDDEN
from assistant.sandbox.protocol import Command, PipedProcess, Process
from assistant.sandbox.stage.changes import changes_between, split_renames
from assistant.sandbox.stage.copied import copied_stage
from assistant.sandbox.stage.place import find_place
from assistant.sandbox.stage.stage import DiskStage
from assistant.types import Change, Completed

_PROGRAM = "/usr/bin/sandbox-exec"
_SYSTEM = (
    "/usr",
    "/bin",
    "/sbin",
    "/System",
    "/Library/Apple",
    "/Library/Developer",
    "/opt",
    "/private/etc",
    "/private/var/db/timezone",
)
_SECRET = ("/private/etc/master.passwd", "/private/etc/sudoers", "/private/etc/ssh")


def profile(readable: Sequence[str], writable: Sequence[str]) -> str:
    """The profile of one call: everything denied but what is named. Paths are quoted; one with a control character is refused."""

    def quoted(path: str) -> str:
        if any(ord(c) < 0x20 for c in path):
            raise SandboxError(f"`{path!r}` can't be named in a sandbox profile")
        return '(subpath "' + path.replace("\\", "\\\\").replace('"', '\\"') + '")'

    lines = [
        "(version 1)",
        "(deny default)",
        "(allow process-fork)",
        "(allow process-exec)",
        "(allow signal (target same-sandbox))",
        "(allow sysctl-read)",
        '(allow file-read* (literal "/") (literal "/dev/null") (literal "/dev/random") (literal "/dev/urandom"))',
        '(allow file-write-data (literal "/dev/null"))',
        "(allow file-read-metadata)",
        *(f"(allow file-read* {quoted(path)})" for path in (*_SYSTEM, *readable, *writable)),
        *(f"(deny file-read* {quoted(path)})" for path in _SECRET),
        *(f"(allow file-write* {quoted(path)})" for path in writable),
    ]
    return "\n".join(lines)


class SeatbeltSandbox:
    """See protocol.Sandbox. Hosts can't be granted here: a call that names some is refused."""

    def __init__(self, paths: Paths | None = None) -> None:
        if not os.access(_PROGRAM, os.X_OK):
            raise SandboxUnavailable(
                "`sandbox-exec` is missing", hint="it is part of macOS; tools refuse to run without it"
            )
        self._paths = paths

    @property
    def name(self) -> str:
        """The engine's name."""
        return "sandbox-exec"

    @property
    def warning(self) -> str:
        """What a person must be told before anything runs."""
        return "the macOS engine is untested, and allows no network at all"

    async def open(self, task: str, folder: Path, stages: Path) -> SeatbeltRoom:
        """See protocol.Sandbox."""

        def prepare() -> SeatbeltRoom:
            place = find_place(task, folder, stages)
            stage = copied_stage(place)
            stage.refresh()
            scratch = Path(place.base) / "scratch"
            scratch.mkdir(mode=0o700, exist_ok=True)
            return SeatbeltRoom(stage, str(place.copy), str(scratch))

        return await asyncio.to_thread(prepare)

    async def open_private(self, name: str) -> SeatbeltRoom:
        """See protocol.Sandbox."""
        scratch = Path((self._paths or find_paths()).runtime) / f"private-{name}"
        scratch.mkdir(parents=True, mode=0o700, exist_ok=True)
        return SeatbeltRoom(None, "", str(scratch))

    def stage(self, task: str, folder: Path, stages: Path) -> DiskStage:
        """See protocol.Sandbox."""
        return copied_stage(find_place(task, folder, stages))


class SeatbeltRoom:
    """See protocol.Room."""

    def __init__(self, stage: DiskStage | None, copy: str, scratch: str) -> None:
        self._stage = stage
        self._copy = copy
        self._scratch = scratch
        self._running: set[int] = set()
        self._earlier: dict[str, Change] = {}

    @property
    def stage(self) -> DiskStage:
        """See protocol.Room."""
        if self._stage is None:
            raise StageError("a private room has no stage")
        return self._stage

    async def run(self, command: Command, on_output: Callable[[bytes], None] | None = None) -> Completed:
        """See protocol.Room."""
        if command.hosts:
            raise SandboxError("hosts can't be granted on macOS yet", hint="run it without them")
        if command.hidden and not command.private:
            raise SandboxError(UNHIDDEN, hint=HIDE_HINT)
        limits = resolve_limits(command.limits)
        writable = [self._scratch]
        readable = list(command.read_only)
        if self._copy and not command.private:
            (readable if command.folder_read_only else writable).append(self._copy)
        cwd = os.path.normpath(os.path.join(self._copy or self._scratch, command.cwd))
        environment = {
            "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
            "HOME": self._scratch,
            "TMPDIR": self._scratch,
            **command.env,
        }
        bounded = ["/bin/sh", "-c", 'ulimit -c 0; ulimit -u "$0"; ulimit -f "$1"; shift; exec "$@"']
        bounded += [str(limits.processes), str((limits.file_bytes or 0) // 512)]
        started = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            _PROGRAM, "-p", profile(readable, writable), *bounded, *command.argv,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            cwd=cwd, env=environment, start_new_session=True,
        )  # fmt: skip
        self._running.add(process.pid)
        timed_out = False
        try:
            async with asyncio.timeout(limits.wall_s):
                out, err = await process.communicate(command.stdin)
        except TimeoutError:
            timed_out, out, err = True, b"", b""
        finally:
            self._end(process.pid)
        code = await process.wait()
        if on_output is not None:
            on_output(out + err)
        cap = limits.output_bytes or 0
        return Completed(
            exit_status=code if code >= 0 else None,
            signal=-code if code < 0 else None,
            stdout=out[:cap],
            stderr=err[: max(0, cap - len(out))],
            truncated=len(out) + len(err) > cap,
            timed_out=timed_out,
            limit_hit="wall" if timed_out else "",
            wall_ms=int((time.monotonic() - started) * 1000),
        )

    def _end(self, pid: int) -> None:
        self._running.discard(pid)
        try:
            os.killpg(pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass

    async def start(self, command: Command) -> Process:
        """Not offered: without a process namespace nothing guarantees its end."""
        raise SandboxError("long-running programs are not offered on macOS yet")

    async def pipe(self, command: Command) -> PipedProcess:
        """Not offered, as `start`."""
        raise SandboxError("long-running programs are not offered on macOS yet")

    def processes(self) -> Sequence[Process]:
        """None."""
        return ()

    def call_changes(self) -> list[Change]:
        """See protocol.Room."""
        now = split_renames(self.stage.changes())
        earlier, self._earlier = self._earlier, now
        return changes_between(earlier, now)

    async def stop(self) -> None:
        """See protocol.Room."""
        for pid in list(self._running):
            self._end(pid)

    async def aclose(self) -> None:
        """See protocol.Room."""
        await self.stop()
