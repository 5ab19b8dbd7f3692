"""Coming back to a task whose model is gone: the default one answers, the person is told, and the log says so."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from assistant.agent import events
from assistant.agent.local import LocalDesk
from assistant.compose import build_desk
from assistant.errors import UsageError
from assistant.gateway.approver import Unattended


@pytest.fixture
async def desk(home: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[LocalDesk]:
    monkeypatch.setenv("ASSISTANT_MODEL", "builtin/offline")
    made = build_desk()
    yield made
    await made.aclose()


def script(home: Path) -> str:
    file = home / "script.json"
    file.write_text('{"steps": [{"text": "one"}, {"text": "two"}]}')
    return f"scripted:{file}"


class TestAModelThatIsGone:
    async def test_the_default_answers_and_a_notice_and_the_log_say_so(
        self, desk: LocalDesk, home: Path, folder: Path
    ) -> None:
        name = script(home)
        session = await desk.open_task(folder, model=name, tools=[], approver=Unattended())
        assert [e async for e in session.run_turn("hello")][-1].reason == "done"  # type: ignore[union-attr]
        (home / "script.json").unlink()
        again = await desk.resume_task(session.task.id, approver=Unattended())
        assert again.model_info.id == "builtin/offline"
        seen = [e async for e in again.run_turn("and now?")]
        assert isinstance(seen[-1], events.TurnFinished)
        said = [e for e in seen if isinstance(e, events.Notice) and "can't be used now" in e.text]
        assert len(said) == 1
        change = next(e for e in desk.log.entries(kinds=["task.changed"]) if e.body["what"] == "model")
        assert (change.body["old"], change.body["new"]) == (name, "builtin/offline")
        assert (await desk.tasks())[0].task.model == "builtin/offline"

    async def test_one_that_is_named_and_cant_be_used_is_an_error(
        self, desk: LocalDesk, home: Path, folder: Path
    ) -> None:
        session = await desk.open_task(folder, model=script(home), tools=[], approver=Unattended())
        with pytest.raises(UsageError):
            await desk.resume_task(session.task.id, approver=Unattended(), model="scripted:/nowhere.json")

    async def test_one_that_can_be_used_stays(self, desk: LocalDesk, home: Path, folder: Path) -> None:
        session = await desk.open_task(folder, model=script(home), tools=[], approver=Unattended())
        again = await desk.resume_task(session.task.id, approver=Unattended())
        assert again.notices() == []
        assert again.model_info.id == session.model_info.id
