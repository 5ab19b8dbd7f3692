"""Running a recorded task against another model, with the tools' results served from the record. Nothing real is touched.

The model is asked the person's recorded prompts. A call that the record knows (same tool, same arguments) gets the recorded
result; any other gets a result that says it is not on record. Both conversations can then be laid side by side.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import zip_longest

import msgspec

from assistant.errors import ModelError
from assistant.models.protocol import Model
from assistant.types import (
    CallDone,
    CallPart,
    Data,
    Finished,
    Message,
    ModelRequest,
    Part,
    ReasoningDone,
    ResultPart,
    TextDelta,
    TextPart,
    ToolCall,
    ToolResult,
    ToolSpec,
    Usage,
)

NOT_RECORDED = "not_recorded"


class Recorded:
    """The results of a recorded conversation, each served once for each time it was recorded."""

    def __init__(self, messages: Sequence[Message]) -> None:
        calls = {p.call.id: p.call for m in messages for p in m.parts if isinstance(p, CallPart)}
        self._results: dict[tuple[str, str], deque[ToolResult]] = {}
        for message in messages:
            for part in message.parts:
                if isinstance(part, ResultPart) and part.result.call_id in calls:
                    key = _key(calls[part.result.call_id])
                    self._results.setdefault(key, deque()).append(part.result)

    def serve(self, call: ToolCall) -> ToolResult:
        """The recorded result of the same call; the last one again when it is asked for more often than it was made."""
        found = self._results.get(_key(call))
        if not found:
            text = "This call is not in the recording, and a replay runs nothing. Go on without it."
            return ToolResult(call.id, False, text, NOT_RECORDED)
        result = found.popleft() if len(found) > 1 else found[0]
        return msgspec.structs.replace(result, call_id=call.id)


def _key(call: ToolCall) -> tuple[str, str]:
    """Equal for calls that differ only in spacing or in the order of keys."""
    try:
        arguments = msgspec.json.encode(msgspec.json.decode(call.arguments or "{}"), order="sorted").decode()
    except msgspec.DecodeError:
        arguments = call.arguments
    return call.name, arguments


class ReplayStep(Data, frozen=True):
    """One answer of the model in the replay, and the results it was served."""

    turn: int
    message: Message
    results: tuple[ToolResult, ...] = ()
    usage: Usage | None = None
    error: str = ""


async def replay(
    model: Model,
    messages: Sequence[Message],
    tools: Sequence[ToolSpec],
    system: Message,
    *,
    max_steps: int = 50,
    begin: int = 0,
) -> AsyncIterator[ReplayStep]:
    """Ask `model` every prompt of `messages[begin:]` in turn, step by step; what is before is told as it was recorded.

    Results are served from `messages[begin:]` alone: an earlier one may have been overtaken by then. A failing model ends the turn with `error` and the replay goes on with the next prompt. Whether this model may see this
    conversation is for the caller to have judged.
    """
    recorded, history = Recorded(messages[begin:]), [system, *messages[:begin]]
    prompts = [m for m in messages[begin:] if m.role == "user"]
    for turn, prompt in enumerate(prompts, 1):
        history.append(prompt)
        for _ in range(max_steps):
            step = await _step(model, ModelRequest(tuple(history), tuple(tools)), recorded, turn)
            if step.message.parts:
                history.append(step.message)
            history += [Message("tool", (ResultPart(result),), result.label) for result in step.results]
            yield step
            if step.error or not step.results:
                break


async def _step(model: Model, request: ModelRequest, recorded: Recorded, turn: int) -> ReplayStep:
    text: list[str] = []
    parts: list[Part] = []
    usage, error = None, ""
    try:
        async for event in model.stream(request):
            match event:
                case TextDelta(words):
                    text.append(words)
                case ReasoningDone(part) | CallDone(part):
                    if text:
                        parts.append(TextPart("".join(text)))
                        text.clear()
                    parts.append(part)
                case Finished(usage=usage):
                    pass
                case _:
                    pass
    except ModelError as failure:
        error = failure.message
        parts = [p for p in parts if not isinstance(p, CallPart)]
    if text:
        parts.append(TextPart("".join(text)))
    results = tuple(recorded.serve(p.call) for p in parts if isinstance(p, CallPart))
    return ReplayStep(turn, Message("assistant", tuple(parts)), results, usage, error)


class Pair(Data, frozen=True):
    """One row of the comparison: what was said or called then, and now. `same` ignores spacing and the order of keys."""

    turn: int
    then: str
    now: str
    same: bool


def compare(messages: Sequence[Message], steps: Sequence[ReplayStep]) -> Iterator[Pair]:
    """Recording and replay side by side, answer by answer within each turn."""
    then = _by_turn(messages)
    now: dict[int, list[Message]] = {}
    for step in steps:
        now.setdefault(step.turn, []).append(step.message)
    for turn in sorted({*then, *now}):
        for left, right in zip_longest(then.get(turn, []), now.get(turn, [])):
            yield Pair(turn, _words(left), _words(right), _sense(left) == _sense(right))


def _by_turn(messages: Sequence[Message]) -> dict[int, list[Message]]:
    found: dict[int, list[Message]] = {}
    turn = 0
    for message in messages:
        turn += message.role == "user"
        if message.role == "assistant":
            found.setdefault(turn, []).append(message)
    return found


def _words(message: Message | None) -> str:
    if message is None:
        return ""
    calls = [f"→ {p.call.name} {p.call.arguments}" for p in message.parts if isinstance(p, CallPart)]
    return "\n".join(filter(None, [message.text, *calls]))


def _sense(message: Message | None) -> object:
    """What counts as the same answer: the same calls; or, where there are none, the same words."""
    if message is None:
        return None
    calls = [_key(p.call) for p in message.parts if isinstance(p, CallPart)]
    return calls or " ".join(message.text.split())
