"""A server asks for a model's answer: judged like any other question to a model, paid from the task's budget, without tools."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from assistant.agent.consult import consult_action
from assistant.canonical import dumps
from assistant.errors import UsageError
from assistant.models.budgets import Spent, require
from assistant.models.prices import cost_uusd
from assistant.types import Decision, Finished, Label, Message, ModelRequest, Task, TextDelta, TextPart, Usage, plain

if TYPE_CHECKING:
    from assistant.audit.log import Log
    from assistant.gateway.door import Gateway
    from assistant.gateway.events import GatewayEvent
    from assistant.gateway.server_questions import SampleRequest
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

    @property
    def label(self) -> Label:
        """Of the whole conversation."""
        ...

    @property
    def gateway(self) -> Gateway:
        """Its door."""
        ...

    @property
    def spent(self) -> Spent:
        """By the task and its children."""
        ...

    def model(self) -> Model:
        """The one that answers now."""
        ...

    def spend_child(self, spent: Spent) -> None:
        """Count what was used apart from the conversation."""
        ...


class Sampling:
    """Answers the servers of one task."""

    def __init__(self, host: SamplingHost) -> None:
        self._host = host

    async def sample(self, request: SampleRequest, emit: Callable[[GatewayEvent], None]) -> tuple[str, str]:
        """The model's words and its id.

        Raises UsageError when it is refused or is no fit question, BudgetSpent, ModelError, LogError.
        """
        host = self._host
        model = host.model()
        info = model.info
        require(host.spent, host.task.budgets)
        messages = _messages(request)
        action = consult_action(info, host.label.join(request.label), host.task.folder)
        verdict = host.gateway.judge(action)
        if verdict.decision is not Decision.ALLOW:
            name = f"consult-{secrets.token_hex(4)}"
            if not await host.gateway.ask_about(name, action, verdict, emit):
                raise UsageError("policy does not let this be sent to the model")
        body = {"call": request.call_id, "server": request.server, "model": info.id}
        blobs = {"question": dumps([plain(m) for m in messages])}
        await host.log.write("sampling", host.task.id, body, blobs=blobs)
        words: list[str] = []
        usage: Usage | None = None
        async for event in model.stream(ModelRequest(tuple(messages), max_output_tokens=request.max_tokens)):
            if isinstance(event, TextDelta):
                words.append(event.text)
            elif isinstance(event, Finished):
                usage = event.usage
        cost = cost_uusd(info, usage)
        host.spend_child(Spent().call(usage, cost, None))
        body |= {"usage": dict(plain(usage)) if usage else None, "cost_uusd": cost}
        text = "".join(words)
        await host.log.write("sampling.result", host.task.id, body, blobs={"text": text.encode()})
        return text, info.id


def _messages(request: SampleRequest) -> list[Message]:
    """The question as a conversation of its own. Raises UsageError."""
    if sum(len(text) for _, text in request.messages) + len(request.system) > MAX_CHARACTERS:
        raise UsageError("the question is too long")
    if not request.messages or any(role not in ("user", "assistant") for role, _ in request.messages):
        raise UsageError("the question has no message of a user")
    messages = [Message(role, (TextPart(text),), request.label) for role, text in request.messages]
    if request.system:
        messages.insert(0, Message("system", (TextPart(request.system),), request.label))
    return messages
