"""One command in a room of its own, with this process's own input and output. Blocking, and quick to start: no event loop."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from assistant.config import Paths
from assistant.errors import SandboxError
from assistant.sandbox.call import CallBuilder, resolve_limits
from assistant.sandbox.channel import Channel
from assistant.sandbox.prepare import find_bwrap, make_folders, must_copy, plan_room, task_stage
from assistant.sandbox.protocol import Command
from assistant.sandbox.running import note_room, rooms_folder
from assistant.sandbox.stage.locks import Locks
from assistant.sandbox.stage.place import Place, find_place, remove_place
from assistant.types import HostUse

if TYPE_CHECKING:
    from assistant.sandbox.egress_thread import EgressThread
    from assistant.sandbox.plan import RoomPlan
    from assistant.sandbox.room import Builder
    from assistant.sandbox.stage.stage import DiskStage

_CHUNK = 1 << 16
_PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
_TIMED_OUT = 124
"""As timeout(1) of coreutils."""

Sink = Callable[[int, bytes], None]
"""(1 for output, 2 for errors; bytes). Raises BrokenPipeError when nobody reads any more."""


class Ended(msgspec.Struct, frozen=True):
    """How it ended. `status` is what a shell would show: 128 and the number for a signal, 124 for the time limit."""

    status: int
    signal: int | None
    limit_hit: str
    wall_ms: int
    hosts: tuple[HostUse, ...] = ()


def new_task_id() -> str:
    """A name for a stage that no task opened: sorts by time."""
    return f"exec-{int(time.time()):x}-{os.urandom(3).hex()}"


class OneCommand:
    """Owns the stage and room of one command."""

    def __init__(
        self,
        paths: Paths,
        folder: Path,
        command: Command,
        channel: Channel,
        terminal: Any = None,
        *,
        loose: bool = False,
    ) -> None:
        """`channel`: a started holder, whose end this becomes responsible for. `loose`: without namespaces (see loose.py)."""
        self.paths = paths
        self.stages = paths.stages
        self.command = command
        self._terminal = terminal
        self.task = new_task_id()
        self._loose = loose
        self._bwrap = "" if loose else find_bwrap()
        stages = paths.stages
        self._place: Place = (
            find_place(self.task, folder, stages) if loose else find_place(self.task, folder, stages, must_copy)
        )
        self._stage: DiskStage | None = None
        try:
            make_folders(self._place)
            if self._place.copied or loose:
                self.stage.refresh()
        except BaseException:
            self.discard()
            raise
        self._channel = channel
        self._egress: EgressThread | None = None

    @property
    def stage(self) -> DiskStage:
        """Where its changes wait. Made when first asked for: see `run`."""
        if self._stage is None:
            if self._loose:
                from assistant.sandbox.stage.copied import copied_stage

                self._stage = copied_stage(self._place)
            else:
                self._stage = task_stage(self._place)
        return self._stage

    def _warnings(self) -> list[str]:
        of_stage = self.stage.warning
        found = [of_stage] if of_stage else []
        if self._loose:
            from assistant.sandbox.loose import warning

            found.insert(0, warning())
        return found

    def close(self) -> None:
        """Wait until nothing is left of its room."""
        self._channel.close()

    def discard(self) -> None:
        """Remove the stage with all that it holds."""
        self.close()
        remove_place(self._place)

    def run(self, sink: Sink, warn: Callable[[str], None] = lambda text: None) -> Ended:
        """Run it to its end; `warn` is told what a person must know before it runs. Raises SandboxUnavailable, SandboxError."""
        locks = Locks(Path(self._place.base))
        room_lock, running = locks.hold_room(), locks.hold_running()
        file = rooms_folder(self.paths) / f"{self.task}-{os.getpid()}"
        plan = self._plan(file)
        limits = resolve_limits(self.command.limits)
        plan = msgspec.structs.replace(plan, scratch_bytes=min(plan.scratch_bytes, limits.memory_bytes or 0))
        channel = self._channel
        try:
            channel.give(plan)
            # What is only needed later is imported here, while the holder makes the room.
            stage, builder = self.stage, self._builder(plan)
            channel.wait_ready()
            locks.note_holder(room_lock, channel.pid)
            note_room(file, self.task, self._place.folder, channel.pid)
            for text in self._warnings():
                warn(text)
            environment = self._open_egress(channel)
            parts = builder.build(self.command, limits, environment)
            stage.note_start()
            watch = {
                "memory": limits.memory_bytes or 0,
                "processes": limits.processes or 0,
                "disk": limits.disk_bytes or 0,
            }
            pump = _Pump(channel, sink, self._terminal, limits.wall_s)
            return pump.run(parts, watch, self._hosts)
        finally:
            channel.end()
            locks.forget_holder(room_lock)
            if self._egress is not None:
                self._egress.close()
            os.close(running)
            os.close(room_lock)

    def _plan(self, file: Path) -> RoomPlan:
        if not self._loose:
            return plan_room(self.paths, self._place, self.paths.stages, (str(file),))
        from assistant.sandbox.loose import loose_plan

        return loose_plan(self._place.folder, f"{self._place.base}/room", file)

    def _builder(self, plan: RoomPlan) -> Builder:
        if not self._loose:
            return CallBuilder(plan, self._bwrap)
        from assistant.sandbox.loose import ConfinedBuilder

        return ConfinedBuilder(plan, str(self._place.copy))

    def _open_egress(self, channel: Channel) -> dict[str, str]:
        if not self.command.hosts:
            return {}
        from assistant.sandbox.egress_thread import EgressThread  # an event loop, only for what reaches out

        channel.send({"op": "listen", "id": 0})
        taken = channel.receive(5.0)
        if taken is None or not taken[1]:
            raise SandboxError("the room's proxy can't be opened")
        self._egress = EgressThread(self.command.hosts, taken[1][0])
        return self._egress.environment(int(taken[0]["port"]))

    def _hosts(self) -> tuple[HostUse, ...]:
        return self._egress.used() if self._egress is not None else ()


class _Pump:
    """Carries bytes and signals between this process and the command."""

    def __init__(self, channel: Channel, sink: Sink, terminal: Any, wall_s: float | None) -> None:
        self._channel = channel
        self._sink = sink
        self._terminal = terminal
        self._wall_s = wall_s
        self._poll = select.poll()
        self._outputs: dict[int, int] = {}
        self._feed = -1
        self._left = b""
        self._caught = 0
        self._report: dict[str, Any] | None = None

    def run(self, parts: dict[str, Any], watch: dict[str, int], hosts: Callable[[], tuple[HostUse, ...]]) -> Ended:
        started = time.monotonic()
        fds = self._connect()
        wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._channel.send({"op": "start", "id": 1, **parts, "watch": watch, "fresh": False, "fds": 3}, fds)
        for fd in set(fds):
            os.close(fd)
        previous = signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        handlers = {number: signal.signal(number, self._pass_on) for number in _PASSED_ON}
        try:
            timed_out = self._loop(wake_read, started)
        finally:
            signal.set_wakeup_fd(previous)
            for number, handler in handlers.items():
                signal.signal(number, handler)
            for fd in (wake_read, wake_write, self._feed):
                if fd >= 0:
                    os.close(fd)
        report = self._report or {"code": -9, "hit": ""}
        code = int(report["code"])
        if code > 0 and not report.get("ran", True):
            raise SandboxError("the room refused the command, as said above", hint="`assistant doctor` tries each part")
        number = -code if code < 0 else code - 128 if 128 < code <= 192 else None
        hit = "wall" if timed_out else str(report.get("hit", "")) or ("file" if number == signal.SIGXFSZ else "")
        status = _TIMED_OUT if timed_out else 128 + number if number is not None else code
        return Ended(status, number, hit, int((time.monotonic() - started) * 1000), hosts())

    def _connect(self) -> tuple[int, int, int]:
        if self._terminal is not None:
            ours, theirs = self._terminal.open()
            self._outputs = {ours: 1}
            self._feed = os.dup(ours)
            fds = (theirs, theirs, theirs)
        else:
            ins, out, err = os.pipe2(os.O_CLOEXEC), os.pipe2(os.O_CLOEXEC), os.pipe2(os.O_CLOEXEC)
            self._outputs = {out[0]: 1, err[0]: 2}
            self._feed = ins[1]
            fds = (ins[0], out[1], err[1])
        os.set_blocking(self._feed, False)
        for fd in self._outputs:
            os.set_blocking(fd, False)
            self._poll.register(fd, select.POLLIN)
        self._poll.register(self._channel.fileno(), select.POLLIN)
        return fds

    def _loop(self, wake: int, started: float) -> bool:
        """Until the command ended and its output is passed on. Whether the time limit ended it."""
        self._poll.register(wake, select.POLLIN)
        self._watch_stdin()
        timed_out = False
        while self._report is None or self._outputs:
            left = None
            if self._wall_s is not None and not timed_out and self._report is None:
                left = max(0.0, started + self._wall_s - time.monotonic())
                if left == 0.0:
                    timed_out = True
                    self._channel.send({"op": "kill", "id": 1})
                    continue
            for fd, _ in self._poll.poll(None if left is None else left * 1000 + 1):
                if fd in self._outputs:
                    self._take_output(fd)
                elif fd == self._channel.fileno():
                    self._take_messages()
                elif fd == wake:
                    os.read(wake, 64)
                elif fd == 0:
                    self._take_stdin()
                elif fd == self._feed:
                    self._flush()
        return timed_out

    def _take_output(self, fd: int) -> None:
        try:
            data = os.read(fd, _CHUNK)
        except BlockingIOError:
            return
        except OSError:  # the terminal's last program ended
            data = b""
        if data:
            try:
                self._sink(self._outputs[fd], data)
                return
            except BrokenPipeError:
                pass  # nobody reads: the command is told the way a shell's pipe would tell it
        self._poll.unregister(fd)
        os.close(fd)
        del self._outputs[fd]

    def _take_messages(self) -> None:
        for message, _ in self._channel.arrived():
            if message["op"] == "ended":
                self._report = message
            elif message["op"] == "failed":
                raise SandboxError(
                    f"the command can't be started: {message['what']}", hint="`assistant doctor` tries each part"
                )
        if self._channel.closed and self._report is None:
            self._report = {"code": -9, "hit": ""}  # stopped from outside
        if self._report is not None:
            self._poll.unregister(self._channel.fileno())

    def _watch_stdin(self) -> None:
        try:
            os.fstat(0)
        except OSError:
            self._end_stdin()
            return
        self._poll.register(0, select.POLLIN)

    def _take_stdin(self) -> None:
        try:
            data = os.read(0, _CHUNK)
        except OSError:
            data = b""
        self._poll.unregister(0)
        if not data:
            self._end_stdin()
            return
        self._left = data
        self._poll.register(self._feed, select.POLLOUT)
        self._flush()

    def _flush(self) -> None:
        try:
            self._left = self._left[os.write(self._feed, self._left) :]
        except BlockingIOError:
            return
        except OSError:  # the command closed its input
            self._left = b""
            self._poll.unregister(self._feed)
            self._end_stdin()
            return
        if not self._left:
            self._poll.unregister(self._feed)
            self._poll.register(0, select.POLLIN)

    def _end_stdin(self) -> None:
        if self._terminal is not None:
            return
        os.close(self._feed)
        self._feed = -1

    def _pass_on(self, number: int, _frame: object) -> None:
        """The command decides what a signal means. A third one ends it whatever it decided."""
        self._caught += 1
        if self._report is None:
            wanted = {"op": "kill"} if self._caught > 2 else {"op": "signal", "signal": int(number)}
            self._channel.send({**wanted, "id": 1})


def write_through(stream: int, data: bytes) -> None:
    """The sink that passes bytes on unchanged. Waits for a reader that is slow."""
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(stream, view) :]
        except BlockingIOError:
            select.select([], [stream], [])
