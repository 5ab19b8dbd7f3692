"""What every Model keeps, whoever makes it. Subclass `ModelSuite`, give the four models, and the sentences become tests."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from time import monotonic

import pytest

from assistant.errors import ModelError
from assistant.models.failures import KINDS
from assistant.models.protocol import Model
from assistant.types import (
    ArgumentSpec,
    CallDone,
    Effect,
    Finished,
    Kind,
    Message,
    ModelEvent,
    ModelRequest,
    Role,
    TextDelta,
    TextPart,
    ToolSpec,
)

FINISHES = {"stop", "length", "tool_calls", "content_filter", "pause", "malformed_tool_call", "other"}

READ_FILE = ToolSpec(
    name="read_file",
    summary="Read a text file.",
    effect=Effect.READ,
    program=("main.py",),
    parameters={"type": "object", "required": ["path"], "properties": {"path": {"type": "string"}}},
    args={"path": ArgumentSpec(Role.TARGET, Kind.PATH)},
)


def asked(words: str, *, tools: tuple[ToolSpec, ...] = (READ_FILE,)) -> ModelRequest:
    """One question with nothing before it."""
    return ModelRequest((Message("user", (TextPart(words),)),), tools, timeout_s=20)


async def collect(model: Model, request: ModelRequest) -> list[ModelEvent]:
    """Everything the model says."""
    return [event async for event in model.stream(request)]


class ModelSuite:
    """Override the four fixtures' makers. A model that can't be made to fail or to hang skips those sentences."""

    answer_prompt = "say hello"
    call_prompt = "read notes.txt"

    async def answering(self) -> Model:
        """Answers `answer_prompt` in words."""
        raise NotImplementedError

    async def calling(self) -> Model:
        """Calls `read_file` for `call_prompt`."""
        raise NotImplementedError

    async def failing(self) -> Model:
        """Fails with a ModelError."""
        pytest.skip("this model can't be made to fail")

    async def hanging(self) -> Model:
        """Says at least one word and then nothing for a long time."""
        pytest.skip("this model can't be made to hang")

    async def test_finished_is_the_last_event_and_comes_once(self) -> None:
        model = await self.answering()
        events = await collect(model, asked(self.answer_prompt))
        assert isinstance(events[-1], Finished)
        assert sum(isinstance(event, Finished) for event in events) == 1
        assert events[-1].finish in FINISHES
        assert "".join(event.text for event in events if isinstance(event, TextDelta)).strip()
        await model.aclose()

    async def test_calls_are_whole_and_named_apart(self) -> None:
        model = await self.calling()
        events = await collect(model, asked(self.call_prompt))
        calls = [event.part.call for event in events if isinstance(event, CallDone)]
        assert calls
        assert all(call.name == "read_file" and call.id for call in calls)
        assert len({call.id for call in calls}) == len(calls)
        assert "notes.txt" in calls[0].arguments
        assert isinstance(events[-1], Finished)
        assert events[-1].finish == "tool_calls"
        await model.aclose()

    async def test_a_failure_is_a_model_error_of_a_known_kind(self) -> None:
        model = await self.failing()
        with pytest.raises(ModelError) as caught:
            await collect(model, asked(self.answer_prompt))
        assert caught.value.kind in KINDS
        assert caught.value.message
        await model.aclose()

    async def test_it_can_be_asked_again_after_a_failure(self) -> None:
        model = await self.failing()
        for _ in range(2):
            with pytest.raises(ModelError):
                await collect(model, asked(self.answer_prompt))
        await model.aclose()

    async def test_closing_the_stream_early_takes_less_than_200_ms(self) -> None:
        model = await self.hanging()
        async with aclosing(model.stream(asked(self.answer_prompt))) as events:  # type: ignore[type-var]
            await anext(events)
            start = monotonic()
        assert monotonic() - start < 0.2
        await model.aclose()

    async def test_cancelling_the_caller_takes_less_than_200_ms(self) -> None:
        model = await self.hanging()
        begun = asyncio.Event()

        async def listen() -> None:
            async for _ in model.stream(asked(self.answer_prompt)):
                begun.set()

        task = asyncio.create_task(listen())
        await asyncio.wait_for(begun.wait(), 20)
        start = monotonic()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        assert monotonic() - start < 0.2
        await model.aclose()

    async def test_two_streams_run_side_by_side(self) -> None:
        first, second = await self.answering(), await self.answering()
        both = await asyncio.gather(*(collect(model, asked(self.answer_prompt)) for model in (first, second)))
        assert all(isinstance(events[-1], Finished) for events in both)
        await first.aclose()
        await second.aclose()

    async def test_warming_up_never_raises_and_changes_nothing(self) -> None:
        model = await self.answering()
        model.warm_up()
        model.warm_up()
        assert isinstance((await collect(model, asked(self.answer_prompt)))[-1], Finished)
        await model.aclose()

    async def test_closing_twice_is_allowed(self) -> None:
        model = await self.answering()
        await model.aclose()
        await model.aclose()

    async def test_its_entry_names_it_as_provider_and_name(self) -> None:
        model = await self.answering()
        assert model.info.id
        assert model.info.id.startswith(model.info.provider)
        assert model.info.usable
        await model.aclose()
