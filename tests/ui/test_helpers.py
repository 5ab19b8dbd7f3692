"""Helpers and long-running programs: seen where they work, stopped alone, counted in the last line."""

from __future__ import annotations

from typing import Any

import pytest

from assistant.agent import events
from assistant.agent.events import ChildEvent
from assistant.gateway.processes import Running
from assistant.types import Decision, ToolResult, Verdict
from assistant.ui.conversation import Card, Conversation
from assistant.ui.helpers import STEPS, Helper
from assistant.ui.widgets.card import CardView
from tests.ui.fake_desk import FakeDesk, call


def starts() -> list[Any]:
    return [events.CallStarted("d", "delegate", "delegate: count the files")]


def of_child(*inner: Any, task: str = "kid") -> list[Any]:
    return [ChildEvent(task, event) for event in inner]


def ends() -> list[Any]:
    return [events.CallFinished("d", "delegate", ToolResult("d", True, "3 files"), (), 900)]


def helper_of(conversation: Conversation) -> Helper:
    card = next(i for i in conversation.items if isinstance(i, Card))
    assert card.helper is not None
    return card.helper


class TestWhatAHelperDoes:
    def fed(self, *more: Any) -> Conversation:
        conversation = Conversation()
        for event in [*starts(), *more]:
            conversation.feed(event)
        return conversation

    def test_its_events_belong_to_the_card_of_the_call_that_started_it(self) -> None:
        conversation = self.fed(*of_child(*call("x", "read_file", "read_file a.txt", "secret words")))
        assert len(conversation.items) == 1, "a helper's calls are no cards of their own"
        (step,) = helper_of(conversation).steps
        assert (step.title, step.status) == ("read_file a.txt", "done")

    def test_one_below_it_stands_deeper(self) -> None:
        nested = of_child(*of_child(events.CallStarted("y", "run_command", "run_command ls"), task="grandkid"))
        helper = helper_of(self.fed(*nested))
        assert [(s.title, s.depth) for s in helper.steps] == [("run_command ls", 1)]
        assert helper.doing is helper.steps[0]

    def test_a_question_and_a_refusal_show_as_such(self) -> None:
        asked = (events.CallStarted("x", "t", "t"), events.CallJudged("x", Verdict(Decision.ASK)))
        conversation = self.fed(*of_child(*asked))
        assert helper_of(conversation).steps[0].status == "asking"
        for event in of_child(events.CallFinished("x", "t", ToolResult("x", False, "no", "needs_person"))):
            conversation.feed(event)
        assert helper_of(conversation).steps[0].status == "refused"

    def test_nothing_looks_as_if_it_ran_after_the_turn_broke_off(self) -> None:
        conversation = self.fed(*of_child(events.CallStarted("x", "t", "t")))
        assert len(conversation.helpers()) == 1
        conversation.feed(events.TurnFinished("stopped"))
        assert conversation.helpers() == []
        assert helper_of(conversation).steps[0].status == "stopped"

    def test_U9_what_is_kept_of_it_is_bounded(self) -> None:
        steps = [c for n in range(STEPS + 50) for c in call(f"c{n}", "t", f"t {n}")]
        words = [events.TextDelta("x" * 1_000) for _ in range(50)]
        helper = helper_of(self.fed(*of_child(*steps, *words)))
        assert len(helper.steps) == STEPS
        assert helper.dropped == 50
        assert len(helper.words) <= 4_000

    def test_an_event_without_a_card_is_no_error(self) -> None:
        assert Conversation().feed(ChildEvent("kid", events.TextDelta("x"))) == []


class TestOnTheScreen:
    async def test_its_steps_are_seen_and_x_stops_it_alone(self, open_chat: Any) -> None:
        script = [
            *starts(),
            *of_child(*call("x", "read_file", "read_file a.txt"), events.CallStarted("y", "t", "grep -r TODO")),
            60.0,
            *ends(),
        ]
        async with open_chat(FakeDesk({"go": script}), size=(100, 30)) as chat:
            await chat.say("go", wait=False)
            await chat.until(lambda: "running grep -r TODO" in chat.text() and "done read_file a.txt" in chat.text())
            assert "stops this helper alone" in chat.text()
            chat.screen.query_one(CardView).focus()
            await chat.pilot.press("x")
            await chat.until(lambda: ("stop_child", "kid") in chat.desk.session.done)
            assert ("stop", None) not in chat.desk.session.done
            await chat.desk.session.stop()

    async def test_after_its_end_the_card_folds_and_opens_to_every_step(self, open_chat: Any) -> None:
        steps = [c for n in range(9) for c in call(f"c{n}", "t", f"step {n}")]
        script = [*starts(), *of_child(*steps, events.TurnFinished("done")), *ends()]
        async with open_chat(FakeDesk({"go": script}), size=(100, 40)) as chat:
            await chat.say("go")
            await chat.until(lambda: "done delegate" in chat.text())
            assert "step 3" not in chat.text()
            card = chat.screen.query_one(CardView)
            card.focus()
            await chat.pilot.press("x", "enter")
            await chat.until(lambda: "step 0" in chat.text() and "step 8" in chat.text())
            assert not any(name == "stop_child" for name, _ in chat.desk.session.done), "it has ended already"


class TestPrograms:
    def desk(self) -> FakeDesk:
        return FakeDesk({"go": [events.TextDelta("ok")]})

    async def test_the_last_line_counts_those_that_run(self, open_chat: Any) -> None:
        async with open_chat(self.desk(), size=(100, 24)) as chat:
            await chat.say("go")
            assert "program" not in chat.text()
            chat.desk.session.programs = [Running("p1", "npm run dev", True), Running("p2", "true", False)]
            await chat.say("go")
            await chat.until(lambda: "▶ 1 program" in chat.text())

    async def test_the_list_stops_one_or_all(self, open_chat: Any) -> None:
        async with open_chat(self.desk(), size=(100, 24)) as chat:
            chat.desk.session.programs = [
                Running("p1", "npm run dev", True),
                Running("p2", "tail -f log", True),
                Running("p3", "true", False),
            ]
            chat.screen.open_screen("running")
            await chat.until(lambda: "npm run dev" in chat.text())
            assert "ended  true" in chat.text()
            await chat.pilot.press("x")
            await chat.until(lambda: ("stop_process", "p1") in chat.desk.session.done)
            await chat.until(lambda: "npm run dev" not in chat.text())
            await chat.pilot.press("A")
            await chat.until(lambda: ("stop_processes", None) in chat.desk.session.done)
            await chat.until(lambda: "tail -f log" not in chat.text())

    async def test_one_that_is_gone_already_is_said(self, open_chat: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("assistant.ui.screens.running.LOOK_S", 600.0)
        async with open_chat(self.desk(), size=(100, 24)) as chat:
            chat.desk.session.programs = [Running("p1", "npm run dev", True)]
            chat.screen.open_screen("running")
            await chat.until(lambda: "npm run dev" in chat.text())
            chat.desk.session.programs = []
            told: list[str] = []
            monkeypatch.setattr(chat.app, "notify", lambda words, **_: told.append(words))
            await chat.pilot.press("x")
            await chat.until(lambda: told == ["there is no program `p1`"])
