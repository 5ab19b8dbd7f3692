"""A recorded task played again by another model: its calls get the recorded results, nothing real is touched.

The replay is a task of its own in the log (`parent` is the recorded one): each call of the model is judged, counted and
recorded there like any other, and so is each result that was served.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from assistant.agent.consult import consult_action
from assistant.agent.context import system_message
from assistant.agent.events import CallFinished, CallStarted, Event, ModelFinished, ModelStarted
from assistant.agent.today import energy_body
from assistant.agent.turn import Answer
from assistant.canonical import dumps
from assistant.errors import BudgetSpent, ModelError, NeedsPerson
from assistant.gateway.record import Record, record
from assistant.models.budgets import Spent
from assistant.models.replay import NOT_RECORDED, Pair, ReplayStep, compare, replay
from assistant.types import (
    JSON,
    CallPart,
    Confidentiality,
    Data,
    Decision,
    Integrity,
    Label,
    Message,
    ModelEvent,
    ModelInfo,
    ModelRequest,
    Task,
    ToolSpec,
    plain,
)
from assistant.visible import one_line

if TYPE_CHECKING:
    from assistant.agent.recall import Recalled
    from assistant.agent.spending import Spending
    from assistant.audit.log import Log
    from assistant.gateway.door import Gateway
    from assistant.models.protocol import Model


class Replayed(Data, frozen=True):
    """Both runs side by side. `task` is the replay's own task; `ended` says why it stopped early, or is empty."""

    task: str
    original: str
    then_model: str
    now_model: str
    prompts: tuple[str, ...]
    pairs: tuple[Pair, ...]
    then: Spent
    now: Spent
    not_recorded: int = 0
    """Calls that the record has no result for."""
    failures: tuple[str, ...] = ()
    """What the model failed with, oldest first."""
    ended: str = ""
    exit_code: int = 0


class CountedModel:
    """A model outside of a turn: every call is within the budget, judged, recorded and counted."""

    def __init__(
        self,
        model: Model,
        task: Task,
        log: Log,
        gateway: Gateway,
        spending: Spending,
        preface: Message | None,
        *,
        earlier_prompts: int = 0,
        emit: Callable[[Event], None] | None = None,
    ) -> None:
        self._model = model
        self._task = task
        self._log = log
        self._gateway = gateway
        self._spending = spending
        self._preface = (preface,) if preface else ()
        self._step = 0
        self._prompts = earlier_prompts
        self._emit = emit or _nobody

    @property
    def info(self) -> ModelInfo:
        """Its entry in the catalogue."""
        return self._model.info

    async def stream(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        """Ask once, see `Model.stream`; what the folder says of itself is put behind the system message.

        Cancelled, it keeps in the log what had come. Raises NeedsPerson when the model may not be sent this conversation,
        BudgetSpent, LogError, and ModelError.
        """
        await self._record_prompts(request)
        system, *rest = request.messages
        request = msgspec.structs.replace(request, messages=(system, *self._preface, *rest))
        self._spending.require()
        await self._consult(request)
        self._step += 1
        info = self.info
        await self._log.write("model.call", self._task.id, {"model": info.id, "step": self._step})
        self._emit(ModelStarted(info.id, self._step))
        started, answer = time.monotonic(), Answer()
        try:
            async for event in self._model.stream(request):
                answer.take(event, self._emit)
                yield event
        except asyncio.CancelledError:
            body, message = {"model": info.id, "kind": "stopped"}, answer.message(whole=False)
            blobs = {"message": dumps(message)} if message else None
            await self._log.write("model.failed", self._task.id, body, blobs=blobs)
            raise
        except ModelError as error:
            body = {"model": info.id, "kind": error.kind}
            await self._log.write("model.failed", self._task.id, body, blobs={"reason": error.message.encode()})
            raise
        await self._record(answer, time.monotonic() - started)

    async def _record_prompts(self, request: ModelRequest) -> None:
        prompts = [m for m in request.messages if m.role == "user"]
        for turn, prompt in enumerate(prompts[self._prompts :], self._prompts + 1):
            body: dict[str, JSON] = {"role": "user", "turn": turn}
            await self._log.write("message", self._task.id, body, blobs={"message": dumps(prompt)})
        self._prompts = len(prompts)

    async def _consult(self, request: ModelRequest) -> None:
        label = Label(Integrity.TRUSTED, Confidentiality.PUBLIC)
        for message in request.messages:
            label = label.join(message.label)
        action = consult_action(self.info, label, self._task.folder)
        verdict = self._gateway.judge(action)
        if verdict.decision is Decision.ALLOW:
            return
        name = f"consult-{secrets.token_hex(4)}"
        if not await self._gateway.ask_about(name, action, verdict, _nobody):
            raise NeedsPerson(
                f"the model {self.info.id} may not be sent this conversation: {verdict.reason}",
                hint=f"policies: {', '.join(verdict.policies)}",
            )

    async def _record(self, answer: Answer, seconds: float) -> None:
        finished, message = answer.finished, answer.message(whole=True)
        usage = finished.usage if finished else None
        charge = await self._spending.call(self.info, usage, seconds)
        body: dict[str, JSON] = {
            "model": self.info.id,
            "finish": finished.finish if finished else "other",
            "usage": dict(plain(usage)) if usage else None,
            "cost_uusd": charge.cost_uusd,
            "duration_ms": int(seconds * 1000),
            **energy_body(charge.energy),
        }
        await self._log.write(
            "model.result", self._task.id, body, blobs={"message": dumps(message)} if message else None
        )
        refusal = finished.refusal if finished else ""
        self._emit(ModelFinished(self.info.id, str(body["finish"]), usage, charge.cost_uusd, refusal))

    def warm_up(self) -> None:
        """Start whatever is slow to start."""
        self._model.warm_up()

    async def aclose(self) -> None:
        """Give back what it holds."""
        await self._model.aclose()


def _nobody(event: Event) -> None:
    """Nobody watches a replay while it runs."""


class Replaying:
    """One replay: `task` is its own task, `past` the recorded one's whole conversation."""

    def __init__(
        self, task: Task, original: Task, past: Recalled, log: Log, gateway: Gateway, spending: Spending
    ) -> None:
        self._task = task
        self._original = original
        self._past = past
        self._log = log
        self._gateway = gateway
        self._spending = spending

    async def run(
        self,
        model: Model,
        tools: Sequence[ToolSpec],
        max_steps: int,
        *,
        begin: int = 0,
        emit: Callable[[Event], None] | None = None,
    ) -> Replayed:
        """To the end, or to a spent budget. Raises NeedsPerson when the model may not see this conversation, LogError.

        `begin`: only what was asked from that message of the past on. `emit` is told what happens, as in a turn.
        """
        past, ended, reason = self._past, "", "failed"
        system = system_message(self._task.folder)
        counted = CountedModel(
            model,
            self._task,
            self._log,
            self._gateway,
            self._spending,
            past.preface,
            earlier_prompts=sum(m.role == "user" for m in past.history[:begin]),
            emit=emit,
        )
        steps: list[ReplayStep] = []
        self._spending.waited_ms = self._gateway.waited_ms
        await self._spending.begin_turn()
        try:
            async for step in replay(counted, past.history, tools, system, max_steps=max_steps, begin=begin):
                steps.append(step)
                await self._served(step, emit or _nobody)
            reason = "done"
        except BudgetSpent as error:
            ended, reason = str(error), "budget"
        except NeedsPerson:
            reason = "refused"
            raise
        except asyncio.CancelledError:
            reason = "stopped"
            raise
        finally:
            body: dict[str, JSON] = {"reason": reason, "wall_ms": self._spending.end_turn()}
            await self._log.write("turn.finished", self._task.id, body)
        return self._report(steps, model.info.id, ended)

    async def _served(self, step: ReplayStep, emit: Callable[[Event], None]) -> None:
        results = step.results
        entries: list[Record] = [
            ("replayed", {"call": r.call_id, "recorded": r.code != NOT_RECORDED}, {"result": dumps(r)}) for r in results
        ]
        if entries:
            await record(self._log, self._task.id, entries)
        calls = {p.call.id: p.call for p in step.message.parts if isinstance(p, CallPart)}
        for result in results:
            call = calls[result.call_id]
            emit(CallStarted(call.id, call.name, one_line(f"{call.name} {call.arguments}", 200)))
            emit(CallFinished(call.id, call.name, msgspec.structs.replace(result, images=())))

    def _report(self, steps: list[ReplayStep], model: str, ended: str) -> Replayed:
        failures = tuple(step.error for step in steps if step.error)
        return Replayed(
            task=self._task.id,
            original=self._original.id,
            then_model=self._original.model,
            now_model=model,
            prompts=tuple(m.text for m in self._past.history if m.role == "user"),
            pairs=tuple(compare(self._past.history, steps)),
            then=self._past.spent,
            now=self._spending.spent,
            not_recorded=sum(r.code == NOT_RECORDED for s in steps for r in s.results),
            failures=failures,
            ended=ended,
            exit_code=5 if ended else 4 if failures else 0,
        )
