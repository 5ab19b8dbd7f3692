"""The conformance run of one tool, in a real room: is its manifest honest, does nothing make it hang or break.

For people who write tools (`assistant tools check`) and for our own tests. It passes the same validation, canonicalisation
and room as a model's call does; policy and log are left out, since nobody's data is touched.
"""

from __future__ import annotations

import asyncio
import base64
import os
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec

from assistant.gateway.canonicalise import make_action
from assistant.gateway.output import Reading, read_json
from assistant.gateway.registry import Case
from assistant.gateway.run import command_for
from assistant.gateway.validate import InvalidCallError, Validator
from assistant.sandbox.protocol import Command, Room, Sandbox
from assistant.types import JSON, Completed, Kind, ToolSpec
from assistant.visible import one_line

CANCEL_S = 0.2
"""Seconds from a cancel to the end of the call and all its processes. Chosen: a stop must feel like one."""
HOSTILE_WALL_S = 15.0
"""Seconds until a tool must have answered about a folder that is made to hang it. Chosen: far above what any needs."""
HOSTILE_NAME = "hostile.txt"

HOSTILE: dict[str, Callable[[Path], object]] = {
    "a pipe that nobody writes to": os.mkfifo,
    "links in a circle": lambda p: p.symlink_to(p.name),
    "a link to an endless device": lambda p: p.symlink_to("/dev/zero"),
    "a link out of the folder": lambda p: p.symlink_to("/etc"),
    "an endless line": lambda p: p.write_bytes(b"x" * 3_000_000),
    "NULs": lambda p: p.write_bytes(b"\0" * 100_000),
    "escape sequences": lambda p: p.write_bytes(b"\x1b]0;title\x07\x1b[2J" * 1000),
    "random bytes": lambda p: p.write_bytes(os.urandom(100_000)),
    "an empty file": lambda p: p.write_bytes(b""),
    "a folder in place of a file": lambda p: p.mkdir(),
    "a file that can't be read": lambda p: p.touch(0),
}


class Check(msgspec.Struct, frozen=True):
    """One question and its answer. `detail` says what was seen when it is not well."""

    name: str
    ok: bool
    detail: str = ""


async def check_tool(spec: ToolSpec, cases: tuple[Case, ...], sandbox: Sandbox, scratch: Path) -> AsyncIterator[Check]:
    """All checks of one tool, each as soon as it is answered. `scratch` is an empty folder of the caller's.

    Raises SandboxUnavailable when nothing can contain the tool: it is never run without a room.
    """
    for check in _arguments(spec):
        yield check
    run = _Run(spec, sandbox, scratch)
    if spec.protocol == "json":
        if not cases:
            yield Check("has test data", False, "the manifest has no [[tests]]")
        for number, case in enumerate(cases, 1):
            yield await run.case(f"test data {number}", case)
        for words, make in HOSTILE.items():
            check = await run.hostile(words, make)
            if check is not None:
                yield check
    if spec.protocol in ("json", "plain"):  # the others are the gateway's own, and have no program to run here
        yield await run.cancel()


def _arguments(spec: ToolSpec) -> list[Check]:
    """Whether the schema lets the example through and nothing that is wrong."""
    checks = [_judged(spec, "takes its own example", dict(spec.example), right=True)]
    checks.append(_judged(spec, "refuses unknown arguments", {**spec.example, "surprise_": 1}, right=False))
    for name in spec.parameters.get("required", []):
        rest = {k: v for k, v in spec.example.items() if k != name}
        checks.append(_judged(spec, f"refuses a call without `{name}`", rest, right=False))
    for name in spec.example:
        checks.append(
            _judged(spec, f"refuses another type for `{name}`", {**spec.example, name: {"x": [1]}}, right=False)
        )
    return checks


def _judged(spec: ToolSpec, name: str, arguments: dict[str, JSON], *, right: bool) -> Check:
    try:
        Validator().check(spec, msgspec.json.encode(arguments).decode())
    except InvalidCallError as error:
        return Check(name, not right, str(error) if right else "")
    return Check(name, right, "" if right else "the schema let it through")


class _Run:
    """Runs calls of one tool, each on a fresh folder and stage."""

    def __init__(self, spec: ToolSpec, sandbox: Sandbox, scratch: Path) -> None:
        self._spec = spec
        self._sandbox = sandbox
        self._scratch = scratch
        self._count = 0

    async def case(self, name: str, case: Case) -> Check:
        """One piece of the manifest's test data."""
        folder, room = await self._open()
        try:
            for path, content in case.files.items():
                _put(folder / path, content.encode())
            for path, content in case.files_base64.items():
                _put(folder / path, base64.b64decode(content))
            reading, _ = await self._call(room, folder, dict(case.args))
            if reading.code != case.error:
                return Check(name, False, f"it answered {reading.code or 'a result'}: {one_line(reading.text, 200)}")
            if case.expects not in reading.text:
                return Check(name, False, f"`{one_line(case.expects, 80)}` is not in: {one_line(reading.text, 200)}")
            for path, content in case.leaves.items():
                seen = await room.run(Command(("cat", "--", path)))
                if seen.stdout != content.encode():
                    return Check(name, False, f"it left another `{one_line(path, 80)}` than it should")
            return Check(name, True)
        except InvalidCallError as error:
            return Check(name, False, f"its arguments are refused: {error}")
        finally:
            await room.aclose()

    async def hostile(self, words: str, make: Callable[[Path], object]) -> Check | None:
        """The example, pointed at a hostile file; None for a tool that takes no path."""
        argument = next((n for n, a in self._spec.args.items() if a.kind in (Kind.PATH, Kind.GLOB)), None)
        if argument is None:
            return None
        name = f"survives {words}"
        folder, room = await self._open()
        try:
            make(folder / HOSTILE_NAME)
            many = self._spec.parameters["properties"][argument].get("type") == "array"
            arguments = {**self._spec.example, argument: [HOSTILE_NAME] if many else HOSTILE_NAME}
            reading, done = await asyncio.wait_for(self._call(room, folder, arguments), HOSTILE_WALL_S)
            if done.exit_status != 0:
                return Check(name, False, one_line(reading.text, 300))
            return Check(name, True)
        except TimeoutError:
            return Check(name, False, f"no answer within {HOSTILE_WALL_S:.0f} s")
        finally:
            await room.aclose()

    async def cancel(self) -> Check:
        """The example, stopped while it starts."""
        name = "ends at once when it is stopped"
        folder, room = await self._open()
        try:
            await room.run(Command(("true",)))  # the room itself takes longer to open than most calls to run
            action = make_action(self._spec, dict(self._spec.example), str(folder))
            running = asyncio.ensure_future(room.run(command_for(self._spec, action, ())))
            await asyncio.sleep(0.02)
            begin = time.monotonic()
            running.cancel()
            await asyncio.wait([running])
            took = time.monotonic() - begin
            return Check(name, took < CANCEL_S, "" if took < CANCEL_S else f"it took {took * 1000:.0f} ms")
        except InvalidCallError as error:
            return Check(name, False, f"the example is refused: {error}")
        finally:
            await room.aclose()

    async def _open(self) -> tuple[Path, Room]:
        self._count += 1
        folder = self._scratch / f"folder-{self._count}"
        await asyncio.to_thread(folder.mkdir)
        return folder, await self._sandbox.open(f"check-{self._count}", folder, self._scratch / "stages")

    async def _call(self, room: Room, folder: Path, arguments: dict[str, JSON]) -> tuple[Reading, Completed]:
        found = Validator().check(self._spec, msgspec.json.encode(arguments).decode())
        done = await room.run(command_for(self._spec, make_action(self._spec, found, str(folder)), ()))
        return read_json(done, self._spec.limits.output_bytes or 32768), done


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
