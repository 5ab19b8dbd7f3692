"""Editing what was said earlier, and branches of a task, as a person makes them."""

from __future__ import annotations

from typing import Any

import pytest
from textual.message import Message as TextualMessage

from assistant.agent.branching import AppliedSet
from assistant.types import ImagePart, Message, TextPart
from assistant.ui.conversation import Said
from assistant.ui.widgets.said import SaidView
from tests.ui import fake_desk
from tests.ui.fake_desk import FakeDesk, words


class TestEditingWhatWasSaid:
    """An earlier message is opened in the prompt; sending it opens a branch beside the task."""

    async def test_edit_opens_the_last_message_and_enter_makes_a_branch(self, open_chat: Any) -> None:
        async with open_chat(FakeDesk(default=words("hello"))) as chat:
            await chat.say("first")
            await chat.say("secnod")
            await chat.say("/edit")
            await chat.until(lambda: chat.screen.prompt.text == "secnod")
            assert "as a branch" in str(chat.screen.prompt.border_title)
            old = chat.screen
            chat.screen.prompt.put("second")
            await chat.pilot.press("enter")
            await chat.until(lambda: chat.screen is not old and chat.screen.session and not chat.screen.turns.active)
            (point, take_back) = chat.desk.branched[0]
            assert (point.seq, take_back) == (1002, False)
            assert chat.desk.session.prompts == ["second"]
            assert [i.text for i in old.conversation.items if isinstance(i, Said)] == ["first", "secnod"]
            assert old.prompt.text == ""

    async def test_its_pictures_are_in_the_prompt_again_and_go_along(self, open_chat: Any) -> None:
        images = [ImagePart("image/png", mark * 64) for mark in "ab"]
        text = "compare [image 1: x.png, 1×1, 68 B] and [image 2: y.png, 1×1, 68 B]"
        desk = FakeDesk(history=[Message("user", (TextPart(text), *images))])
        async with open_chat(desk, resume="t1") as chat:
            await chat.until(lambda: "compare" in chat.text())
            await chat.say("/edit")
            await chat.until(lambda: chat.screen.prompt.text.startswith("compare [image"))
            old = chat.screen
            only = chat.screen.prompt.text.replace("[image 1: x.png, 1×1, 68 B] and ", "")
            chat.screen.prompt.put(only)  # a mark that is taken out takes its picture with it
            await chat.pilot.press("enter")
            await chat.until(lambda: chat.screen is not old and chat.screen.session and not chat.screen.turns.active)
            assert chat.desk.session.images == [images[1]]
            assert "not kept any more" not in chat.text()

    async def test_giving_up_at_once_keeps_no_copy_with_other_numbers(self, open_chat: Any) -> None:
        image = ImagePart("image/png", "a" * 64)
        desk = FakeDesk(history=[Message("user", (TextPart("see [image 9: x.png, 1×1, 68 B]"), image))])
        async with open_chat(desk, resume="t1") as chat:
            await chat.until(lambda: "see" in chat.text())
            await chat.say("/edit")
            await chat.until(lambda: chat.screen.prompt.text == "see [image 1: x.png, 1×1, 68 B]")
            await chat.pilot.press("escape", "up")
            await chat.until(lambda: chat.screen.prompt.text == "/edit")

    async def test_which_models_there_are_is_said_once_in_a_run(
        self, open_chat: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(fake_desk, "MODELS", [m for m in fake_desk.MODELS if m.provider == "builtin"])
        async with open_chat(FakeDesk(default=words("hello"), earlier=0), size=(100, 40)) as chat:
            await chat.until(lambda: "No model was found" in chat.text())
            await chat.say("first")
            await chat.say("/edit")
            await chat.until(lambda: chat.screen.prompt.text == "first")
            old = chat.screen
            await chat.pilot.press("enter")
            await chat.until(lambda: chat.screen is not old and chat.screen.session and not chat.screen.turns.active)
            await chat.app.workers.wait_for_complete()
            await chat.pilot.pause()
            assert "No model was found" not in chat.text()

    async def test_a_focused_message_is_edited_by_enter_and_letters_go_to_the_prompt(self, open_chat: Any) -> None:
        async with open_chat(FakeDesk(default=words("hello"))) as chat:
            await chat.say("first")
            await chat.say("second")
            await chat.pilot.press("ctrl+up", "ctrl+up")
            await chat.until(lambda: isinstance(chat.screen.focused, SaidView))
            await chat.pilot.press("x")
            await chat.until(lambda: chat.screen.prompt.has_focus and chat.screen.prompt.text == "x")
            chat.screen.prompt.put("")
            await chat.pilot.press("ctrl+down")
            await chat.until(lambda: isinstance(chat.screen.focused, SaidView))
            await chat.pilot.press("enter")
            await chat.until(lambda: chat.screen.prompt.text == "second" and chat.screen.prompt.has_focus)

    async def test_U7_esc_gives_the_draft_back(self, open_chat: Any) -> None:
        async with open_chat(FakeDesk(default=words("hello"))) as chat:
            await chat.say("first")
            chat.screen.prompt.put("a draft")
            chat.screen.editing.begin(chat.screen.editing.nth_last(1))
            await chat.until(lambda: chat.screen.prompt.text == "first")
            await chat.pilot.press("escape")
            await chat.until(lambda: chat.screen.prompt.text == "a draft")
            assert not chat.screen.prompt.border_title
            await chat.pilot.press("enter")
            await chat.until(lambda: chat.desk.session.prompts == ["first", "a draft"])
            assert chat.desk.branched == []

    async def test_U7_what_was_changed_before_giving_up_is_one_key_away(self, open_chat: Any) -> None:
        async with open_chat(FakeDesk(default=words("hello"))) as chat:
            await chat.say("first")
            await chat.say("/edit")
            await chat.until(lambda: chat.screen.editing.active)
            chat.screen.prompt.put("first, but longer")
            await chat.pilot.press("escape")
            await chat.until(lambda: chat.screen.prompt.text == "")
            await chat.pilot.press("up")
            await chat.until(lambda: chat.screen.prompt.text == "first, but longer")

    async def test_what_was_applied_since_is_asked_about_and_can_be_taken_back(self, open_chat: Any) -> None:
        desk = FakeDesk(default=words("hello"))
        desk.applied_since = [AppliedSet("t1", "u1", 2)]
        for key, taken in (("n", None), ("t", True)):
            async with open_chat(desk) as chat:
                await chat.say("first")
                await chat.say("/edit")
                await chat.until(lambda chat=chat: chat.screen.editing.active)
                await chat.pilot.press("enter")
                await chat.until(lambda chat=chat: "2 changes were applied" in chat.text())
                await chat.until(lambda chat=chat: TextualMessage().time > chat.app.screen._armed_at)
                await chat.pilot.press(key)
                await chat.until(lambda chat=chat: "2 changes were applied" not in chat.text())
                if taken is None:
                    await chat.until(lambda chat=chat: chat.screen.prompt.text == "first")
                    assert desk.branched == []
                else:
                    await chat.until(lambda: [t for _p, t in desk.branched] == [True])

    async def test_U7_while_a_turn_runs_or_when_it_cant_be_done_the_words_stay(self, open_chat: Any) -> None:
        async with open_chat(FakeDesk({"slow": [60.0]}, default=words("hello"))) as chat:
            await chat.say("first")
            await chat.say("slow", wait=False)
            await chat.until(lambda: chat.screen.turns.active)
            chat.screen.editing.begin(chat.screen.editing.nth_last(2))
            chat.screen.prompt.put("first again")
            await chat.pilot.press("enter")
            await chat.until(lambda: any("Esc stops it" in n.message for n in chat.app._notifications))
            assert (chat.screen.prompt.text, chat.desk.branched) == ("first again", [])
            chat.screen.turns.stop()
            await chat.until(lambda: not chat.screen.turns.active)
            chat.desk.erased = {1001}
            await chat.pilot.press("enter")
            await chat.until(lambda: "erased" in chat.text())
            assert (chat.screen.prompt.text, chat.desk.branched) == ("first again", [])

    async def test_U7_neither_a_draft_nor_a_change_is_lost_between_two_messages_that_are_edited(
        self, open_chat: Any
    ) -> None:
        async with open_chat(FakeDesk(default=words("hello"))) as chat:
            await chat.say("first")
            await chat.say("second")
            chat.screen.prompt.put("a draft")
            chat.screen.editing.begin(chat.screen.editing.nth_last(1))
            chat.screen.prompt.put("second, but longer")
            chat.screen.editing.begin(chat.screen.editing.nth_last(2))
            chat.desk.erased = {1001}
            await chat.pilot.press("enter")
            await chat.until(lambda: "erased" in chat.text())
            assert chat.screen.prompt.text == "first"
            chat.screen.prompt.put("")
            seen: list[str] = []
            for _key in range(4):
                await chat.pilot.press("up")
                seen.append(chat.screen.prompt.text)
            assert {"a draft", "second, but longer"} <= set(seen)

    async def test_U7_the_draft_stays_in_the_task_that_was_branched(self, open_chat: Any) -> None:
        async with open_chat(FakeDesk(default=words("hello"))) as chat:
            await chat.say("first")
            old = chat.screen
            old.prompt.put("a draft")
            old.editing.begin(old.editing.nth_last(1))
            old.prompt.put("first again")
            await chat.pilot.press("enter")
            await chat.until(lambda: chat.screen is not old and chat.screen.session and not chat.screen.turns.active)
            assert chat.desk.session.prompts == ["first again"]
            assert (old.prompt.text, chat.screen.prompt.text) == ("a draft", "")

    async def test_U7_who_is_asked_and_does_not_branch_has_both_the_change_and_the_draft(self, open_chat: Any) -> None:
        desk = FakeDesk(default=words("hello"))
        desk.applied_since = [AppliedSet("t1", "u1", 2)]
        async with open_chat(desk) as chat:
            await chat.say("first")
            prompt = chat.screen.prompt
            prompt.put("a draft")
            chat.screen.editing.begin(chat.screen.editing.nth_last(1))
            prompt.put("first again")
            await chat.pilot.press("enter")
            await chat.until(lambda: "2 changes were applied" in chat.text())
            await chat.until(lambda: TextualMessage().time > chat.app.screen._armed_at)
            await chat.pilot.press("n")
            await chat.until(lambda: prompt.text == "first again")
            await chat.pilot.press("escape")
            await chat.until(lambda: prompt.text == "a draft")
            assert desk.branched == []

    async def test_U7_the_words_stay_when_something_breaks_that_nobody_thought_of(
        self, open_chat: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def broken(*_args: Any) -> None:
            raise RuntimeError("the database is gone")

        desk = FakeDesk(default=words("hello"))
        async with open_chat(desk) as chat:
            await chat.say("first")
            monkeypatch.setattr(desk, "branch_point", broken)
            chat.screen.prompt.put("a draft")
            chat.screen.editing.begin(chat.screen.editing.nth_last(1))
            chat.screen.prompt.put("first again")
            await chat.pilot.press("enter")
            await chat.until(lambda: any("the database is gone" in n.message for n in chat.app._notifications))
            assert chat.screen.prompt.text == "first again"
            chat.screen.prompt.put("")
            await chat.pilot.press("up")
            await chat.until(lambda: chat.screen.prompt.text == "a draft")

    async def test_U7_a_picture_that_was_only_renumbered_is_no_change(self, open_chat: Any) -> None:
        image = ImagePart("image/png", "a" * 64)
        mark = "[image 9: x.png, 1×1, 68 B]"
        history = [Message("user", (TextPart("hi"),)), Message("user", (TextPart(f"see {mark}"), image))]
        async with open_chat(FakeDesk(history=history), resume="t1") as chat:
            await chat.until(lambda: "see" in chat.text())
            chat.screen.editing.begin(chat.screen.editing.nth_last(1))
            await chat.until(lambda: chat.screen.prompt.text.startswith("see [image 1"))
            chat.screen.editing.begin(chat.screen.editing.nth_last(2))
            assert chat.screen.prompt.text == "hi"
            assert not any("[image 1:" in text for text in chat.screen.prompt._history)

    async def test_branch_opens_a_copy_beside_the_task(self, open_chat: Any) -> None:
        history = [Message("user", (TextPart("hi"),)), Message("assistant", (TextPart("hello you"),))]
        async with open_chat(FakeDesk(history=history), resume="t1") as chat:
            old = chat.screen
            await chat.say("/branch")
            await chat.until(lambda: chat.screen is not old and chat.screen.session is not None)
            await chat.until(lambda: "hello you" in chat.text())
            assert chat.desk.branched[0][0].at_end
