"""Starts programs without any sandbox. Lives with the tests, so that the product has no such way."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress

from assistant.models.launcher import Launch, StreamPipe


class PlainPipe(StreamPipe):
    """Keeps the process within reach of a test."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        self.process = process
        super().__init__(process.stdin, process.stdout, process.stderr, self._kill, process.pid)

    async def _kill(self) -> None:
        with suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()
        assert self.process.stdin
        self.process.stdin.close()
        with suppress(BrokenPipeError, ConnectionResetError):
            await self.process.stdin.wait_closed()


class PlainLauncher:
    """`argv` replaces the program that was asked for, so that a test can play a worker of its own."""

    def __init__(self, argv: tuple[str, ...] = (), environ: dict[str, str] | None = None) -> None:
        self.argv = argv
        self.environ = environ or {}
        self.launches: list[Launch] = []
        self.pipes: list[PlainPipe] = []

    async def start(self, launch: Launch) -> PlainPipe:
        self.launches.append(launch)
        process = await asyncio.create_subprocess_exec(
            *(self.argv or launch.argv),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={"PATH": os.environ["PATH"], **self.environ},
        )
        self.pipes.append(PlainPipe(process))
        return self.pipes[-1]

    def prepare(self, launch: object) -> None:
        """Nothing stands ready without a room."""

    async def aclose(self) -> None:
        """Nothing stood ready."""
