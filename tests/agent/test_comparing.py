"""The last turn answered by another model as well: beside the recorded one, from the log alone, and counted."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from assistant.agent import events
from assistant.agent.comparing import Comparison
from assistant.agent.local import LocalDesk
from assistant.agent.session import LocalSession
from assistant.compose import build_desk
from assistant.errors import UsageError
from assistant.gateway.approver import Unattended
from assistant.models.replay import NOT_RECORDED

READ = {"name": "read_file", "arguments": {"path": "a.txt"}}
OTHER = {"name": "read_file", "arguments": {"path": "b.txt"}}


@pytest.fixture
async def desk(home: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[LocalDesk]:
    monkeypatch.setenv("ASSISTANT_MODEL", "builtin/offline")
    made = build_desk()
    yield made
    await made.aclose()


def script(home: Path, name: str, *steps: dict[str, Any], after: int = 0, **more: Any) -> str:
    """A model that plays the steps, in a task in which models have answered `after` times."""
    file = home / name
    file.write_text(json.dumps({"steps": [*[{"text": ""}] * after, *steps], **more}))
    return f"scripted:{file}"


async def seen(stream: AsyncIterator[events.Event]) -> list[events.Event]:
    return [event async for event in stream]


def words(told: list[events.Event]) -> str:
    return "".join(e.text for e in told if isinstance(e, events.TextDelta))


def ended(told: list[events.Event]) -> events.TurnFinished:
    assert isinstance(told[-1], events.TurnFinished)
    assert sum(isinstance(e, events.TurnFinished) for e in told) == 1
    return told[-1]


async def asked_twice(desk: LocalDesk, home: Path, folder: Path) -> LocalSession:
    """A task of two turns; the second reads a file."""
    (folder / "a.txt").write_text("hello")
    usage = {"input": 1_000, "output": 10}
    model = script(
        home,
        "then.json",
        {"text": "a first answer", "usage": usage},
        {"calls": [READ], "usage": usage},
        {"text": "it **says** hello", "usage": usage},
        input_uusd_per_mtok=1_000_000,
        output_uusd_per_mtok=0,
    )
    session = await desk.open_task(folder, model=model, tools=["read_file"], approver=Unattended())
    await seen(session.run_turn("first"))
    await seen(session.run_turn("what does a.txt say?"))
    return session


async def compared(desk: LocalDesk, session: LocalSession, model: str) -> Comparison:
    return await desk.compare(session.task.id, model, approver=Unattended())


class TestComparing:
    async def test_the_last_turn_is_answered_anew_with_the_conversation_before_it(
        self, desk: LocalDesk, home: Path, folder: Path
    ) -> None:
        session = await asked_twice(desk, home, folder)
        (folder / "a.txt").unlink()  # nothing is read again
        now = script(home, "now.json", {"calls": [READ, OTHER]}, {"text": "hello, it says"}, after=1)
        comparison = await compared(desk, session, now)
        assert comparison.prompt == "what does a.txt say?"
        assert (comparison.then_model, comparison.now_model) == (session.task.model, now)
        assert words(list(comparison.past())) == "it **says** hello"
        told = await seen(comparison.run())
        assert words(told) == "hello, it says", "it was sent the first answer, or the script would begin elsewhere"
        assert ended(told).reason == "done"
        results = [e.result for e in told if isinstance(e, events.CallFinished)]
        assert [(r.ok, r.code) for r in results] == [(True, ""), (False, NOT_RECORDED)]
        assert "hello" in results[0].text

    async def test_each_side_has_its_figures_and_the_other_model_s_count_for_a_task_of_its_own(
        self, desk: LocalDesk, home: Path, folder: Path
    ) -> None:
        session = await asked_twice(desk, home, folder)
        before = session.totals
        prices = {"input_uusd_per_mtok": 2_000_000, "output_uusd_per_mtok": 0}
        now = script(home, "now.json", {"text": "x", "usage": {"input": 500, "output": 5}}, after=1, **prices)
        comparison = await compared(desk, session, now)
        await seen(comparison.run())
        assert (comparison.then.tokens, comparison.then.cost_uusd, comparison.then.calls) == (2_020, 2_000, 2)
        assert (comparison.now.tokens, comparison.now.cost_uusd, comparison.now.calls) == (505, 1_000, 1)
        assert session.totals == before
        (own,) = [t for t in await desk.tasks(replays=True) if t.task.parent == session.task.id]
        assert own.cost_uusd == 1_000
        assert own.task.is_replay
        kinds = [e.kind for e in desk.log.entries() if e.task == own.task.id]
        assert kinds == ["task.opened", "message", "model.call", "model.result", "turn.finished"]

    async def test_it_is_in_no_list_unasked_and_nobody_comes_back_to_it(
        self, desk: LocalDesk, home: Path, folder: Path
    ) -> None:
        session = await asked_twice(desk, home, folder)
        comparison = await compared(desk, session, script(home, "now.json", {"text": "x"}, after=1))
        await seen(comparison.run())
        assert [t.task.id for t in await desk.tasks()] == [session.task.id]
        assert len(await desk.tasks(replays=True)) == 2
        assert desk.task_id("") == session.task.id

    async def test_a_command_of_one_s_own_after_the_turn_is_not_part_of_it(
        self, desk: LocalDesk, home: Path, folder: Path
    ) -> None:
        session = await asked_twice(desk, home, folder)
        await seen(session.run_own_command("echo mine"))
        comparison = await compared(desk, session, script(home, "now.json", {"text": "x"}, after=1))
        assert not any("echo mine" in str(e) for e in comparison.past())
        await comparison.stop()

    async def test_stopping_keeps_what_had_come_and_says_so(self, desk: LocalDesk, home: Path, folder: Path) -> None:
        session = await asked_twice(desk, home, folder)
        slow = script(home, "now.json", {"text": "half of it " * 50, "between_s": 30}, after=1)
        comparison = await compared(desk, session, slow)
        told: list[events.Event] = []
        async for event in comparison.run():
            told.append(event)
            if isinstance(event, events.TextDelta):
                await comparison.stop()
        assert ended(told).reason == "stopped"
        entries = [e for e in desk.log.entries() if e.task != session.task.id]
        assert entries[-2].body["kind"] == "stopped"
        assert entries[-1].body["reason"] == "stopped"
        assert b"half of it" in (desk.log.blob(str(entries[-2].body["message_sha256"])) or b"")

    async def test_stopped_before_it_began_it_asks_nobody(self, desk: LocalDesk, home: Path, folder: Path) -> None:
        session = await asked_twice(desk, home, folder)
        comparison = await compared(desk, session, script(home, "now.json", {"text": "x"}, after=1))
        await comparison.stop()
        told = await seen(comparison.run())
        assert (ended(told).reason, words(told)) == ("stopped", "")

    async def test_while_a_turn_runs_there_is_no_last_answer_yet(
        self, desk: LocalDesk, home: Path, folder: Path
    ) -> None:
        session = await asked_twice(desk, home, folder)
        turn = session.run_turn("and now?")
        await anext(turn)
        with pytest.raises(UsageError, match="turn is running"):
            await compared(desk, session, "builtin/offline")
        await turn.aclose()

    async def test_a_model_that_policy_forbids_is_not_asked(self, desk: LocalDesk, home: Path, folder: Path) -> None:
        session = await asked_twice(desk, home, folder)
        own = home / ".config/assistant/policies"
        own.mkdir(parents=True)
        (own / "x.cedar").write_text(
            '@id("no-scripts") @reason("no scripts here")\nforbid(principal, action == Action::"consult", resource);\n'
        )
        comparison = await compared(desk, session, script(home, "now.json", {"text": "x"}, after=1))
        told = await seen(comparison.run())
        assert (ended(told).reason, words(told)) == ("refused", "")
        assert "no scripts here" in ended(told).message

    async def test_a_failing_model_ends_it_with_its_words(self, desk: LocalDesk, home: Path, folder: Path) -> None:
        session = await asked_twice(desk, home, folder)
        model = script(home, "now.json", {"error": {"kind": "server", "message": "no luck"}}, after=1)
        told = await seen((await compared(desk, session, model)).run())
        assert (ended(told).reason, ended(told).message) == ("failed", "no luck")

    async def test_where_nothing_was_asked_there_is_nothing_to_compare(
        self, desk: LocalDesk, home: Path, folder: Path
    ) -> None:
        session = await desk.open_task(folder, model="builtin/offline", approver=Unattended())
        with pytest.raises(UsageError, match="nothing was asked"):
            await compared(desk, session, "builtin/offline")
        with pytest.raises(UsageError):
            await compared(desk, await asked_twice(desk, home, folder), "nobody/x")
