"""Review over a real stage: hunks, held files, conflicts and their merge, undo, keys typed before there is a list."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from assistant.ui.diff import parse
from assistant.ui.screens.merge import MergeScreen
from assistant.ui.screens.review import ReviewScreen
from assistant.ui.widgets.diff_view import DiffView
from assistant.ui.widgets.line_view import cut
from tests.ui.staged_desk import StagedDesk

OLD = "".join(f"line {n}\n" for n in range(1, 41))
NEW = OLD.replace("line 2\n", "line two\n").replace("line 20\n", "line twenty\n").replace("line 38\n", "line 38!\n")


@pytest.fixture
def desk(tmp_path: Path) -> StagedDesk:
    """A task that changed three lines of `a.txt`, far from each other."""
    desk = StagedDesk(tmp_path)
    (desk.folder / "a.txt").write_text(OLD)
    desk.begin()
    desk.stage_file("a.txt", NEW)
    desk.real_stage().changes()
    return desk


@pytest.fixture
def review(open_chat: Any, desk: StagedDesk) -> Callable[..., AbstractAsyncContextManager[Any]]:
    """`async with review() as chat`: the screen is open and has read the stage."""

    @asynccontextmanager
    async def opened(size: tuple[int, int] = (120, 40)) -> AsyncIterator[Any]:
        async with open_chat(desk, size=size, resume="t1") as chat:
            chat.screen.open_screen("review")
            await chat.until(lambda: isinstance(chat.app.screen, ReviewScreen) and chat.app.screen.changes)
            await chat.until(lambda: chat.app.screen.query_one(DiffView).hunks or not chat.app.screen.changes)
            yield chat

    return opened


async def confirm(chat: Any) -> None:
    """Say yes to the question that comes."""
    await chat.until(lambda: type(chat.app.screen).__name__ == "ConfirmScreen")
    async with asyncio.timeout(10):
        while type(chat.app.screen).__name__ == "ConfirmScreen":  # keys are no answer at first
            await chat.pilot.press("y")
            await chat.pilot.pause(0.05)


class TestHunks:
    async def test_a_applies_the_marked_hunk_and_the_others_stay(self, review: Any, desk: StagedDesk) -> None:
        async with review() as chat:
            await chat.pilot.press("tab", "n", "a")
            await chat.until(lambda: "line twenty\n" in desk.real("a.txt"))
            assert desk.real("a.txt") == OLD.replace("line 20\n", "line twenty\n")
            await chat.until(lambda: chat.app.screen.query_one(DiffView).hunks == 2)
            assert "hunk 1 of 2" in chat.text()

    async def test_in_the_list_the_same_key_applies_the_whole_file(self, review: Any, desk: StagedDesk) -> None:
        async with review() as chat:
            await chat.pilot.press("a")
            await chat.until(lambda: desk.real("a.txt") == NEW)

    async def test_d_drops_a_hunk_after_a_question(self, review: Any, desk: StagedDesk) -> None:
        async with review() as chat:
            await chat.pilot.press("n", "d")
            await confirm(chat)
            await chat.until(lambda: chat.app.screen.query_one(DiffView).hunks == 2)
            assert "line two" not in desk.real_stage().diff("a.txt")
            assert desk.real("a.txt") == OLD

    async def test_k_keeps_a_hunk_and_goes_on_to_the_next_and_then_to_the_list(self, review: Any) -> None:
        async with review() as chat:
            view = chat.app.screen.query_one(DiffView)
            await chat.pilot.press("n")
            assert view.has_focus
            for expected in (2, 3):
                await chat.pilot.press("k")
                await chat.until(lambda n=expected: view.hunk == n)
            await chat.pilot.press("k")
            await chat.until(lambda: chat.app.screen.query_one("Rows").has_focus)

    async def test_what_keys_act_on_is_always_in_sight(self, review: Any) -> None:
        async with review(size=(80, 24)) as chat:
            view = chat.app.screen.query_one(DiffView)
            await chat.pilot.press("tab", "end")
            await chat.until(lambda: view.hunk == 3)
            await chat.pilot.press("home")
            await chat.until(lambda: view.hunk == 1)

    async def test_a_file_that_the_task_changes_meanwhile_is_looked_at_again(
        self, review: Any, desk: StagedDesk
    ) -> None:
        async with review() as chat:
            await chat.pilot.press("n")
            desk.stage_file("a.txt", NEW + "more\n")
            await chat.pilot.press("a")
            await chat.until(lambda: any("look at it again" in n.message for n in chat.app._notifications))
            assert desk.real("a.txt") == OLD

    async def test_undo_puts_the_hunk_back_on_the_stage(self, review: Any, desk: StagedDesk) -> None:
        async with review() as chat:
            await chat.pilot.press("n", "a")
            await chat.until(lambda: desk.real("a.txt") != OLD)
            await chat.until(lambda: chat.app.screen.query_one(DiffView).hunks == 2)
            await chat.pilot.press("u")
            await chat.until(lambda: "applied a.txt" in chat.text())
            await chat.pilot.press("enter")
            await chat.until(lambda: desk.real("a.txt") == OLD)
            await chat.until(lambda: chat.app.screen.query_one(DiffView).hunks == 3)


class TestLooks:
    @pytest.mark.parametrize(("width", "beside"), [(119, False), (120, True), (160, True)])
    async def test_side_by_side_from_120_columns(self, review: Any, width: int, beside: bool) -> None:
        async with review(size=(width, 40)) as chat:
            assert chat.app.screen.query_one(DiffView).beside == beside
            await chat.pilot.press("s")
            assert chat.app.screen.query_one(DiffView).beside != beside

    async def test_a_long_line_is_scrolled_to_in_both_modes(self, review: Any, desk: StagedDesk) -> None:
        desk.stage_file("a.txt", NEW.replace("line two", "line two " + "一" * 100 + " THE END"))
        async with review() as chat:
            for _mode in range(2):
                await chat.pilot.press("n", "ctrl+pagedown", "ctrl+pagedown", "ctrl+pagedown", "ctrl+pagedown")
                await chat.until(lambda: "THE END" in chat.text())
                await chat.pilot.press("s")
                await chat.pilot.press("ctrl+pageup", "ctrl+pageup", "ctrl+pageup", "ctrl+pageup")

    def test_lines_that_end_in_odd_ways_stay_one_line(self) -> None:
        rows = parse("--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n-a\x0cb\u2028c\n+a\n \n")
        assert [(r.kind, r.text) for r in rows[1:]] == [("removed", "a\x0cb\u2028c"), ("added", "a"), ("same", "")]

    @pytest.mark.parametrize(
        ("text", "start", "width", "part"),
        [
            ("abcdef", 0, 4, "abc…"),
            ("abcdef", 2, 4, "cdef"),
            ("一二三", 0, 4, "一 …"),
            ("ab", 0, 4, "ab  "),
            ("ab", 5, 3, "   "),
        ],
    )
    def test_a_part_of_a_line_is_as_wide_as_asked_for(self, text: str, start: int, width: int, part: str) -> None:
        assert cut(text, start, width) == part

    async def test_a_held_file_says_why_and_by_which_rule(self, review: Any, desk: StagedDesk) -> None:
        desk.stage_file(".envrc", "export X=1\n")
        async with review() as chat:
            await chat.until(lambda: "runs when a shell starts" in chat.text())
            assert "held-always-asks" in chat.text()


class TestKeysTypedAtOnce:
    async def test_keys_that_come_before_the_list_act_when_it_is_there(
        self, open_chat: Any, desk: StagedDesk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from tests.ui.staged_desk import StagedSession

        ready = asyncio.Event()
        read = StagedSession.changes

        async def late(self: StagedSession) -> Any:
            await ready.wait()
            return await read(self)

        monkeypatch.setattr(StagedSession, "changes", late)
        async with open_chat(desk, size=(120, 40), resume="t1") as chat:
            await chat.pilot.press("f2")
            await chat.until(lambda: isinstance(chat.app.screen, ReviewScreen))
            await chat.pilot.press("a")
            assert desk.real("a.txt") == OLD
            ready.set()
            await chat.until(lambda: desk.real("a.txt") == NEW)

    async def test_keys_right_behind_the_one_that_opens_the_screen_belong_to_it(
        self, open_chat: Any, desk: StagedDesk
    ) -> None:
        from textual import events

        async with open_chat(desk, size=(120, 40), resume="t1") as chat:
            for key in ("f2", "a"):
                chat.app.post_message(events.Key(key, "a" if key == "a" else None))
            await chat.until(lambda: desk.real("a.txt") == NEW)
            assert chat.screen.prompt.text == ""


class TestConflicts:
    @pytest.fixture
    def clash(self, desk: StagedDesk) -> StagedDesk:
        """The person changed one line that the task changed too, and one that it didn't."""
        mine = OLD.replace("line 20\n", "line 20, mine\n").replace("line 10\n", "line ten\n")
        (desk.folder / "a.txt").write_text(mine)
        return desk

    async def open(self, chat: Any) -> MergeScreen:
        await chat.until(lambda: "1 in conflict" in chat.text())
        await chat.pilot.press("c")
        await chat.until(lambda: isinstance(chat.app.screen, MergeScreen))
        await chat.until(lambda: "clash 1 of 1" in chat.text())
        return chat.app.screen

    async def test_three_sides_are_shown_and_yours_is_chosen_for_the_clash_alone(
        self, review: Any, clash: StagedDesk
    ) -> None:
        async with review() as chat:
            await self.open(chat)
            shown = chat.text()
            assert "yours (the real file)" in shown
            assert any("line 20, mine" in row and "line twenty" in row for row in shown.splitlines())
            assert "1 clash to decide" in shown
            await chat.pilot.press("enter")
            assert isinstance(chat.app.screen, MergeScreen), "nothing is taken while something is open"
            await chat.pilot.press("m", "enter")
            await chat.until(lambda: isinstance(chat.app.screen, ReviewScreen))
            await chat.until(lambda: not chat.app.screen.conflicts)
            await chat.pilot.press("a")
            await chat.until(lambda: "line two\n" in clash.real("a.txt"))
            for words in ("line 20, mine\n", "line ten\n", "line 38!\n"):
                assert words in clash.real("a.txt")

    @pytest.mark.parametrize(
        ("key", "words"), [("t", "line twenty\n"), ("b", "line 20, mine\nline twenty\n")], ids=["staged", "both"]
    )
    async def test_the_staged_one_or_both(self, review: Any, clash: StagedDesk, key: str, words: str) -> None:
        async with review() as chat:
            await self.open(chat)
            await chat.pilot.press(key, "enter")
            await chat.until(lambda: isinstance(chat.app.screen, ReviewScreen) and not chat.app.screen.conflicts)
            assert words in clash.real_stage().sides("a.txt").staged.decode()

    async def test_a_on_a_conflict_never_overwrites_but_opens_it(self, review: Any, clash: StagedDesk) -> None:
        async with review(size=(80, 24)) as chat:
            await chat.until(lambda: "1 in conflict" in chat.text())
            await chat.pilot.press("a")
            await chat.until(lambda: isinstance(chat.app.screen, MergeScreen))
            await chat.until(lambda: "line 20, mine" in chat.text())
            await chat.pilot.press("escape")
            await chat.until(lambda: isinstance(chat.app.screen, ReviewScreen))
            assert "line 20, mine\n" in clash.real("a.txt")

    async def test_all_leaves_the_conflict_alone(self, review: Any, clash: StagedDesk) -> None:
        async with review() as chat:
            await chat.until(lambda: "1 in conflict" in chat.text())
            await chat.pilot.press("A")
            await chat.until(lambda: "1 in conflict" in chat.text())
            assert "line 20, mine\n" in clash.real("a.txt")

    async def test_a_file_that_was_deleted_meanwhile(self, review: Any, desk: StagedDesk) -> None:
        (desk.folder / "a.txt").unlink()
        async with review() as chat:
            await self.open(chat)
            assert "You deleted the file" in chat.text()
            await chat.pilot.press("m", "enter")
            await chat.until(lambda: isinstance(chat.app.screen, ReviewScreen) and not chat.app.screen.changes)
            assert not (desk.folder / "a.txt").exists()
