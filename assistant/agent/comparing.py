"""Recorded conversations with other models: a whole task played again, or its last turn answered by another model as well."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

import msgspec

from assistant.agent.driver import Driver
from assistant.agent.events import Event, TurnFinished, TurnStarted
from assistant.agent.parts import Parts, new_task_id, now_ms
from assistant.agent.recall import Recalled, recall
from assistant.agent.replaying import Replayed, Replaying
from assistant.agent.spending import Spending
from assistant.errors import AssistantError, NeedsPerson, SandboxError, UsageError
from assistant.gateway.door import Gateway
from assistant.models.budgets import Spent
from assistant.types import Task, ToolSpec
from assistant.visible import one_line

if TYPE_CHECKING:
    from assistant.agent.task_policies import TaskPolicies
    from assistant.agent.tasks import Tasks
    from assistant.agent.today import Today
    from assistant.audit.log import Entry, Log
    from assistant.audit.task_view import TaskState
    from assistant.audit.views import Views
    from assistant.config import Settings
    from assistant.gateway.approver import Approver
    from assistant.models.protocol import Model
    from assistant.policy.session import Session as PolicySession
    from assistant.sandbox.protocol import Room

Emit = Callable[[Event], None]


class Compared(Protocol):
    """A turn that was answered once, and that another model answers now. Use from one event loop."""

    @property
    def prompt(self) -> str:
        """What the person had asked."""
        ...

    @property
    def then_model(self) -> str:
        """Who answered when it was recorded; empty when nobody did."""
        ...

    @property
    def now_model(self) -> str:
        """Who answers now."""
        ...

    @property
    def then(self) -> Spent:
        """What the recorded turn used, its helpers counted in."""
        ...

    @property
    def now(self) -> Spent:
        """What the other model has used so far; its time when it has ended."""
        ...

    def past(self) -> Sequence[Event]:
        """The recorded turn as it was told then."""
        ...

    def run(self) -> AsyncGenerator[Event]:
        """Ask the other model. TurnFinished is always the last event, also after `stop`. Once."""
        ...

    async def stop(self) -> None:
        """End it, keep in the log what had come, and give back what it holds. Nothing when it has ended."""
        ...


class RecordedTurn(msgspec.Struct, frozen=True):
    """The last turn that the log has of a conversation."""

    prompt: str
    model: str
    before: Recalled
    """The conversation up to the prompt, as a model is sent it."""
    turn: Recalled
    """The prompt and what came of it, whole."""


def last_turn(log: Log, entries: Iterable[Entry]) -> RecordedTurn:
    """The last turn of `entries` (oldest first) in which a model was asked. Raises UsageError when there is none."""
    known = list(entries)
    begin = next((i for i in reversed(range(len(known))) if known[i].kind in ("message", "delegated")), None)
    if begin is None:
        raise UsageError("nothing was asked in this task yet", hint="ask something first, then compare")
    end = next((i for i in range(begin, len(known)) if known[i].kind == "turn.finished"), len(known) - 1) + 1
    tail = known[begin:end]
    turn = recall(log, tail, whole=True, told=True)
    models = [str(e.body.get("model", "")) for e in tail if e.kind in ("model.result", "model.failed")]
    prompt = turn.history[0].text
    return RecordedTurn(prompt, models[-1] if models else "", recall(log, itertools.islice(known, begin)), turn)


class Comparison:
    """See `Compared`."""

    def __init__(
        self,
        recorded: RecordedTurn,
        replaying: Replaying,
        spending: Spending,
        model: Model,
        task: Task,
        tools: Sequence[ToolSpec],
        max_steps: int,
    ) -> None:
        self.prompt, self.then_model, self.then = recorded.prompt, recorded.model, recorded.turn.spent
        self.now_model = model.info.id
        self._recorded = recorded
        self._replaying = replaying
        self._spending = spending
        self._model = model
        self._task = task
        self._tools = tools
        self._max_steps = max_steps
        self._driver = Driver()
        self.ended = False
        """Whether it holds nothing any more."""

    @property
    def now(self) -> Spent:
        """What the other model has used so far."""
        return self._spending.spent

    def past(self) -> Sequence[Event]:
        """The recorded turn as it was told then."""
        return self._recorded.turn.told

    def run(self) -> AsyncGenerator[Event]:
        """Ask the other model."""
        return self._driver.events(self._run, f"comparison {self._task.id}")

    async def stop(self) -> None:
        """End it; what it holds is given back in any case."""
        await self._driver.stop(_nothing)
        await self._give_back()

    async def _run(self, emit: Emit) -> None:
        emit(TurnStarted(self._task.id, 1, self.prompt))
        if self.ended:  # stopped before it was begun
            emit(TurnFinished("stopped", 130))
            return
        try:
            ended = await self._answer(emit)
        except asyncio.CancelledError:
            ended = TurnFinished("stopped", 130)
        except AssistantError as error:
            reason = "refused" if isinstance(error, NeedsPerson) else "failed"
            ended = TurnFinished(reason, error.exit_code, str(error))
        except Exception as error:  # whoever reads must be told, whatever broke
            ended = TurnFinished("failed", 1, f"{type(error).__name__}: {error}")
        finally:
            await self._give_back()
        emit(ended)

    async def _give_back(self) -> None:
        if not self.ended:
            self.ended = True
            await self._model.aclose()

    async def _answer(self, emit: Emit) -> TurnFinished:
        begin = len(self._recorded.before.history)
        done = await self._replaying.run(self._model, self._tools, self._max_steps, begin=begin, emit=emit)
        if done.failures:
            return TurnFinished("failed", 4, done.failures[-1])
        return TurnFinished("budget", 5, done.ended) if done.ended else TurnFinished("done")


class Replays:
    """Makes replays and comparisons: each a task of its own in the log, whose `parent` is the recorded one."""

    def __init__(
        self,
        parts: Parts,
        views: Views,
        today: Today,
        *,
        settings: Callable[[], Settings],
        policies: TaskPolicies,
        tasks: Tasks,
    ) -> None:
        self._parts = parts
        self._views = views
        self._today = today
        self._settings = settings
        self._policies = policies
        self._tasks = tasks
        self._begun: list[Comparison] = []

    async def whole(self, state: TaskState, model: str, approver: Approver) -> Replayed:
        """Play the whole task again. Raises UsageError, NeedsPerson when the model may not see it, LogError."""
        answering = await self._parts.make_model(model)
        try:
            new = self._new_task(state.task, answering.info.id)
            policy, past = await asyncio.to_thread(self._whole_past, state, new)
            spending = self._spending(new)
            replaying = self._replaying(new, state.task, past, policy, spending, approver)
            await self._tasks.record_opening(new)
            return await replaying.run(answering, self._tools(new), self._settings().max_steps)
        finally:
            await answering.aclose()

    async def compare(self, state: TaskState, model: str, approver: Approver) -> Comparison:
        """Let `model` answer what was asked last, too. Raises UsageError, LogError; refusals come as events of the run."""
        entries = self._views.shared_entries(state.task.id)
        recorded = await asyncio.to_thread(last_turn, self._parts.log, entries)
        answering = await self._parts.make_model(model)
        try:
            new = self._new_task(state.task, answering.info.id)
            policy, _whole = await asyncio.to_thread(self._whole_past, state, new)
            before, turn = recorded.before, recorded.turn
            past = Recalled([*before.history, *turn.history], before.preface, spent=turn.spent)
            spending = self._spending(new)
            replaying = self._replaying(new, state.task, past, policy, spending, approver)
            await self._tasks.record_opening(new)
        except BaseException:
            await answering.aclose()
            raise
        made = Comparison(recorded, replaying, spending, answering, new, self._tools(new), self._settings().max_steps)
        self._begun = [*(c for c in self._begun if not c.ended), made]
        return made

    async def aclose(self) -> None:
        """End what runs."""
        for comparison in self._begun:
            await comparison.stop()

    def _new_task(self, old: Task, model: str) -> Task:
        return Task(
            id=new_task_id(),
            folder=old.folder,
            model=model,
            title=one_line(f"replay: {old.title}", 60),
            kit=old.kit,
            tools=old.tools,
            autonomy=old.autonomy,
            budgets=self._settings().budgets,
            parent=old.id,
            purpose="replay",
            created_ms=now_ms(),
        )

    def _whole_past(self, state: TaskState, new: Task) -> tuple[PolicySession, Recalled]:
        policy = self._policies.open(new, state.grants, state.boundaries)
        return policy, recall(self._parts.log, self._views.shared_entries(state.task.id), policy, whole=True)

    def _spending(self, new: Task) -> Spending:
        return Spending(Spent(), lambda: new.budgets, self._settings().day, self._today)

    def _tools(self, new: Task) -> list[ToolSpec]:
        return [spec for name in new.tools if (spec := self._parts.registry.find(name))]

    def _replaying(
        self, new: Task, old: Task, past: Recalled, policy: PolicySession, spending: Spending, approver: Approver
    ) -> Replaying:
        parts = self._parts
        gateway = Gateway(
            task=lambda: new,
            registry=parts.registry,
            log=parts.log,
            policy=policy,
            approver=approver,
            room=_no_room,
            now_ms=now_ms,
        )
        return Replaying(new, old, past, parts.log, gateway, spending)


async def _nothing() -> None:
    """A replay has no processes to end first."""


async def _no_room() -> Room:
    raise SandboxError("a replay runs nothing")
