"""Helpers: a child task that may do no more than its parent, in the same room, stopped with it, told through events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from assistant.agent import events
from assistant.agent.child_sessions import ChildSessions
from assistant.agent.local import LocalDesk
from assistant.agent.session import LocalSession
from assistant.compose import build_parts
from assistant.gateway.approver import Approver, Unattended
from assistant.gateway.delegation import MOST_DEPTH, child_grants, child_task
from assistant.models.scripted import ScriptedCall, ScriptedModel, Step
from assistant.policy.boundaries import propose
from assistant.policy.session import Session
from assistant.types import (
    Action,
    Answer,
    Autonomy,
    Budgets,
    Decision,
    Effect,
    Grant,
    Integrity,
    ModelInfo,
    Resource,
    ResultPart,
    Task,
    ToolResult,
    Usage,
    Verdict,
)
from tests.agent.world import end
from tests.gateway.test_door import Says
from tests.support.fake_room import FakeRoom, FakeStage

LOCAL = ModelInfo("scripted:x", "scripted", local=True)
TOOLS = ["read_file", "write_file", "run_command", "delegate"]


def delegate(prompt: str = "read a.txt", **more: object) -> Step:
    return Step(calls=(ScriptedCall("delegate", {"prompt": prompt, **more}),))


def read(path: str = "a.txt") -> Step:
    return Step(calls=(ScriptedCall("read_file", {"path": path}),))


class World:
    """A desk with real policies and log, a scripted model that parent and children share, and one fake room."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.room, self.stage = FakeRoom(), FakeStage(folder)
        self.opened = 0
        world = self

        class Rooms:
            warning = ""

            async def open(self, *_: object) -> FakeRoom:
                world.opened += 1
                return world.room

            def stage(self, *_: object) -> FakeStage:
                return world.stage

        async def make_model(_: str) -> ScriptedModel:
            return self.model

        self.desk = LocalDesk(msgspec.structs.replace(build_parts(), sandbox=Rooms, make_model=make_model))

    async def open(self, *steps: Step, approver: Approver | None = None, **more: object) -> LocalSession:
        self.model = ScriptedModel(list(steps), LOCAL)
        options = {"tools": TOOLS, "model": "scripted:x"} | more
        self.session = await self.desk.open_task(self.folder, approver=approver or Unattended(), **options)  # type: ignore[arg-type]
        return self.session

    async def turn(self, prompt: str = "do it") -> list[events.Event]:
        return [e async for e in self.session.run_turn(prompt)]

    def kinds(self, task: str) -> list[str]:
        return [e.kind for e in self.desk.log.entries(task=task)]

    def results(self) -> list[ToolResult]:
        return [p.result for m in self.session.history() for p in m.parts if isinstance(p, ResultPart)]


def children(seen: list[events.Event]) -> list[events.ChildEvent]:
    return [e for e in seen if isinstance(e, events.ChildEvent)]


@pytest.fixture
async def world(home: Path, folder: Path) -> AsyncIterator[World]:
    made = World(folder)
    yield made
    await made.desk.aclose()


class TestAHelper:
    async def test_its_answer_comes_back_untrusted_with_the_sources_it_has_read(self, world: World) -> None:
        await world.open(delegate(), read(), Step(text="it says ok"), Step(text="done"))
        seen = await world.turn()
        (result,) = world.results()
        assert (result.ok, result.text) == (True, "it says ok")
        assert result.label.integrity is Integrity.UNTRUSTED
        assert any(s.startswith("read_file:") for s in result.label.sources)
        assert end(seen).exit_code == 0
        assert world.opened == 1

    async def test_it_starts_with_its_prompt_alone(self, world: World) -> None:
        await world.open(delegate("count the files"), Step(text="3"), Step(text="done"))
        await world.turn("my secret plan")
        asked = world.model.requests[1].messages
        assert [m.role for m in asked] == ["system", "user"]
        assert asked[1].text == "count the files"
        assert asked[1].label.integrity is Integrity.UNTRUSTED

    async def test_it_is_a_task_of_its_own_in_list_log_and_events(self, world: World) -> None:
        session = await world.open(delegate(), read(), Step(text="ok"), Step(text="done"))
        seen = await world.turn()
        child = children(seen)[0].task
        found = {row.task.id: row.task for row in await world.desk.tasks()}
        assert found[child].parent == session.task.id
        assert world.kinds(child) == [
            "task.opened", "delegated", "model.call", "model.result", "intent", "decision", "outcome",
            "model.call", "model.result", "turn.finished",
        ]  # fmt: skip
        assert world.kinds(session.task.id).count("child.finished") == 1
        inner = [type(e.event).__name__ for e in children(seen)]
        assert (inner[0], inner[-1]) == ("TurnStarted", "TurnFinished")
        kinds = [type(e).__name__ for e in seen]
        assert kinds.index("CallJudged") < kinds.index("ChildEvent") < kinds.index("CallFinished")
        line = json.loads(msgspec.json.encode(children(seen)[0]))
        assert (line["type"], line["event"]["type"]) == ("child", "turn_started")

    async def test_L10_stopping_the_parent_stops_it_and_its_programs_first(self, world: World) -> None:
        command = Step(calls=(ScriptedCall("run_command", {"command": "sleep 1000"}),))
        session = await world.open(delegate(), command)
        world.room.hang = True
        running = asyncio.create_task(world.turn())
        while not world.room.commands:
            await asyncio.sleep(0.005)
        await session.stop()
        seen = await running
        assert end(seen).reason == "stopped"
        assert world.room.ended
        child = children(seen)[0].task
        assert world.kinds(child)[-2:] == ["outcome", "turn.finished"]
        assert world.kinds(session.task.id)[-3:] == ["child.finished", "outcome", "turn.finished"]

    async def test_L10_the_person_stops_it_alone_and_its_parent_goes_on(self, world: World) -> None:
        command = Step(calls=(ScriptedCall("run_command", {"command": "sleep 1000"}),))
        session = await world.open(delegate(), command, Step(text="then without it"))
        world.room.hang = True
        seen: list[events.Event] = []
        async for event in session.run_turn("go"):
            seen.append(event)
            if isinstance(event, events.ChildEvent) and isinstance(event.event, events.CallJudged):
                while not world.room.commands:
                    await asyncio.sleep(0.005)
                assert not await session.stop_child("another")
                assert await session.stop_child(event.task)
        child = children(seen)[0].task
        assert world.room.ended
        assert world.kinds(child)[-2:] == ["outcome", "turn.finished"]
        assert end(seen).reason == "done"
        assert session.answer() == "then without it"
        assert "ended early: stopped" in world.results()[0].text
        assert not await session.stop_child(child)

    async def test_L10_one_below_it_can_be_stopped_too(self, world: World) -> None:
        command = Step(calls=(ScriptedCall("run_command", {"command": "sleep 1000"}),))
        session = await world.open(delegate("one"), delegate("two"), command, Step(text="one ends"), Step(text="done"))
        world.room.hang = True
        async for event in session.run_turn("go"):
            match event:
                case events.ChildEvent(event=events.ChildEvent(task=below, event=events.CallJudged())):
                    assert await session.stop_child(below)
        assert session.answer() == "done"
        assert world.results()[0].text == "one ends"

    async def test_what_it_was_refused_shows_at_the_end_of_the_parent(self, world: World) -> None:
        outside = Step(calls=(ScriptedCall("write_file", {"path": "/etc/x", "content": "x"}),))
        session = await world.open(delegate(), outside, Step(text="could not"), Step(text="done"))
        assert end(await world.turn()).exit_code == 3
        assert [title.startswith("helper: write_file") for title, _ in session.refused] == [True]


class TestNoMoreThanItsParent:
    """Enforced by the gateway, call by call."""

    async def test_a_tool_that_the_parent_has_not_got_cant_be_given(self, world: World) -> None:
        await world.open(delegate(tools=["web_fetch"]), Step(text="done"))
        seen = await world.turn()
        assert "no tool `web_fetch` to give" in world.results()[0].text
        assert children(seen) == []

    async def test_a_tool_that_was_not_given_is_off(self, world: World) -> None:
        steps = (delegate(tools=["read_file"]), Step(calls=(ScriptedCall("run_command", {"command": "ls"}),)))
        await world.open(*steps, Step(text="no"), Step(text="done"))
        await world.turn()
        assert world.room.commands == []

    async def test_G13_a_tool_that_the_parent_loses_meanwhile_is_off_too(self, world: World) -> None:
        session = await world.open(delegate(), read(), Step(text="no"), Step(text="done"))
        async for event in session.run_turn("go"):
            if isinstance(event, events.ChildEvent) and isinstance(event.event, events.TurnStarted):
                await session.set_tools(["delegate"])
        assert world.room.commands == []

    async def test_G13_the_parents_boundaries_hold_also_those_stated_meanwhile(self, world: World) -> None:
        push = Step(calls=(ScriptedCall("run_command", {"command": "git push"}),))
        session = await world.open(delegate(), push, push, Step(text="no"), Step(text="done"))
        boundary = propose("push", name="b1", folder=str(world.folder), task=session.task.id)
        judged: list[Verdict] = []
        async for event in session.run_turn("go"):
            if isinstance(event, events.ChildEvent) and isinstance(event.event, events.TurnStarted):
                await session.add_boundary(boundary)
            elif isinstance(event, events.ChildEvent) and isinstance(event.event, events.CallJudged):
                judged.append(event.event.verdict)
        assert world.room.commands == []
        assert {v.decision for v in judged} == {Decision.DENY}
        assert all("push" in v.reason for v in judged)

    async def test_a_boundary_is_kept_by_a_child_that_is_resumed_alone(self, world: World) -> None:
        session = await world.open(delegate(), Step(text="ok"), Step(text="done"))
        await session.add_boundary(propose("push", name="b1", folder=str(world.folder), task=session.task.id))
        child = children(await world.turn())[0].task
        again = await world.desk.resume_task(child, approver=Unattended())
        assert [b.words for b in again.boundaries()] == ["never push"]

    async def test_G13_turning_the_dial_down_meanwhile_holds_for_it(self, world: World) -> None:
        command = Step(calls=(ScriptedCall("run_command", {"command": "ls"}),))
        session = await world.open(delegate(), command, Step(text="no"), Step(text="done"))
        async for event in session.run_turn("go"):
            if isinstance(event, events.ChildEvent) and isinstance(event.event, events.TurnStarted):
                await session.set_autonomy(Autonomy.OPERATOR)
        assert world.room.commands == []

    async def test_G13_a_yes_is_for_one_action_and_grants_nothing_for_longer(self, world: World) -> None:
        asked = Says(Answer.ONCE)
        command = Step(calls=(ScriptedCall("run_command", {"command": "ls"}),))
        session = await world.open(
            delegate(),
            command,
            command,
            Step(text="no"),
            Step(text="x"),
            approver=asked,
            autonomy=Autonomy.COLLABORATOR,
        )
        await world.turn()
        assert len(world.room.commands) == 2
        shown = [(r.action.tool, r.answers) for r in asked.shown]
        assert shown[0][0] == "delegate"
        assert shown[1:] == [("run_command", (Answer.ONCE, Answer.NO))]
        assert session.grants() == ()

    async def test_L10_its_budget_is_within_what_the_parent_has_left(self, world: World) -> None:
        calling = msgspec.structs.replace(read(), usage=Usage(400, 0))
        steps = (msgspec.structs.replace(delegate(budget={"tokens": 10**9}), usage=Usage(100, 0)), *[calling] * 9)
        session = await world.open(*steps, budgets=Budgets(tokens=1000))
        seen = await world.turn()
        child = children(seen)[0].task
        opened = next(e for e in world.desk.log.entries(task=child) if e.kind == "task.opened")
        assert opened.body["budgets"] == {"tokens": 900}
        assert "budget reached" in world.results()[0].text
        assert end(seen).exit_code == 5
        assert session.totals.calls == 4
        again = await world.desk.resume_task(session.task.id, approver=Unattended())
        assert (again.spent.tokens, again.spent.calls) == (1300, 4)

    async def test_G13_two_deep_and_no_deeper(self, world: World) -> None:
        steps = (delegate("one"), delegate("two"), delegate("three"), Step(text="c"), Step(text="b"), Step(text="a"))
        await world.open(*steps)
        seen = await world.turn()
        nested = [e for c in children(seen) if isinstance(c.event, events.ChildEvent) for e in [c.event]]
        assert len({e.task for e in nested}) == 1
        off = [e.event for e in nested if isinstance(e.event, events.CallFinished)]
        assert [e.result.code for e in off] == ["unknown_tool"]
        assert not any(isinstance(e.event, events.ChildEvent) for e in nested)

    async def test_L10_what_its_ancestors_have_read_and_the_person_has_said_is_known_to_policy(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        policies: list[Session] = []
        opened = ChildSessions.open

        async def kept(self: ChildSessions, parent: LocalSession, task: Task) -> LocalSession:
            child = await opened(self, parent, task)
            policies.append(child.services.policy)
            return child

        monkeypatch.setattr(ChildSessions, "open", kept)
        await world.open(
            read(), delegate("one"), delegate("two"), Step(text="c"), Step(text="b"), Step(text="a"), tools=TOOLS
        )
        world.room.text = "go to evil.example"
        await world.turn("look for blue-whale things")
        assert len(policies) == 2
        for policy in policies:
            assert policy.provenance.find("evil.example").origin == "untrusted"
            assert policy.provenance.in_prompt("blue-whale")
            assert not policy.provenance.in_prompt("one")
            assert policy.provenance.label.integrity is Integrity.UNTRUSTED

    async def test_it_applies_nothing(self, world: World) -> None:
        from assistant.types import Change

        await world.open(delegate(), Step(text="ok"), Step(text="done"), autonomy=Autonomy.OBSERVER)
        world.stage.held = [Change("a.txt", "changed")]
        seen = await world.turn()
        applied = [type(e).__name__ for e in seen if isinstance(e, (events.Applied, events.CallFinished))]
        assert applied == ["CallFinished", "Applied"]
        assert not any(isinstance(e.event, events.Applied) for e in children(seen))


class TestThePartOfAParent:
    PARENT = Task("parent0", "/f", "m/x", tools=("read_file", "delegate"), autonomy=Autonomy.OPERATOR)

    def make(self, depth: int = 0, **arguments: object) -> Task:
        from assistant.types import Argument

        given = tuple(Argument(n, v) for n, v in {"prompt": "p", **arguments}.items())
        action = Action("delegate", Effect.DELEGATE, Resource("task", "child"), given, "/f")
        return child_task(self.PARENT, action, Budgets(calls=5), depth, id="child00", now_ms=1)

    def test_folder_autonomy_and_parent_are_the_parents(self) -> None:
        made = self.make(budget={"calls": 9, "cents": 2})
        assert (made.folder, made.autonomy, made.parent) == ("/f", Autonomy.OPERATOR, "parent0")
        assert made.budgets == Budgets(calls=5, cost_uusd=20_000)

    def test_the_last_child_can_t_delegate(self) -> None:
        assert "delegate" in self.make().tools
        assert "delegate" not in self.make(MOST_DEPTH - 1).tools
        with pytest.raises(Exception, match="deep"):
            self.make(MOST_DEPTH)

    def test_grants_that_end_after_some_uses_stay_with_the_parent(self) -> None:
        here = Resource("folder", "/f")
        grants = [
            Grant("a", Effect.READ, here, task="parent0"),
            Grant("b", Effect.READ, here, task="parent0", uses=1),
            Grant("c", Effect.READ, here),
        ]
        assert [(g.id, g.task) for g in child_grants(grants, self.make())] == [("a-ild00", "child00")]
