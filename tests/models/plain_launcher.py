"""Starts programs without any sandbox. Lives with the tests, so that the product has no such way."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress

from assistant.models.launcher import Launch


class PlainPipe:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self._errors = bytearray()
        self._listening = asyncio.create_task(self._listen())

    @property
    def pid(self) -> int:
        return self.process.pid

    async def write(self, data: bytes) -> None:
        if self.process.stdin is None or self.process.stdin.is_closing():
            raise ConnectionError("the process has ended")
        self.process.stdin.write(data)
        await self.process.stdin.drain()

    async def read(self) -> bytes:
        assert self.process.stdout
        data = await self.process.stdout.read(65536)
        if not data:
            await self._listening
        return data

    def errors(self) -> str:
        return self._errors[-4096:].decode(errors="replace")

    async def stop(self) -> None:
        with suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()
        await self._listening
        if self.process.stdin:
            self.process.stdin.close()

    async def _listen(self) -> None:
        assert self.process.stderr
        while data := await self.process.stderr.read(4096):
            self._errors += data


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
