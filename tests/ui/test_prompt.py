"""Writing: lines, history, completion, paste, wide characters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.events import Key, Paste

from assistant.ui.files import search
from assistant.ui.widgets.completion import Choice, Completion
from assistant.ui.widgets.prompt import LONG_PASTE
from tests.ui.fake_desk import FakeDesk


class TestLines:
    async def test_enter_sends_ctrl_j_and_shift_enter_do_not(self, open_chat: Any) -> None:
        async with open_chat() as chat:
            await chat.pilot.press("a", "ctrl+j", "b", "shift+enter", "c", "alt+enter", "d", "enter")
            await chat.until(lambda: chat.desk.session.prompts)
            assert chat.desk.session.prompts == ["a\nb\nc\nd"]

    async def test_an_empty_prompt_is_not_sent(self, open_chat: Any) -> None:
        async with open_chat() as chat:
            await chat.pilot.press("enter", "space", "enter")
            await chat.pilot.pause(0.05)
            assert chat.desk.session.prompts == []

    async def test_it_grows_with_its_text_and_shrinks_again(self, open_chat: Any) -> None:
        async with open_chat() as chat:
            assert chat.screen.prompt.size.height == 1
            await chat.pilot.press("a", "ctrl+j", "b", "ctrl+j", "c")
            await chat.pilot.pause()
            assert chat.screen.prompt.size.height == 3
            await chat.pilot.press("enter")
            await chat.until(lambda: chat.screen.prompt.size.height == 1)

    async def test_wide_characters_wrap_by_cells_and_the_caret_stands_behind_them(self, open_chat: Any) -> None:
        async with open_chat(size=(30, 20)) as chat:
            chat.screen.prompt.put("整理照片" * 5)
            await chat.pilot.pause()
            assert chat.screen.prompt.size.height == 2
            where = chat.screen.prompt.cursor_screen_offset
            first = chat.screen.prompt.wrap_width // 2
            assert where.x == chat.screen.prompt.content_region.x + (20 - first) * 2
            # Input methods draw at the terminal's cursor: it must stand where the caret is.
            assert chat.app.cursor_position == where


class TestHistory:
    async def test_up_and_down_at_the_edges_walk_it_and_keep_the_draft(self, open_chat: Any) -> None:
        async with open_chat() as chat:
            await chat.say("one")
            await chat.say("two")
            await chat.type("draft")
            await chat.pilot.press("up")
            assert chat.screen.prompt.text == "two"
            await chat.pilot.press("up")
            assert chat.screen.prompt.text == "one"
            await chat.pilot.press("up")
            assert chat.screen.prompt.text == "one"
            await chat.pilot.press("down", "down")
            assert chat.screen.prompt.text == "draft"

    async def test_U7_what_was_changed_in_the_history_is_there_when_one_comes_back(self, open_chat: Any) -> None:
        async with open_chat() as chat:
            await chat.say("one")
            await chat.say("two")
            await chat.pilot.press("up", "!", "up", "down")
            assert chat.screen.prompt.text == "two!"
            await chat.pilot.press("down")
            assert chat.screen.prompt.text == ""

    async def test_U7_a_draft_is_one_key_away_after_something_else_was_sent(self, open_chat: Any) -> None:
        async with open_chat() as chat:
            await chat.say("one")
            chat.screen.prompt.post_message(Paste("long\n" * LONG_PASTE))
            await chat.until(lambda: "pasted text 1" in chat.screen.prompt.text)
            await chat.pilot.press("up", "enter")
            await chat.until(lambda: chat.desk.session.prompts == ["one", "one"])
            await chat.pilot.press("up", "up")
            assert chat.screen.prompt.text == "long\n" * LONG_PASTE

    async def test_U7_a_command_that_comes_back_does_not_take_the_place_of_what_was_typed_since(
        self, open_chat: Any
    ) -> None:
        async with open_chat() as chat:
            chat.screen.prompt.put("/wrnog")
            chat.screen.prompt.post_message(Key("enter", "\r"))
            for letter in "next":
                chat.screen.prompt.post_message(Key(letter, letter))
            await chat.until(lambda: "there is no command" in chat.text())
            assert sorted(chat.screen.prompt.text) == sorted("/wrnog\nnext")

    async def test_inside_several_lines_the_arrows_move_the_caret(self, open_chat: Any) -> None:
        async with open_chat() as chat:
            await chat.say("one")
            await chat.pilot.press("a", "ctrl+j", "b", "up")
            assert chat.screen.prompt.text == "a\nb"
            await chat.pilot.press("up")
            assert chat.screen.prompt.text == "one"


class TestCommandCompletion:
    async def test_U7_what_stands_behind_the_cursor_and_what_is_typed_too_fast_stays(self, open_chat: Any) -> None:
        async with open_chat() as chat:
            await chat.type("/ren")
            await chat.until(lambda: "/rename" in chat.text())
            chat.screen.prompt.post_message(Key("tab", None))
            chat.screen.prompt.post_message(Key("X", "X"))
            await chat.until(lambda: chat.screen.prompt.text == "/rename X")
            chat.screen.prompt.put("/renwords behind")
            chat.screen.prompt.move_cursor((0, 4))
            await chat.until(lambda: "/rename" in chat.text())
            await chat.pilot.press("tab")
            await chat.until(lambda: chat.screen.prompt.text == "/rename words behind")

    async def test_slash_lists_commands_and_tab_takes_one(self, open_chat: Any) -> None:
        async with open_chat() as chat:
            await chat.type("/re")
            await chat.until(lambda: "/review" in chat.text() and "/rename" in chat.text())
            await chat.pilot.press("tab")
            await chat.pilot.pause()
            assert chat.screen.prompt.text == "/review"

    async def test_enter_on_a_command_without_arguments_runs_it(self, open_chat: Any) -> None:
        async with open_chat() as chat:
            await chat.type("/hel\n")
            await chat.until(lambda: len(chat.app.screen_stack) == 2)

    async def test_escape_closes_the_list_and_keeps_the_text(self, open_chat: Any) -> None:
        async with open_chat() as chat:
            await chat.type("/mo")
            await chat.pilot.press("escape")
            await chat.pilot.pause()
            assert "change the model" not in chat.text()
            assert chat.screen.prompt.text == "/mo"


class TestFileMention:
    async def test_at_finds_files_by_their_letters(self, open_chat: Any, tmp_path: Path) -> None:
        (tmp_path / "notes").mkdir()
        (tmp_path / "notes" / "travel plan.md").write_text("x")
        (tmp_path / "other.txt").write_text("x")
        async with open_chat(folder=tmp_path) as chat:
            await chat.type("see @trvpl")
            await chat.until(lambda: "travel plan.md" in chat.text())
            await chat.pilot.press("tab")
            await chat.pilot.pause()
            assert chat.screen.prompt.text == 'see @"notes/travel plan.md" '

    def test_matches_in_the_name_come_before_matches_in_the_folder(self, tmp_path: Path) -> None:
        for name in ("app/zebra.py", "lib/app.py", "a/p/p.txt", ".git/app.py"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text("")
        found = search(str(tmp_path), "app", 10)
        assert found[0] in ("app/", "lib/app.py")
        assert "app/zebra.py" in found
        assert not any(path.startswith(".git") for path in found)

    def test_what_was_typed_is_text_not_a_pattern(self, tmp_path: Path) -> None:
        (tmp_path / "a(b.txt").write_text("")
        assert search(str(tmp_path), "(b", 10) == ["a(b.txt"]


class TestPaste:
    async def test_a_long_paste_is_folded_on_the_screen_and_sent_in_full(self, open_chat: Any) -> None:
        text = "".join(f"line {n}\n" for n in range(LONG_PASTE // 5))
        async with open_chat() as chat:
            await chat.type("read: ")
            chat.screen.prompt.post_message(Paste(text))
            await chat.until(lambda: "pasted text 1" in chat.text())
            await chat.pilot.press("enter")
            await chat.until(lambda: chat.desk.session.prompts)
            assert chat.desk.session.prompts == ["read: " + text]

    async def test_control_characters_of_a_paste_are_dropped(self, open_chat: Any) -> None:
        async with open_chat() as chat:
            chat.screen.prompt.post_message(Paste("a\x1b[31mb\r\nc\x07"))
            await chat.until(lambda: chat.screen.prompt.text == "a[31mb\nc")

    async def test_a_pasted_newline_does_not_send(self, open_chat: Any) -> None:
        async with open_chat() as chat:
            chat.screen.prompt.post_message(Paste("rm -rf /\n"))
            await chat.pilot.pause(0.05)
            assert chat.desk.session.prompts == []


class TestDuringATurn:
    async def test_typing_goes_on_while_an_answer_streams(self, open_chat: Any) -> None:
        from assistant.agent import events

        script: list[Any] = [step for n in range(40) for step in (events.TextDelta(f"word{n} "), 0.01)]
        async with open_chat(FakeDesk({"go": script})) as chat:
            await chat.say("go", wait=False)
            await chat.type("meanwhile")
            assert chat.screen.prompt.text == "meanwhile"
            await chat.until(lambda: not chat.screen.turns.active)
            assert chat.screen.prompt.text == "meanwhile"


class TestTypingAheadOfTheList:
    async def test_enter_takes_no_row_of_a_list_that_was_made_for_another_text(self, open_chat: Any) -> None:
        async with open_chat(FakeDesk()) as chat:
            await chat.until(lambda: chat.screen.session is not None)
            offered = chat.screen.query_one(Completion)
            chat.screen.prompt.put("/log")
            offered.offer([Choice("/help")], "/")
            assert not offered.take_key("enter", chat.screen.prompt.text)
            assert not offered.display


class TestCostOfAKey:
    async def test_a_letter_changes_the_prompt_alone(self, open_chat: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        async with open_chat(FakeDesk()) as chat:
            await chat.type("one")
            await chat.pilot.pause()
            layouts: list[object] = []
            real = type(chat.screen)._refresh_layout
            monkeypatch.setattr(
                type(chat.screen), "_refresh_layout", lambda *a, **k: (layouts.append(a), real(*a, **k))[1]
            )
            await chat.type(" two three")
            await chat.pilot.pause()
            assert "one two three" in chat.text()
            assert not layouts, "the whole screen was laid out anew"
