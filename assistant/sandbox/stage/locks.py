"""Who may touch a stage when: calls that run, one who changes the layer, one who applies. flock, so a dead owner holds none.

`lock` is shared by running calls and taken alone by whoever changes the layer; `apply.lock` by whoever changes the real
folder; `room.lock` by the one room whose mount lives, with its holder's process id written in it.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from assistant.errors import StageError

_POLL_S = 0.01


class Locks:
    """The locks of one stage folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def hold_running(self) -> int:
        """A descriptor that counts as one running call until it is closed. Raises BlockingIOError while the layer changes."""
        return self._take("lock", fcntl.LOCK_SH)

    def hold_alone(self) -> int:
        """A descriptor that keeps calls from starting until it is closed. Raises BlockingIOError while some run."""
        return self._take("lock", fcntl.LOCK_EX)

    def hold_room(self) -> int:
        """A descriptor that counts as the one living mount. Raises BlockingIOError when another process has a room open."""
        return self._take("room.lock", fcntl.LOCK_EX)

    def note_holder(self, fd: int, pid: int) -> None:
        """Write which process ends the mount, for `quiet` in another process."""
        os.pwrite(fd, f"{pid} {start_time(pid)}\n".ljust(40).encode(), 0)

    def forget_holder(self, fd: int) -> None:
        """Its room ended: `quiet` need not wait for it."""
        os.ftruncate(fd, 0)

    @contextmanager
    def quiet(self, wait_s: float) -> Generator[bool]:
        """True when no call runs and no mount lives, for as long as this lasts; False when calls did not end in time."""
        fd = self._wait("lock", wait_s)
        if fd is None:
            yield False
            return
        try:
            self._end_idle_room()
            yield True
        finally:
            os.close(fd)

    def end_if_idle(self) -> None:
        """End the mount of another process when none of its calls runs."""
        with self.quiet(0.0):
            pass

    @contextmanager
    def applying(self, wait_s: float = 30.0) -> Generator[None]:
        """Alone among those who apply, drop or undo. Raises StageError when another does not end in time."""
        fd = self._wait("apply.lock", wait_s)
        if fd is None:
            raise StageError(
                "another process is applying or dropping changes of this task", hint="try again when it is done"
            )
        try:
            yield
        finally:
            os.close(fd)

    def _wait(self, name: str, wait_s: float) -> int | None:
        deadline = time.monotonic() + wait_s
        while True:
            try:
                return self._take(name, fcntl.LOCK_EX)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    return None
                time.sleep(_POLL_S)

    def _take(self, name: str, kind: int) -> int:
        fd = os.open(self._folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            raise
        return fd

    def _end_idle_room(self) -> None:
        """No call runs, so the room's mount serves nobody: end it. Its owner makes a new one when it needs it."""
        try:
            pid, started = (int(word) for word in (self._folder / "room.lock").read_text().split())
        except (OSError, ValueError):
            return
        if started and start_time(pid) == started:
            end_room(pid)


def start_time(pid: int) -> int:
    """When a process started, in clock ticks since boot; 0 when there is none. With it a reused number is recognised."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return 0


def end_room(pid: int, wait_s: float = 5.0) -> bool:
    """Kill the room whose holder's outer process is `pid`, and with it all in it. Whether it ended in time."""
    try:
        inner = [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (OSError, ValueError):
        inner = []
    deadline = time.monotonic() + wait_s
    watched: list[int] = []
    try:
        for one in [*inner, pid]:
            try:
                watched.append(os.pidfd_open(one))
            except ProcessLookupError:
                continue
        for fd in watched[:-1] or watched:
            try:
                signal.pidfd_send_signal(fd, signal.SIGKILL)
            except ProcessLookupError:
                continue
        for fd in watched:
            left = deadline - time.monotonic()
            ended = select.poll()  # not select(), which refuses descriptors above 1023
            ended.register(fd, select.POLLIN)
            if not ended.poll(max(left, 0) * 1000):
                return False
        return True
    finally:
        for fd in watched:
            os.close(fd)
