"""The chat as plain lines: every command of the screen works here, or says what to use instead."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from assistant.agent import events
from assistant.agent.branching import AppliedSet
from assistant.agent.usage import Used
from assistant.models.budgets import Spent
from assistant.types import Autonomy, ImagePart, Message, TextPart
from assistant.ui import commands, line_commands, lines
from tests.ui.fake_desk import FakeDesk, changes, server_states, words
from tests.ui.staged_desk import StagedDesk


class Typed:
    """A keyboard on which the lines of a test were typed, one whenever one is read; then the end of input."""

    def __init__(self, typed: list[str]) -> None:
        self._typed = typed

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def forget(self) -> None: ...

    async def line(self) -> str | None:
        await asyncio.sleep(0)
        return self._typed.pop(0) if self._typed else None


Chat = Callable[..., Awaitable[str]]


@pytest.fixture
def chat(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Chat:
    async def run(desk: FakeDesk, *typed: str, resume: str | None = None) -> str:
        """What is printed while these lines are typed. All of them are read: nothing waits for more."""
        left = list(typed)
        monkeypatch.setattr(lines, "Keyboard", lambda: Typed(left))

        async def build() -> Any:
            return desk

        assert await asyncio.wait_for(lines.LineChat(build, Path("/home/ada/project"), resume, {}).run(), 30) == 0
        assert not left
        printed = capsys.readouterr().out
        assert "\x1b" not in printed
        return printed

    return run


def said(desk: FakeDesk) -> list[tuple[str, object]]:
    return [done for session in desk.sessions for done in session.done]


class TestTheTable:
    def test_has_every_command_of_the_screen(self) -> None:
        assert {c.name for c in commands.COMMANDS} <= set(line_commands.RUN)

    async def test_help_says_each_with_what_it_takes_and_does(self, chat: Chat) -> None:
        shown = await chat(FakeDesk(), "/help")
        for command in commands.COMMANDS:
            assert f"/{command.name}" in shown
            assert command.what in shown

    @pytest.mark.parametrize("name", sorted({c.name for c in commands.COMMANDS} - {"quit", "compare", "new", "branch"}))
    async def test_none_is_silent_or_breaks_without_an_argument(self, chat: Chat, name: str) -> None:
        shown = await chat(FakeDesk(stage=changes()), f"/{name}", *([""] if name in ("edit", "find") else []))
        assert shown.split("you> ", 1)[1].strip() not in ("", "you>")
        assert "error:" not in shown

    async def test_a_slip_names_the_nearest(self, chat: Chat) -> None:
        assert "did you mean `/review`?" in await chat(FakeDesk(), "/reviw")

    async def test_a_name_that_other_assistants_use_does_the_same(self, chat: Chat) -> None:
        there = await chat(FakeDesk(), "/permissions")
        assert there.replace("/permissions", "/tools") == await chat(FakeDesk(), "/tools")

    async def test_quit_leaves(self, chat: Chat) -> None:
        assert "never asked" not in await chat(FakeDesk(), "/quit")


class TestCosts:
    async def test_each_model_has_a_line_the_dearest_first(self, chat: Chat) -> None:
        desk = FakeDesk()
        desk.used = [
            Used("2024-11-24", "a/cheap", Spent(tokens=100, calls=1), 90, 10),
            Used("2024-11-24", "b/dear", Spent(cost_uusd=420_000, tokens=12_400, calls=3), 12_000, 400),
        ]
        shown = await chat(desk, "/costs")
        assert "the last 14 days" in shown
        assert "b/dear: 3 calls, 12k → 400, $0.42" in shown
        assert shown.index("b/dear") < shown.index("a/cheap")


class TestEditing:
    async def test_an_earlier_message_is_sent_anew_in_a_branch(self, chat: Chat) -> None:
        desk = FakeDesk({"first": words("one"), "other": words("two")})
        shown = await chat(desk, "first", "/edit", "other", "and on")
        assert "you said: first" in shown
        (point, take_back) = desk.branched[0]
        assert (point.task, take_back) == (desk.sessions[0].task.id, False)
        assert desk.sessions[0].prompts == ["first"]
        assert desk.session.prompts == ["other", "and on"], "what follows is said in the branch"

    async def test_an_empty_line_changes_nothing(self, chat: Chat) -> None:
        desk = FakeDesk({"first": words("one")})
        await chat(desk, "first", "/edit", "")
        assert not desk.branched

    async def test_what_was_applied_since_is_asked_about(self, chat: Chat) -> None:
        desk = FakeDesk({"first": words("one"), "other": words("two")})
        desk.applied_since = [AppliedSet("t1", "u1", 2)]
        shown = await chat(desk, "first", "/edit", "other", "t")
        assert "2 changes were applied to your folder since then" in shown
        assert desk.branched[0][1] is True
        desk = FakeDesk({"first": words("one")})
        desk.applied_since = [AppliedSet("t1", "u1", 2)]
        await chat(desk, "first", "/edit", "other", "n")
        assert not desk.branched

    async def test_its_pictures_are_sent_again(self, chat: Chat) -> None:
        image = ImagePart("image/png", "a" * 64)
        history = [Message("user", (TextPart("see [image 1: x.png, 1×1, 68 B] this"), image))]
        desk = FakeDesk({"other": words("two")}, history=history)
        await chat(desk, "/edit", "other", "y", resume="t1")
        assert desk.session.images == [image]


class TestReview:
    @pytest.fixture
    def staged(self, tmp_path: Path) -> StagedDesk:
        desk = StagedDesk(tmp_path)
        (desk.folder / "a.txt").write_text("".join(f"{n}\n" for n in range(40)))
        desk.begin()
        desk.stage_file("a.txt", "".join(f"{'X' if n in (2, 30) else n}\n" for n in range(40)))
        return desk

    async def test_a_file_is_shown_by_hunk_and_one_is_applied(self, chat: Chat, staged: StagedDesk) -> None:
        shown = await chat(staged, "/review a.txt", "/apply a.txt 2", resume="t1")
        assert "hunk 1" in shown
        assert "  removed 30\n  added X" in shown
        assert [n for n, line in enumerate(staged.real("a.txt").splitlines()) if line == "X"] == [30]
        assert "applied 1, held 0, conflicts 0" in shown

    async def test_a_hunk_is_dropped_after_a_yes(self, chat: Chat, staged: StagedDesk) -> None:
        await chat(staged, "/drop a.txt 1", "no", resume="t1")
        assert len(staged.real_stage().diff("a.txt").split("@@")) == 5
        await chat(staged, "/drop a.txt 1", "y", "/apply a.txt", resume="t1")
        assert [n for n, line in enumerate(staged.real("a.txt").splitlines()) if line == "X"] == [30]

    async def test_what_is_held_is_applied_only_after_a_yes(self, chat: Chat) -> None:
        desk = FakeDesk(stage=changes())
        shown = await chat(desk, "/apply .git/hooks/pre-commit", "", "/apply .git/hooks/pre-commit", "y")
        assert "would run code on your machine at the next commit" in shown
        assert len([done for done in said(desk) if done[0] == "apply"]) == 1


class TestTheRest:
    async def test_settings_are_listed_with_their_origin_and_changed(self, chat: Chat) -> None:
        desk = FakeDesk()
        shown = await chat(
            desk, "/settings", "/settings max_steps 7", "/settings max_steps nine", "/settings maxsteps 1"
        )
        assert "max_steps = 50 (default): model calls in one turn" in shown
        assert "max_steps: 7, from the next task on" in shown
        assert desk.settings.max_steps == 7
        assert "error: " in shown
        assert "there is no setting `maxsteps`" in shown

    async def test_kits_are_used_kept_and_deleted(self, chat: Chat) -> None:
        desk = FakeDesk()
        shown = await chat(
            desk, "/kits", "/kits use look", "/kits save ours", "/kits delete ours", "y", "/kits delete look"
        )
        assert "look" in shown
        assert "saved: ours" in shown
        assert "deleted" in shown
        assert "`look` came with the program and stays" in shown
        assert any(done[0] == "use_kit" for done in said(desk))

    async def test_servers_are_listed_with_their_state(self, chat: Chat) -> None:
        desk = FakeDesk()
        desk.servers = server_states()
        shown = await chat(desk, "/servers")
        for state in desk.servers:
            assert state.config.name in shown
        assert "assistant servers trust NAME" in shown

    async def test_two_answers_one_after_the_other(self, chat: Chat) -> None:
        desk = FakeDesk(model="anthropic/claude-x")
        desk.answered = [events.TextDelta("the old answer")]
        desk.compared = [events.TextDelta("the new answer")]
        shown = await chat(desk, "/compare ollama/qwen3:8b")
        old, new = shown.index("the old answer"), shown.index("the new answer")
        assert shown.index("recorded, builtin/offline:") < old < shown.index("now, ollama/qwen3:8b:") < new
        assert "340 tokens" in shown
        assert desk.comparison is not None
        assert desk.comparison.stopped

    async def test_a_tool_is_turned_off_and_a_boundary_stated_after_a_yes(self, chat: Chat) -> None:
        desk = FakeDesk()
        await chat(desk, "/tools off run_command", "/never push", "", "/never push", "y")
        assert [name for name, _ in said(desk)] == ["set_tools", "add_boundary"]

    async def test_autonomy_is_said_and_turned(self, chat: Chat) -> None:
        desk = FakeDesk()
        shown = await chat(desk, "/autonomy", "/autonomy approver", "/autonomy boss")
        assert "consultant (now): works on the stage" in shown
        assert desk.session.task.autonomy is Autonomy.APPROVER
        assert "there is no level `boss`" in shown

    async def test_find_looks_through_what_was_said(self, chat: Chat) -> None:
        shown = await chat(FakeDesk({"hello": words("A Whale swims.\nNo fish.")}), "hello", "/find whale")
        assert "answer: A Whale swims." in shown
        assert "1 line found" in shown

    async def test_another_task_takes_the_place(self, chat: Chat) -> None:
        desk = FakeDesk()
        await chat(desk, "/new", "hi there", "/tasks open t1", "back again")
        assert [session.prompts for session in desk.sessions] == [[], ["hi there"], ["back again"]]
