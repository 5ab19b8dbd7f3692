"""A program in a pseudo-terminal, timed and its bytes counted: what the benchmarks need and tmux would blur."""

from __future__ import annotations

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
from types import TracebackType


class Pty:
    """`argv` in a terminal of `width` × `height`; everything it writes is kept in `data`."""

    def __init__(
        self, argv: Sequence[str], *, width: int = 80, height: int = 24, env: Mapping[str, str] | None = None
    ) -> None:
        self.argv, self.size, self.env = list(argv), (height, width), dict(env or {})
        self.data = b""

    def __enter__(self) -> Pty:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *self.size, 0, 0))
        env = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", **self.env}
        self.started = time.perf_counter()
        self._process = subprocess.Popen(
            self.argv, stdin=slave, stdout=slave, stderr=slave, env=env, start_new_session=True
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
        os.close(self._master)

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

    def status(self, name: str) -> int:
        """A number of /proc/PID/status, in kB for sizes."""
        with open(f"/proc/{self._process.pid}/status") as file:
            return next(int(row.split()[1]) for row in file if row.startswith(name + ":"))

    def cpu_s(self) -> float:
        """Processor seconds used so far."""
        with open(f"/proc/{self._process.pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
