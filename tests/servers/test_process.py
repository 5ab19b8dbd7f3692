"""The core's side of a worker that means harm, and of one that is late."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import msgspec
import pytest

from assistant.errors import ToolError
from assistant.servers.launcher import Launch
from assistant.servers.lines import Handshake, Result
from assistant.servers.offer import Offer
from assistant.servers.process import MAX_ASKS, ServerGone, ServerProcess
from assistant.types import JSON
from tests.models.plain_launcher import PlainLauncher

READY = '{"say":"ready","offer":{"server":"s"}}'


class Keeps:
    """Keeps what a server said."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.offers: list[Offer] = []
        self.logged: list[str] = []

    async def answer(self, what: str, body: dict[str, JSON]) -> JSON:
        self.asked.append(what)
        if what == "wait":
            await asyncio.Event().wait()
        return body["key"]

    def offered(self, offer: Offer) -> None:
        self.offers.append(offer)

    def said(self, level: str, text: str) -> None:
        self.logged.append(text)


def server(tmp_path: Path, program: str, *, start_s: float = 10.0) -> tuple[ServerProcess, Keeps]:
    """A worker that plays `program`, in which `say` prints a line and `hear` reads one."""
    file = tmp_path / "worker.py"
    head = "import sys\ndef say(x): print(x, flush=True)\ndef hear(): return sys.stdin.readline()\n"
    file.write_text(head + program)
    host = Keeps()
    launcher = PlainLauncher((sys.executable, "-S", str(file)))
    shake = Handshake("test", "program")
    return ServerProcess(Launch("test"), shake, launcher, host, start_s=start_s), host  # pyright: ignore[reportArgumentType]


class TestAWorker:
    async def test_requests_find_their_answers_in_any_order(self, tmp_path: Path) -> None:
        program = f"""
hear(); say('{READY}')
hear(); hear()
say('{{"say":"log","level":"info","text":"hello\\\\u001b"}}')
say('{{"say":"result","id":2,"text":"two"}}')
say('{{"say":"result","id":1,"text":"one"}}')
hear()
"""
        process, host = server(tmp_path, program)
        one = asyncio.create_task(process.call("a", {}))
        await asyncio.sleep(0)
        two = asyncio.create_task(process.call("b", {}))
        assert await one == Result(1, "one")
        assert await two == Result(2, "two")
        assert host.logged == ["hello\\x1b"]
        await process.aclose()

    @pytest.mark.parametrize(
        "line",
        [
            "'nonsense'",
            """'{"say":"result","id":1,"text":"x","extra":1}'""",
            """'{"say":"result","id":1,"text":7}'""",
            """'{"say":"obey"}'""",
            "'[' * 100000",
            "'x' * (9 * 2**20)",
        ],
    )
    async def test_E4_a_line_outside_the_protocol_ends_it(self, tmp_path: Path, line: str) -> None:
        process, _ = server(tmp_path, f"hear(); say('{READY}'); hear(); say({line}); hear(); hear()")
        with pytest.raises(ServerGone):
            await process.call("a", {})
        await process.aclose()

    async def test_E4_a_flood_of_words_nobody_asked_for_ends_it(self, tmp_path: Path) -> None:
        flood = """
hear(); say('READY'); hear()
while True: say('{"say":"log","level":"info","text":"' + 'x' * 10000 + '"}')
""".replace("READY", READY)
        process, _ = server(tmp_path, flood)
        with pytest.raises(ServerGone):
            await process.call("a", {})
        await process.aclose()

    async def test_E4_more_questions_than_anyone_can_answer_end_it(self, tmp_path: Path) -> None:
        asks = f"""
hear(); say('{READY}'); hear()
for n in range({MAX_ASKS + 1}): say('{{"say":"ask","ask":%d,"what":"wait","body":{{}}}}' % n)
hear(); hear()
"""
        process, _ = server(tmp_path, asks)
        with pytest.raises(ServerGone):
            await process.call("a", {})
        await process.aclose()

    async def test_a_question_that_does_not_fit_gets_an_error_and_harms_nothing(self, tmp_path: Path) -> None:
        program = f"""
hear(); say('{READY}'); hear()
say('{{"say":"ask","ask":1,"what":"odd","body":{{}}}}')
import json
say(json.dumps(dict(say="result", id=1, text=json.loads(hear())["error"])))
hear()
"""
        process, host = server(tmp_path, program)
        answer = await process.call("a", {})
        assert isinstance(answer, Result)
        assert answer.text == "the question does not fit"
        assert host.asked == ["odd"]
        await process.aclose()

    async def test_one_that_never_comes_up_is_given_up_with_its_last_words(self, tmp_path: Path) -> None:
        process, _ = server(tmp_path, "hear(); sys.stderr.write('no such\\x1b module\\n'); sys.exit(1)")
        with pytest.raises(ToolError, match=r"no such\\x1b module"):
            await process.offer()
        process, _ = server(tmp_path, "hear(); hear()", start_s=0.5)
        with pytest.raises(ToolError, match="did not answer within"):
            await process.offer()

    async def test_it_is_started_anew_after_its_end(self, tmp_path: Path) -> None:
        program = f"""hear(); say('{READY}'); hear(); say('{{"say":"result","id":1,"text":"x"}}')"""
        process, host = server(tmp_path, program)
        assert isinstance(await process.call("a", {}), Result)
        await asyncio.sleep(0.2)
        with pytest.raises(ServerGone):
            await process.call("a", {})
        assert len(host.offers) == 2
        await process.aclose()


def test_E11_nothing_of_the_sdk_is_imported_by_the_core() -> None:
    import subprocess

    words = (
        "import sys, assistant.compose, assistant.gateway.servers, assistant.gateway.checking, assistant.cli.servers;"
        "sys.exit(any(m.split('.')[0] in ('mcp', 'mcp_types', 'pydantic') for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", words]).returncode == 0


def test_a_handshake_reads_back_as_it_was_written() -> None:
    shake = Handshake("s", "c", ("a",), {"A": "1"}, "/x", sampling=True)
    assert msgspec.json.decode(msgspec.json.encode(shake), type=Handshake) == shake
