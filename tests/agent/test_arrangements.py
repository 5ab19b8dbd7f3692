"""What a person arranges for every task: each change is in the log before it holds, and holds for the next task."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from assistant.agent.kits import load_kits
from assistant.agent.local import LocalDesk
from assistant.compose import build_desk
from assistant.errors import LogError, UsageError
from assistant.gateway.approver import Unattended
from assistant.types import Autonomy


@pytest.fixture
async def desk(home: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[LocalDesk]:
    monkeypatch.setenv("ASSISTANT_MODEL", "builtin/offline")
    made = build_desk()
    yield made
    await made.aclose()


def entries(desk: LocalDesk, kind: str) -> list[dict[str, object]]:
    return [dict(e.body) for e in desk.log.entries(kinds=(kind,))]


class TestSettings:
    async def test_a_change_is_logged_and_holds_for_the_next_task(self, desk: LocalDesk, folder: Path) -> None:
        await desk.arrangements.change_setting("autonomy", "observer")
        await desk.arrangements.change_setting("budgets.calls", 7)
        task = (await desk.open_task(folder, approver=Unattended())).task
        assert (task.autonomy, task.budgets.calls) == (Autonomy.OBSERVER, 7)
        assert entries(desk, "setting.changed") == [
            {"name": "autonomy", "old": "consultant", "new": "observer"},
            {"name": "budgets.calls", "old": None, "new": 7},
        ]

    async def test_what_names_people_lies_apart_from_the_entry(self, desk: LocalDesk) -> None:
        await desk.arrangements.change_setting("me", ["ada@example.com"])
        (body,) = entries(desk, "setting.changed")
        assert "ada" not in str(body)
        assert desk.log.blob(str(body["new_sha256"])) == b'["ada@example.com"]'

    async def test_who_asked_to_be_told_is_told(self, desk: LocalDesk) -> None:
        told: list[str] = []
        desk.arrangements.changed.append(lambda settings: told.append(settings.look.theme))
        await desk.arrangements.change_setting("look.theme", "light")
        await desk.arrangements.change_setting("look.theme", None)
        assert told == ["light", "auto"]

    async def test_without_the_log_nothing_changes(self, desk: LocalDesk, monkeypatch: pytest.MonkeyPatch) -> None:
        async def full(*_: object, **__: object) -> object:
            raise LogError("the disk is full")

        monkeypatch.setattr(desk.log, "write", full)
        with pytest.raises(LogError):
            await desk.arrangements.change_setting("autonomy", "observer")
        assert not (Path(desk.paths.config) / "config.toml").exists()
        assert desk.settings.autonomy is Autonomy.CONSULTANT


class TestKits:
    async def test_a_set_of_tools_is_saved_used_and_deleted(self, desk: LocalDesk, folder: Path) -> None:
        await desk.arrangements.save_kit("my-notes", ["read_file", "write_file"], "Notes")
        task = (await desk.open_task(folder, kit="my-notes", approver=Unattended())).task
        assert (task.kit, task.tools) == ("my-notes", ("read_file", "write_file"))
        again = load_kits([Path(desk.paths.config) / "kits"])
        assert again["my-notes"] == desk.arrangements.kits["my-notes"]
        await desk.arrangements.delete_kit("my-notes")
        with pytest.raises(UsageError):
            await desk.open_task(folder, kit="my-notes", approver=Unattended())
        assert entries(desk, "kit.saved") == [{"name": "my-notes", "tools": ["read_file", "write_file"]}]
        assert entries(desk, "kit.deleted") == [{"name": "my-notes"}]

    @pytest.mark.parametrize("name", ["", "../evil", "Ada", "a b", "x" * 40, "write"])
    async def test_a_name_that_cannot_be_used(self, desk: LocalDesk, name: str) -> None:
        with pytest.raises(UsageError):
            await desk.arrangements.save_kit(name, ["read_file"])
        assert not (Path(desk.paths.config) / "kits").exists()
        assert entries(desk, "kit.saved") == []

    async def test_what_came_with_the_program_stays(self, desk: LocalDesk) -> None:
        with pytest.raises(UsageError, match="no kit of your own"):
            await desk.arrangements.delete_kit("write")

    async def test_an_open_task_goes_on_with_a_kit(self, desk: LocalDesk, folder: Path) -> None:
        session = await desk.open_task(folder, kit="write", approver=Unattended())
        await session.use_kit("look", ("read_file", "gone_tool"))
        assert (session.task.kit, session.task.tools) == ("look", ("read_file",))
        assert [b["what"] for b in entries(desk, "task.changed")][-2:] == ["kit", "tools"]
        again = await desk.resume_task(session.task.id, approver=Unattended())
        assert (again.task.kit, again.task.tools) == ("look", ("read_file",))
