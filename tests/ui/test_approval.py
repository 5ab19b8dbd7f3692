"""The approval card: what it shows, and which keys are answers."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from textual.events import Key

from assistant.agent import events
from assistant.canonical import digest
from assistant.types import Answer, Channel, Effect, Grant, Resource
from assistant.ui.widgets import approval
from tests.ui.fake_desk import MAKE, FakeDesk, request

ALL = (Answer.ONCE, Answer.TASK, Answer.ALWAYS, Answer.NO)
SCOPES = ((Answer.TASK, (MAKE,)), (Answer.ALWAYS, (MAKE,)))


def files(count: int) -> tuple[Grant, ...]:
    """What a lasting yes to writing `count` files would grant."""
    folder = "/home/ada/project/reports/quarterly"
    return tuple(
        Grant("", Effect.WRITE, Resource("file", f"{folder}/report-{n}.txt"), "write_file") for n in range(count)
    )


def asking(*requests: Any) -> FakeDesk:
    return FakeDesk({"go": list(requests) or [request()]})


class TestKeys:
    async def test_y_approves_this_one_action_by_key(self, open_chat: Any) -> None:
        async with open_chat(asking()) as chat:
            await chat.say("go", wait=False)
            await chat.card()
            await chat.pilot.press("y")
            await chat.until(lambda: not chat.screen.turns.active)
            (answer,) = chat.desk.session.answers
            assert (answer.answer, answer.channel) == (Answer.ONCE, Channel.KEY)
            assert answer.digest == digest(request().action)

    async def test_t_approves_for_the_task(self, open_chat: Any) -> None:
        async with open_chat(asking()) as chat:
            await chat.say("go", wait=False)
            await chat.card()
            await chat.pilot.press("t")
            await chat.until(lambda: chat.desk.session.answers)
            assert chat.desk.session.answers[0].answer == Answer.TASK

    async def test_n_is_a_no(self, open_chat: Any) -> None:
        async with open_chat(asking()) as chat:
            await chat.say("go", wait=False)
            await chat.card()
            await chat.pilot.press("n")
            await chat.until(lambda: chat.desk.session.answers)
            assert chat.desk.session.answers[0].answer == Answer.NO

    async def test_w_asks_for_the_reason_and_passes_it_on(self, open_chat: Any) -> None:
        async with open_chat(asking()) as chat:
            await chat.say("go", wait=False)
            await chat.card()
            await chat.pilot.press("w")
            await chat.pilot.pause()
            await chat.type("use make check\n")
            await chat.until(lambda: chat.desk.session.answers)
            answer = chat.desk.session.answers[0]
            assert (answer.answer, answer.reason) == (Answer.NO, "use make check")

    async def test_escape_in_the_reason_leads_back_to_the_answers(self, open_chat: Any) -> None:
        async with open_chat(asking()) as chat:
            await chat.say("go", wait=False)
            await chat.card()
            await chat.pilot.press("w", "x", "escape")
            await chat.pilot.pause()
            assert chat.screen.turns.active
            assert chat.screen.panel.has_focus
            assert not chat.desk.session.answers

    async def test_U1_enter_never_approves(self, open_chat: Any) -> None:
        async with open_chat(asking()) as chat:
            await chat.say("go", wait=False)
            await chat.card()
            await chat.pilot.press("enter", "enter", "space", "tab", "enter")
            await chat.pilot.pause(0.1)
            assert not chat.desk.session.answers
            assert chat.screen.panel.current is not None

    async def test_U1_always_is_pressed_twice(self, open_chat: Any) -> None:
        async with open_chat(asking(request(answers=ALL, scopes=SCOPES))) as chat:
            await chat.say("go", wait=False)
            await chat.card()
            await chat.pilot.press("a")
            await chat.pilot.pause()
            assert not chat.desk.session.answers
            assert "again, to allow it always: run `make …`" in chat.text()
            await chat.pilot.press("a")
            await chat.until(lambda: chat.desk.session.answers)
            assert chat.desk.session.answers[0].answer == Answer.ALWAYS

    async def test_an_answer_that_is_not_offered_is_typing(self, open_chat: Any) -> None:
        async with open_chat(asking(request(answers=(Answer.ONCE, Answer.NO), scopes=()))) as chat:
            await chat.say("go", wait=False)
            await chat.card()
            await chat.pilot.press("t")
            await chat.pilot.pause()
            assert not chat.desk.session.answers
            assert chat.screen.prompt.text == "t"


class TestTypedAhead:
    async def test_U2_a_key_within_the_first_moments_goes_to_the_prompt(
        self, open_chat: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(approval, "ARM_S", 600.0)  # however slow the machine is, these are the first moments
        async with open_chat(asking()) as chat:
            await chat.say("go", wait=False)
            await chat.until(lambda: chat.screen.panel and chat.screen.panel.current)
            chat.screen.panel.focus()  # even if something gave it the focus at once
            await chat.pilot.press("y")
            await chat.until(lambda: chat.screen.prompt.text == "y")
            assert not chat.desk.session.answers

    async def test_U2_a_key_that_was_pressed_before_the_card_stood_is_no_answer(self, open_chat: Any) -> None:
        async with open_chat(asking()) as chat:
            await chat.say("go", wait=False)
            await chat.card()
            late = Key("y", "y")
            late.time = chat.screen.panel.armed_at - 0.01  # pressed earlier, delivered now
            chat.screen.panel.post_message(late)
            await chat.until(lambda: chat.screen.prompt.text == "y")
            assert not chat.desk.session.answers

    async def test_U2_a_card_does_not_take_the_focus_from_someone_who_writes(self, open_chat: Any) -> None:
        gate = asyncio.Event()
        async with open_chat(FakeDesk({"go": [gate, request()]})) as chat:
            await chat.say("go", wait=False)
            await chat.type("and then yyy")
            gate.set()
            await chat.until(lambda: chat.screen.panel and chat.screen.panel.has_class("-armed"))
            await chat.pilot.press("y")
            await chat.until(lambda: chat.screen.prompt.text == "and then yyyy")
            assert not chat.desk.session.answers
            await chat.pilot.press("tab", "y")  # Tab is meant
            await chat.until(lambda: chat.desk.session.answers)

    async def test_U2_a_word_that_begins_with_no_answer_is_typing_to_its_end(self, open_chat: Any) -> None:
        async with open_chat(asking(request(answers=ALL, scopes=SCOPES))) as chat:
            await chat.say("go", wait=False)
            await chat.card()
            await chat.type("stay")
            await chat.until(lambda: chat.screen.prompt.text == "stay")
            assert not chat.desk.session.answers

    async def test_U2_the_next_card_starts_its_own_wait(self, open_chat: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        desk = asking(request("make a"), request("make b", call_id="c2"))
        async with open_chat(desk) as chat:
            await chat.say("go", wait=False)
            await chat.card()
            monkeypatch.setattr(approval, "ARM_S", 600.0)
            await chat.pilot.press("y")
            await chat.until(lambda: chat.screen.panel.current and chat.screen.panel.current.call_id == "c2")
            await chat.pilot.press("y")
            await chat.until(lambda: chat.screen.prompt.text == "y")
            assert len(desk.session.answers) == 1


class TestWhatItShows:
    async def test_U3_the_exact_command_with_control_characters_visible(self, open_chat: Any) -> None:
        hostile = "rm -rf build\x1b[2K\x1b[1Gls\u202e # [bold]harmless[/bold]"
        async with open_chat(asking(request(hostile)), size=(120, 40)) as chat:
            await chat.say("go", wait=False)
            await chat.card()
            shown = chat.text()
            assert r"rm -rf build\x1b[2K\x1b[1Gls\u202e # [bold]harmless[/bold]" in shown
            assert "\x1b" not in shown

    async def test_U3_every_line_of_a_long_argument_can_be_reached(self, open_chat: Any) -> None:
        command = "\n".join(f"echo line-{n}" for n in range(60))
        async with open_chat(asking(request(command)), size=(80, 24)) as chat:
            await chat.say("go", wait=False)
            await chat.card()
            seen: set[str] = set()
            for _ in range(40):
                seen.update(word for word in chat.text().split() if word.startswith("line-"))
                await chat.pilot.press("pagedown")
                await chat.pilot.pause()
            assert seen >= {f"line-{n}" for n in range(60)}
            assert " y " in chat.text(), "the answers stay in view"

    async def test_why_where_from_and_what_would_change(self, open_chat: Any) -> None:
        async with open_chat(asking(), size=(120, 40)) as chat:
            await chat.say("go", wait=False)
            await chat.card()
            shown = chat.text()
            assert "base.execute-asks" in shown
            assert "not from you" in shown
            assert "the page example.com" in shown
            assert "on the stage only" in shown
            assert "for this task: run `make …`" in shown

    async def test_two_questions_are_counted_and_can_be_visited(self, open_chat: Any) -> None:
        async with open_chat(asking(), size=(100, 40)) as chat:
            await chat.say("go", wait=False)
            await chat.card()
            second = request("make b", call_id="c2")
            chat.screen.panel.add(second)
            await chat.pilot.press("right")
            await chat.pilot.pause()
            assert chat.screen.panel.current is second
            assert "2 of 2" in chat.text()
            assert "make b" in chat.text()

    async def test_U1_a_wide_scope_has_one_row_until_it_is_asked_for(self, open_chat: Any) -> None:
        """Nothing is agreed to before the second press, and by then all of it is read."""
        scopes = ((Answer.ALWAYS, files(4)),)
        async with open_chat(asking(request(answers=ALL, scopes=scopes))) as chat:
            await chat.say("go", wait=False)
            await chat.card()
            row = next(row for row in chat.text().splitlines() if "always, in every task" in row)
            assert "…" in row
            assert "a: all of it" in row
            assert "report-3.txt" not in chat.text()
            await chat.pilot.press("a")
            await chat.until(lambda: "report-3.txt" in chat.text())
            assert not chat.desk.session.answers

    async def test_U3_no_scope_is_too_long_to_be_read_in_full(self, open_chat: Any) -> None:
        scopes = ((Answer.TASK, files(40)),)
        async with open_chat(asking(request(answers=ALL, scopes=scopes)), size=(80, 60)) as chat:
            await chat.say("go", wait=False)
            await chat.card()
            assert "all of it above" in chat.text()
            await chat.pilot.press("end")
            await chat.until(lambda: "report-39.txt" in chat.text())


class TestPlace:
    async def test_no_word_moves_aside_when_a_card_comes(self, open_chat: Any) -> None:
        async with open_chat(asking()) as chat:
            await chat.until(lambda: chat.screen.transcript.size.width)
            before = chat.screen.transcript.size.width, chat.screen.prompt.size.width
            await chat.say("go", wait=False)
            await chat.card()
            assert (chat.screen.transcript.size.width, chat.screen.prompt.size.width) == before

    async def test_nor_when_commands_are_listed_or_one_searches(self, open_chat: Any) -> None:
        async with open_chat() as chat:
            await chat.until(lambda: chat.screen.transcript.size.width)
            before = chat.screen.transcript.size.width, chat.screen.prompt.size.width
            await chat.type("/")
            await chat.until(lambda: chat.screen.completion.display)
            assert (chat.screen.transcript.size.width, chat.screen.prompt.size.width) == before
            await chat.pilot.press("escape", "ctrl+f")
            await chat.until(lambda: chat.app.focused is not chat.screen.prompt)
            assert (chat.screen.transcript.size.width, chat.screen.prompt.size.width) == before


class TestWithdrawn:
    async def test_stopping_the_turn_takes_the_card_away(self, open_chat: Any) -> None:
        async with open_chat(asking()) as chat:
            await chat.say("go", wait=False)
            await chat.card()
            await chat.pilot.press("escape")
            await chat.until(lambda: not chat.screen.turns.active)
            assert chat.screen.panel.current is None
            assert not chat.screen.panel.display
            assert chat.screen.prompt.has_focus
            assert not chat.desk.session.answers

    async def test_after_the_answer_the_prompt_has_the_focus(self, open_chat: Any) -> None:
        async with open_chat(asking(request(), events.TextDelta("fine"))) as chat:
            await chat.say("go", wait=False)
            await chat.card()
            await chat.pilot.press("y")
            await chat.until(lambda: not chat.screen.turns.active)
            assert chat.screen.prompt.has_focus
