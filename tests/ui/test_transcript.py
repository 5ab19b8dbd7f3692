"""The transcript as a window over a long conversation."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

from assistant.agent import events
from assistant.ui.conversation import Said
from assistant.ui.widgets.said import SaidView
from assistant.ui.widgets.transcript import CHUNK, FIRST, WINDOW
from tests.ui.fake_desk import FakeDesk, call, long_history, words


def mounted(chat: Any) -> int:
    return len(chat.screen.transcript._views)


class TestWindow:
    async def test_U9_a_long_task_mounts_only_its_end(self, open_chat: Any) -> None:
        async with open_chat(FakeDesk(history=long_history(2_000, 400)), resume="t1") as chat:
            await chat.until(lambda: mounted(chat) == FIRST)
            last = next(i for i in reversed(chat.screen.conversation.items) if isinstance(i, Said))
            assert last.text.split(":")[0] in chat.text()

    async def test_U9_scrolling_up_shows_everything_and_stays_bounded(self, open_chat: Any) -> None:
        async with open_chat(FakeDesk(history=long_history(160, 20)), resume="t1", size=(80, 30)) as chat:
            await chat.until(lambda: mounted(chat))
            seen: set[str] = set()
            for _ in range(200):
                seen.update(re.findall(r"Question (\d+):", chat.text()))
                chat.screen.action_page(-1)
                await chat.pilot.pause(0.02)
                assert mounted(chat) <= WINDOW + CHUNK
                if "Question 1:" in chat.text():
                    break
            seen.update(re.findall(r"Question (\d+):", chat.text()))
            asked = sum(isinstance(i, Said) for i in chat.screen.conversation.items)
            assert len(seen) == asked, "no message is skipped on the way up"

    async def test_what_is_looked_at_stays_in_place_while_older_ones_are_mounted(self, open_chat: Any) -> None:
        async with open_chat(FakeDesk(history=long_history(160, 0)), resume="t1", size=(80, 30)) as chat:
            await chat.until(lambda: mounted(chat))
            for _ in range(12):
                before = [row for row in chat.text().splitlines() if "Question" in row]
                chat.screen.action_page(-1)
                await chat.pilot.pause(0.05)
                after = [row for row in chat.text().splitlines() if "Question" in row]
                numbers = [int(row.split("Question ")[1].split(":")[0]) for row in (*before, *after)]
                assert max(numbers) - min(numbers) <= 24, "a page up moves by about a page, never by a window"

    async def test_ctrl_end_leads_back_and_new_words_are_followed_again(self, open_chat: Any) -> None:
        async with open_chat(
            FakeDesk({"go": words("the very newest")}, history=long_history(160, 0)), resume="t1"
        ) as chat:
            await chat.until(lambda: mounted(chat))
            for _ in range(30):
                chat.screen.action_page(-1)
                await chat.pilot.pause()
            await chat.pilot.press("ctrl+end")
            await chat.say("go")
            await chat.until(lambda: "the very newest" in chat.text())

    async def test_someone_who_reads_above_is_not_pulled_down(self, open_chat: Any) -> None:
        gate = asyncio.Event()
        script: list[Any] = [gate, *[s for n in range(30) for s in (events.TextDelta(f"new {n}\n\n"), 0.01)]]
        async with open_chat(FakeDesk({"go": script}, history=long_history(100, 0)), resume="t1") as chat:
            await chat.until(lambda: mounted(chat))
            await chat.say("go", wait=False)
            await chat.until(lambda: chat.screen.turns.active)
            await chat.pilot.press("pageup", "pageup")
            await chat.until(lambda: not chat.screen.transcript.following and not chat.screen.transcript._moving)
            before = [row[:75].rstrip() for row in chat.text().splitlines()[:12]]  # without the scroll bar
            gate.set()
            await chat.until(lambda: not chat.screen.turns.active)
            await chat.until(lambda: not any(view.drawing for view in chat.screen.query("AnswerView")))
            assert [row[:75].rstrip() for row in chat.text().splitlines()[:12]] == before

    async def test_a_live_turn_of_many_calls_stays_bounded(self, open_chat: Any) -> None:
        script = [step for n in range(200) for step in call(f"c{n}", "read_file", f"read_file: {n}.txt")]
        async with open_chat(FakeDesk({"go": script})) as chat:
            await chat.say("go")
            assert mounted(chat) <= WINDOW + CHUNK
            await chat.until(lambda: "199.txt" in chat.text())


class TestMoving:
    async def test_jumping_goes_from_prompt_to_prompt(self, open_chat: Any) -> None:
        async with open_chat(FakeDesk(history=long_history(200, 0)), resume="t1", size=(80, 20)) as chat:
            await chat.until(lambda: mounted(chat))

            def at(number: int) -> bool:
                """Whether the prompt of that number has the focus and is in view."""
                view = chat.screen.focused
                here = isinstance(view, SaidView) and view.item.text.startswith(f"Question {number}:")
                return here and f"Question {number}:" in chat.text()

            for number in range(199, 149, -2):
                await chat.pilot.press("ctrl+up")
                await chat.until(lambda number=number: at(number))
            await chat.pilot.press("ctrl+down")
            await chat.until(lambda: at(153))

    async def test_jumping_starts_from_what_is_looked_at(self, open_chat: Any) -> None:
        async with open_chat(FakeDesk(history=long_history(200, 0)), resume="t1", size=(80, 20)) as chat:
            await chat.until(lambda: mounted(chat))
            chat.screen.prompt.put("a draft keeps the focus")
            await chat.screen.transcript.reveal(100)
            await chat.until(lambda: "Question 101:" in chat.text().splitlines()[1])
            await chat.pilot.press("ctrl+up")
            await chat.until(lambda: "Question 99:" in chat.text().splitlines()[1])
            assert chat.screen.prompt.has_focus

    async def test_search_finds_what_is_not_mounted(self, open_chat: Any) -> None:
        async with open_chat(FakeDesk(history=long_history(1_000, 0)), resume="t1") as chat:
            await chat.until(lambda: mounted(chat))
            await chat.pilot.press("ctrl+f")
            await chat.pilot.pause()
            await chat.type("item 77?")
            await chat.until(lambda: "Question 77:" in chat.text() and "1/1" in chat.text())
            await chat.pilot.press("escape")
            await chat.pilot.pause()
            assert chat.screen.prompt.has_focus

    async def test_enter_walks_the_matches_backwards(self, open_chat: Any) -> None:
        async with open_chat(FakeDesk(history=long_history(100, 0)), resume="t1") as chat:
            await chat.until(lambda: mounted(chat))
            await chat.say("/find Question")
            await chat.until(lambda: "50/50" in chat.text())
            await chat.pilot.press("enter", "enter")
            await chat.until(lambda: "48/50" in chat.text())


class TestCopy:
    async def test_the_last_answer_is_copied_as_markdown(self, open_chat: Any) -> None:
        async with open_chat(FakeDesk({"go": words("some **bold** words")})) as chat:
            await chat.say("go")
            await chat.pilot.press("alt+c")
            assert chat.app.clipboard == "some **bold** words"

    async def test_text_selected_with_the_mouse_is_copied_by_ctrl_c(self, open_chat: Any) -> None:
        async with open_chat(FakeDesk({"go": words("alpha beta gamma")})) as chat:
            await chat.say("go")
            await chat.until(lambda: "alpha beta" in chat.text())
            rows = chat.text().splitlines()
            y, x = next((y, row.index("alpha")) for y, row in enumerate(rows) if "alpha" in row)
            await chat.pilot.mouse_down(offset=(x, y))
            await chat.pilot.hover(offset=(x + 10, y))
            await chat.pilot.mouse_up(offset=(x + 10, y))
            await chat.pilot.press("ctrl+c")
            await chat.pilot.pause()
            assert "alpha beta" in chat.app.clipboard


class TestPlaceOfAnAnswer:
    """From the moment a model was asked, its answer has a place on the screen."""

    async def test_the_first_words_move_nothing(self, open_chat: Any) -> None:
        asked, more = asyncio.Event(), asyncio.Event()
        script = [events.ModelStarted("m", 1), asked, events.TextDelta("first words"), more]
        async with open_chat(FakeDesk({"go": script}, history=long_history(40, 0)), resume="t1") as chat:
            await chat.until(lambda: mounted(chat))
            await chat.say("go", wait=False)
            await chat.until(lambda: chat.screen.transcript._place and chat.screen.transcript._place.size.height == 2)
            place = chat.screen.transcript._place
            before = place.region
            asked.set()
            await chat.until(lambda: "first words" in chat.text())
            assert chat.screen.transcript.view(chat.screen.conversation.items[-1]) is place
            assert place.region == before
            more.set()

    async def test_whatever_an_answer_begins_with_it_takes_the_place(self, open_chat: Any) -> None:
        for text in (
            "# A head",
            "- a\n- b",
            "| a | b |\n|---|---|\n| 1 | 2 |",
            "```py\nx = 1\n```",
            "\n\nlate words",
            "> said",
        ):
            async with open_chat(FakeDesk({"go": [events.ModelStarted("m", 1), 0.1, events.TextDelta(text)]})) as chat:
                await chat.say("go")
                await chat.pilot.pause()
                view = chat.screen.query_one("AnswerView")
                rows = ["".join(s.text for s in view.render_line(y)).strip() for y in range(view.size.height)]
                assert [bool(row) for row in rows] == [False, *[True] * max(1, len(rows) - 1)], text

    async def test_a_call_an_error_and_the_next_prompt_leave_nothing_of_it(self, open_chat: Any) -> None:
        scripts = {
            "call": [events.ModelStarted("m", 1), 0.1, *call("c1", "read_file", "read_file: a.txt")],
            "thought": [events.ModelStarted("m", 1), 0.1, events.ReasoningDelta("hm"), *words("so")],
            "error": [events.ModelStarted("m", 1), 0.1, events.TurnFinished("failed", 4, "no network")],
            "silence": [events.ModelStarted("m", 1), 0.1, events.ModelStarted("m", 2), 0.1],
        }
        async with open_chat(FakeDesk(scripts)) as chat:
            for prompt in scripts:
                await chat.say(prompt)
                await chat.pilot.pause()
                views = [view for view in chat.screen.transcript.children if hasattr(view, "item")]
                assert [view.item for view in views] == chat.screen.conversation.items, prompt

    async def test_it_keeps_its_order_when_someone_scrolls_away_meanwhile(self, open_chat: Any) -> None:
        asked = asyncio.Event()
        script = [events.ModelStarted("m", 1), asked, events.TextDelta("the answer")]
        async with open_chat(FakeDesk({"go": script}, history=long_history(300, 0)), resume="t1") as chat:
            await chat.until(lambda: mounted(chat))
            await chat.say("go", wait=False)
            await chat.until(lambda: chat.screen.transcript._place)
            for _ in range(80):
                chat.screen.action_page(-1)
                await chat.pilot.pause()
            assert chat.screen.transcript._last < len(chat.screen.conversation.items), "far away"
            asked.set()
            await chat.until(lambda: not chat.screen.turns.active)
            for _ in range(400):
                chat.screen.action_page(1)
                await chat.pilot.pause()
                if "the answer" in chat.text():
                    break
            items = chat.screen.conversation.items
            shown = [view.item for view in chat.screen.transcript.children]
            assert shown == items[-len(shown) :]

    async def test_who_goes_to_another_task_meanwhile_finds_the_answer_there(self, open_chat: Any) -> None:
        asked = asyncio.Event()
        script = [
            events.ModelStarted("m", 1),
            asked,
            *words("the answer\n\n- one\n- two"),
            *call("c", "list_dir", "ls"),
        ]
        async with open_chat(FakeDesk({"go": script}, history=long_history(40, 0)), resume="t1") as chat:
            await chat.until(lambda: mounted(chat))
            await chat.say("go", wait=False)
            await chat.until(lambda: chat.screen.transcript._place)
            old = chat.screen
            chat.app.open_chat(Path("/home/ada/other"))
            await chat.until(lambda: chat.screen is not old and chat.screen.session is not None)
            asked.set()
            await chat.until(lambda: not old.turns.active)
            await chat.pilot.resize_terminal(60, 20)
            await chat.pilot.press("ctrl+t")
            await chat.until(lambda: chat.screen is old and "the answer" in chat.text() and "two" in chat.text())
            items = old.conversation.items
            shown = [view.item for view in old.transcript.children]
            assert shown == items[-len(shown) :]
            assert old.transcript._place is None

    async def test_the_end_is_in_view_in_the_frame_in_which_a_line_below_appears(self, open_chat: Any) -> None:
        async with open_chat(FakeDesk(history=long_history(40, 0)), resume="t1") as chat:
            await chat.until(lambda: mounted(chat))
            transcript, frames = chat.screen.transcript, []
            shown = chat.app._display
            chat.app._display = lambda *a: (frames.append(transcript.scroll_y + transcript.size.height), shown(*a))[1]
            chat.screen.activity.begin("thinking")
            await chat.until(lambda: "thinking" in chat.text())
            assert set(frames) == {transcript.virtual_size.height}
