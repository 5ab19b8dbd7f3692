"""ScriptedModel: plays a list of steps. For tests, for the docs, and for `assistant run --model scripted:FILE`.

Each call of the model plays the next step. A model loaded from a file starts at the step that its first history has reached
(the number of assistant messages in it), so a task that is resumed from the log goes on where it stopped. A step that fails
is followed by the next one when the loop tries again.

A script file is TOML or JSON:

    [[steps]]
    text = "I'll read it."
    calls = [{ name = "read_file", arguments = { path = "notes.txt" } }]

    [[steps]]
    text = "done"
    usage = { input = 900, output = 3 }

    [[steps]]
    error = { kind = "rate_limit", retry_after_s = 0.1 }
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeAlias

import msgspec

from assistant.errors import ModelError, UsageError
from assistant.models.failures import RETRYABLE
from assistant.types import (
    JSON,
    CallDelta,
    CallDone,
    CallPart,
    Data,
    Finished,
    ModelEvent,
    ModelInfo,
    ModelRequest,
    ReasoningDelta,
    ReasoningDone,
    ReasoningPart,
    TextDelta,
    ToolCall,
    Usage,
)

PREFIX = "scripted:"
"""A model id that begins so names a script file."""


class ScriptedCall(Data, frozen=True):
    """A tool call that a step makes. A string in `arguments` is sent as it stands, so that a script can break JSON."""

    name: str
    arguments: JSON = msgspec.field(default_factory=dict[str, JSON])
    id: str = ""


class ScriptedError(Data, frozen=True):
    """How a step fails, after whatever it says before."""

    kind: str
    message: str = "the script says so"
    retry_after_s: float | None = None


class Step(Data, frozen=True):
    """One answer of the model, in the order reasoning, text, calls, and then an error or the end."""

    text: str = ""
    reasoning: str = ""
    calls: tuple[ScriptedCall, ...] = ()
    finish: str = ""
    """Empty: `tool_calls` when there are calls, else `stop`."""
    usage: Usage | None = None
    refusal: str = ""
    error: ScriptedError | None = None
    delay_s: float = 0.0
    """Waited before the first event."""
    between_s: float = 0.0
    """Waited before each further event."""
    piece: int = 16
    """Characters in one delta."""


class Script(Data, frozen=True):
    """A script file."""

    steps: tuple[Step, ...]
    context_tokens: int | None = None
    input_uusd_per_mtok: int | None = None
    output_uusd_per_mtok: int | None = None


Answer: TypeAlias = Step | Iterable[ModelEvent] | Callable[[ModelRequest], "Step | Iterable[ModelEvent]"]
"""A step: what to say, the events themselves, or a function of the request that gives either."""


def read_script(file: Path) -> Script:
    """Read a script file. Raises UsageError when it is missing or is not a script."""
    try:
        raw = file.read_bytes()
        kind = msgspec.json if file.suffix == ".json" else msgspec.toml
        return kind.decode(raw, type=Script)
    except OSError as error:
        raise UsageError(
            f"the script `{file}` can't be read: {error.strerror}", hint="name a file that exists"
        ) from error
    except (msgspec.MsgspecError, ValueError) as error:
        raise UsageError(f"`{file}` is not a script: {error}", hint="see models/README.md for its form") from error


class ScriptedModel:
    """A model that says what it was told to say. `requests` keeps every request it was asked."""

    def __init__(self, steps: Sequence[Answer], info: ModelInfo | None = None) -> None:
        self._steps = list(steps)
        self._next: int | None = 0
        self._info = info or ModelInfo(id="scripted:test", provider="scripted", local=True)
        self.requests: list[ModelRequest] = []

    @classmethod
    def load(cls, model_id: str) -> ScriptedModel:
        """The model that `scripted:FILE` names. Raises UsageError as `read_script`."""
        script = read_script(Path(model_id.removeprefix(PREFIX)).expanduser())
        info = ModelInfo(
            id=model_id,
            provider="scripted",
            local=True,
            context_tokens=script.context_tokens,
            input_uusd_per_mtok=script.input_uusd_per_mtok,
            output_uusd_per_mtok=script.output_uusd_per_mtok,
            sees_images=True,
        )
        model = cls(script.steps, info)
        model._next = None  # found from the first history
        return model

    @property
    def info(self) -> ModelInfo:
        """Its entry in the catalogue."""
        return self._info

    async def stream(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        """Play the next step. Raises ModelError for a step that fails, and `bad_request` after the last one."""
        self.requests.append(request)
        if self._next is None:
            self._next = sum(m.role == "assistant" for m in request.messages)
        number, self._next = self._next, self._next + 1
        if number >= len(self._steps):
            raise ModelError(f"the script has {len(self._steps)} steps and was asked for another", kind="bad_request")
        answer = self._steps[number]
        if callable(answer):
            answer = answer(request)
        if not isinstance(answer, Step):
            for event in answer:
                yield event
            return
        async for event in _play(answer, number):
            yield event

    def warm_up(self) -> None:
        """Nothing to start."""

    async def aclose(self) -> None:
        """Nothing to give back."""


async def _play(step: Step, number: int) -> AsyncIterator[ModelEvent]:
    await asyncio.sleep(step.delay_s)
    for event in _events(step, number):
        yield event
        await asyncio.sleep(step.between_s)
    if step.error is not None:
        raise ModelError(
            step.error.message,
            kind=step.error.kind,
            retryable=step.error.kind in RETRYABLE,
            retry_after_s=step.error.retry_after_s,
        )
    yield Finished(step.finish or ("tool_calls" if step.calls else "stop"), step.usage, step.refusal)


def _events(step: Step, number: int) -> Iterable[ModelEvent]:
    for piece in _pieces(step.reasoning, step.piece):
        yield ReasoningDelta(piece)
    if step.reasoning:
        yield ReasoningDone(ReasoningPart(step.reasoning, "scripted"))
    for piece in _pieces(step.text, step.piece):
        yield TextDelta(piece)
    for index, call in enumerate(step.calls):
        text = call.arguments if isinstance(call.arguments, str) else msgspec.json.encode(call.arguments).decode()
        yield CallDelta(index, call.name)
        for piece in _pieces(text, step.piece):
            yield CallDelta(index, "", piece)
        yield CallDone(CallPart(ToolCall(call.id or f"call_{number}_{index}", call.name, text), "scripted"))


def _pieces(text: str, size: int) -> Iterable[str]:
    return (text[start : start + size] for start in range(0, len(text), max(1, size)))
