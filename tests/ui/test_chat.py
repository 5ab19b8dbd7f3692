"""The chat: prompts in, events drawn, nothing lost."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from assistant.agent import events
from assistant.errors import FolderError, ModelError
from assistant.types import Answer, Message, TextPart, ToolResult
from assistant.ui import commands
from assistant.ui.conversation import Card, Note
from assistant.ui.widgets.status_line import Status, status_content
from tests.ui.fake_desk import FakeDesk, call, changes, long_history, request, words


class TestATurn:
    async def test_the_prompt_is_sent_and_the_answer_drawn_as_markdown(self, open_chat: Any) -> None:
        async with open_chat(FakeDesk({"hi": words("Hello **you**, `code`.")})) as chat:
            await chat.type("hi\n")
            await chat.until(lambda: "Hello you, code." in chat.text())
            assert chat.desk.session.prompts == ["hi"]

    async def test_a_call_becomes_a_card_with_its_state_in_words(self, open_chat: Any) -> None:
        script = [
            *call("a", "list_dir", "list_dir: src", "x\n"),
            *call("b", "run_command", "run: make", "boom\n", ok=False, code="failed"),
        ]
        async with open_chat(FakeDesk({"go": script})) as chat:
            await chat.say("go")
            await chat.until(lambda: "failed" in chat.text())
            shown = chat.text()
            assert "done list_dir" in shown
            assert "failed run_command" in shown
            assert "boom" in shown, "what a failed call printed is shown without asking"

    async def test_a_call_that_could_not_begin_says_so_in_words_not_in_a_code(self, open_chat: Any) -> None:
        told = "`plot` is not one of the tools; tools that are on: read_file"
        result = ToolResult("a", False, f"unknown_tool: {told}", "unknown_tool")
        script = [events.CallStarted("a", "plot", "plot {}"), events.CallFinished("a", "plot", result)]
        async with open_chat(FakeDesk({"go": script})) as chat:
            await chat.say("go")
            await chat.until(lambda: "the model asked for a tool that it does not have in this task" in chat.text())
            assert told in chat.text()
            assert "unknown_tool" not in chat.text()

    async def test_the_end_of_a_turn_counts_its_refusals_in_words(self, open_chat: Any) -> None:
        script = [*words("So far."), events.TurnFinished("done", 3, "2 calls were refused; see the log", refused=2)]
        async with open_chat(FakeDesk({"go": script})) as chat:
            await chat.say("go")
            await chat.until(lambda: "2 calls were refused · F4 shows why" in chat.text())
            assert "done:" not in chat.text()

    async def test_a_card_opens_and_folds_by_key(self, open_chat: Any) -> None:
        async with open_chat(FakeDesk({"go": call("a", "read_file", "read_file: a.txt", "the content\n")})) as chat:
            await chat.say("go")
            await chat.until(lambda: "done read_file" in chat.text())
            assert "the content" not in chat.text()
            chat.screen.transcript.query_one("CardView").focus()
            await chat.pilot.press("enter")
            await chat.until(lambda: "the content" in chat.text())

    async def test_live_output_keeps_to_its_few_lines(self, open_chat: Any) -> None:
        steps: list[Any] = [events.CallStarted("a", "run_command", "run: make")]
        steps += [events.CallOutput("a", f"line {n}\n") for n in range(500)]
        gate = asyncio.Event()
        steps += [gate, events.CallFinished("a", "run_command", ToolResult("a", True, "ok"))]
        async with open_chat(FakeDesk({"go": steps})) as chat:
            await chat.say("go", wait=False)
            await chat.until(lambda: "line 499" in chat.text())
            assert "line 490" not in chat.text()
            assert "494 lines above" in chat.text()
            gate.set()

    async def test_escape_stops_the_turn(self, open_chat: Any) -> None:
        async with open_chat(FakeDesk({"go": [events.TextDelta("so"), 30.0]})) as chat:
            await chat.say("go", wait=False)
            await chat.until(lambda: chat.screen.turns.active)
            await chat.pilot.press("escape")
            await chat.until(lambda: not chat.screen.turns.active)
            assert ("stop", None) in chat.desk.session.done
            assert "stopped" in chat.text()

    async def test_U8_escape_again_tells_the_session_again(self, open_chat: Any) -> None:
        gate = asyncio.Event()  # a step that no stop ends
        async with open_chat(FakeDesk({"go": [events.TextDelta("so"), gate]})) as chat:
            await chat.say("go", wait=False)
            await chat.until(lambda: "so" in chat.text())
            for pressed in (1, 2, 3):
                await chat.pilot.press("escape")
                await chat.until(lambda pressed=pressed: chat.desk.session.done.count(("stop", None)) == pressed)
            gate.set()
            await chat.until(lambda: not chat.screen.turns.active)
            assert "stopped" in chat.text()

    async def test_U8_escape_before_the_first_event_stops_the_turn(self, open_chat: Any) -> None:
        async with open_chat(FakeDesk({"go": [events.TextDelta("so"), 3_600.0]})) as chat:
            await chat.screen.turns.submit("go")
            chat.screen.turns.stop()  # nothing has run between: the session does not know of the turn yet
            await chat.until(lambda: not chat.screen.turns.active)
            assert "stopped" in chat.text()

    def test_the_status_line_says_how_often_one_was_asked(self) -> None:
        asked = Status(asks=3, asks_last_hour=2)
        assert "asked 3, 2 this hour" in status_content(asked, 120).plain
        assert "asked" not in status_content(asked, 80).plain
        assert "asked" not in status_content(Status(), 120).plain

    def test_the_status_line_tells_what_the_cache_took_where_there_is_room(self) -> None:
        used = Status(tokens=36_300, cache_read=31_000, cache_write=2_400, cost_uusd=182_000)
        assert "36.3k tokens · cache 31k read, 2.4k written · $0.18" in status_content(used, 160).plain
        assert "36.3k tok · cache 31k/2.4k · $0.18" in status_content(used, 80).plain
        assert "cache" not in status_content(used, 79).plain
        assert "cache" not in status_content(Status(tokens=5), 160).plain

    async def test_the_status_line_follows(self, open_chat: Any) -> None:
        async with open_chat(FakeDesk({"go": [events.StageChanged(3, 1)]}), size=(120, 24)) as chat:
            await chat.say("go")
            assert "3 staged (1 held)" in chat.text()
            assert "builtin/offline" in chat.text()
            assert "consultant" in chat.text()

    async def test_an_own_command_goes_to_the_room_not_to_the_model(self, open_chat: Any) -> None:
        async with open_chat() as chat:
            await chat.say("!echo hello")
            assert chat.desk.session.own_commands == ["echo hello"]
            assert chat.desk.session.prompts == []


class TestNothingIsLost:
    async def test_U7_a_prompt_sent_during_a_turn_waits_and_is_sent_after_it(self, open_chat: Any) -> None:
        gate = asyncio.Event()
        async with open_chat(FakeDesk({"one": [gate, *words("first")], "two": words("second")})) as chat:
            await chat.say("one", wait=False)
            await chat.say("two", wait=False)
            await chat.until(lambda: "sent when this turn is over" in chat.text())
            gate.set()
            await chat.until(lambda: chat.desk.session.prompts == ["one", "two"] and not chat.screen.turns.active)
            await chat.until(lambda: "second" in chat.text())

    async def test_U7_a_waiting_prompt_can_be_taken_back(self, open_chat: Any) -> None:
        gate = asyncio.Event()
        async with open_chat(FakeDesk({"one": [gate]})) as chat:
            await chat.say("one", wait=False)
            await chat.say("two", wait=False)
            await chat.pilot.press("up")
            await chat.until(lambda: chat.screen.prompt.text == "two")
            gate.set()
            await chat.until(lambda: not chat.screen.turns.active)
            assert chat.desk.session.prompts == ["one"]

    async def test_U7_what_is_sent_while_the_desk_is_built_is_sent_when_it_stands(self, open_chat: Any) -> None:
        desk = FakeDesk({"early": words("late")})
        gate = asyncio.Event()
        async with open_chat(desk, wait=False) as chat:
            original = desk.open_task

            async def slow(*args: Any, **options: Any) -> Any:
                await gate.wait()
                return await original(*args, **options)

            desk.open_task = slow  # type: ignore[method-assign]
            await chat.say("early", wait=False)
            gate.set()
            await chat.until(lambda: desk.sessions and desk.session.prompts == ["early"])

    async def test_U7_a_desk_that_fails_gives_the_text_back(self, open_chat: Any) -> None:
        desk = FakeDesk()

        async def fail(*_args: Any, **_options: Any) -> Any:
            await asyncio.sleep(0.1)
            raise FolderError("`/nowhere` is not a folder", hint="start in one that exists")

        desk.open_task = fail  # type: ignore[method-assign]
        async with open_chat(desk, wait=False) as chat:
            await chat.say("precious words", wait=False)
            await chat.until(lambda: "is not a folder" in chat.text())
            assert "start in one that exists" in chat.text()
            assert chat.screen.prompt.text == "precious words"


class TestWhatBreaksIsSaid:
    async def test_U8_a_failed_turn_says_why(self, open_chat: Any) -> None:
        script = [*words("half an ans"), events.TurnFinished("failed", 4, "the provider broke off")]
        async with open_chat(FakeDesk({"go": script})) as chat:
            await chat.say("go")
            assert "the provider broke off" in chat.text()
            assert "half an ans" in chat.text()

    async def test_U8_a_session_that_raises_ends_the_turn_visibly(self, open_chat: Any) -> None:
        for error in (ModelError("wrong key", hint="assistant models keys"), ValueError("a bug")):

            def script(_prompt: str, error: Exception = error) -> Any:
                raise error

            async with open_chat(FakeDesk(default=script)) as chat:
                await chat.say("go")
                assert str(error.args[0]) in chat.text()

    async def test_U8_no_card_goes_on_running_after_its_turn(self, open_chat: Any) -> None:
        script = [events.CallStarted("a", "run_command", "run: x"), events.TurnFinished("failed", 1, "broke")]
        async with open_chat(FakeDesk({"go": script})) as chat:
            await chat.say("go")
            (card,) = [i for i in chat.screen.conversation.items if isinstance(i, Card)]
            assert card.status == "stopped"

    async def test_a_stream_without_an_end_is_an_end(self, open_chat: Any) -> None:
        async with open_chat() as chat:

            async def endless(prompt: str) -> Any:
                yield events.TextDelta("x")

            chat.desk.session.run_turn = endless
            await chat.say("go")
            assert "without saying how" in chat.text()


class TestCommands:
    async def test_every_screen_opens_and_leads_back(self, open_chat: Any) -> None:
        async with open_chat(FakeDesk(stage=changes())) as chat:
            for name in ("help", "model", "tools", "log", "review", "tasks", "settings"):
                await chat.say(f"/{name}")
                await chat.until(lambda: len(chat.app.screen_stack) == 2)
                await chat.pilot.pause(0.05)
                await chat.pilot.press("escape")
                await chat.until(lambda: len(chat.app.screen_stack) == 1)

    async def test_a_name_that_other_assistants_use_does_the_same(self, open_chat: Any) -> None:
        assert set(commands.ALSO.values()) <= {command.name for command in commands.COMMANDS}
        assert not set(commands.ALSO) & {command.name for command in commands.COMMANDS}
        async with open_chat(FakeDesk()) as chat:
            await chat.type("/perm")
            await chat.until(lambda: "/tools" in chat.text())
            await chat.pilot.press("ctrl+u")
            await chat.say("/config")
            await chat.until(lambda: type(chat.app.screen).__name__ == "SettingsScreen")

    async def test_an_unknown_command_names_the_nearest_and_keeps_the_text(self, open_chat: Any) -> None:
        async with open_chat() as chat:
            await chat.say("/reveiw")
            await chat.until(lambda: "did you mean `/review`?" in chat.text())
            assert chat.screen.prompt.text == "/reveiw"

    async def test_model_swaps_or_says_why_not(self, open_chat: Any) -> None:
        async with open_chat(size=(120, 30)) as chat:
            await chat.say("/model anthropic/claude-x")
            await chat.until(lambda: chat.desk.session.task.model == "anthropic/claude-x")
            await chat.say("/model openai/gpt-x")
            await chat.until(lambda: "OPENAI_API_KEY" in chat.text())
            assert chat.desk.session.task.model == "anthropic/claude-x"

    async def test_never_shows_the_policy_and_holds_only_after_a_yes(self, open_chat: Any) -> None:
        async with open_chat() as chat:
            for key, held in (("n", 1), ("y", 2)):
                await chat.say("/never delete")
                await chat.until(lambda: len(chat.app.screen_stack) == 2)
                await chat.pilot.pause(0.1)
                assert "forbid(" in chat.text()
                await chat.pilot.press("enter")
                await chat.pilot.pause(0.45)
                await chat.pilot.press(key)
                await chat.until(lambda: len(chat.app.screen_stack) == 1)
                await chat.pilot.pause(0.05)
                assert len(chat.desk.session.boundaries()) == held

    async def test_autonomy_takes_a_level_in_words(self, open_chat: Any) -> None:
        async with open_chat() as chat:
            await chat.say("/autonomy observer")
            await chat.until(lambda: chat.desk.session.task.autonomy == "observer")
            await chat.say("/autonomy boss")
            await chat.until(lambda: "no level `boss`" in chat.text())

    async def test_undo_takes_back_and_says_what(self, open_chat: Any) -> None:
        async with open_chat() as chat:
            await chat.say("/undo")
            await chat.until(lambda: "took back 1 change: notes/todo.md" in chat.text())
            assert chat.text().count("Found: ") <= 1
            assert ("undo", "") in chat.desk.session.done

    async def test_new_opens_a_task_beside_this_one(self, open_chat: Any) -> None:
        async with open_chat() as chat:
            await chat.say("/new /tmp")
            await chat.until(lambda: len(chat.desk.sessions) == 2 and chat.screen.session is chat.desk.session)
            assert chat.desk.opened[1][0] == Path("/tmp")
            await chat.pilot.press("ctrl+t")
            await chat.until(lambda: chat.screen.session is chat.desk.sessions[0])

    async def test_a_question_in_another_task_is_told_in_the_status_line(self, open_chat: Any) -> None:
        async with open_chat(FakeDesk({"go": [0.3, request()]}), size=(120, 24)) as chat:
            first = chat.screen
            await chat.say("go", wait=False)
            chat.app.open_chat(Path("/tmp"))
            await chat.until(lambda: chat.screen is not first and chat.screen.session is not None)
            await chat.until(lambda: "1 task needs you" in chat.text())
            await chat.pilot.press("ctrl+t")
            await chat.until(lambda: chat.screen is first)
            chat.screen.panel.focus()
            await chat.card()
            await chat.pilot.press("y")
            await chat.until(lambda: chat.desk.sessions[0].answers)
            assert chat.desk.sessions[0].answers[0].answer == Answer.ONCE


class TestOpening:
    async def test_the_first_run_says_which_models_were_found(self, open_chat: Any) -> None:
        async with open_chat(FakeDesk(earlier=0), size=(120, 30)) as chat:
            await chat.until(lambda: "anthropic" in chat.text())
            assert "ollama (on this machine)" in chat.text()
            assert "`builtin/offline` answers" in chat.text()

    async def test_a_resumed_task_shows_its_conversation_and_history(self, open_chat: Any) -> None:
        history = [Message("user", (TextPart("what is new?"),)), Message("assistant", (TextPart("nothing **much**"),))]
        async with open_chat(FakeDesk(history=history), resume="t1") as chat:
            await chat.until(lambda: "nothing much" in chat.text())
            assert "Tidy notes" in chat.text()
            await chat.pilot.press("up")
            assert chat.screen.prompt.text == "what is new?"

    async def test_a_task_that_is_gone_is_said(self, open_chat: Any) -> None:
        async with open_chat(resume="gone", wait=False) as chat:
            await chat.until(lambda: "there is no task `gone`" in chat.text())

    async def test_the_whole_home_is_opened_only_after_a_yes(self, open_chat: Any) -> None:
        async with open_chat(folder=Path("/home/ada"), wait=False) as chat:
            await chat.until(lambda: len(chat.app.screen_stack) == 2)
            await chat.pilot.pause(0.5)
            assert chat.desk.opened == []
            await chat.pilot.press("n")
            await chat.until(lambda: "no task was opened" in chat.text())
            assert chat.desk.opened == []

    async def test_the_model_is_warmed_up_while_the_person_types(self, open_chat: Any) -> None:
        async with open_chat() as chat:
            assert chat.desk.session.warmed


class TestLeaving:
    async def test_ctrl_c_twice_leaves_once_does_not(self, open_chat: Any) -> None:
        async with open_chat() as chat:
            await chat.type("half a thought")
            await chat.pilot.press("ctrl+c")
            await chat.pilot.pause()
            assert chat.app.is_running
            assert chat.screen.prompt.text == ""
            await chat.pilot.press("up")
            assert chat.screen.prompt.text == "half a thought", "what Ctrl+C cleared is one key away"
            await chat.pilot.press("ctrl+c", "ctrl+c")
            await chat.pilot.pause(0.1)
            assert chat.app.return_code == 0

    async def test_leaving_closes_the_desk(self, open_chat: Any) -> None:
        async with open_chat() as chat:
            await chat.pilot.press("ctrl+d")
            await chat.app.close()
        assert chat.desk.closed


class TestTinyTerminals:
    async def test_twenty_by_five_still_types_sends_and_answers(self, open_chat: Any) -> None:
        async with open_chat(FakeDesk({"go": [request(), *words("fine")]}), size=(20, 5)) as chat:
            await chat.type("go\n")
            await chat.card()
            await chat.pilot.press("y")
            await chat.until(lambda: not chat.screen.turns.active)
            assert chat.desk.session.prompts == ["go"]

    async def test_every_screen_survives_any_size(self, open_chat: Any) -> None:
        async with open_chat(FakeDesk(stage=changes(), history=long_history(40, 8)), resume="t1") as chat:
            for name in ("help", "review", "tools", "log", "tasks", "models", "settings"):
                chat.screen.open_screen(name)
                await chat.until(lambda: len(chat.app.screen_stack) == 2)
                for size in ((20, 5), (1, 1), (80, 24)):
                    await chat.pilot.resize_terminal(*size)
                    await chat.pilot.pause()
                await chat.pilot.press("escape")
                await chat.until(lambda: len(chat.app.screen_stack) == 1)


class TestNotices:
    async def test_a_notice_shows_its_level_in_words_and_its_hint(self, open_chat: Any) -> None:
        async with open_chat(FakeDesk({"go": [events.Notice("warning", "the disk is full", "make room")]})) as chat:
            await chat.say("go")
            assert "warning: the disk is full" in chat.text()
            assert "make room" in chat.text()

    async def test_a_machine_that_contains_less_well_is_told_of_before_anything_is_asked(self, open_chat: Any) -> None:
        desk = FakeDesk({})
        desk.weakness.append(events.Notice("warning", "this machine allows no user namespaces", "see doctor"))
        async with open_chat(desk) as chat:
            await chat.until(lambda: "this machine allows no user namespaces" in chat.text())
            assert "see doctor" in chat.text()

    async def test_our_own_notices_do_not_cut_an_answer_in_two(self, open_chat: Any) -> None:
        gate = asyncio.Event()
        async with open_chat(FakeDesk({"go": [*words("one "), gate, *words("two")]})) as chat:
            await chat.say("go", wait=False)
            await chat.until(lambda: "one" in chat.text())
            chat.screen.tell("info", "by the way")
            gate.set()
            await chat.until(lambda: not chat.screen.turns.active)
            await chat.until(lambda: "one two" in chat.text())
            assert not [i for i in chat.screen.conversation.items if isinstance(i, Note) and i.text == "by the way"]
