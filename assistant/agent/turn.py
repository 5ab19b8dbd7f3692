"""One turn: ask the model, run what it calls, ask again, until it answers in words or something ends it.

    prompt → (limits → consult judged → model streams → answer recorded → each call through the door)* → settle → finished

The turn owns no state that outlives it; the session does. Every await inside may be cancelled: the session's `stop` does.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

import msgspec

from assistant import types
from assistant.agent.events import (
    CallDelta,
    Event,
    ModelFinished,
    ModelStarted,
    Notice,
    ReasoningDelta,
    TextDelta,
    TurnFinished,
)
from assistant.agent.limits import Limit
from assistant.agent.today import energy_body
from assistant.canonical import dumps
from assistant.errors import ModelError
from assistant.gateway.delegation import TOOL as DELEGATE
from assistant.types import (
    CallPart,
    Message,
    ModelInfo,
    ModelRequest,
    Part,
    ReasoningPart,
    ResultPart,
    TextPart,
    ToolCall,
    ToolResult,
    Usage,
    Verdict,
)

if TYPE_CHECKING:
    from assistant.agent.spending import Charge
    from assistant.audit.log import Log
    from assistant.models.protocol import Model

Emit = Callable[[Event], None]

MOST_HELPERS = 4
"""That work at the same time. Each holds a conversation of its own, and a provider's limit of calls a minute is shared by all."""

_MOST_CUTS = 3
"""Times that one step shortens a conversation which the model refuses as too long; each halves it."""


class TurnHost(Protocol):
    """What a turn needs of its session."""

    @property
    def log(self) -> Log:
        """The log of the task."""
        ...

    @property
    def task(self) -> types.Task:
        """The task as it stands."""
        ...

    def model(self) -> Model:
        """The model that answers now; asked anew at every step, so that a swap takes effect in the middle."""
        ...

    def remember(self, message: Message) -> None:
        """Add to the conversation."""
        ...

    async def consult(self, info: ModelInfo, emit: Emit) -> Verdict | None:
        """None when the model may be asked; else why not."""
        ...

    async def call(self, call: ToolCall, emit: Emit) -> ToolResult:
        """Take a call through the door."""
        ...

    async def spend(self, info: ModelInfo, usage: Usage | None, seconds: float) -> Charge:
        """Count what a call cost."""
        ...

    async def make_room(self, model: Model, emit: Emit, refused: ModelError | None = None) -> bool:
        """Shorten the conversation when it does not fit the model, or was `refused` as too long; whether it was."""
        ...

    def request(self) -> ModelRequest:
        """What the model is sent now."""
        ...

    async def recover(self, error: ModelError, tries: int, delivered: bool, emit: Emit) -> bool:
        """After a failed call: wait or swap the model, and say whether to try again."""
        ...


class Answer:
    """What one model call has given so far, kept also when it breaks off."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self.parts: list[Part] = []
        self.calls: list[ToolCall] = []
        self.finished: types.Finished | None = None

    def take(self, event: types.ModelEvent, emit: Emit) -> None:
        """Add one event and show it."""
        match event:
            case types.TextDelta(text):
                self.text.append(text)
                emit(TextDelta(text))
            case types.ReasoningDelta(text):
                emit(ReasoningDelta(text))
            case types.ReasoningDone(part):
                self._flush()
                self.parts.append(part)
            case types.CallDelta(index, name, arguments):
                emit(CallDelta(index, name, arguments))
            case types.CallDone(part):
                self._flush()
                self.parts.append(part)
                self.calls.append(part.call)
            case types.ServerToolUse(name):
                emit(Notice("info", f"the provider used its own tool `{name}`"))
            case types.Finished():
                self.finished = event

    def message(self, *, whole: bool) -> Message | None:
        """The assistant's message; without its calls when the answer broke off, since they were never run."""
        self._flush()
        parts = self.parts if whole else [p for p in self.parts if isinstance(p, (TextPart, ReasoningPart))]
        return Message("assistant", tuple(parts), _MODEL_LABEL) if parts else None

    def _flush(self) -> None:
        if self.text:
            self.parts.append(TextPart("".join(self.text)))
            self.text.clear()


_MODEL_LABEL = types.Label(types.Integrity.UNTRUSTED, types.Confidentiality.PRIVATE, ("model",))
"""A model's words are never the person's words."""


class Turn:
    """Runs one turn of a session."""

    def __init__(self, host: TurnHost, limits: Sequence[Limit], emit: Emit) -> None:
        self._host = host
        self._limits = limits
        self._emit = emit
        self._refused = 0
        self.answer: Answer | None = None
        """The call in progress, so that `stop` can keep what was delivered."""

    async def run(self) -> TurnFinished:
        """To the end. Raises LogError when the log can't be written; everything else is told in the result."""
        step = 0
        while True:
            step += 1
            for limit in self._limits:
                if pause := limit.before_step(step):
                    reason = "budget" if pause.reason == "budget" else "steps"
                    return TurnFinished(reason, 5 if reason == "budget" else 3, pause.message)
            ended = await self._step(step)
            if ended is not None:
                return ended

    async def _step(self, step: int) -> TurnFinished | None:
        tries = 0
        while True:
            tries += 1
            model = self._host.model()
            if refusal := await self._host.consult(model.info, self._emit):
                return TurnFinished("refused", 3, f"the model {model.info.id} may not be asked: {refusal.reason}")
            try:
                answer = await self._ask(model, step)
                break
            except ModelError as error:
                delivered = self.answer is not None and bool(self.answer.text or self.answer.parts)
                await self._record_failure(model.info, error)
                too_long = error.kind == "context_length" and not delivered and tries <= _MOST_CUTS
                if too_long and await self._host.make_room(model, self._emit, error):
                    continue
                if await self._host.recover(error, tries, delivered, self._emit):
                    continue
                return TurnFinished("failed", 4, str(error))
        return await self._act_on(answer)

    async def _ask(self, model: Model, step: int) -> Answer:
        await self._host.make_room(model, self._emit)
        self.answer = answer = Answer()
        info = model.info
        await self._host.log.write("model.call", self._host.task.id, {"model": info.id, "step": step})
        self._emit(ModelStarted(info.id, step))
        started = time.monotonic()
        async for event in model.stream(self._host.request()):
            answer.take(event, self._emit)
        if answer.finished is None:
            raise ModelError("the answer broke off", kind="incomplete_stream", retryable=True)
        seconds = time.monotonic() - started
        usage = answer.finished.usage
        charge = await self._host.spend(info, usage, seconds)
        message = answer.message(whole=True)
        blobs = {"message": dumps(message)} if message else None
        body: dict[str, types.JSON] = {
            "model": info.id,
            "finish": answer.finished.finish,
            "usage": dict(types.plain(usage)) if usage else None,
            "cost_uusd": charge.cost_uusd,
            "duration_ms": int(seconds * 1000),
            **energy_body(charge.energy),
        }
        await self._host.log.write("model.result", self._host.task.id, body, blobs=blobs)
        if message:
            self._host.remember(message)
        self.answer = None
        self._emit(ModelFinished(info.id, answer.finished.finish, usage, charge.cost_uusd, answer.finished.refusal))
        for notice in charge.notices:
            self._emit(notice)
        return answer

    async def _record_failure(self, info: ModelInfo, error: ModelError) -> None:
        partial = self.answer.message(whole=False) if self.answer else None
        await self._host.log.write(
            "model.failed",
            self._host.task.id,
            {"model": info.id, "kind": error.kind},
            blobs={"reason": error.message.encode()} | ({"message": dumps(partial)} if partial else {}),
        )
        if partial:
            self._host.remember(partial)
        self.answer = None

    async def _act_on(self, answer: Answer) -> TurnFinished | None:
        finished = answer.finished
        assert finished is not None  # noqa: S101  # _ask raises otherwise
        if answer.calls:
            for together in _together(answer.calls):
                codes = await self._run_calls(together)
                if "log_unavailable" in codes:
                    return TurnFinished("failed", 7, "the log can't be written, so nothing runs")
                if "sandbox_unavailable" in codes:
                    return TurnFinished("failed", 6, "no tool can run here: the sandbox is not available")
            return None
        if finished.finish == "pause":
            return None
        if finished.refusal:
            return TurnFinished("done", 0, f"the model declined: {finished.refusal}")
        if finished.finish == "length":
            self._emit(Notice("warning", "the answer was cut at the model's output limit", "say `go on` to continue"))
        elif finished.finish == "content_filter":
            return TurnFinished("failed", 4, "the provider's content filter stopped the answer")
        elif finished.finish == "malformed_tool_call":
            return TurnFinished("failed", 4, "the model wrote a tool call that can't be read")
        if self._refused:
            told = "1 call was" if self._refused == 1 else f"{self._refused} calls were"
            return TurnFinished("done", 3, f"{told} refused; see the log", refused=self._refused)
        return TurnFinished("done", 0)

    async def _run_calls(self, calls: Sequence[ToolCall]) -> list[str]:
        """Run these calls at the same time and remember each result as it comes; returns their codes."""

        async def run(call: ToolCall) -> str:
            result = await self._host.call(call, self._emit)
            self._refused += result.code in ("refused", "needs_person")
            self._host.remember(tool_message(result))
            return result.code

        for call in calls:
            for limit in self._limits:
                limit.saw_call(call.name, call.arguments)
        if len(calls) == 1:
            return [await run(calls[0])]
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(run(call)) for call in calls]
        return [task.result() for task in running]


def _together(calls: Sequence[ToolCall]) -> Iterator[Sequence[ToolCall]]:
    """Calls that run at the same time: helpers that follow one another, MOST_HELPERS at most. Everything else runs alone."""
    helpers: list[ToolCall] = []
    for call in calls:
        if helpers and (call.name != DELEGATE or len(helpers) == MOST_HELPERS):
            yield helpers
            helpers = []
        if call.name == DELEGATE:
            helpers.append(call)
        else:
            yield [call]
    if helpers:
        yield helpers


def tool_message(result: ToolResult) -> Message:
    """The message that carries a result, its pictures behind it."""
    bare = msgspec.structs.replace(result, images=()) if result.images else result
    return Message("tool", (ResultPart(bare), *result.images), result.label)


def unanswered(history: Sequence[Message]) -> list[CallPart]:
    """Calls at the end of `history` that have no result yet: a turn was stopped or died between."""
    answered = {p.result.call_id for m in history[-200:] for p in m.parts if isinstance(p, ResultPart)}
    for message in reversed(history):
        if message.role == "assistant":
            return [p for p in message.parts if isinstance(p, CallPart) and p.call.id not in answered]
        if message.role == "user":
            break
    return []
