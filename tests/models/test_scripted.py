"""ScriptedModel."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.errors import ModelError, UsageError
from assistant.models.protocol import Model
from assistant.models.scripted import ScriptedCall, ScriptedError, ScriptedModel, Step
from assistant.types import CallDelta, CallDone, Finished, Message, ModelRequest, TextDelta, TextPart, Usage
from tests.conformance.model_suite import ModelSuite, asked, collect


class TestScriptedModelConforms(ModelSuite):
    async def answering(self) -> Model:
        return ScriptedModel([Step(text="hello there"), Step(text="again")])

    async def calling(self) -> Model:
        call = ScriptedCall("read_file", {"path": "notes.txt"})
        return ScriptedModel([Step(text="I look.", calls=(call, call))])

    async def failing(self) -> Model:
        return ScriptedModel([Step(text="so", error=ScriptedError("overloaded")), Step(error=ScriptedError("auth"))])

    async def hanging(self) -> Model:
        return ScriptedModel([Step(text="a long answer of many words", between_s=30)])


class TestSteps:
    async def test_each_call_plays_the_next_step(self) -> None:
        model = ScriptedModel([Step(text="one"), Step(text="two")])
        assert [e.text for e in await collect(model, asked("x")) if isinstance(e, TextDelta)] == ["one"]
        assert [e.text for e in await collect(model, asked("x")) if isinstance(e, TextDelta)] == ["two"]

    async def test_a_script_that_is_over_says_so(self) -> None:
        with pytest.raises(ModelError, match="has 0 steps"):
            await collect(ScriptedModel([]), asked("x"))

    async def test_a_step_may_be_a_function_of_the_request(self) -> None:
        model = ScriptedModel([lambda request: Step(text=request.messages[-1].text.upper())])
        assert (await collect(model, asked("shout")))[0] == TextDelta("SHOUT")

    async def test_a_step_may_be_the_events_themselves(self) -> None:
        events = [TextDelta("a"), Finished("length", Usage(1, 2))]
        assert await collect(ScriptedModel([events]), asked("x")) == events

    async def test_arguments_that_are_a_string_are_sent_as_they_stand(self) -> None:
        model = ScriptedModel([Step(calls=(ScriptedCall("read_file", '{"path": '),))])
        call = next(e for e in await collect(model, asked("x")) if isinstance(e, CallDone))
        assert call.part.call.arguments == '{"path": '

    async def test_pieces_of_a_call_add_up_to_the_call(self) -> None:
        model = ScriptedModel([Step(calls=(ScriptedCall("read_file", {"path": "a" * 100}),))])
        events = await collect(model, asked("x"))
        call = next(e for e in events if isinstance(e, CallDone))
        assert "".join(e.arguments for e in events if isinstance(e, CallDelta)) == call.part.call.arguments

    async def test_an_error_comes_after_what_the_step_says(self) -> None:
        model = ScriptedModel([Step(text="half", error=ScriptedError("rate_limit", retry_after_s=3.0))])
        heard: list[object] = []

        async def listen() -> None:
            async for event in model.stream(asked("x")):
                heard.append(event)

        with pytest.raises(ModelError) as caught:
            await listen()
        assert heard == [TextDelta("half")]
        assert (caught.value.kind, caught.value.retryable, caught.value.retry_after_s) == ("rate_limit", True, 3.0)


class TestScriptFiles:
    async def test_toml_and_json_say_the_same(self, tmp_path: Path) -> None:
        toml, json = tmp_path / "a.toml", tmp_path / "a.json"
        toml.write_text('[[steps]]\ntext = "hi"\ncalls = [{ name = "read_file", arguments = { path = "n" } }]\n')
        json.write_text('{"steps":[{"text":"hi","calls":[{"name":"read_file","arguments":{"path":"n"}}]}]}')
        both = [await collect(ScriptedModel.load(f"scripted:{f}"), asked("x")) for f in (toml, json)]
        assert both[0] == both[1]
        assert both[0][0] == TextDelta("hi")

    async def test_its_id_is_what_the_person_typed(self, tmp_path: Path) -> None:
        (tmp_path / "a.toml").write_text("steps = []\ninput_uusd_per_mtok = 5\n")
        info = ScriptedModel.load(f"scripted:{tmp_path / 'a.toml'}").info
        assert info.id == f"scripted:{tmp_path / 'a.toml'}"
        assert info.input_uusd_per_mtok == 5

    @pytest.mark.parametrize("text", ["steps = 3", "steps = [{ txt = 'a' }]", "[[", "\xff"])
    def test_what_is_not_a_script_is_a_usage_error(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "a.toml").write_text(text, encoding="latin-1")
        with pytest.raises(UsageError, match=r"a\.toml"):
            ScriptedModel.load(f"scripted:{tmp_path / 'a.toml'}")

    def test_a_missing_file_is_a_usage_error(self) -> None:
        with pytest.raises(UsageError, match="can't be read"):
            ScriptedModel.load("scripted:/nowhere/a.toml")

    async def test_a_resumed_task_goes_on_where_its_history_stands(self, tmp_path: Path) -> None:
        (tmp_path / "a.toml").write_text("[[steps]]\ntext = 'one'\n[[steps]]\ntext = 'two'\n")
        said = (
            Message("user", (TextPart("x"),)),
            Message("assistant", (TextPart("one"),)),
            Message("user", (TextPart("y"),)),
        )
        model = ScriptedModel.load(f"scripted:{tmp_path / 'a.toml'}")
        assert (await collect(model, ModelRequest(said)))[0] == TextDelta("two")
