"""The life of one call, with the real log, the real policies and the real manifests; only the room is a fake."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from assistant.audit.log import Log
from assistant.config import Paths, find_paths
from assistant.errors import LogError, SandboxUnavailable
from assistant.gateway.approver import ApprovalRequest, Approver, Unattended
from assistant.gateway.door import Gateway
from assistant.gateway.events import CallApproved, CallFinished, CallJudged, CallOutput, GatewayEvent, Notice
from assistant.gateway.policies import Policies
from assistant.gateway.registry import Registry
from assistant.sandbox.protocol import Room
from assistant.shipped import shipped
from assistant.types import Answer, Approval, Autonomy, Channel, Decision, Task, ToolCall, ToolResult
from tests.support.fake_room import FakeRoom

TOOLS = ("read_file", "write_file", "delete_files", "run_command")


class Says:
    """An approver that gives one answer and keeps what it was shown."""

    def __init__(self, answer: Answer, channel: Channel = Channel.KEY, digest: str = "") -> None:
        self.answer, self.channel, self.digest = answer, channel, digest
        self.shown: list[ApprovalRequest] = []

    async def ask(self, request: ApprovalRequest) -> Approval:
        self.shown.append(request)
        return Approval(self.digest or request.digest, self.answer, self.channel)


class World:
    """One task with everything real but the room."""

    def __init__(
        self, folder: Path, paths: Paths, approver: Approver, autonomy: Autonomy = Autonomy.CONSULTANT
    ) -> None:
        self.log = Log.open(paths)
        self.room = FakeRoom()
        self.task = Task("0000task", str(folder), "builtin/offline", tools=TOOLS, autonomy=autonomy)
        self.policy = Policies(paths, str(folder)).engine().session(self.task)
        self.events: list[GatewayEvent] = []
        self.sandbox_problem: Exception | None = None
        self.gateway = Gateway(
            task=lambda: self.task,
            registry=Registry.load([shipped("tools")]),
            log=self.log,
            policy=self.policy,
            approver=approver,
            room=self._room,
            now_ms=lambda: 1_700_000_000_000,
        )

    async def _room(self) -> Room:
        if self.sandbox_problem:
            raise self.sandbox_problem
        return self.room

    async def call(self, tool: str, *, by_person: bool = False, **arguments: object) -> ToolResult:
        return await self.raw(tool, json.dumps(arguments), by_person=by_person)

    async def raw(self, tool: str, arguments: str, *, by_person: bool = False) -> ToolResult:
        call = ToolCall(f"call-{len(self.events)}", tool, arguments)
        return await self.gateway.call(call, self.events.append, by_person=by_person)

    def kinds(self) -> list[str]:
        return [e.kind for e in self.log.entries()]

    def seen(self, kind: type) -> list[object]:
        return [e for e in self.events if isinstance(e, kind)]


@pytest.fixture
def paths(home: Path) -> Paths:
    return find_paths()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    work = tmp_path / "work"
    work.mkdir()
    (work / "a.txt").write_text("a")
    return work


@pytest.fixture
def world(folder: Path, paths: Paths) -> Iterator[World]:
    made = World(folder, paths, Unattended())
    yield made
    made.log.close()


class TestAnAllowedCall:
    async def test_it_runs_and_every_step_is_in_the_log_in_order(self, world: World) -> None:
        result = await world.call("read_file", path="a.txt")
        assert result.ok
        assert world.kinds() == ["intent", "decision", "outcome"]

    async def test_G1_what_ran_is_what_was_judged(self, world: World, folder: Path) -> None:
        await world.call("read_file", path="./x/../a.txt")
        intent = next(iter(world.log.entries(kinds=("intent",))))
        action = json.loads(world.log.blob(intent.body["action_sha256"]) or b"")
        ran = json.loads(world.room.commands[0].stdin)
        assert ran["args"]["path"] == action["arguments"][0]["value"] == str(folder / "a.txt")

    async def test_G3_intent_and_decision_are_in_the_log_before_the_program_starts(self, world: World) -> None:
        before: list[list[str]] = []
        world.room.before_run = lambda: before.append(world.kinds())
        await world.call("run_command", command="ls")
        assert before == [["intent", "decision"]]

    async def test_G4_the_outcome_is_in_the_log_before_the_model_gets_the_result(self, world: World) -> None:
        await world.call("read_file", path="a.txt")
        finished = next(e for e in world.events if isinstance(e, CallFinished))
        assert finished.seq == 3

    async def test_G7_secrets_and_control_characters_do_not_pass(self, world: World) -> None:
        world.room.text = "key AKIA" + "ABCDEFGHIJKLMNOP \x1b[2J"
        result = await world.call("run_command", command="cat x")
        assert result.text == "key [secret left out] \\x1b[2J"
        assert all("\x1b" not in e.text for e in world.events if isinstance(e, CallOutput))

    async def test_a_reading_tool_gets_a_folder_it_cannot_write(self, world: World) -> None:
        await world.call("read_file", path="a.txt")
        assert world.room.commands[0].folder_read_only
        await world.call("write_file", path="b.txt", content="x")
        assert not world.room.commands[1].folder_read_only


class TestAMalformedCall:
    @pytest.mark.parametrize(
        ("tool", "arguments", "code"),
        [
            ("read_file", '{"pth": "a"}', "invalid_arguments"),
            ("read_file", '{"path": 3}', "invalid_arguments"),
            ("read_file", '{"path": "a"', "invalid_arguments"),
            ("read_file", '{"path": "' + "x" * 10_000_000 + '"}', "invalid_arguments"),
            ("no_such_tool", "{}", "unknown_tool"),
            ("\x1b[31m", "{}", "unknown_tool"),
            ("edit_file", "{}", "unknown_tool"),
        ],
    )
    async def test_G6_it_never_reaches_the_judge_and_is_in_the_log(
        self, world: World, tool: str, arguments: str, code: str
    ) -> None:
        result = await world.raw(tool, arguments)
        assert (result.ok, result.code) == (False, code)
        assert world.room.commands == []
        assert world.kinds() == ["call.rejected"]
        assert "\x1b" not in result.text


class TestAnAskedCall:
    async def test_G5_unattended_it_is_refused(self, world: World) -> None:
        result = await world.call("delete_files", paths=["a.txt", "b.txt"])
        assert result.code == "needs_person"
        assert world.room.commands == []
        assert world.kinds() == ["intent", "decision", "approval", "outcome"]
        assert world.gateway.refused == [("delete_files a.txt, b.txt", "needs_person")]

    async def test_a_yes_runs_it_once_and_the_next_time_asks_again(self, folder: Path, paths: Paths) -> None:
        yes = Says(Answer.ONCE)
        world = World(folder, paths, yes)
        assert (await world.call("delete_files", paths=["a.txt", "b.txt"])).ok
        assert (await world.call("delete_files", paths=["a.txt", "b.txt"])).ok
        assert len(yes.shown) == 2
        assert len(world.seen(CallApproved)) == 2
        world.log.close()

    async def test_G5_a_yes_to_another_digest_is_a_no(self, folder: Path, paths: Paths) -> None:
        world = World(folder, paths, Says(Answer.ONCE, digest="0" * 64))
        result = await world.call("delete_files", paths=["a.txt", "b.txt"])
        assert not result.ok
        assert world.room.commands == []
        world.log.close()

    async def test_the_card_shows_the_very_action_with_its_policies(self, folder: Path, paths: Paths) -> None:
        says = Says(Answer.NO)
        world = World(folder, paths, says)
        await world.call("delete_files", paths=["a.txt", "b.txt"])
        request = says.shown[0]
        assert request.action.argument("paths") == [str(folder / "a.txt"), str(folder / "b.txt")]
        assert request.verdict.policies
        assert request.verdict.reason
        world.log.close()


class TestTheAnswersOffered:
    async def test_for_longer_where_a_grant_would_do(self, folder: Path, paths: Paths) -> None:
        says = Says(Answer.TASK)
        world = World(folder, paths, says, Autonomy.COLLABORATOR)
        assert (await world.call("run_command", command="make test")).ok
        (shown,) = says.shown
        assert shown.answers == (Answer.ONCE, Answer.TASK, Answer.ALWAYS, Answer.NO)
        assert [g.resource.id for g in dict(shown.scopes)[Answer.TASK]] == ["make test"]
        assert (await world.call("run_command", command="make test V=1")).ok
        assert len(says.shown) == 1, "what was offered has taken effect"
        world.log.close()

    async def test_just_once_where_a_rule_would_ask_again_all_the_same(self, folder: Path, paths: Paths) -> None:
        rule = '@id("always-ask-make")\nforbid(principal, action == Action::"execute", resource) unless { context.approved };'
        own = Path(paths.config) / "policies" / "own.cedar"
        own.parent.mkdir(parents=True, exist_ok=True)
        own.write_text(rule)
        says = Says(Answer.ONCE)
        world = World(folder, paths, says, Autonomy.COLLABORATOR)
        assert (await world.call("run_command", command="make test")).ok
        assert says.shown[0].answers == (Answer.ONCE, Answer.NO)
        assert says.shown[0].scopes == ()
        world.log.close()


class TestAForbiddenCall:
    async def test_writing_outside_the_folder_is_denied_and_nobody_is_asked(self, folder: Path, paths: Paths) -> None:
        says = Says(Answer.ALWAYS)
        world = World(folder, paths, says)
        result = await world.call("write_file", path="/etc/passwd", content="x")
        assert result.code == "refused"
        assert says.shown == []
        assert "never-change-outside" not in result.text  # the model gets a code, not the rules
        world.log.close()

    async def test_G9_the_persons_own_command_answers_an_ask_but_lifts_no_deny(
        self, folder: Path, paths: Paths
    ) -> None:
        world = World(folder, paths, Unattended(), Autonomy.OPERATOR)
        assert (await world.call("run_command", command="make", by_person=True)).ok
        denied = await world.call("write_file", path="/etc/passwd", content="x", by_person=True)
        assert denied.code == "refused"
        world.log.close()

    async def test_G2_a_check_that_fails_is_a_deny(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(*_: object, **__: object) -> object:
            raise RuntimeError("boom")

        monkeypatch.setattr(world.policy, "judge", broken)
        result = await world.call("read_file", path="a.txt")
        assert result.code == "refused"
        judged = next(e for e in world.events if isinstance(e, CallJudged))
        assert (judged.verdict.decision, judged.verdict.code) == (Decision.DENY, "policy_error")
        assert world.room.commands == []


class TestWhenSomethingIsMissing:
    async def test_G3_without_the_log_nothing_runs(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(*_: object, **__: object) -> object:
            raise LogError("the disk is full")

        monkeypatch.setattr(world.log, "append_many", full)
        result = await world.call("read_file", path="a.txt")
        assert result.code == "log_unavailable"
        assert world.room.commands == []
        assert "disk is full" in next(e.text for e in world.events if isinstance(e, Notice))

    async def test_G4_without_the_log_the_model_learns_no_result(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def full(*_: object, **__: object) -> object:
            raise LogError("the disk is full")

        world.room.text = "the result"
        monkeypatch.setattr(world.log, "write", full)
        result = await world.call("read_file", path="a.txt")
        assert result.code == "log_unavailable"
        assert "the result" not in msgspec.json.encode(result).decode()

    async def test_G8_without_a_sandbox_nothing_runs_and_the_person_is_told_why(self, world: World) -> None:
        world.sandbox_problem = SandboxUnavailable("no bubblewrap here", hint="install it")
        result = await world.call("read_file", path="a.txt")
        assert result.code == "sandbox_unavailable"
        assert "bubblewrap" not in result.text
        assert next(e for e in world.events if isinstance(e, Notice)).hint == "install it"
        assert world.kinds()[-1] == "outcome"


class TestStopping:
    async def test_G10_a_cancelled_call_is_over_and_in_the_log_before_the_cancellation_travels_on(
        self, world: World
    ) -> None:
        world.room.hang = True
        running = asyncio.create_task(world.call("run_command", command="sleep 1000"))
        while not world.room.commands:
            await asyncio.sleep(0.005)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert world.room.ended
        last = list(world.log.entries())[-1]
        assert (last.kind, last.body["status"]) == ("outcome", "stopped")
