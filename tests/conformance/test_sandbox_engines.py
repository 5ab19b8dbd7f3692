"""Every engine that can be run here, against the one suite."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from assistant.config import Paths
from assistant.sandbox.fake import FakeCall, FakeSandbox
from assistant.sandbox.holder.watch import children
from assistant.sandbox.protocol import Command, Sandbox
from tests.conformance.sandbox_suite import PROGRAMS, SandboxSuite


class Engine(NamedTuple):
    sandbox: Sandbox
    bin: str = ""


def paths_below(folder: Path) -> Paths:
    return Paths(*(str(folder / name) for name in ("config", "data", "trust", "cache", "run")))


@pytest.fixture
def scripts(tmp_path: Path) -> str:
    folder = tmp_path / "programs"
    folder.mkdir()
    for name, script in PROGRAMS.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    return str(folder)


@pytest.mark.skipif(not shutil.which("bwrap"), reason="bubblewrap is not installed")
class TestBubblewrap(SandboxSuite):
    """Rooms of namespaces over an overlay."""

    @pytest.fixture
    def engine(self, tmp_path: Path, scripts: str) -> Engine:
        from assistant.sandbox.bubblewrap import BubblewrapSandbox

        return Engine(BubblewrapSandbox(paths_below(tmp_path)), scripts)


@pytest.mark.skipif(not shutil.which("bwrap"), reason="bubblewrap is not installed")
class TestBubblewrapWithoutOverlay(SandboxSuite):
    """Rooms of namespaces over a copy, as where no overlay can be mounted."""

    @pytest.fixture
    def engine(self, tmp_path: Path, scripts: str, monkeypatch: pytest.MonkeyPatch) -> Engine:
        from assistant.sandbox import bubblewrap

        monkeypatch.setattr(bubblewrap, "must_copy", lambda place: True)
        return Engine(bubblewrap.BubblewrapSandbox(paths_below(tmp_path)), scripts)


class TestLandlock(SandboxSuite):
    """What stands in for rooms without user namespaces."""

    @pytest.fixture
    def engine(self, tmp_path: Path, scripts: str) -> Engine:
        from assistant.errors import SandboxUnavailable
        from assistant.sandbox.loose import LandlockSandbox

        try:
            return Engine(LandlockSandbox(paths_below(tmp_path)), scripts)
        except SandboxUnavailable as error:
            pytest.skip(error.message)

    async def test_what_was_not_granted_can_not_be_read(self, engine: Engine, folder: Path, tmp_path: Path) -> None:
        (tmp_path / "secret").write_text("secret")
        room = await engine.sandbox.open("t", folder, tmp_path / "data" / "stages")
        try:
            for attack in (
                f"cat {tmp_path}/secret", f"echo x > {tmp_path}/secret", f"ls '{folder}'", f"cat /proc/{os.getpid()}/environ",
                "cat /etc/shadow", f"kill -9 {os.getpid()}", "python3 -c 'import socket; socket.socket(socket.AF_UNIX)'",
                "python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", 22), 1)'",
                "python3 -c 'import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM)'",
            ):  # fmt: skip
                done = await room.run(Command(("sh", "-c", attack)))
                assert done.exit_status not in (0, None), attack
                refused = (b"ermission denied", b"ermitted", b"Error", b"Address family")
                assert any(word in done.stderr for word in refused), done
            assert (tmp_path / "secret").read_text() == "secret"
        finally:
            await room.aclose()

    async def test_programs_left_in_the_background_are_ended(
        self, engine: Engine, folder: Path, tmp_path: Path
    ) -> None:
        room = await engine.sandbox.open("t", folder, tmp_path / "data" / "stages")
        mark = f"4{os.getpid()}.25"
        try:
            await room.run(Command(("sh", "-c", f"setsid sh -c 'sleep {mark} & exec sleep {mark}' & exit 0")))
            assert _running(mark) == []
        finally:
            await room.aclose()

    @pytest.mark.parametrize("killed", ["the outer process", "the inner process", "the assistant's end"])
    async def test_nothing_is_left_when_one_of_its_keepers_is_killed(
        self, killed: str, engine: Engine, folder: Path, tmp_path: Path
    ) -> None:
        """The programs run in sessions of their own and ignore every signal that can be ignored."""
        room: Any = await engine.sandbox.open("t", folder, tmp_path / "data" / "stages")
        mark = f"4{os.getpid()}.{len(killed)}5"
        stubborn = f"trap '' TERM HUP INT; setsid sh -c \"trap '' TERM HUP; sleep {mark}; sleep {mark}\" & sleep {mark} & echo up; wait"
        process = await room.start(Command(("sh", "-c", stubborn)))
        while b"up" not in await process.read(wait_s=20):
            assert process.running
        outer = room._channel.pid
        (inner,) = children(outer)
        if killed == "the assistant's end":
            room._channel._sock.shutdown(2)
        else:
            os.kill(outer if killed == "the outer process" else inner, signal.SIGKILL)
        await until(lambda: _running(mark) == [])
        await until(lambda: not _alive(inner) and not _alive(outer))
        await until(lambda: not list((tmp_path / "run/rooms").iterdir()))
        await room.aclose()


class TestFake(SandboxSuite):
    """The engine of other floors' tests."""

    @pytest.fixture
    def engine(self) -> Engine:
        return Engine(FakeSandbox({name: getattr(self, f"do_{name}") for name in PROGRAMS}))

    def do_say(self, call: FakeCall) -> None:
        call.write(call.argv[1])

    def do_complain(self, call: FakeCall) -> None:
        call.complain(call.argv[1])

    def do_put(self, call: FakeCall) -> None:
        file = call.folder / call.argv[1]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(call.argv[2])

    def do_show(self, call: FakeCall) -> None:
        call.write((call.folder / call.argv[1]).read_bytes())

    def do_drop(self, call: FakeCall) -> None:
        path = call.folder / call.argv[1]
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    def do_move(self, call: FakeCall) -> None:
        (call.folder / call.argv[1]).rename(call.folder / call.argv[2])

    def do_point(self, call: FakeCall) -> None:
        (call.folder / call.argv[1]).symlink_to(call.argv[2])

    def do_mode(self, call: FakeCall) -> None:
        (call.folder / call.argv[1]).chmod(int(call.argv[2], 8))

    def do_leave(self, call: FakeCall) -> int:
        return int(call.argv[1])

    async def do_wait(self, call: FakeCall) -> None:
        await asyncio.sleep(float(call.argv[1]))

    def do_repeat(self, call: FakeCall) -> None:
        call.write(call.stdin)

    def do_flood(self, call: FakeCall) -> None:
        call.write(bytes(int(call.argv[1])))


async def until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not reached():
            await asyncio.sleep(0.005)


def _alive(pid: int) -> bool:
    """A dead child that its parent has not asked about yet is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _running(mark: str) -> list[str]:
    found: list[str] = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                if mark in Path(f"/proc/{name}/cmdline").read_text():
                    found.append(name)
            except OSError:
                continue
    return found
