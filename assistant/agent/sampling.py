"""A server asks for a model's answer: judged like any other question to a model, paid from the task's budget, without tools."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from assistant.canonical import dumps
from assistant.errors import UsageError
from assistant.types import (
    Finished,
    Label,
    Message,
    ModelInfo,
    ModelRequest,
    Task,
    TextDelta,
    TextPart,
    Usage,
    Verdict,
    plain,
)

if TYPE_CHECKING:
    from assistant.agent.spending import Charge
    from assistant.audit.log import Log
    from assistant.gateway.events import GatewayEvent
    from assistant.gateway.servers import SampleRequest
    from assistant.models.protocol import Model

MAX_CHARACTERS = 100_000
"""Of one question. A server's prompt is its own making and costs the person's money."""


class SamplingHost(Protocol):
    """What sampling needs of the session."""

    @property
    def log(self) -> Log:
        """The log of the task."""
        ...

    @property
    def task(self) -> Task:
        """As it stands now."""
        ...

    def model(self) -> Model:
        """The one that answers now."""
        ...

    async def consult(
        self, info: ModelInfo, emit: Callable[[Any], None], carried: Label | None = None
    ) -> Verdict | None:
        """Whether it may be asked. None is yes."""
        ...

    async def spend_apart(self, info: ModelInfo, usage: Usage | None, seconds: float) -> Charge:
        """Count a call that is none of the conversation. Raises LogError."""
        ...


async def sample(host: SamplingHost, request: SampleRequest, emit: Callable[[GatewayEvent], None]) -> tuple[str, str]:
    """The model's words and its id. Raises UsageError when it is refused or fits no question, ModelError."""
    model = host.model()
    info = model.info
    if sum(len(text) for _, text in request.messages) + len(request.system) > MAX_CHARACTERS:
        raise UsageError("the question is too long")
    if not request.messages or any(role not in ("user", "assistant") for role, _ in request.messages):
        raise UsageError("the question has no message of a user")
    if await host.consult(info, emit, request.label) is not None:
        raise UsageError("policy does not let this be sent to the model")
    messages = [Message(role, (TextPart(text),), request.label) for role, text in request.messages]
    if request.system:
        messages.insert(0, Message("system", (TextPart(request.system),), request.label))
    started = time.monotonic()
    words: list[str] = []
    usage: Usage | None = None
    asked = ModelRequest(tuple(messages), max_output_tokens=request.max_tokens)
    await host.log.write(
        "sampling", host.task.id, {"call": request.call_id, "server": request.server, "model": info.id},
        blobs={"question": dumps([plain(m) for m in messages])},
    )  # fmt: skip
    async for event in model.stream(asked):
        if isinstance(event, TextDelta):
            words.append(event.text)
        elif isinstance(event, Finished):
            usage = event.usage
    charge = await host.spend_apart(info, usage, time.monotonic() - started)
    for notice in charge.notices:
        emit(notice)
    text = "".join(words)
    await host.log.write(
        "sampling.result", host.task.id,
        {"call": request.call_id, "server": request.server, "usage": dict(plain(usage)) if usage else None, "cost_uusd": charge.cost_uusd},
        blobs={"text": text.encode()},
    )  # fmt: skip
    return text, info.id
