"""Programs that live across calls, through the door, in a real room."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from assistant.agent.local import LocalDesk
from assistant.agent.session import LocalSession
from assistant.compose import build_desk
from assistant.errors import UsageError
from assistant.gateway.approver import Unattended
from assistant.types import ToolCall, ToolResult

pytestmark = pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")
TOOLS = ["start_process", "talk_to_process", "stop_process", "run_python", "run_command"]


class Bench:
    """Calls tools of one task."""

    def __init__(self, desk: LocalDesk, session: LocalSession) -> None:
        self.desk, self.session = desk, session
        self.count = 0

    async def call(self, tool: str, **arguments: object) -> ToolResult:
        self.count += 1
        return await self.session.call(ToolCall(f"c{self.count}", tool, json.dumps(arguments)), lambda _: None)


@pytest.fixture
async def bench(home: Path, tmp_path: Path) -> AsyncIterator[Bench]:
    folder = tmp_path / "work"
    folder.mkdir()
    desk = build_desk()
    session = await desk.open_task(folder, model="builtin/offline", tools=TOOLS, approver=Unattended())
    yield Bench(desk, session)
    await desk.aclose()


class TestProcesses:
    async def test_start_talk_and_stop(self, bench: Bench) -> None:
        started = await bench.call("start_process", command="while read line; do echo got $line; done")
        assert started.ok
        name = started.text.split()[0].strip("[")
        said = await bench.call("talk_to_process", id=name, input="hello\n", wait_s=5)
        assert "got hello" in said.text
        assert [p.running for p in bench.session.processes()] == [True]
        assert "stopped" in (await bench.call("stop_process", id=name)).text
        assert bench.session.processes() == []

    async def test_the_person_stops_one_and_it_is_in_the_log(self, bench: Bench) -> None:
        names = [(await bench.call("start_process", command="sleep 1000")).text.split()[0].strip("[") for _ in range(2)]
        await bench.session.stop_process(names[0])
        assert [p.id for p in bench.session.processes()] == [names[1]]
        (entry,) = bench.desk.log.entries(kinds=("process.stopped",))
        assert entry.body == {"id": names[0]}
        with pytest.raises(UsageError, match="no program"):
            await bench.session.stop_process(names[0])

    async def test_one_that_fails_at_once_says_how(self, bench: Bench) -> None:
        result = await bench.call("start_process", command="echo no such thing >&2; exit 3")
        assert not result.ok
        assert "exit status 3" in result.text
        assert "no such thing" in result.text

    async def test_an_unknown_name_lists_those_there_are(self, bench: Bench) -> None:
        assert (await bench.call("talk_to_process", id="p9")).code == "not_found"

    async def test_stop_ends_them_all(self, bench: Bench) -> None:
        await bench.call("start_process", command="sleep 1000")
        await bench.session.stop_processes()
        assert [p.running for p in bench.session.processes()] == [False]


class TestState:
    async def test_names_stay_from_call_to_call(self, bench: Bench) -> None:
        assert (await bench.call("run_python", code="x = 20")).ok
        assert "42" in (await bench.call("run_python", code="x + 22")).text

    async def test_a_call_that_runs_too_long_loses_the_state_and_the_next_says_so(self, bench: Bench) -> None:
        await bench.call("run_python", code="x = 1")
        late = await bench.call("run_python", code="while True: pass", timeout_s=1)
        assert late.code == "timeout"
        after = await bench.call("run_python", code="'x' in globals()")
        assert "started afresh" in after.text
        assert "False" in after.text
