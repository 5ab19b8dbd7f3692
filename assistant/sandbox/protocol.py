"""What the gateway and the commands need of a sandbox. Every engine passes `tests/conformance/sandbox_suite.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import msgspec

from assistant.types import Change, Completed, Limits

if TYPE_CHECKING:
    import asyncio


class Command(msgspec.Struct, frozen=True):
    """One program to run in a room. The environment starts empty; `env` is all that it gets beside the room's basics."""

    argv: tuple[str, ...]
    stdin: bytes = b""
    env: Mapping[str, str] = {}
    cwd: str = "."
    """Relative to the task's folder."""
    limits: Limits = Limits()
    hosts: tuple[str, ...] = ()
    """`host` or `host:port` that the egress proxy lets through for this call. Empty means no network at all."""
    read_only: tuple[str, ...] = ()
    """Further host folders, visible at the same path, read-only (a tool's program, the interpreter)."""
    pty: bool = False
    folder_read_only: bool = False
    """The task's folder can't be written by this call (tools whose effect is `read`)."""
    private: bool = False
    """The task's folder isn't visible at all (the model worker)."""


class ApplyReport(msgspec.Struct, frozen=True):
    """What `apply` or `undo` did. Paths in `conflicts` and `held` were left alone and stay staged."""

    applied: tuple[Change, ...] = ()
    conflicts: tuple[Change, ...] = ()
    """The real file changed since it was staged."""
    held: tuple[Change, ...] = ()
    failed: tuple[tuple[str, str], ...] = ()
    """(path, why) for what the system refused."""
    undo_id: str = ""
    """Names the applied set for `undo`; empty when nothing was applied or undo can't be offered."""
    note: str = ""


class Hunks(msgspec.Struct, frozen=True):
    """Some hunks of one changed text file, as `diff` showed them. The hashes are the Change's: they name which diff it was."""

    path: str
    numbers: tuple[int, ...]
    """From 1, in the order of the diff."""
    before_sha256: str
    after_sha256: str


class Sides(msgspec.Struct, frozen=True):
    """One staged file from all sides."""

    path: str
    base: bytes | None
    """What the task started from; None where that is not known (surely)."""
    mine: bytes | None
    """What the real folder holds now; None when there is no such file."""
    staged: bytes


class Stage(Protocol):
    """The copy-on-write layer of one task. Works on disk; needs no running room.

    Blocking: call from a worker thread when on the event loop.
    """

    @property
    def folder(self) -> Path:
        """The real folder it lies over."""
        ...

    @property
    def warning(self) -> str:
        """What a person must know of how it is kept; empty for an overlay."""
        ...

    def changes(self) -> list[Change]:
        """All differences from the real folder, sorted by path."""
        ...

    def diff(self, path: str) -> str:
        """Unified text diff of one changed path; one plain sentence for binary or huge content."""
        ...

    def diffs(self, paths: Sequence[str] | None = None) -> Iterator[tuple[Change, str]]:
        """Each change with its diff, read as it is asked for. `paths` as in `apply`. The stage is read once for all of them."""
        ...

    def apply(
        self, paths: Sequence[str] | None = None, *, allow_held: bool = False, overwrite_conflicts: bool = False
    ) -> ApplyReport:
        """Move changes to the real folder, each file atomic and durable. None means all.

        A path names itself and everything below it. After a crash a second call finishes the work.
        """
        ...

    def drop(self, paths: Sequence[str] | None = None) -> list[Change]:
        """Forget changes; returns what was dropped."""
        ...

    def conflicts(self) -> dict[str, str]:
        """Changed paths whose real file is not what the task started from any more, and why."""
        ...

    def part(self, chosen: Hunks) -> tuple[Change, str]:
        """What applying these hunks would be, and its diff. Raises StageError when the file changed since it was shown."""
        ...

    def apply_hunks(self, chosen: Hunks, *, allow_held: bool = False) -> ApplyReport:
        """Move these hunks to the real file, atomic and durable, as an applied set of their own. The rest stays staged.

        Conflicts and what is held are left alone, as by `apply`. Raises StageError when the file changed since it was
        shown, is binary, too large, or changed as a whole.
        """
        ...

    def drop_hunks(self, chosen: Hunks) -> Change:
        """Take these hunks out of the staged file; returns the change it was. Raises StageError as `apply_hunks` does,
        for a conflict, and while programs of the task run."""
        ...

    def sides(self, path: str) -> Sides:
        """Base, real and staged content of one staged file. Raises StageError for what has none, or is larger than 1 MiB."""
        ...

    def write(self, seen: Sides, data: bytes, *, merged: bool = False) -> None:
        """Replace the staged content by the person's own, keeping its mode. With `merged` it takes the real file as it is
        in `seen` into account, and is no conflict any more. Raises StageError when a side is not as seen any more, and
        while programs of the task run.
        """
        ...

    def undo(self, undo_id: str = "", *, overwrite_later: bool = False) -> ApplyReport:
        """Take back an applied set (the latest when empty). What changed since then is a conflict and stays."""
        ...

    def undoable(self) -> list[tuple[str, int, int]]:
        """(undo_id, time in Unix ms, number of files), newest first."""
        ...


class Process(Protocol):
    """A program that lives across calls (a dev server, a REPL)."""

    @property
    def id(self) -> str:
        """Short name, unique in its room."""
        ...

    @property
    def running(self) -> bool:
        """Whether it still runs."""
        ...

    async def write(self, data: bytes) -> None:
        """Send to its standard input. Raises SandboxError when it has ended."""
        ...

    async def read(self, *, wait_s: float = 0.0, limit: int = 65536) -> bytes:
        """Output that has not been read yet, waiting up to `wait_s` for some."""
        ...

    async def stop(self) -> Completed:
        """End it and all its children."""
        ...


class PipedProcess(Protocol):
    """A program of our own that is spoken to through its streams (the model worker). Reading late holds it back."""

    @property
    def stdin(self) -> asyncio.StreamWriter:
        """Its standard input; close it to end input."""
        ...

    @property
    def stdout(self) -> asyncio.StreamReader:
        """Its standard output; lines up to 16 MiB."""
        ...

    @property
    def stderr(self) -> asyncio.StreamReader:
        """Its standard error."""
        ...

    @property
    def running(self) -> bool:
        """Whether it still runs."""
        ...

    async def wait(self) -> Completed:
        """Until it ends by itself. Its output stays with the streams."""
        ...

    async def stop(self) -> Completed:
        """End it and all its children, and close the streams."""
        ...


class Room(Protocol):
    """One task's place to run programs: one overlay mount, entered by every call."""

    @property
    def stage(self) -> Stage:
        """The task's stage."""
        ...

    async def run(self, command: Command, on_output: Callable[[bytes], None] | None = None) -> Completed:
        """Run to the end. `on_output` gets stdout and stderr as they come, on the event loop, before the cap applies.

        Cancelling the caller kills every process of the call before the cancellation travels on.
        Raises SandboxError when the program could not be started, SandboxUnavailable when nothing can contain it.
        """
        ...

    async def start(self, command: Command) -> Process:
        """Start a long-running program."""
        ...

    async def pipe(self, command: Command) -> PipedProcess:
        """Start a long-running program whose streams the caller reads and writes itself. No wall limit unless it sets one."""
        ...

    def processes(self) -> Sequence[Process]:
        """The long-running programs that still run."""
        ...

    def call_changes(self) -> list[Change]:
        """What the stage gained or lost since this was last called: the observed effect of a call. Blocking."""
        ...

    async def stop(self) -> None:
        """End every process of the room within 200 ms; the room can be used again."""
        ...

    async def aclose(self) -> None:
        """End every process and give back mounts, sockets and temporary files. The stage stays on disk."""
        ...


class Sandbox(Protocol):
    """An engine."""

    @property
    def name(self) -> str:
        """`bubblewrap`, `landlock`, `sandbox-exec`, `fake`."""
        ...

    @property
    def warning(self) -> str:
        """What a person must be told before anything runs: how this engine is weaker than rooms. Empty when it is not."""
        ...

    async def open(self, task: str, folder: Path, stages: Path) -> Room:
        """The room of a task over `folder`, its stage kept below `stages / task`.

        Raises FolderError for a folder that is missing or can't be read, SandboxUnavailable when nothing holds here.
        """
        ...

    async def open_private(self, name: str) -> Room:
        """A room without a folder and stage: scratch space, the system's programs, and what its commands name.

        For programs of our own, such as the model worker. `name` is what `assistant stop` knows it by.
        """
        ...

    def stage(self, task: str, folder: Path, stages: Path) -> Stage:
        """The stage alone, to review, apply, drop or undo without a room."""
        ...
