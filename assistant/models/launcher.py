"""How a worker process is started. `compose` passes in a launcher that starts it inside the sandbox.

The protocol stands here, since models and sandbox are neighbours on one floor and neither imports the other.
"""

from __future__ import annotations

import asyncio
import fcntl
import sys
import sysconfig
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

from assistant.types import Data

READ_BYTES = 65536
LAST_WORDS_BYTES = 4096
PIPE_BYTES = 2**20
"""What Linux allows any user for one pipe (`/proc/sys/fs/pipe-max-size`)."""


class Launch(Data, frozen=True):
    """One program to start in a private room: an empty environment, no file of the person, no other process in sight."""

    name: str
    """For messages and the log: `openai`, `local`."""
    argv: tuple[str, ...]
    hosts: tuple[str, ...] = ()
    """`host:port` that the egress proxy lets it reach. Empty: no network. A loopback or private address in here was set
    by the person."""
    read_only: tuple[str, ...] = ()
    """Folders it needs to run, visible at the same path, read-only."""
    memory_bytes: int | None = None


class Pipe(Protocol):
    """A started program: bytes in, bytes out. Use from one event loop."""

    @property
    def pid(self) -> int:
        """Process id as this process sees it; 0 when the engine can't say."""
        ...

    async def write(self, data: bytes) -> None:
        """Send to its standard input, waiting while the pipe is full. Raises ConnectionError when it has ended."""
        ...

    async def read(self) -> bytes:
        """The next bytes of its standard output (never standard error); empty when it has ended."""
        ...

    def errors(self) -> str:
        """The end of what it wrote to standard error, at most 4 KiB. Hostile text."""
        ...

    async def stop(self) -> None:
        """End it and all its children within 200 ms. May be called twice."""
        ...


class StreamPipe:
    """A Pipe over the three streams of a process, whoever started it."""

    def __init__(
        self,
        stdin: asyncio.StreamWriter,
        stdout: asyncio.StreamReader,
        stderr: asyncio.StreamReader,
        stop: Callable[[], Awaitable[object]],
        pid: int = 0,
    ) -> None:
        """`stop` ends the process and all its children, and gives back what held it."""
        self._stdin = stdin
        self._stdout = stdout
        self._stop = stop
        self._pid = pid
        self._words = bytearray()
        self._listening = asyncio.create_task(self._listen(stderr))
        _widen(stdin)

    @property
    def pid(self) -> int:
        """See Pipe."""
        return self._pid

    async def write(self, data: bytes) -> None:
        """See Pipe."""
        if self._stdin.is_closing():
            raise ConnectionError("the process has ended")
        self._stdin.write(data)
        await self._stdin.drain()

    async def read(self) -> bytes:
        """See Pipe."""
        data = await self._stdout.read(READ_BYTES)
        if not data:
            await asyncio.wait({self._listening}, timeout=0.5)  # so that its last words are heard
        return data

    def errors(self) -> str:
        """See Pipe."""
        return self._words.decode(errors="replace")

    async def stop(self) -> None:
        """See Pipe."""
        await self._stop()
        self._listening.cancel()
        await asyncio.wait({self._listening})
        self._stdin.close()

    async def _listen(self, stderr: asyncio.StreamReader) -> None:
        while data := await stderr.read(READ_BYTES):
            self._words += data
            del self._words[:-LAST_WORDS_BYTES]


class Launcher(Protocol):
    """Starts programs in private rooms."""

    async def start(self, launch: Launch) -> Pipe:
        """Start one. Raises SandboxUnavailable when nothing can contain it (there is no unsandboxed way), SandboxError
        when it could not be started."""
        ...


def worker_launch(name: str, hosts: tuple[str, ...]) -> Launch:
    """How the worker that speaks to a provider is started."""
    return Launch(name, (sys.executable, "-I", "-m", "assistant.models.worker"), hosts, interpreter_folders())


def interpreter_folders() -> tuple[str, ...]:
    """The folders that Python, the installed packages and this package lie in, outermost only."""
    package = Path(__file__).resolve().parent.parent
    found = {Path(sys.prefix), Path(sys.base_prefix), package, Path(sys.executable).resolve().parent.parent}
    found |= {Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    found = {p for p in found if p != Path("/")}
    return tuple(sorted(str(p) for p in found if not any(q != p and q in p.parents for q in found)))


def _widen(stdin: asyncio.StreamWriter) -> None:
    """Let a whole conversation fit into the pipe, so that it is handed over at once: with the usual 64 KB the rest of it waits
    until the screen has been painted. Linux allows any user a megabyte."""
    pipe: Any = stdin.get_extra_info("pipe")
    try:
        fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    except (OSError, AttributeError, ValueError):
        pass  # no pipe, another system, or too many of them: slower, and right all the same
