"""The holder's work once its namespaces stand: start calls by bubblewrap, watch them, report their end, kill."""

from __future__ import annotations

import _socket
import errno
import fcntl
import os
import select

from assistant.sandbox.holder import kernel
from assistant.sandbox.holder.groups import RoomGroup
from assistant.sandbox.holder.watch import Watch, children, descendants
from assistant.sandbox.holder.wire import Inbox, send

TYPE_CHECKING = False  # not typing's own: see __init__
if TYPE_CHECKING:
    from typing import Any

_SIGKILL, _SIGPIPE, _SIGXFSZ = 9, 13, 25
_FILTER_FD, _OPTIONS_FD, _STATUS_FD = 9, 10, 11
_LOOPBACK = "127.0.0.1"


class Call:
    """One running program."""

    def __init__(self, pid: int, status: int, watch: Watch | None, bounds: tuple[int, int], killed_before: int) -> None:
        self.pid = pid
        self.status = status
        """bubblewrap's own account of how it went."""
        self.pidfd = os.pidfd_open(pid)
        self.watch = watch
        self.bounds = bounds
        """(memory bytes, processes)."""
        self.killed_before = killed_before
        self.hit = ""
        self.killed = False


class Server:
    """Single-threaded: one message or one ended process at a time."""

    def __init__(self, sock: _socket.socket, plan: dict[str, Any], folder: str) -> None:
        self._sock = sock
        self._plan = plan
        self._folder = folder
        self._inbox = Inbox(sock)
        self._calls: dict[int, Call] = {}
        self._group = _enter_group(plan)
        self._orphans: dict[int, int] = {}
        """Descriptors of processes that a call left to us, by process."""
        self._ending: list[tuple[dict[str, Any], set[int]]] = []
        """Reports of calls that ended, each with what is not quite gone of it."""
        self._poll = select.poll()
        self._poll.register(sock.fileno(), select.POLLIN)
        self._guard = -1

    def end_with(self, pidfd: int) -> None:
        """Stop serving when this process ends."""
        self._guard = pidfd
        self._poll.register(pidfd, select.POLLIN)

    def run(self) -> None:
        """Serve until the assistant's end of the socket closes, which its death does too."""
        while True:
            ready = self._poll.poll(50 if any(c.watch for c in self._calls.values()) else 1000)
            if any(fd == self._guard for fd, _ in ready):
                return
            try:
                self._inbox.fill(wait=False)
            except BlockingIOError:
                pass
            if self._inbox.closed:
                return
            while (taken := self._inbox.take()) is not None:
                message, fds = taken
                try:
                    self._answer(message, fds)
                finally:
                    for fd in fds:
                        os.close(fd)
            self.reap()
            for call in self._calls.values():
                if call.watch is not None and not call.hit:
                    call.hit = call.watch.look(call.pid)
                    if call.hit:
                        call.killed = True
                        self.kill_call(call)

    def _answer(self, message: dict[str, Any], fds: list[int]) -> None:
        op = message["op"]
        if op == "start":
            self._start(message, fds)
        elif op == "kill":
            call = self._calls.get(message["id"])
            if call is not None:
                call.killed = True
                self.kill_call(call)
        elif op == "signal":
            call = self._calls.get(message["id"])
            if call is not None:
                self.signal_call(call, message["signal"])
        elif op == "stop":
            self.stop_all()
            send(self._sock, {"op": "stopped"})
        elif op == "listen":
            self._listen(message["id"])

    def _start(self, message: dict[str, Any], fds: list[int]) -> None:
        number = message["id"]
        try:
            if message["fresh"] and self._folder and not self._calls:
                # What changed in the real folder is seen anew: an overlay remembers names it once looked up.
                kernel.mount("stage", self._folder, None, kernel.MS_REMOUNT, "userxattr")
            status = _file_of(b"")
            watched = message["watch"]
            bounds = (watched["memory"], watched["processes"])
            alone = self._group is not None and not self._calls
            self._bound([bounds])
            pid = self._spawn(message["argv"], message["options"], [*fds, status])
            watch = Watch({"disk": watched["disk"]} if alone else watched, self._plan["upper"])
            call = self._calls[number] = Call(pid, status, watch, bounds, self._killed())
            self._poll.register(call.pidfd, select.POLLIN)
        except OSError as error:
            send(self._sock, {"op": "failed", "id": number, "errno": error.errno or 0, "what": str(error)})
            return
        send(self._sock, {"op": "started", "id": number})

    def _bound(self, more: list[tuple[int, int]]) -> None:
        if self._group is not None:
            self._group.bound([call.bounds for call in self._calls.values()] + more)

    def _killed(self) -> int:
        return self._group.killed() if self._group is not None else 0

    def _spawn(self, argv: list[str], options: bytes, fds: list[int]) -> int:
        """By vfork. The options go by descriptor: a command line can be read by every user of the machine."""
        program, words = _file_of(self._plan["filter"]), _file_of(options)
        try:
            fixed = (0, 1, 2, _STATUS_FD, _FILTER_FD, _OPTIONS_FD)
            pairs = [*zip((*fds, program, words), fixed, strict=True)]
            return os.posix_spawn(
                argv[0],
                argv,
                {},
                file_actions=[(os.POSIX_SPAWN_DUP2, fd, to) for fd, to in pairs],
                setsigmask=[],
                setsigdef=[_SIGPIPE, _SIGXFSZ],
            )
        finally:
            os.close(program)
            os.close(words)

    def reap(self) -> bool:
        """Take note of what ended. Whether any process is left."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                self._forget_ended(None)
                return False
            if pid == 0:
                return True
            cpu_ms, rss = int((usage.ru_utime + usage.ru_stime) * 1000), usage.ru_maxrss * 1024
            for report, left in self._ending:  # what it and its children used, when it outlived bubblewrap
                if pid in left:
                    report["cpu_ms"] += cpu_ms
                    report["rss"] = max(report["rss"], rss)
            for number, call in list(self._calls.items()):
                if call.pid == pid:
                    self._end(number, call, status, cpu_ms, rss)
            self._forget_ended(pid)

    def _end(self, number: int, call: Call, status: int, cpu_ms: int, rss: int) -> None:
        """bubblewrap left. The room's first process of the call and what it still holds come to us: end them, then report."""
        del self._calls[number]
        self._poll.unregister(call.pidfd)
        os.close(call.pidfd)
        ran = b'"exit-code"' in os.pread(call.status, 4096, 0)
        os.close(call.status)
        report = {
            "op": "ended",
            "id": number,
            # Killed while bubblewrap was still at work: its own complaint about that is no answer.
            "code": -_SIGKILL if call.killed and not ran else os.waitstatus_to_exitcode(status),
            "cpu_ms": cpu_ms,
            "rss": rss,
            "hit": call.hit or ("memory" if self._killed() > call.killed_before else ""),
            "ran": ran or call.killed,
        }
        self._ending.append((report, self.sweep()))

    def _forget_ended(self, pid: int | None) -> None:
        """A process is gone (None: all are). A call of which nothing is left any more is reported."""
        for watched in list(self._orphans):
            if pid in (None, watched):
                fd = self._orphans.pop(watched)
                self._poll.unregister(fd)
                os.close(fd)
        still: list[tuple[dict[str, Any], set[int]]] = []
        for report, left in self._ending:
            here = left & self._orphans.keys()
            if here:
                still.append((report, here))
            else:
                send(self._sock, report)
        self._ending = still

    def kill_call(self, call: Call) -> None:
        """End one call."""
        # The call's own first process takes every other one with it, and bubblewrap outside ends when it is gone. While it
        # is not there yet, bubblewrap itself: what it may have started in this very moment is found when it ends.
        for pid in children(call.pid) or [call.pid]:
            _kill(pid, _SIGKILL)

    def known(self) -> set[int]:
        """Processes that are calls."""
        return {call.pid for call in self._calls.values()}

    def sweep(self) -> set[int]:
        """Kill what hangs below the holder without being a call, and watch for its end. Returns it."""
        known, found = self.known(), set[int]()
        for pid in children(os.getpid()):
            if pid in known:
                continue
            self.end_orphan(pid)
            found.add(pid)
            if pid not in self._orphans:
                try:
                    fd = os.pidfd_open(pid)
                except ProcessLookupError:
                    continue
                self._orphans[pid] = fd
                self._poll.register(fd, select.POLLIN)
        return found

    def end_orphan(self, pid: int) -> None:
        """Kill one process that is nobody's; as the first of a process namespace it takes all others with it."""
        _kill(pid, _SIGKILL)

    def signal_call(self, call: Call, number: int) -> None:
        """To the command and what shares its process group; bubblewrap's first process there takes no signals."""
        family = descendants(call.pid)
        if len(family) > 2:
            group = os.getpgid(family[2])
            for pid in family[2:]:
                try:
                    if os.getpgid(pid) == group:
                        _kill(pid, number)
                except ProcessLookupError:
                    continue

    def stop_all(self) -> None:
        """End every call."""
        for call in self._calls.values():
            call.killed = True
        try:
            os.kill(-1, _SIGKILL)
        except ProcessLookupError:
            return
        while self.reap():
            select.select([], [], [], 0.001)

    def _listen(self, number: int) -> None:
        sock = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM | _socket.SOCK_CLOEXEC)
        try:
            sock.bind((_LOOPBACK, 0))
            sock.listen(128)
            send(
                self._sock, {"op": "listening", "id": number, "port": sock.getsockname()[1], "fds": 1}, (sock.fileno(),)
            )
        except OSError as error:
            send(self._sock, {"op": "failed", "id": number, "errno": error.errno or errno.EIO, "what": str(error)})
        finally:
            sock.close()


def _enter_group(plan: dict[str, Any]) -> RoomGroup | None:
    if not plan["groups"]:
        return None
    try:
        return RoomGroup(plan["groups"])
    except OSError:
        return None  # not after all: the watch does its work


def _file_of(data: bytes) -> int:
    """A file in memory, read from its start. Numbered high enough that no copy onto a fixed number overwrites it first."""
    low = os.memfd_create("room")
    try:
        os.write(low, data)
        os.lseek(low, 0, os.SEEK_SET)
        return fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, 20)
    finally:
        os.close(low)


def _kill(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass
