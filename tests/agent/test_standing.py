"""Grants beyond one task, what one would have allowed, and saying yes later to what nobody was there to allow."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from assistant.agent import events
from assistant.agent.local import LocalDesk, now_ms
from assistant.cli import main
from assistant.compose import build_desk
from assistant.errors import UsageError
from assistant.gateway.approver import Unattended
from assistant.types import Channel, Decision, Effect, Grant, Resource

FACT = "bills are seen by Bob first"
REMEMBER = {"name": "remember", "arguments": {"fact": FACT}}
READ = {"name": "read_file", "arguments": {"path": "notes.md"}}


@pytest.fixture
async def desk(home: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[LocalDesk]:
    monkeypatch.setenv("ASSISTANT_MODEL", "builtin/offline")
    made = build_desk()
    yield made
    await made.aclose()


def script(home: Path, *steps: dict[str, Any], after: int = 0) -> str:
    """A model that plays the steps, in a task in which models have answered `after` times."""
    file = home / "script.json"
    file.write_text(json.dumps({"steps": [*[{"text": ""}] * after, *steps]}))
    return f"scripted:{file}"


async def run(session: Any, prompt: str) -> list[events.Event]:
    return [e async for e in session.run_turn(prompt)]


def verdicts(seen: list[events.Event]) -> list[Decision]:
    return [e.verdict.decision for e in seen if isinstance(e, events.CallJudged)]


async def refused(desk: LocalDesk, home: Path, folder: Path) -> str:
    """A task that would have asked, with nobody there; its id."""
    (folder / "notes.md").write_text("All bills are seen by Bob before anyone pays.")
    model = script(home, {"calls": [READ]}, {"calls": [REMEMBER]}, {"text": "refused"})
    session = await desk.open_task(folder, model=model, tools=["read_file", "remember"], approver=Unattended())
    seen = await run(session, "read notes.md and remember what it says of bills")
    assert verdicts(seen) == [Decision.ALLOW, Decision.ASK]
    await session.aclose()
    return session.task.id


class TestWaiting:
    async def test_a_yes_given_later_lets_exactly_that_run_once(
        self, desk: LocalDesk, home: Path, folder: Path
    ) -> None:
        task = await refused(desk, home, folder)
        (waiting,) = desk.standing.waiting(task)
        assert waiting.sentence == f"Remember for later tasks: {FACT}"
        assert "memory-from-untrusted-asks" in waiting.policies
        assert "untrusted text was read" in waiting.reason
        desk.standing.agree(waiting.digest[:8])
        assert desk.standing.waiting(task) == []
        other = {"name": "remember", "arguments": {"fact": FACT + " and by Eve"}}
        model = script(
            home, {"calls": [other]}, {"calls": [REMEMBER]}, {"calls": [REMEMBER]}, {"text": "done"}, after=3
        )
        session = await desk.resume_task(task, approver=Unattended(), model=model)
        seen = await run(session, "go on")
        assert verdicts(seen) == [Decision.ASK, Decision.ALLOW, Decision.ASK]
        assert [f.text for f in desk.memory.find()] == [FACT]
        ended = seen[-1]
        assert isinstance(ended, events.TurnFinished)
        assert (ended.asks, ended.asks_last_hour) == (2, 2)  # the first of them before the task was resumed
        assert session.totals.asks == 2
        await session.aclose()
        model = script(home, {"calls": [REMEMBER]}, {"text": "ok"}, after=7)
        again = await desk.resume_task(task, approver=Unattended(), model=model)
        assert verdicts(await run(again, "once more")) == [Decision.ASK]

    async def test_P6_a_yes_in_the_log_that_is_none_opens_nothing(
        self, desk: LocalDesk, home: Path, folder: Path
    ) -> None:
        task = await refused(desk, home, folder)
        (waiting,) = desk.standing.waiting(task)
        bodies = (
            {"digest": waiting.digest, "answer": "no", "channel": "command"},
            {"digest": waiting.digest, "answer": "once", "channel": "unattended"},
            {"digest": "0" * 64, "answer": "once", "channel": "command"},
            {"digest": waiting.digest, "answer": "perhaps", "channel": 7},
        )
        for number, body in enumerate(bodies):
            desk.log.append("approval.later", task, body)
            model = script(home, {"calls": [REMEMBER]}, {"text": "ok"}, after=3 + 2 * number)
            session = await desk.resume_task(task, approver=Unattended(), model=model)
            assert verdicts(await run(session, "go on")) == [Decision.ASK], body
            await session.aclose()

    async def test_what_does_not_wait_can_not_be_agreed_to(self, desk: LocalDesk, home: Path, folder: Path) -> None:
        await refused(desk, home, folder)
        (waiting,) = desk.standing.waiting()
        for beginning in ("", waiting.digest[:7], "f" * 12):
            with pytest.raises(UsageError, match="nothing that waits"):
                desk.standing.agree(beginning)
        desk.standing.agree(waiting.digest)
        with pytest.raises(UsageError):
            desk.standing.agree(waiting.digest)


class TestGrants:
    async def test_a_grant_for_some_uses_ends_by_them_also_across_tasks(
        self, desk: LocalDesk, home: Path, folder: Path
    ) -> None:
        outside = folder.parent / "outside.txt"
        outside.write_text("hello")
        made = desk.standing.add(Grant("", Effect.READ, Resource("file", str(outside)), uses=2))
        assert desk.standing.grants() == [(made, 2)]
        read = {"name": "read_file", "arguments": {"path": str(outside)}}
        decisions: list[Decision] = []
        for _ in range(3):
            model = script(home, {"calls": [read]}, {"text": ""})
            session = await desk.open_task(folder, model=model, tools=["read_file"], approver=Unattended())
            decisions += verdicts(await run(session, "read it"))
            await session.aclose()
        assert decisions == [Decision.ALLOW, Decision.ALLOW, Decision.DENY]
        assert desk.standing.grants() == [(made, 0)]

    async def test_a_revoked_grant_is_gone_for_every_task(self, desk: LocalDesk) -> None:
        made = desk.standing.add(Grant("", Effect.FETCH, Resource("host", "example.org")))
        assert desk.standing.revoke(made.id) == made
        assert desk.standing.grants() == []
        with pytest.raises(UsageError, match="no grant"):
            desk.standing.revoke(made.id)

    async def test_a_dry_run_judges_the_past_as_it_was_known_then(
        self, desk: LocalDesk, home: Path, folder: Path
    ) -> None:
        outside = folder.parent / "outside.txt"
        read = [
            {"name": "read_file", "arguments": {"path": str(folder.parent / name)}} for name in ("outside.txt", "x")
        ]
        model = script(home, {"calls": read}, {"text": ""})
        session = await desk.open_task(folder, model=model, tools=["read_file"], approver=Unattended())
        assert verdicts(await run(session, "read them")) == [Decision.DENY, Decision.DENY]
        await session.aclose()
        grant = Grant("", Effect.READ, Resource("file", str(outside)))
        found = desk.standing.dry_run(grant, 0)
        assert [w.action and w.action.resource.id for w in found.allowed] == [str(outside)]
        assert found.unchanged == 1
        assert desk.standing.dry_run(grant, now_ms() + 1).allowed == ()
        assert desk.standing.dry_run(Grant("", Effect.SEND, grant.resource), 0).allowed == ()

    async def test_no_grant_would_have_lifted_a_warning_sign(self, desk: LocalDesk, home: Path, folder: Path) -> None:
        await refused(desk, home, folder)
        grant = Grant("", Effect.ACT, Resource("service", "memory"))
        assert desk.standing.dry_run(grant, 0).allowed == ()


class TestCommand:
    def test_grants_are_given_listed_and_ended(self, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert (
            main(["policy", "grants", "add", "fetch", "host:example.org", "--uses", "3", "--for", "2h", "--json"]) == 0
        )
        made = json.loads(capsys.readouterr().out)
        assert (made["effect"], made["uses_left"]) == ("fetch", 3)
        assert main(["policy", "grants"]) == 0
        assert f"{made['id']}  fetch `example.org` in every task, 3 uses left, until" in capsys.readouterr().out
        assert main(["policy", "grants", "dry-run", "fetch", "host:example.org", "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == {"allowed": 0, "unchanged": 0, "days": 7}
        assert main(["policy", "grants", "revoke", made["id"]]) == 0
        capsys.readouterr()
        assert main(["policy", "grants", "list", "--json"]) == 0
        assert capsys.readouterr().out == ""

    @pytest.mark.parametrize(
        "args",
        [
            ["add", "fetch", "example.org"],
            ["add", "fetch", "planet:mars"],
            ["add", "fetch", "host:x.org", "--for", "soon"],
            ["add", "fetch", "host:x.org", "--uses", "0"],
            ["revoke", "nothing"],
            ["list", "--task", "nothing"],
        ],
    )
    def test_what_makes_no_sense_is_a_usage_error(self, home: Path, args: list[str]) -> None:
        assert main(["policy", "grants", *args]) == 2

    async def test_waiting_shows_every_byte_and_takes_a_yes(
        self, desk: LocalDesk, home: Path, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        import asyncio

        task = await refused(desk, home, folder)
        capsys.readouterr()
        assert await asyncio.to_thread(main, ["policy", "waiting", task, "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert await asyncio.to_thread(main, ["policy", "waiting", "--yes", found["digest"][:12]]) == 0
        shown = capsys.readouterr().out
        assert f"fact: {FACT}" in shown
        assert f"assistant run --resume {task}" in shown
        assert await asyncio.to_thread(main, ["policy", "waiting", task]) == 0
        assert "nothing waits" in capsys.readouterr().out
        assert next(iter(desk.log.entries(kinds=["approval.later"]))).body["channel"] == Channel.COMMAND
