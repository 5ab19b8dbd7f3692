"""Branches: a task that goes on from an earlier point of another one, its stage as it was there; real rooms and stages."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from assistant.agent import events
from assistant.agent.branching import BranchPoint
from assistant.agent.local import LocalDesk
from assistant.agent.session import LocalSession
from assistant.compose import build_desk
from assistant.errors import UsageError
from assistant.gateway.approver import Unattended
from assistant.types import Autonomy

WRITE = "run_command"


@pytest.fixture
async def desk(home: Path) -> AsyncIterator[LocalDesk]:
    made = build_desk()
    yield made
    await made.aclose()


def script(home: Path, *commands: str) -> str:
    """A model that runs one command a turn and then says so, whatever it is asked."""
    steps: list[object] = []
    for number, command in enumerate(commands, 1):
        steps += [{"calls": [{"name": WRITE, "arguments": {"command": command}}]}, {"text": f"answer {number}"}]
    (home / "script.json").write_text(json.dumps({"steps": steps}))
    return f"scripted:{home / 'script.json'}"


async def turn(session: LocalSession, prompt: str) -> events.TurnStarted:
    session.apply_at_end = False
    seen = [e async for e in session.run_turn(prompt)]
    assert isinstance(seen[-1], events.TurnFinished)
    assert seen[-1].reason == "done", seen[-1]
    started = next(e for e in seen if isinstance(e, events.TurnStarted))
    assert started.seq > 0
    return started


def said(session: LocalSession) -> list[str]:
    return [m.text for m in session.history() if m.role in ("user", "assistant") and m.text]


async def staged(session: LocalSession) -> dict[str, str]:
    """What each staged file holds, by its diff's added lines."""
    return {
        c.path: "".join(
            line[1:]
            for line in (await session.diff(c.path)).splitlines()
            if line.startswith("+") and not line.startswith("+++")
        )
        for c in await session.changes()
    }


class TestABranch:
    async def test_L11_a_branch_shares_what_was_said_before_and_nothing_after(
        self, desk: LocalDesk, home: Path, folder: Path
    ) -> None:
        old = await desk.open_task(folder, model=script(home, "true", "true"), tools=[WRITE], approver=Unattended())
        await turn(old, "one")
        second = await turn(old, "two")
        point = await desk.branch_point(old.task.id, second.seq)
        assert (point.prompt, point.at_end) == ("two", False)
        branch = await desk.branch_task(point, approver=Unattended())
        assert said(branch) == ["one", "answer 1"]
        assert (branch.task.parent, branch.task.branched_at) == (old.task.id, second.seq)
        await turn(branch, "instead of two")
        assert said(branch) == ["one", "answer 1", "instead of two", "answer 2"]
        assert said(old) == ["one", "answer 1", "two", "answer 2"]

    async def test_L11_its_stage_is_what_the_other_one_was_then(
        self, desk: LocalDesk, home: Path, folder: Path
    ) -> None:
        (folder / "kept.txt").write_text("x\n")
        model = script(home, "echo 1 > a; echo y >> kept.txt", "echo 2 > a; echo b > b", "true")
        old = await desk.open_task(folder, model=model, tools=[WRITE], approver=Unattended())
        await turn(old, "one")
        second = await turn(old, "two")
        then = await staged(old)
        branch = await desk.branch_task(await desk.branch_point(old.task.id, second.seq), approver=Unattended())
        assert await staged(branch) == {"a": "1", "kept.txt": "y"}
        assert any("the stage is as it was then" in n.text for n in branch.notices())
        assert await staged(old) == then == {"a": "2", "b": "b", "kept.txt": "y"}
        assert [e.body["staged"] for e in desk.log.entries(kinds=["stage.begun"])] == [2]

    async def test_at_the_end_it_has_all_of_the_conversation_and_the_stage(
        self, desk: LocalDesk, home: Path, folder: Path
    ) -> None:
        old = await desk.open_task(folder, model=script(home, "echo 1 > a"), tools=[WRITE], approver=Unattended())
        await turn(old, "one")
        point = await desk.branch_point(old.task.id)
        branch = await desk.branch_task(point, approver=Unattended())
        assert (point.at_end, said(branch)) == (True, ["one", "answer 1"])
        assert await staged(branch) == await staged(old) == {"a": "1"}

    async def test_what_was_applied_since_is_named_and_can_be_taken_back(
        self, desk: LocalDesk, home: Path, folder: Path
    ) -> None:
        model = script(home, "echo 1 > a", "true")
        old = await desk.open_task(folder, model=model, tools=[WRITE], approver=Unattended())
        first = await turn(old, "one")
        await old.apply()
        point = await desk.branch_point(old.task.id, first.seq)
        assert [(one.task, one.files) for one in point.applied] == [(old.task.id, 1)]
        kept = await desk.branch_task(point, approver=Unattended())
        assert any("applied since then stay" in n.text for n in kept.notices())
        assert (folder / "a").exists()
        again = await desk.branch_task(point, approver=Unattended(), take_back=True)
        assert not any("applied since" in n.text for n in again.notices())
        assert not (folder / "a").exists()
        assert (await desk.branch_point(old.task.id, first.seq)).applied == ()

    async def test_what_was_forbidden_stays_forbidden_and_what_was_allowed_is_asked_anew(
        self, desk: LocalDesk, home: Path, folder: Path
    ) -> None:
        old = await desk.open_task(folder, model=script(home, "true"), tools=[WRITE], approver=Unattended())
        await old.add_boundary(old.propose_boundary("push"))
        branch = await desk.branch_task(await desk.branch_point(old.task.id), approver=Unattended())
        assert [(b.words, b.task) for b in branch.boundaries()] == [(old.boundaries()[0].words, branch.task.id)]
        assert list(branch.grants()) == []
        again = await desk.resume_task(branch.task.id, approver=Unattended())
        assert [b.words for b in again.boundaries()] == [old.boundaries()[0].words]

    async def test_can_be_resumed_and_branched_again_also_from_what_it_shares(
        self, desk: LocalDesk, home: Path, folder: Path
    ) -> None:
        model = script(home, "echo 1 > a", "echo 2 > a", "echo 3 > a")
        old = await desk.open_task(folder, model=model, tools=[WRITE], approver=Unattended())
        first = await turn(old, "one")
        second = await turn(old, "two")
        branch = await desk.branch_task(await desk.branch_point(old.task.id, second.seq), approver=Unattended())
        third = await turn(branch, "two again")
        resumed = await desk.resume_task(branch.task.id, approver=Unattended())
        assert said(resumed) == ["one", "answer 1", "two again", "answer 2"]
        assert resumed.totals.calls == branch.totals.calls == 2
        twig = await desk.branch_task(await desk.branch_point(branch.task.id, third.seq), approver=Unattended())
        assert (said(twig), await staged(twig)) == (["one", "answer 1"], {"a": "1"})
        root = await desk.branch_task(await desk.branch_point(branch.task.id, first.seq), approver=Unattended())
        assert (root.task.parent, said(root), await staged(root)) == (old.task.id, [], {})
        assert root.task.title == ""

    async def test_leaves_only_before_a_message_of_the_persons_in_that_conversation(
        self, desk: LocalDesk, home: Path, folder: Path
    ) -> None:
        model = script(home, "true", "true")
        old = await desk.open_task(folder, model=model, tools=[WRITE], approver=Unattended())
        first = await turn(old, "one")
        other = await desk.open_task(folder, model=model, tools=[WRITE], approver=Unattended())
        for task, seq in ((old.task.id, first.seq + 1), (other.task.id, first.seq), (old.task.id, 10**6)):
            with pytest.raises(UsageError):
                await desk.branch_point(task, seq)

    async def test_without_a_known_stage_it_begins_empty_and_says_so(
        self, desk: LocalDesk, home: Path, folder: Path
    ) -> None:
        old = await desk.open_task(folder, model=script(home, "echo 1 > a"), tools=[WRITE], approver=Unattended())
        first = await turn(old, "one")
        for file in (desk.paths.stages / old.task.id / "moments").glob("[0-9]*"):
            file.unlink()
        point = await desk.branch_point(old.task.id, first.seq)
        assert not point.staged
        branch = await desk.branch_task(point, approver=Unattended())
        assert await staged(branch) == {}
        assert any("not known any more" in n.text for n in branch.notices())


class TestPuttingAway:
    async def test_an_archived_task_is_left_out_until_it_is_asked_for(self, desk: LocalDesk, folder: Path) -> None:
        session = await desk.open_task(folder, tools=[], approver=Unattended())
        await desk.archive_task(session.task.id)
        assert session.task.archived
        assert await desk.tasks() == []
        assert [row.task.archived for row in await desk.tasks(archived=True)] == [True]
        await desk.archive_task(session.task.id, False)
        assert [row.task.id for row in await desk.tasks()] == [session.task.id]

    async def test_a_task_that_is_not_open_can_be_renamed_and_put_away(self, home: Path, folder: Path) -> None:
        first = build_desk()
        task = (await first.open_task(folder, tools=[], approver=Unattended())).task.id
        await first.aclose()
        desk = build_desk()
        try:
            await desk.rename_task(task, " a new name ")
            await desk.archive_task(task)
            (row,) = await desk.tasks(archived=True)
            assert (row.task.title, row.task.archived) == ("a new name", True)
        finally:
            await desk.aclose()


class TestThePast:
    async def test_is_told_as_it_was_told_then(self, desk: LocalDesk, home: Path, folder: Path) -> None:
        model = script(home, "echo hello > a", "exit 3")
        old = await desk.open_task(
            folder, model=model, tools=[WRITE], approver=Unattended(), autonomy=Autonomy.CONSULTANT
        )
        live: list[events.Event] = []
        for prompt in ("one", "two"):
            live += [e async for e in old.run_turn(prompt)]
        live += [e async for e in old.run_own_command("echo by hand")]
        again = await desk.resume_task(old.task.id, approver=Unattended())
        assert _lasting(again.past()) == _lasting(live)

    async def test_what_the_person_should_know_is_told_once(self, desk: LocalDesk, home: Path, folder: Path) -> None:
        old = await desk.open_task(folder, model=script(home, "true"), tools=[WRITE], approver=Unattended())
        point: BranchPoint = await desk.branch_point(old.task.id)
        branch = await desk.branch_task(point, approver=Unattended())
        told = [n.text for n in branch.notices()]
        seen = [e async for e in branch.run_turn("go")]
        assert not [e for e in seen if isinstance(e, events.Notice) and e.text in told]


def _lasting(seen: Sequence[events.Event]) -> list[tuple[object, ...]]:
    """What of a turn's events a resumed task must show again."""
    found: list[tuple[object, ...]] = []
    for event in seen:
        match event:
            case events.TurnStarted(prompt=prompt, seq=seq):
                found.append(("prompt", prompt, seq))
            case events.TextDelta(text=text):
                found.append(("text", text))
            case events.CallStarted(call_id=call, tool=tool, title=title):
                found.append(("call", call, tool, title))
            case events.CallFinished(
                call_id=call, tool=tool, result=result, changes=changes, exit_status=status, seq=seq
            ):
                found.append(
                    ("result", call, tool, result.text, result.code, [(c.path, c.kind) for c in changes], status, seq)
                )
            case events.TurnFinished(reason=reason):
                found.append(("end", reason))
            case _:
                pass
    return found
