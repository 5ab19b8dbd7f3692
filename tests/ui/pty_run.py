"""A program in a pseudo-terminal, timed and its bytes counted: what the benchmarks need and tmux would blur."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType


class Pty:
    """`argv` in a terminal of `width` × `height`; everything it writes is kept in `data`."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        width: int = 80,
        height: int = 24,
        env: Mapping[str, str] | None = None,
        folder: Path | None = None,
        controlling: bool = False,
    ) -> None:
        """`controlling`: the terminal is that of the program's session, as where a shell started it: closing it sends SIGHUP."""
        self.argv, self.size, self.env = list(argv), (height, width), dict(env or {})
        self._folder, self._controlling = folder, controlling
        self.data = b""

    def __enter__(self) -> Pty:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *self.size, 0, 0))
        env = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", **self.env}
        self.started = time.perf_counter()
        self._process = subprocess.Popen(
            self.argv,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=env,
            cwd=self._folder,
            start_new_session=True,
            preexec_fn=(lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0)) if self._controlling else None,  # noqa: PLW1509
        )
        os.close(slave)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()
        with contextlib.suppress(OSError):
            self.hang_up()

    def read(self, seconds: float) -> bytes:
        """What comes within `seconds`, at most one piece."""
        ready, _, _ = select.select([self._master], [], [], seconds)
        if not ready:
            return b""
        try:
            piece = os.read(self._master, 1 << 16)
        except OSError:
            return b""
        self.data += piece
        return piece

    def wait(self, words: bytes, timeout_s: float = 30.0, *, after: int = 0) -> float:
        """Seconds until `words` were written (behind byte `after`)."""
        begun = time.perf_counter()
        while words not in self.data[after:]:
            if time.perf_counter() - begun > timeout_s:
                raise AssertionError(f"{words!r} never came; last bytes: {self.data[-400:]!r}")
            self.read(0.5)
        return time.perf_counter() - begun

    def drain(self, quiet_s: float = 0.4, limit_s: float = 20.0) -> None:
        """Read until nothing has come for `quiet_s`."""
        begun = time.perf_counter()
        while self.read(quiet_s) and time.perf_counter() - begun < limit_s:
            pass

    def type(self, text: str) -> None:
        """Type."""
        os.write(self._master, text.encode())

    def resize(self, width: int, height: int) -> None:
        """Another size."""
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        self.signal(signal.SIGWINCH)

    def hang_up(self) -> None:
        """Close the terminal, as a window that is closed or a connection that drops does."""
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    def signal(self, number: int) -> None:
        """Send a signal to the program alone."""
        self._process.send_signal(number)

    def modes(self) -> list[object]:
        """How the terminal is set: `termios.tcgetattr` of it."""
        return termios.tcgetattr(self._master)

    @property
    def pid(self) -> int:
        """Of the program."""
        return self._process.pid

    def ended(self, timeout_s: float = 30.0) -> tuple[int, float]:
        """Wait for the program's end; its exit code (negative: the signal), and the seconds it took from now on."""
        begun = time.perf_counter()
        while (code := self._process.poll()) is None:
            assert time.perf_counter() - begun < timeout_s, "the program did not end"
            if self._master >= 0:
                self.read(0.01)  # a program that can't write can't end
            else:
                time.sleep(0.01)
        return code, time.perf_counter() - begun

    def status(self, name: str) -> int:
        """A number of /proc/PID/status, in kB for sizes."""
        with open(f"/proc/{self._process.pid}/status") as file:
            return next(int(row.split()[1]) for row in file if row.startswith(name + ":"))

    def cpu_s(self) -> float:
        """Processor seconds used so far."""
        with open(f"/proc/{self._process.pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
