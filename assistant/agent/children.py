"""Helpers: a model gives part of its task to a child task, which works in the same room on the same stage.

The child is a session of its own with its own entries in the log. It knows nothing of the conversation but its prompt, which
is never taken for the person's word; what it answers is untrusted and carries the labels of all that it has read.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Protocol

import msgspec

from assistant.agent.events import ChildEvent, Event, TurnFinished
from assistant.agent.recall import child_body
from assistant.errors import ToolError
from assistant.gateway.delegation import child_task
from assistant.gateway.house import Served
from assistant.gateway.output import Reading
from assistant.models.budgets import Spent
from assistant.types import (
    Action,
    Budgets,
    Integrity,
    Label,
    Message,
    ModelEvent,
    ModelInfo,
    ModelRequest,
    Task,
    TextPart,
)

if TYPE_CHECKING:
    from assistant.audit.log import Log
    from assistant.models.protocol import Model
    from assistant.policy.provenance import Provenance

MOST_SOURCES = 50
"""Sources that the label of a helper's answer lists; more would fill every entry that carries it. Chosen."""


class Child(Protocol):
    """What is needed of a child's session."""

    @property
    def task(self) -> Task:
        """As it stands."""
        ...

    @property
    def label(self) -> Label:
        """Of all that it has read."""
        ...

    @property
    def spent(self) -> Spent:
        """By it and its own children."""
        ...

    @property
    def refused(self) -> list[tuple[str, str]]:
        """(title, code) of each refused call."""
        ...

    def run_delegated(self, prompt: Message) -> AsyncGenerator[Event]:
        """Its one turn."""
        ...

    def answer(self) -> str:
        """Its last words."""
        ...

    async def stop(self) -> None:
        """End its turn: what it runs first, then the log's entry."""
        ...

    async def stop_child(self, task: str) -> bool:
        """End the turn of a helper of its own; False when none of that id runs."""
        ...

    async def aclose(self) -> None:
        """End it."""
        ...


class Parent(Protocol):
    """What is needed of the session that delegates."""

    @property
    def task(self) -> Task:
        """As it stands."""
        ...

    @property
    def log(self) -> Log:
        """Of both."""
        ...

    @property
    def depth(self) -> int:
        """How many ancestors it has."""
        ...

    @property
    def label(self) -> Label:
        """Of the whole conversation."""
        ...

    @property
    def refused(self) -> list[tuple[str, str]]:
        """Calls that were refused, the children's too."""
        ...

    def budgets_left(self) -> Budgets:
        """What it may still use."""
        ...

    def tell(self, event: Event) -> None:
        """Show an event in the turn that runs."""
        ...

    def spend_child(self, spent: Spent) -> None:
        """Count what a child used."""
        ...


class Children:
    """The helpers of one session; answers the `delegate` protocol of the gateway."""

    def __init__(
        self, parent: Parent, open_child: Callable[[Task], Awaitable[Child]], new_task: Callable[[], tuple[str, int]]
    ) -> None:
        self._parent = parent
        self._open = open_child
        self._new_task = new_task
        self._running: dict[str, Child] = {}

    def unfinished(self) -> Spent:
        """What those that run have used so far, which the parent's account has only when they end."""
        total = Spent()
        for child in self._running.values():
            total += msgspec.structs.replace(child.spent, wall_ms=0)
        return total

    async def stop(self, task: str) -> bool:
        """Stop the helper `task`, or one below it. Its call ends with what it has said so far. False when none runs."""
        if (child := self._running.get(task)) is not None:
            await child.stop()
            return True
        for child in list(self._running.values()):
            if await child.stop_child(task):
                return True
        return False

    async def serve(self, verb: str, call_id: str, action: Action, task: str, seen: Provenance) -> Served:
        """See `assistant.gateway.house.House`. Cancelling stops the child first."""
        if verb != "start":
            raise ToolError(f"tool `{action.tool}`: a helper can't be asked to `{verb}`", hint="start")
        parent = self._parent
        name, now = self._new_task()
        made = child_task(parent.task, action, parent.budgets_left(), parent.depth, id=name, now_ms=now)
        child = await self._open(made)
        ended = TurnFinished("stopped", 130, "stopped")
        self._running[made.id] = child
        prompt = Message("user", (TextPart(str(action.argument("prompt"))),), _untrusted(parent.label.join(seen.label)))
        try:
            async with aclosing(child.run_delegated(prompt)) as events:
                async for event in events:
                    parent.tell(ChildEvent(made.id, event, call_id))
                    if isinstance(event, TurnFinished):
                        ended = event
        finally:
            self._running.pop(made.id, None)
            await asyncio.shield(self._finish(call_id, child, ended))
        return _served(child, ended)

    async def _finish(self, call_id: str, child: Child, ended: TurnFinished) -> None:
        parent = self._parent
        parent.spend_child(child.spent)
        parent.refused.extend((f"helper: {title}", code) for title, code in child.refused)
        await child.aclose()
        await parent.log.write(
            "child.finished",
            parent.task.id,
            {"call": call_id, "task": child.task.id, "reason": ended.reason, "spent": child_body(child.spent)},
        )


class Borrowed:
    """The parent's model, as it stands at each call; a child neither starts nor closes it."""

    def __init__(self, current: Callable[[], Model]) -> None:
        self._current = current

    @property
    def info(self) -> ModelInfo:
        """Its entry in the catalogue."""
        return self._current().info

    def stream(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        """Ask once."""
        return self._current().stream(request)

    def warm_up(self) -> None:
        """The parent has."""

    async def aclose(self) -> None:
        """The parent will."""


def _served(child: Child, ended: TurnFinished) -> Served:
    text = child.answer() or "(it said nothing)"
    if ended.reason != "done":
        text = f"[the helper ended early: {ended.message or ended.reason}]\n{text}"
    codes = {code for _, code in child.refused}
    code = "" if not codes else "needs_person" if "needs_person" in codes else "refused"
    if ended.reason != "done":
        code = code or ("stopped" if ended.reason == "stopped" else "failed")
    return Served(Reading(ended.reason == "done", text, code), _untrusted(child.label), f"delegate:{child.task.id}")


def _untrusted(label: Label) -> Label:
    return Label(Integrity.UNTRUSTED, label.confidentiality, label.sources[:MOST_SOURCES])
