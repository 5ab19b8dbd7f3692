"""A task from prompt to end: the real log, policies, manifests and loop; a scripted model, a fake room and stage."""

from __future__ import annotations

import asyncio
import base64
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from assistant.agent import events
from assistant.agent.recall import recall
from assistant.agent.session import LocalSession
from assistant.errors import LogError, SandboxError, UsageError
from assistant.models.scripted import ScriptedCall, ScriptedError, ScriptedModel, Step
from assistant.types import (
    Autonomy,
    Budgets,
    Change,
    Confidentiality,
    ImagePart,
    Integrity,
    Label,
    Message,
    ResultPart,
    TextPart,
    Usage,
)
from tests.agent.world import READ, FarAway, Remembering, World, end, texts


class TestATurn:
    async def test_call_result_answer(self, folder: Path) -> None:
        world = World(folder, Step(calls=(READ,)), Step(text="done"))
        seen = await world.turn()
        assert texts(seen) == "done"
        assert end(seen).exit_code == 0
        assert [m.role for m in world.session.history()] == ["user", "assistant", "tool", "assistant"]
        assert world.kinds() == [
            "message", "task.changed", "model.call", "model.result", "intent", "decision", "outcome",
            "model.call", "model.result", "turn.finished",
        ]  # fmt: skip

    async def test_several_calls_of_one_answer_all_get_a_result(self, folder: Path) -> None:
        world = World(folder, Step(calls=(READ, READ, ScriptedCall("nope", {}))), Step(text="ok"))
        await world.turn()
        results = [p.result for m in world.session.history() for p in m.parts if isinstance(p, ResultPart)]
        assert [r.ok for r in results] == [True, True, False]

    async def test_a_refused_call_makes_the_end_say_so(self, folder: Path) -> None:
        world = World(
            folder, Step(calls=(ScriptedCall("write_file", {"path": "/etc/x", "content": "x"}),)), Step(text="ok")
        )
        seen = await world.turn()
        assert (end(seen).reason, end(seen).exit_code) == ("done", 3)
        assert world.session.refused

    async def test_one_turn_at_a_time(self, folder: Path) -> None:
        world = World(folder, Step(calls=(ScriptedCall("run_command", {"command": "sleep"}),)))
        world.room.hang = True
        running = asyncio.create_task(world.turn())
        while not world.room.commands:
            await asyncio.sleep(0.005)
        with pytest.raises(UsageError, match="already running"):
            await world.turn("another")
        await world.session.stop()
        await running


class TestLimits:
    async def test_a_model_that_never_answers_is_ended(self, folder: Path) -> None:
        steps = [Step(calls=(ScriptedCall("run_command", {"command": f"echo {n}"}),)) for n in range(20)]
        world = World(folder, *steps)
        assert end(await world.turn()).reason == "steps"
        assert len(world.room.commands) == 10

    async def test_the_same_call_again_and_again_is_ended(self, folder: Path) -> None:
        world = World(folder, *[Step(calls=(READ,)) for _ in range(20)])
        seen = await world.turn()
        assert "again and again" in end(seen).message
        assert len(world.room.commands) == 5

    async def test_a_spent_budget_ends_the_turn_with_5(self, folder: Path) -> None:
        step = Step(calls=(READ,), usage=Usage(600, 1))
        world = World(folder, step, step, step, budgets=Budgets(tokens=1000))
        assert end(await world.turn()).exit_code == 5
        assert len(world.room.commands) == 2


class TestFailures:
    async def test_a_failed_model_ends_the_turn_with_4_and_keeps_what_came(self, folder: Path) -> None:
        world = World(folder, Step(text="half an ", error=ScriptedError("incomplete_stream", "cut")))
        seen = await world.turn()
        assert end(seen).exit_code == 4
        assert world.session.history()[-1].text == "half an "

    async def test_a_wrong_key_is_one_plain_sentence(self, folder: Path) -> None:
        world = World(folder, Step(error=ScriptedError("auth", "bad key")))
        message = end(await world.turn()).message
        assert "key" in message
        assert "Traceback" not in message

    async def test_a_fallback_model_takes_over(self, folder: Path) -> None:
        world = World(folder, Step(error=ScriptedError("quota", "no credit")))
        world.others["other/one"] = ScriptedModel([Step(text="from the other")])
        services = msgspec.structs.replace(world.services, fallback=("missing/one", "other/one"))
        session = LocalSession(world.task, ScriptedModel([Step(error=ScriptedError("quota", "no credit"))]), services)
        seen = [e async for e in session.run_turn("hi")]
        assert texts(seen) == "from the other"
        assert end(seen).exit_code == 0

    async def test_a_log_that_cant_be_written_ends_the_turn_with_7(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world = World(folder, Step(text="hi"))

        def full(*_: object, **__: object) -> object:
            raise LogError("the disk is full")

        monkeypatch.setattr(world.log, "append_many", full)
        seen = await world.turn()
        assert end(seen).exit_code == 7
        assert "disk is full" in end(seen).message
        assert world.kinds() == []


class TestStop:
    async def test_stop_ends_the_program_then_the_log_then_the_turn(self, folder: Path) -> None:
        world = World(folder, Step(calls=(ScriptedCall("run_command", {"command": "sleep 1000"}), READ)))
        world.room.hang = True
        seen: list[events.Event] = []

        async def watch() -> None:
            async for event in world.session.run_turn("go"):
                seen.append(event)

        running = asyncio.create_task(watch())
        while not world.room.commands:
            await asyncio.sleep(0.005)
        await world.session.stop()
        await running
        assert end(seen).reason == "stopped"
        assert world.room.ended
        assert world.kinds()[-2:] == ["outcome", "turn.finished"]
        results = [p.result.code for m in world.session.history() for p in m.parts if isinstance(p, ResultPart)]
        assert results == ["stopped", "stopped"]

    async def test_a_program_that_cannot_be_ended_is_said_and_the_turn_ends(self, folder: Path) -> None:
        world = World(folder, Step(calls=(ScriptedCall("run_command", {"command": "sleep 1000"}),)))
        world.room.hang = True

        async def broken() -> None:
            raise SandboxError("the room does not answer")

        seen: list[events.Event] = []

        async def watch() -> None:
            async for event in world.session.run_turn("go"):
                seen.append(event)

        running = asyncio.create_task(watch())
        while not world.room.commands:
            await asyncio.sleep(0.005)
        world.room.stop = broken  # type: ignore[method-assign]
        await world.session.stop()
        await running
        assert end(seen).reason == "stopped"
        assert any("the room does not answer" in e.text for e in seen if isinstance(e, events.Notice))

    async def test_a_reader_that_leaves_stops_the_turn(self, folder: Path) -> None:
        world = World(folder, Step(calls=(ScriptedCall("run_command", {"command": "sleep 1000"}),)))
        world.room.hang = True
        stream = world.session.run_turn("go")
        async for event in stream:
            if isinstance(event, events.CallJudged):
                break
        while not world.room.commands:
            await asyncio.sleep(0.005)
        await stream.aclose()
        assert not world.session.running
        assert world.kinds()[-1] == "turn.finished"


class TestTheStageAtTheEnd:
    CHANGE = Change("a.txt", "changed")
    HOOK = Change(".git/hooks/pre-commit", "created", held="a git hook runs on its own")

    async def test_consultant_leaves_changes_for_review(self, folder: Path) -> None:
        world = World(folder, Step(text="ok"))
        world.stage.held = [self.CHANGE]
        seen = await world.turn()
        assert events.StageChanged(1, 0) in seen
        assert world.stage.applied == []

    async def test_G11_observer_applies_all_but_what_is_held(self, folder: Path) -> None:
        world = World(folder, Step(text="ok"), autonomy=Autonomy.OBSERVER)
        world.stage.held = [self.CHANGE, self.HOOK]
        seen = await world.turn()
        assert world.stage.applied == [self.CHANGE]
        assert events.StageChanged(1, 1) in seen
        assert world.kinds()[-4:] == ["intent", "decision", "stage.apply", "turn.finished"]

    async def test_a_persons_apply_is_an_approval_in_the_log(self, folder: Path) -> None:
        world = World(folder, Step(text="ok"))
        world.stage.held = [self.CHANGE]
        report = await world.session.apply(["a.txt"])
        assert report.applied == (self.CHANGE,)
        assert world.kinds() == ["intent", "decision", "approval", "stage.apply"]


class TestChanges:
    async def test_a_swap_in_the_middle_keeps_every_word(self, folder: Path) -> None:
        world = World(folder, Step(text="one"))
        await world.turn("first")
        world.others["other/model"] = ScriptedModel([Step(text="two"), Step(text="two")])
        await world.session.set_model("other/model")
        await world.turn("second")
        assert [m.text for m in world.session.history()] == ["first", "one", "second", "two"]

    async def test_unknown_tools_are_refused(self, folder: Path) -> None:
        world = World(folder, Step(text="one"))
        with pytest.raises(UsageError, match="no tool"):
            await world.session.set_tools(["nope"])

    async def test_switching_a_tool_off_takes_effect_at_once(self, folder: Path) -> None:
        world = World(folder, Step(calls=(READ,)), Step(text="ok"))
        await world.session.set_tools(["run_command"])
        await world.turn()
        assert world.room.commands == []


class TestRecall:
    async def test_the_log_gives_back_the_whole_conversation(self, folder: Path) -> None:
        world = World(folder, Step(calls=(READ,)), Step(text="done"), Step(text="again"))
        await world.turn("first")
        await world.turn("second")
        past = recall(world.log, world.log.entries(task=world.task.id))
        assert past.history == list(world.session.history())
        assert (past.turns, past.interrupted, past.may_have_happened) == (2, False, ())

    async def test_a_call_without_outcome_is_said_to_may_have_happened(self, folder: Path) -> None:
        world = World(folder, Step(calls=(READ,)), Step(text="done"))
        await world.turn("first")
        entries = [e for e in world.log.entries(task=world.task.id) if e.seq <= 6]  # up to the decision
        past = recall(world.log, entries)
        assert past.interrupted
        assert [c.name for c in past.may_have_happened] == ["read_file"]
        last = past.history[-1].parts[0]
        assert isinstance(last, ResultPart)
        assert last.result.code == "may_have_happened"


class TestInvariants:
    async def test_L1_prompt_before_answer_and_answer_before_its_calls(self, folder: Path) -> None:
        world = World(folder, Step(calls=(READ,)), Step(text="done"))
        before_call: list[list[str]] = []
        world.room.before_run = lambda: before_call.append(world.kinds())
        await world.turn()
        assert before_call[0][0] == "message"
        assert before_call[0][-3:] == ["model.result", "intent", "decision"]

    async def test_L2_a_turn_that_breaks_still_ends(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        world = World(folder, Step(text="hi"))

        def broken(*_: object) -> object:
            raise RuntimeError("our own mistake")

        monkeypatch.setattr(world.session, "remember", broken)
        seen = await world.turn()
        assert end(seen).exit_code == 1
        assert not world.session.running

    async def test_L3_every_call_has_a_result_after_a_stop(self, folder: Path) -> None:
        world = World(folder, Step(calls=(READ, READ, READ)))
        world.room.hang = True
        running = asyncio.create_task(world.turn())
        while not world.room.commands:
            await asyncio.sleep(0.005)
        await world.session.stop()
        await running
        assert len([m for m in world.session.history() if m.role == "tool"]) == 3

    async def test_L4_what_recall_rebuilds_equals_what_the_session_held(self, folder: Path) -> None:
        world = World(folder, Step(text="a", calls=(READ, ScriptedCall("read_file", "broken"))), Step(text="b"))
        await world.turn()
        assert recall(world.log, world.log.entries(task=world.task.id)).history == list(world.session.history())

    async def test_L5_what_may_have_happened_is_told_once(self, folder: Path) -> None:
        world = World(folder, Step(calls=(READ,)), Step(text="done"))
        await world.turn("first")
        past = recall(world.log, [e for e in world.log.entries() if e.seq <= 6])
        session = LocalSession(world.task, ScriptedModel([Step(text="x")] * 3), world.services, past)
        first = [e async for e in session.run_turn("go on")]
        second = [e async for e in session.run_turn("and again")]
        assert sum(isinstance(e, events.Notice) for e in first) == 1
        assert not any(isinstance(e, events.Notice) for e in second)
        assert world.kinds().count("crash.found") == 1
        assert world.room.commands[1:] == []

    async def test_L5_what_a_screen_has_shown_is_not_said_again_by_the_turn(self, folder: Path) -> None:
        world = World(folder, Step(calls=(READ,)), Step(text="done"))
        await world.turn("first")
        past = recall(world.log, [e for e in world.log.entries() if e.seq <= 6])
        session = LocalSession(world.task, ScriptedModel([Step(text="x")]), world.services, past)
        assert "may have happened" in session.notices()[0].text
        seen = [e async for e in session.run_turn("go on")]
        assert not any(isinstance(e, events.Notice) for e in seen)
        assert world.kinds().count("crash.found") == 1

    async def test_L6_a_secret_conversation_does_not_go_to_a_provider_unasked(self, folder: Path) -> None:
        world = World(folder)
        world.session = LocalSession(world.task, FarAway([Step(text="hi")]), world.services)
        secret = Label(Integrity.TRUSTED, Confidentiality.SECRET)
        world.session.remember(Message("user", (TextPart("my key"),), secret))
        seen = await world.turn()
        assert end(seen).reason == "refused"
        assert "model.call" not in world.kinds()

    async def test_L7_each_request_begins_with_the_one_before(self, folder: Path) -> None:
        steps = [Step(calls=(ScriptedCall("run_command", {"command": f"echo {n}"}),)) for n in range(4)]
        model = Remembering([*steps, Step(text="done"), Step(text="again")])
        world = World(folder)
        world.session = LocalSession(world.task, model, world.services)
        await world.turn("one")
        await world.turn("two")
        sent = [request.messages for request in model.requests]
        assert all(after[: len(before)] == before for before, after in pairwise(sent))
        assert all(r.tools == model.requests[0].tools for r in model.requests)


class TestBoundariesAtTheEnd:
    async def test_a_boundary_on_a_path_holds_however_the_file_was_changed(self, folder: Path) -> None:
        world = World(folder, Step(text="ok"), autonomy=Autonomy.OBSERVER)
        await world.session.add_boundary(world.session.propose_boundary("never touch src/generated"))
        world.stage.held = [Change("src/generated/x.py", "changed"), Change("a.txt", "changed")]
        seen = await world.turn()
        assert [c.path for c in world.stage.applied] == ["a.txt"]
        assert any(isinstance(e, events.Notice) and "src/generated" in e.text for e in seen)
        report = await world.session.apply()
        assert [path for path, _ in report.failed] == ["src/generated/x.py"]


class TestPictures:
    """A picture in a prompt is a content of its own in the log, comes back with the past, and is nobody's word."""

    async def test_L4_it_lies_apart_and_is_recalled(self, folder: Path) -> None:
        world = World(folder, Step(text="a cat"))
        data = base64.b64encode(b"\x89PNG picture").decode()
        seen = [e async for e in world.session.run_turn("what?", [ImagePart("image/png", data_b64=data)])]
        assert end(seen).reason == "done"
        (entry,) = [e for e in world.log.entries() if e.kind == "message"]
        assert set(entry.blobs) == {"message", "image0"}
        assert data.encode() not in (world.log.blob(entry.body["message_sha256"]) or b"")
        assert world.log.blob(entry.body["image0_sha256"]) == b"\x89PNG picture"
        assert recall(world.log, world.log.entries(task=world.task.id)).history == list(world.session.history())

    async def test_what_is_written_in_it_is_not_the_persons_word(self, folder: Path) -> None:
        world = World(folder, Step(text="a cat"))
        assert world.session.label.integrity is Integrity.TRUSTED
        message = ImagePart("image/png", data_b64=base64.b64encode(b"x").decode())
        _ = [e async for e in world.session.run_turn("what?", [message])]
        assert world.session.label.integrity is Integrity.UNTRUSTED
        assert "picture" in world.session.label.sources
