"""A compromised provider library in the worker's place, in the real sandbox: it gets its own key, and nothing else."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from assistant.compose import ModelRooms
from assistant.models.connection import Connection
from assistant.models.launcher import Launch, Pipe
from assistant.models.scripted import Step
from assistant.models.worker_model import WorkerModel
from assistant.models.worker_process import Worker
from assistant.sandbox.engine import find_sandbox
from assistant.types import ModelInfo, TextDelta
from tests.conformance.model_suite import asked, collect
from tests.models.model_server import ModelServer

pytestmark = pytest.mark.skipif(not shutil.which("bwrap"), reason="bubblewrap is not installed")

HOSTILE = Path(__file__).with_name("hostile_worker.py")
FAKE = Path(__file__).with_name("fake_worker.py")


class Compromised:
    """Starts what was asked for exactly as the product does, with another program in the library's place."""

    def __init__(self, program: Path, *args: str) -> None:
        self._rooms = ModelRooms(find_sandbox)
        self._argv = (sys.executable, "-I", str(program), *args)
        self._program = str(program)

    async def start(self, launch: Launch) -> Pipe:
        changed = msgspec.structs.replace(launch, argv=self._argv, read_only=(*launch.read_only, self._program))
        return await self._rooms.start(changed)


@pytest.fixture
async def workers() -> AsyncIterator[list[Worker]]:
    found: list[Worker] = []
    yield found
    for worker in found:
        await worker.aclose()


async def report_of(workers: list[Worker], hosts: tuple[str, ...] = (), **wanted: Any) -> dict[str, Any]:
    """What the hostile program got of what it was told to try."""
    connection = Connection("openai", "sk-its-own", hosts=hosts)
    worker = Worker(Compromised(HOSTILE), connection)
    workers.append(worker)
    tries = {"read": [], "list": [], "write": [], "connect": [], "kill": [], **wanted}
    events = await collect(WorkerModel(ModelInfo("openai/x", "openai"), worker), asked(json.dumps(tries)))
    return json.loads("".join(e.text for e in events if isinstance(e, TextDelta)))


class TestFiles:
    async def test_M1_it_can_t_read_a_file_of_the_person(self, workers: list[Worker], home: Path) -> None:
        secret = home / ".ssh" / "id_ed25519"
        secret.parent.mkdir()
        secret.write_text("PRIVATE KEY")
        paths = [str(secret), "/etc/shadow", f"/proc/{os.getpid()}/environ", f"/proc/{os.getpid()}/root/{secret}"]
        report = await report_of(workers, read=paths, list=[str(home), str(home / ".ssh")])
        got = {path: what for path, what in report["read"].items() if not what.startswith("refused")}
        assert set(got) <= {"/etc/shadow"}  # masked by an empty file
        assert got.get("/etc/shadow", "GOT ''") == "GOT ''"
        assert "id_ed25519" not in json.dumps(report["list"])

    async def test_it_can_t_write_where_anything_of_it_stays(self, workers: list[Worker], home: Path) -> None:
        package = Path(__file__).resolve().parents[2] / "assistant" / "planted.py"
        outside = Path("/tmp/planted-by-a-worker")
        await report_of(workers, write=[str(package), str(outside), str(home / "planted"), "/usr/planted"])
        for path in (package, outside, home / "planted", Path("/usr/planted")):
            assert not path.exists()


class TestKeys:
    async def test_M1_it_sees_its_own_key_and_no_other(
        self, workers: list[Worker], home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-of-another")
        other = Worker(Compromised(FAKE, "echo"), Connection("anthropic", "sk-of-another"))
        workers.append(other)
        await collect(WorkerModel(ModelInfo("anthropic/x", "anthropic"), other), asked("x"))
        report = await report_of(workers, kill=[os.getpid()])
        assert report["key"] == "sk-its-own"
        assert "sk-of-another" not in json.dumps(report)
        assert "sk-its-own" not in report["processes"] + json.dumps(report["environ"])
        assert report["kill"][str(os.getpid())].startswith("refused")


class TestHosts:
    async def test_M1_it_can_reach_its_provider_and_no_other_host(self, workers: list[Worker], home: Path) -> None:
        own, other = await _listen(b"own"), await _listen(b"other")
        places = [f"127.0.0.1:{s.sockets[0].getsockname()[1]}" for s in (own, other)]
        report = await report_of(workers, hosts=(places[0],), connect=[*places, "example.org:443"])
        assert all(got.startswith("refused") for got in report["connect"].values()), report["connect"]
        assert report["proxy"][places[0]] == "GOT 'own'"
        assert report["proxy"][places[1]].startswith("refused")
        assert report["proxy"]["example.org:443"].startswith("refused")
        assert report["udp"].startswith("refused")
        assert report["lookup"].startswith("refused")
        own.close()
        other.close()

    async def test_without_a_host_there_is_no_network_at_all(self, workers: list[Worker], home: Path) -> None:
        other = await _listen(b"other")
        place = f"127.0.0.1:{other.sockets[0].getsockname()[1]}"
        report = await report_of(workers, connect=[place])
        assert report["connect"][place].startswith("refused")
        assert report["proxy"][place].startswith("refused")
        other.close()


class TestTheRealWorker:
    async def test_it_asks_its_provider_through_the_room_s_proxy(self, workers: list[Worker], home: Path) -> None:
        async with ModelServer([Step(text="from the room")]) as server:
            place = server.base.removeprefix("http://")
            worker = Worker(ModelRooms(find_sandbox), Connection("openai", "sk", f"{server.base}/v1", (place,)))
            workers.append(worker)
            events = await collect(WorkerModel(ModelInfo("openai/gpt-4o", "openai"), worker), asked("x"))
        assert "".join(e.text for e in events if isinstance(e, TextDelta)) == "from the room"
        assert server.taken[0].headers["authorization"] == "Bearer sk"


async def _listen(word: bytes) -> asyncio.Server:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(word)
        writer.close()

    return await asyncio.start_server(answer, "127.0.0.1", 0)
