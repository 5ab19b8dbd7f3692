"""Review, log, tasks, tools, models, settings: each act reaches the session, each refusal reaches the person."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from assistant.audit.views import LogRow
from assistant.types import Autonomy, Change
from assistant.ui.screens.settings import flatten, meaning, origin
from assistant.ui.screens.tools import with_budget
from assistant.ui.screens.undo import undoable
from tests.ui.fake_desk import FakeDesk, changes, log_rows


@pytest.fixture
def panel(open_chat: Any) -> Callable[..., AbstractAsyncContextManager[Any]]:
    """`async with panel("review", desk) as chat`: that screen is open."""

    @asynccontextmanager
    async def opened(name: str, desk: FakeDesk | None = None, size: tuple[int, int] = (120, 40)) -> AsyncIterator[Any]:
        async with open_chat(desk or FakeDesk(stage=changes()), size=size) as chat:
            chat.screen.open_screen(name)
            await chat.until(lambda: len(chat.app.screen_stack) == 2)
            await chat.pilot.pause(0.1)
            yield chat

    return opened


async def mark(chat: Any, words: str) -> None:
    """Move down to the row with `words`."""
    rows = chat.app.screen.query_one("Rows")
    for index in range(rows.option_count):
        option = rows.get_option_at_index(index)
        if words in option.prompt.plain:
            rows.highlighted = index
            await chat.pilot.pause(0.05)
            return
    raise AssertionError(f"no row with {words}")


class TestReview:
    async def test_the_tree_counts_lines_and_files(self, panel: Any) -> None:
        async with panel("review") as chat:
            await chat.until(lambda: "notes/  2" in chat.text())
            assert "5 changes · 1 held" in chat.text()
            await chat.until(lambda: "todo.md  +2  -1" in chat.text())

    async def test_the_marked_file_shows_its_diff_inline_and_side_by_side(self, panel: Any) -> None:
        async with panel("review") as chat:
            await mark(chat, "todo.md")
            await chat.until(lambda: "│" in chat.text())  # 120 columns: side by side
            await chat.pilot.press("s")
            await chat.until(lambda: "+ - write the report by Friday" in chat.text())
            await chat.pilot.press("s")
            await chat.until(
                lambda: any(
                    "- write the report " in row and "by Friday" in row and "│" in row
                    for row in chat.text().splitlines()
                )
            )

    async def test_a_applies_the_marked_file_only(self, panel: Any) -> None:
        async with panel("review") as chat:
            await mark(chat, "todo.md")
            await chat.pilot.press("a")
            await chat.until(lambda: ("apply", ("notes/todo.md",)) in chat.desk.session.done)
            await chat.until(lambda: "todo.md" not in chat.text().split("Esc")[0].replace("notes/todo.md", ""))

    async def test_a_folder_takes_all_below_it(self, panel: Any) -> None:
        async with panel("review") as chat:
            await mark(chat, "notes/")
            await chat.pilot.press("a")
            await chat.until(lambda: ("apply", ("notes/todo.md", "notes/旅行.md")) in chat.desk.session.done)

    async def test_all_leaves_what_is_held(self, panel: Any) -> None:
        async with panel("review") as chat:
            await chat.pilot.press("A")
            await chat.until(lambda: chat.desk.session.done)
            assert ".git/hooks/pre-commit" not in chat.desk.session.done[-1][1]
            assert [c.path for c in chat.desk.session.stage] == [".git/hooks/pre-commit"]

    async def test_a_held_file_says_why_and_is_applied_only_after_a_question(self, panel: Any) -> None:
        async with panel("review") as chat:
            await mark(chat, "pre-commit")
            await chat.until(lambda: "would run code on your machine" in chat.text())
            await chat.pilot.press("a")
            await chat.until(lambda: len(chat.app.screen_stack) == 3)
            await chat.pilot.press("y")  # at once: typed ahead
            await chat.pilot.pause(0.5)
            assert len(chat.app.screen_stack) == 3
            await chat.pilot.press("y")
            await chat.until(lambda: ("apply", (".git/hooks/pre-commit",)) in chat.desk.session.done)

    async def test_a_conflict_is_shown_and_overwritten_only_after_a_question(self, panel: Any) -> None:
        desk = FakeDesk(stage=changes())
        desk.conflicts = {"notes/todo.md"}
        async with panel("review", desk) as chat:
            await chat.until(lambda: "1 in conflict" in chat.text())
            await mark(chat, "todo.md")
            await chat.until(lambda: "conflict: it was changed meanwhile" in chat.text())
            await chat.pilot.press("a")
            await chat.until(lambda: len(chat.app.screen_stack) == 3)
            await chat.pilot.pause(0.5)
            await chat.pilot.press("y")
            await chat.until(lambda: not any(c.path == "notes/todo.md" for c in desk.session.stage))

    async def test_dropping_asks_first(self, panel: Any) -> None:
        async with panel("review") as chat:
            await mark(chat, "old.txt")
            await chat.pilot.press("d")
            await chat.until(lambda: len(chat.app.screen_stack) == 3)
            await chat.pilot.pause(0.5)
            await chat.pilot.press("enter")
            await chat.pilot.pause(0.05)
            assert not chat.desk.session.done
            await chat.pilot.press("y")
            await chat.until(lambda: ("drop", ("old.txt",)) in chat.desk.session.done)

    async def test_the_chat_learns_what_is_staged_now(self, panel: Any) -> None:
        async with panel("review") as chat:
            await chat.pilot.press("A")
            await chat.until(lambda: len(chat.desk.session.stage) == 1)
            await chat.pilot.press("escape")
            await chat.until(lambda: "1 staged" in chat.text())

    async def test_an_empty_stage_says_so(self, panel: Any) -> None:
        async with panel("review", FakeDesk()) as chat:
            await chat.until(lambda: "Nothing is staged" in chat.text())


class TestUndo:
    async def test_applied_sets_come_from_the_log(self, panel: Any) -> None:
        desk = FakeDesk(stage=changes())
        desk.rows = [LogRow(5, 0, "stage.apply", "t1", "applied 2 changes", '{"undo_id": "u7"}')]
        async with panel("review", desk) as chat:
            await chat.pilot.press("u")
            await chat.until(lambda: "applied 2 changes" in chat.text())
            await chat.pilot.press("enter")
            await chat.until(lambda: ("undo", "u7") in desk.session.done)

    def test_what_was_taken_back_is_not_offered_again(self) -> None:
        rows = [
            LogRow(9, 0, "stage.undo", "t", "", '{"undo_id": "b"}'),
            LogRow(8, 0, "stage.apply", "t", "", '{"undo_id": "b"}'),
            LogRow(7, 0, "stage.apply", "t", "", '{"undo_id": "a"}'),
            LogRow(6, 0, "stage.apply", "t", "", "not json"),
        ]
        assert [name for name, _row in undoable(rows)] == ["a"]


class TestLog:
    async def test_newest_first_with_detail(self, panel: Any) -> None:
        async with panel("log") as chat:
            await chat.until(lambda: "60 entries" in chat.text())
            assert '"call": "c59"' in chat.text()
            await chat.pilot.press("down")
            await chat.until(lambda: '"call": "c58"' in chat.text())

    async def test_pages_are_fetched_on_the_way_down(self, panel: Any) -> None:
        desk = FakeDesk()
        desk.rows = log_rows(1_000)
        async with panel("log", desk) as chat:
            assert "200+ entries" in chat.text()
            await chat.pilot.press("end")
            await chat.until(lambda: "400+ entries" in chat.text())
            for _ in range(6):
                await chat.pilot.press("end")
                await chat.pilot.pause(0.05)
            await chat.until(lambda: "1000" in chat.text() and "+ entries" not in chat.text())

    async def test_filter_and_search(self, panel: Any) -> None:
        async with panel("log") as chat:
            await chat.pilot.press("f", "f")
            await chat.until(lambda: "decisions" in chat.text() and "10 entries" in chat.text())
            await chat.pilot.press("f", "f", "f", "f", "slash")
            await chat.type("largest")
            await chat.until(lambda: "10 entries" in chat.text() and "largest files" in chat.text())

    async def test_escape_leaves_the_field_then_the_screen(self, panel: Any) -> None:
        async with panel("log") as chat:
            await chat.pilot.press("slash", "q", "escape")
            await chat.pilot.pause()
            assert len(chat.app.screen_stack) == 2
            await chat.pilot.press("escape")
            await chat.until(lambda: len(chat.app.screen_stack) == 1)


class TestTasks:
    async def test_a_task_is_opened_beside_this_one_and_found_again(self, panel: Any) -> None:
        async with panel("tasks") as chat:
            await mark(chat, "整理照片")
            await chat.pilot.press("enter")
            await chat.until(lambda: len(chat.desk.sessions) == 2 and chat.screen.session is chat.desk.session)
            assert chat.screen.session.task.id == "t2"
            chat.screen.open_screen("tasks")
            await chat.until(lambda: "open" in chat.text() and "整理照片" in chat.text())
            await mark(chat, "整理照片")
            await chat.pilot.press("enter")
            await chat.pilot.pause(0.1)
            assert len(chat.desk.sessions) == 2, "an open task isn't opened twice"

    async def test_search_narrows(self, panel: Any) -> None:
        async with panel("tasks") as chat:
            await chat.pilot.press("slash")
            await chat.type("build")
            await chat.until(lambda: "1 task" in chat.text())
            assert "broke off" not in chat.text()

    async def test_rename_a_task_that_is_not_open(self, panel: Any) -> None:
        async with panel("tasks") as chat:
            await mark(chat, "整理照片")
            await chat.pilot.press("r")
            await chat.until(lambda: len(chat.app.screen_stack) == 3)
            await chat.pilot.press("end", *"!!", "enter")
            await chat.until(lambda: len(chat.desk.sessions) == 2)
            await chat.until(lambda: chat.desk.session.done == [("rename", "整理照片!!"), ("aclose", None)])


class TestTools:
    async def test_what_each_can_do_in_plain_words(self, panel: Any) -> None:
        async with panel("tools") as chat:
            shown = chat.text()
            assert "Run a command in the task's room." in shown
            assert "Not: Reach the network" in shown
            assert "3 of 4 on" in shown

    async def test_enter_turns_a_tool_off_and_on(self, panel: Any) -> None:
        async with panel("tools") as chat:
            await mark(chat, "run_command")
            await chat.pilot.press("enter")
            await chat.until(lambda: ("set_tools", ("read_file", "write_file")) in chat.desk.session.done)
            await chat.until(lambda: "2 of 4 on" in chat.text())
            await chat.pilot.press("space")
            await chat.until(lambda: "3 of 4 on" in chat.text())

    async def test_x_revokes_a_permission_at_once(self, panel: Any) -> None:
        async with panel("tools") as chat:
            await mark(chat, "docs.python.org")
            await chat.pilot.press("x")
            await chat.until(lambda: ("revoke", "g2") in chat.desk.session.done)
            await chat.until(lambda: "docs.python.org" not in chat.text())

    async def test_a_boundary_is_lifted_only_after_a_question(self, panel: Any) -> None:
        async with panel("tools") as chat:
            await mark(chat, "never push")
            await chat.pilot.press("x")
            await chat.until(lambda: len(chat.app.screen_stack) == 3)
            assert chat.desk.session.boundaries()
            await chat.pilot.pause(0.5)
            await chat.pilot.press("y")
            await chat.until(lambda: not chat.desk.session.boundaries())

    async def test_the_dial_is_turned_by_enter(self, panel: Any) -> None:
        async with panel("tools") as chat:
            await mark(chat, "observer")
            await chat.pilot.press("enter")
            await chat.until(lambda: chat.desk.session.task.autonomy == Autonomy.OBSERVER)

    async def test_a_budget_is_typed_and_nonsense_is_refused(self, panel: Any) -> None:
        async with panel("tools") as chat:
            await mark(chat, "money")
            await chat.pilot.press("enter")
            await chat.until(lambda: len(chat.app.screen_stack) == 3)
            await chat.type("2.5\n")
            await chat.until(lambda: chat.desk.session.task.budgets.cost_uusd == 2_500_000)
            await chat.until(lambda: "$2.50" in chat.text())

    @pytest.mark.parametrize("text", ["-1", "0", "nan", "inf", "much", "1e99"])
    def test_what_is_no_limit(self, text: str) -> None:
        from assistant.types import Budgets

        assert with_budget(Budgets(), "tokens", text) is None
        assert with_budget(Budgets(tokens=5), "tokens", " ") == Budgets()


class TestModels:
    async def test_usable_first_and_why_not(self, panel: Any) -> None:
        async with panel("models") as chat:
            shown = chat.text()
            assert "3 of 4 can be used" in shown
            assert "no key: set OPENAI_API_KEY" in shown
            assert "$3 → $15" in shown
            assert shown.index("builtin/offline") < shown.index("openai/gpt-x")

    async def test_enter_swaps(self, panel: Any) -> None:
        async with panel("models") as chat:
            await mark(chat, "ollama")
            await chat.pilot.press("enter")
            await chat.until(lambda: chat.desk.session.task.model == "ollama/qwen3:8b")
            await chat.until(lambda: "ollama/qwen3:8b" in chat.text())

    async def test_one_that_cannot_be_used_stays_and_says_why(self, panel: Any) -> None:
        async with panel("models") as chat:
            await mark(chat, "openai/gpt-x")
            await chat.pilot.press("enter")
            await chat.pilot.pause(0.1)
            assert chat.desk.session.task.model == "builtin/offline"
            assert len(chat.app.screen_stack) == 2


class TestSettings:
    async def test_every_setting_is_shown_and_explained(self, panel: Any) -> None:
        async with panel("settings") as chat:
            for name, _value in flatten(chat.desk.settings):
                assert meaning(name), f"{name} has no description"
                assert any(name in option.prompt.plain for option in chat.app.screen.query_one("Rows").options), name

    def test_where_a_value_comes_from(self) -> None:
        tree = {"look": {"theme": "light"}}
        assert origin("look.theme", tree, {}) == "config.toml"
        assert origin("look.theme", tree, {"ASSISTANT_THEME": "dark"}) == "ASSISTANT_THEME"
        assert origin("look.language", tree, {}) == "default"
        assert origin("max_steps", tree, {}) == "default"


def test_a_change_of_a_nested_file_has_a_row_for_each_folder() -> None:
    from assistant.ui.review_rows import tree

    rows = tree([Change("a/b/c.txt", "created"), Change("a/d.txt", "changed")], {"a/b/c.txt": (3, 0)}, {})
    assert [name for name, _label in rows] == ["a/", "a/d.txt", "a/b/", "a/b/c.txt"]
