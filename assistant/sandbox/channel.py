"""Starts a room's holder and speaks to it. Plain and blocking: `sandbox exec` uses it as it is, rooms from the event loop."""

from __future__ import annotations

import _socket
import os
import select
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import assistant
from assistant.errors import SandboxError, SandboxUnavailable
from assistant.sandbox.holder.wire import Inbox, send

if TYPE_CHECKING:
    from assistant.sandbox.plan import RoomPlan

_PACKAGES = str(Path(assistant.__file__).resolve().parent.parent)
_START = "import sys; sys.path.append(sys.argv[1]); from assistant.sandbox.holder.main import main; main()"
_READY_S = 20.0
_PYTHON = getattr(sys, "_base_executable", "") or sys.executable


class Channel:
    """One holder. `open` starts it; `close` ends it and with it everything in its room."""

    def __init__(self, sock: _socket.socket, pid: int) -> None:
        self._sock = sock
        self._inbox = Inbox(sock)
        self._poll = select.poll()  # not select(), which refuses descriptors above 1023
        self._poll.register(sock, select.POLLIN)
        self.pid = pid
        """The holder's outer process."""

    @classmethod
    def open(cls, plan: RoomPlan) -> Channel:
        """Start a holder with its plan; `wait_ready` says whether its room stands. Raises SandboxError."""
        channel = cls.start()
        channel.give(plan)
        return channel

    @classmethod
    def start(cls) -> Channel:
        """Start a holder that waits for its plan: its own start-up passes while the plan is made. Raises SandboxError."""
        ours, theirs = _pair()
        null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        moved = _above_standard(theirs.fileno())
        try:
            actions = [(os.POSIX_SPAWN_DUP2, null, fd) for fd in (0, 1, 2)] + [(os.POSIX_SPAWN_DUP2, moved, 3)]
            argv = [_PYTHON, "-I", "-S", "-c", _START, _PACKAGES]
            environment = {"PATH": "/usr/bin:/bin"}
            pid = os.posix_spawn(_PYTHON, argv, environment, file_actions=actions, setsigmask=[])
        except OSError as error:
            ours.close()
            raise SandboxError(f"the room's holder can't be started: {error}") from error
        finally:
            theirs.close()
            os.close(null)
            os.close(moved)
        return cls(ours, pid)

    def give(self, plan: RoomPlan) -> None:
        """Tell a started holder what room to make. Raises SandboxError when it is gone."""
        self.send(plan.message())

    def fileno(self) -> int:
        """For an event loop."""
        return self._sock.fileno()

    def send(self, message: dict[str, Any], fds: tuple[int, ...] = ()) -> None:
        """Tell the holder. Raises SandboxError when it is gone."""
        try:
            send(self._sock, message, fds)
        except OSError as error:
            raise SandboxError(f"the room ended: {error}", hint="run it again, a new room is made") from error

    def receive(self, timeout_s: float) -> tuple[dict[str, Any], list[int]] | None:
        """The next message within the time, or None. Raises SandboxError when the holder is gone."""
        deadline = time.monotonic() + timeout_s
        while True:
            taken = self._inbox.take()
            if taken is not None:
                return taken
            if self._inbox.closed:
                raise SandboxError("the room ended", hint="run it again, a new room is made")
            left = deadline - time.monotonic()
            if not self._poll.poll(max(left, 0) * 1000):
                return None
            self._inbox.fill(wait=False)

    def wait_ready(self) -> None:
        """Until the room stands. Raises SandboxUnavailable with what the kernel refused."""
        what = "its holder does not answer"
        try:
            taken = self.receive(_READY_S)
        except SandboxError:
            taken, what = None, "its holder ended at once"
        if taken is None or taken[0].get("op") != "ready":
            self.close()
            what = taken[0].get("what", "") if taken else what
            raise SandboxUnavailable(
                f"a room can't be made here: {what}", hint="`assistant doctor` says how to mend it"
            )

    @property
    def closed(self) -> bool:
        """Whether the holder is gone."""
        return self._inbox.closed

    def arrived(self) -> list[tuple[dict[str, Any], list[int]]]:
        """Messages that are here already; never waits."""
        found: list[tuple[dict[str, Any], list[int]]] = []
        try:
            self._inbox.fill(wait=False)
        except BlockingIOError:
            pass
        while (taken := self._inbox.take()) is not None:
            found.append(taken)
        return found

    def end(self) -> None:
        """End the room and everything in it, and wait until its files and groups are gone too.

        The holder's outer process may then still be giving its mounts back, which nobody can see any more: `close` waits
        for that too, and may be called later.
        """
        try:
            self._sock.shutdown(_socket.SHUT_WR)
            self._sock.settimeout(_READY_S)
            while self._sock.recv(1 << 16):
                pass
        except OSError:
            pass  # it is gone already; or it hangs, and `close` waits for it

    def close(self) -> None:
        """End the room, and everything in it, and wait for that."""
        self._sock.close()
        if self.pid:
            try:
                os.waitpid(self.pid, 0)
            except ChildProcessError:
                pass
            self.pid = 0


def _pair() -> tuple[_socket.socket, _socket.socket]:
    ours, theirs = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_STREAM | _socket.SOCK_CLOEXEC)
    return ours, theirs


def _above_standard(fd: int) -> int:
    """A copy of `fd` that the copies onto 0 to 3 can't overwrite first."""
    import fcntl

    return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10)
