"""Replaying a recorded task against another model."""

from __future__ import annotations

from assistant.models.replay import NOT_RECORDED, Recorded, compare, replay
from assistant.models.scripted import ScriptedCall, ScriptedError, ScriptedModel, Step
from assistant.types import CallPart, Message, ResultPart, TextPart, ToolCall, ToolResult
from tests.conformance.model_suite import READ_FILE

SYSTEM = Message("system", (TextPart("be brief"),))


def call(id: str, arguments: str) -> Message:
    return Message("assistant", (CallPart(ToolCall(id, "read_file", arguments)),))


def result(id: str, text: str) -> Message:
    return Message("tool", (ResultPart(ToolResult(id, True, text)),))


def user(words: str) -> Message:
    return Message("user", (TextPart(words),))


RECORDING = [
    user("read a"),
    call("1", '{"path": "a", "line": 1}'),
    result("1", "content of a"),
    Message("assistant", (TextPart("it says a"),)),
    user("thanks"),
    Message("assistant", (TextPart("welcome"),)),
]


class TestServing:
    def test_the_same_call_gets_the_recorded_result_under_its_own_id(self) -> None:
        served = Recorded(RECORDING).serve(ToolCall("x9", "read_file", '{"line":1,"path":"a"}'))
        assert served == ToolResult("x9", True, "content of a")

    def test_another_call_gets_nothing_and_says_so(self) -> None:
        for arguments in ('{"path":"b"}', "{broken"):
            assert Recorded(RECORDING).serve(ToolCall("x", "read_file", arguments)).code == NOT_RECORDED

    def test_a_call_made_twice_gets_its_results_in_order(self) -> None:
        twice = [call("1", "{}"), result("1", "before"), call("2", "{}"), result("2", "after")]
        recorded = Recorded(twice)
        served = [recorded.serve(ToolCall("x", "read_file", "{}")).text for _ in range(3)]
        assert served == ["before", "after", "after"]


class TestReplay:
    async def test_each_prompt_is_asked_in_turn_with_the_new_model_s_own_history(self) -> None:
        model = ScriptedModel(
            [
                Step(calls=(ScriptedCall("read_file", {"path": "a", "line": 1}),)),
                Step(text="a is what it says"),
                Step(text="welcome"),
            ]
        )
        steps = [step async for step in replay(model, RECORDING, [READ_FILE], SYSTEM)]
        assert [(s.turn, s.message.text) for s in steps] == [(1, ""), (1, "a is what it says"), (2, "welcome")]
        assert steps[0].results[0].text == "content of a"
        assert [m.role for m in model.requests[-1].messages] == [
            "system",
            "user",
            "assistant",
            "tool",
            "assistant",
            "user",
        ]
        rows = list(compare(RECORDING, steps))
        assert [(r.turn, r.same) for r in rows] == [(1, True), (1, False), (2, True)]
        assert (rows[1].then, rows[1].now) == ("it says a", "a is what it says")

    async def test_a_failing_model_does_not_end_the_replay(self) -> None:
        model = ScriptedModel([Step(text="half", error=ScriptedError("server")), Step(text="welcome")])
        steps = [step async for step in replay(model, RECORDING, [], SYSTEM)]
        assert [(s.message.text, bool(s.error)) for s in steps] == [("half", True), ("welcome", False)]

    async def test_a_model_that_calls_for_ever_is_stopped(self) -> None:
        model = ScriptedModel([Step(calls=(ScriptedCall("read_file", {"path": "b"}),))] * 100)
        steps = [step async for step in replay(model, RECORDING[:1], [READ_FILE], SYSTEM, max_steps=5)]
        assert len(steps) == 5

    async def test_longer_and_shorter_answers_stand_beside_nothing(self) -> None:
        model = ScriptedModel([Step(text="no")])
        steps = [step async for step in replay(model, RECORDING[:4], [], SYSTEM)]
        assert [(r.then != "", r.now != "") for r in compare(RECORDING, steps)] == [
            (True, True),
            (True, False),
            (True, False),
        ]
