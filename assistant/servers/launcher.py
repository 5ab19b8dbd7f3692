"""How a server's worker is started. `compose` passes in a launcher that starts it inside the sandbox.

The protocol stands here, since servers and sandbox are neighbours on one floor and neither imports the other.
"""

from __future__ import annotations

from typing import Protocol

from assistant.types import Data

WORKER = "assistant.servers.worker"
"""The module that Python runs in the room."""

MOST_READY = 2
"""Workers that stand ready in one task. Each takes 50 MB; more than two servers are seldom switched on at once."""


class Launch(Data, frozen=True):
    """One worker in a room: an empty environment, nothing of the person but what is named here."""

    name: str
    hosts: tuple[str, ...] = ()
    read_only: tuple[str, ...] = ()
    """Folders it sees at the same path, read-only."""
    staged: bool = False
    """Runs in the task's own room, so that it sees and changes the folder through the stage."""


class Pipe(Protocol):
    """A started worker: bytes in, bytes out."""

    async def write(self, data: bytes) -> None:
        """Send, waiting while the pipe is full. Raises ConnectionError when it has ended."""
        ...

    async def read(self) -> bytes:
        """The next bytes it said; empty when it has ended."""
        ...

    def errors(self) -> str:
        """The end of what it and its server wrote to standard error. Hostile text."""
        ...

    async def stop(self) -> None:
        """End it and all its children within 200 ms. May be called twice."""
        ...


class Launcher(Protocol):
    """Starts workers."""

    async def start(self, launch: Launch) -> Pipe:
        """Start one, or take the one that stands ready for it. Raises SandboxUnavailable when nothing can contain it (there
        is no unsandboxed way), SandboxError when it could not be started."""
        ...

    def prepare(self, launch: Launch) -> None:
        """Have a worker for it stand ready in its room, its imports done, the server itself not yet started. Returns at
        once and never raises; at most `MOST_READY` stand ready."""
        ...

    async def aclose(self) -> None:
        """End those that stand ready."""
        ...
