"""One open task: the TaskSession of `assistant.agent.desk`, for real. What a person changes about it stands in `steering.py`.

Every change of the task is an entry in the log before it takes effect. One turn at a time; `stop` may come at any moment.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from assistant.agent.children import Children
from assistant.agent.consult import consult_action
from assistant.agent.context import beginning, request_for
from assistant.agent.deadline import Deadline
from assistant.agent.desk import TaskTotals
from assistant.agent.driver import Driver, Emit
from assistant.agent.events import Event, Notice, TurnFinished, TurnStarted
from assistant.agent.limits import BudgetLimit, RepetitionLimit, StepLimit
from assistant.agent.notes import read_folder_notes
from assistant.agent.pictures import message_blobs, pictures_in, pictures_seen, with_pictures
from assistant.agent.recall import Recalled, preface_seen, prompt_seen, stopped_result
from assistant.agent.retelling import may_have_happened
from assistant.agent.services import Services
from assistant.agent.spending import Charge, Spending
from assistant.agent.steering import Steering
from assistant.agent.turn import Turn, unanswered
from assistant.agent.window import Window, still_in_force
from assistant.canonical import dumps
from assistant.errors import AssistantError, BudgetSpent, LogError, ModelError, UsageError
from assistant.gateway.record import Record, record
from assistant.models.budgets import Spent
from assistant.models.recovery import Again, Recovery, Swap
from assistant.types import (
    JSON,
    Budgets,
    Change,
    Confidentiality,
    Decision,
    ImagePart,
    Integrity,
    Label,
    Message,
    ModelInfo,
    ModelRequest,
    ResultPart,
    Task,
    TextPart,
    ToolCall,
    ToolResult,
    Usage,
    Verdict,
)
from assistant.visible import one_line

if TYPE_CHECKING:
    from assistant.models.protocol import Model


END_PROGRAMS_S = 10.0
"""How long a stop waits for the room to end its processes, which it kills: 0.1 s as a rule. A room that doesn't answer must
not keep the person from stopping. Chosen."""


class LocalSession(Steering):
    """A task on this machine."""

    def __init__(self, task: Task, model: Model, services: Services, past: Recalled | None = None) -> None:
        super().__init__(task, model, services)
        self._past = past or Recalled([])
        self._history: list[Message] = self._past.history
        self._turns = self._past.turns
        self._spending = Spending(self._past.spent, lambda: self._task.budgets, services.day, services.today)
        self._window = Window(services.log, task.id, self._spending)
        self._tokens = self._past.tokens
        self._label = Label(Integrity.TRUSTED, Confidentiality.PUBLIC)
        if self._past.preface:
            self._take_preface(self._past.preface)
        for message in self._history:
            self._label = self._label.join(message.label)
            if pictured := pictures_seen(message):
                self._label = self._label.join(pictured.label)
        self._recovery = self._new_recovery()
        self._spending.waited_ms = self._gateway.waited_ms
        self._children: Children | None = None
        if (open_child := services.open_child) is not None:
            self._children = Children(self, lambda made: open_child(self, made), services.new_task)
            self._gateway.house["delegate"] = self._children
        self._emit: Emit = _nobody
        self._driver = Driver()
        self._notices_told = False
        self._moment: asyncio.Task[str] | None = None
        """Keeps what is staged as the turn begins; its result says why it could not be kept."""
        self._turn: Turn | None = None
        self.apply_at_end = True
        """Whether a turn ends with applying what policy allows. Off: every change waits for review."""

    # ------------------------------------------------------------ what it is

    @property
    def totals(self) -> TaskTotals:
        """Used so far."""
        return TaskTotals(
            input_tokens=self._tokens.input,
            output_tokens=self._tokens.output,
            cache_read=self._tokens.cache_read,
            cache_write=self._tokens.cache_write,
            calls=self._spending.spent.calls,
            cost_uusd=self._spending.spent.cost_uusd,
            unpriced_calls=self._spending.spent.unpriced_calls,
            asks=self._services.policy.attention.asks,
            asks_last_hour=self._services.policy.attention.asks_last_hour(time.time_ns() // 1_000_000),
        )

    @property
    def running(self) -> bool:
        """Whether a turn runs."""
        return self._driver.running

    @property
    def label(self) -> Label:
        """Of the whole conversation."""
        return self._label

    @property
    def preface(self) -> Message | None:
        """What the folder says of itself, as the model is given it."""
        return self._past.preface

    @property
    def spent(self) -> Spent:
        """By the task and its children."""
        return self._spending.spent

    def history(self) -> Sequence[Message]:
        """The conversation, oldest first."""
        return self._history

    def warm_up(self) -> None:
        """Start the model's worker and the room in the background."""
        self._model.warm_up()
        self._in_background(self._warm_room())

    async def _warm_room(self) -> None:
        with contextlib.suppress(AssistantError):  # the first call says what is wrong, where it can be read
            await self.open_room()

    def notices(self) -> Sequence[Notice]:
        """What a person should know who comes back to this task: calls that may have happened when the program died.

        Whoever asks tells the person: the next turn does not repeat it.
        """
        self._notices_told = True
        return self._untold()

    def _untold(self) -> list[Notice]:
        return [*self._past.notices, *(may_have_happened(call) for call in self._past.may_have_happened)]

    def past(self) -> Sequence[Event]:
        """What had happened when the task was resumed, as it was told then. Empty for a new task."""
        return self._past.told

    async def weakness(self) -> Sequence[Notice]:
        """How this machine contains programs less well than it should, unless that was told already."""
        return await self._services.weakness.tell()

    # ------------------------------------------------------------ a turn

    def run_turn(self, prompt: str, images: Sequence[ImagePart] = ()) -> AsyncGenerator[Event]:
        """Run one turn. TurnFinished is always the last event, also after `stop`. Closing the stream stops the turn.

        `images` carry their data, or name what lies in the log (of an earlier message); what is written in them is nobody's word.
        """
        message = Message("user", (TextPart(prompt), *images), _PERSON)
        return self._drive(lambda emit: self._model_turn(message, emit))

    def run_delegated(self, prompt: Message) -> AsyncGenerator[Event]:
        """Run the one turn of a child. `prompt` is a model's, not the person's."""
        return self._drive(lambda emit: self._model_turn(prompt, emit))

    def run_own_command(self, command: str) -> AsyncGenerator[Event]:
        """Run the person's own command through the same door, as a turn without a model."""
        return self._drive(lambda emit: self._own_command(command, emit))

    async def stop(self) -> None:
        """End the running turn: processes first, then the log's entry, then TurnFinished."""
        await self._driver.stop(self._end_programs)

    async def _end_programs(self) -> None:
        """The turn ends even when a program can't be ended, and then it is said."""
        try:
            async with asyncio.timeout(END_PROGRAMS_S):
                await self.stop_processes()
        except (AssistantError, OSError) as error:  # TimeoutError is an OSError
            why = one_line(str(error), 300) or f"no answer for {END_PROGRAMS_S:.0f} s"
            self._emit(Notice("error", f"not every program could be ended: {why}", "`assistant stop` tries it again"))

    async def stop_child(self, task: str) -> bool:
        """Stop one helper, at any depth. The turn goes on with what it has said; False when none of that id runs."""
        return self._children is not None and await self._children.stop(task)

    def _drive(self, work: Callable[[Emit], Awaitable[TurnFinished]]) -> AsyncGenerator[Event]:
        return self._driver.events(lambda emit: self._supervised(work, emit), f"turn {self._task.id}")

    async def _supervised(self, work: Callable[[Emit], Awaitable[TurnFinished]], emit: Emit) -> None:
        self._emit = emit
        deadline = Deadline(self._spending.seconds_left, self._say_time, self._end_programs)
        try:
            await self._spending.begin_turn()
            for notice in await self.weakness():
                emit(notice)
            async with deadline:
                ended = await work(emit)
        except asyncio.CancelledError:
            ended = self._out_of_time() if deadline.passed else TurnFinished("stopped", 130, "stopped")
        except LogError as error:
            ended = TurnFinished("failed", error.exit_code, f"the log can't be written, so nothing runs: {error}")
        except AssistantError as error:
            ended = TurnFinished("failed", error.exit_code, str(error))
        except Exception as error:  # our own mistake: the turn ends, the task and what it holds do not
            ended = TurnFinished("failed", 1, f"a fault in the assistant itself: {type(error).__name__}: {error}")
            emit(Notice("error", ended.message, "the task is kept; please report this"))
        ended, totals = await self._close_turn(ended), self.totals
        emit(msgspec.structs.replace(ended, asks=totals.asks, asks_last_hour=totals.asks_last_hour))

    def _say_time(self) -> None:
        for notice in self._spending.count(Spent()):
            self._emit(notice)

    def _out_of_time(self) -> TurnFinished:
        try:
            self._spending.require()
        except BudgetSpent as error:
            return TurnFinished("budget", error.exit_code, str(error))
        return TurnFinished(
            "budget", BudgetSpent.exit_code, "the time of this task was used up"
        )  # and raised meanwhile

    async def _close_turn(self, ended: TurnFinished) -> TurnFinished:
        """Leave nothing half said: results for open calls, kept words, and the turn's end in the log."""
        partial = self._turn.answer.message(whole=False) if self._turn and self._turn.answer else None
        self._turn = None
        for part in unanswered(self._history):
            result = stopped_result(part.call, "stopped")
            self.remember(Message("tool", (ResultPart(result),), result.label))
        try:
            if partial:
                await self._log.write(
                    "model.failed",
                    self._task.id,
                    {"model": self._model.info.id, "kind": "stopped"},
                    blobs={"message": dumps(partial)},
                )
                self.remember(partial)
            wall_ms = self._spending.end_turn()
            body: dict[str, JSON] = {"reason": ended.reason} | ({} if self._services.within else {"wall_ms": wall_ms})
            await self._log.write("turn.finished", self._task.id, body)
        except LogError as error:
            return TurnFinished("failed", error.exit_code, f"the end of the turn is not in the log: {error}")
        return ended

    async def _model_turn(self, message: Message, emit: Emit) -> TurnFinished:
        asked, message = message, await asyncio.to_thread(with_pictures, message, self._log)
        prompt, by_person = message.text, message.label == _PERSON
        self._turns += 1
        notices, records = self._left_open()
        kind = "message" if by_person else "delegated"
        records.append((kind, {"role": "user", "turn": self._turns}, message_blobs(message)))
        if not self._task.title:
            self._task = msgspec.structs.replace(self._task, title=one_line(prompt, 60))
            records.append(("task.changed", {"what": "title", "new": self._task.title}, {}))
        entries = await record(self._log, self._task.id, records)
        seq = next(entry.seq for entry in entries if entry.kind == kind)
        emit(TurnStarted(self._task.id, self._turns, prompt, seq, pictures_in(message)))
        if not self._services.within:
            await self._moment_kept(emit)
            self._moment = self._in_background(asyncio.to_thread(self._keep_moment, seq))
        if lost := len(asked.parts) - len(message.parts):
            was = "was" if lost == 1 else "were"
            emit(Notice("warning", f"{lost} of the pictures {was} erased from the log, and {was} not sent"))
        for notice in notices:
            emit(notice)
        for text in self._services.reload_policy(self._services.policy):
            emit(Notice("warning", text))
        if self._turns == 1 and not self._history and not self._services.within:
            await self._read_notes(emit)
        self.remember(message)
        if by_person:
            self._services.policy.said(prompt)
            if pictured := pictures_seen(message):
                self._label = self._label.join(pictured.label)
                self._services.policy.observed(pictured)
        else:
            self._services.policy.observed(prompt_seen(message))
        self._recovery = self._new_recovery()
        limits = (StepLimit(self._services.max_steps), RepetitionLimit(), BudgetLimit(self.require_budgets))
        self._turn = Turn(self, limits, emit)
        ended = await self._turn.run()
        if not self._services.within and (self._room is not None or ended.reason == "done"):
            await self._settle(emit)
        return ended

    async def _read_notes(self, emit: Emit) -> None:
        """Once, when the task begins: what the folder says of itself, as data that stands before the conversation."""
        message = await read_folder_notes(self._task, self._gateway, self._log)
        if message is not None:
            self._take_preface(message)
            self._services.policy.observed(preface_seen(message))
            emit(Notice("info", f"the model is given {', '.join(message.label.sources)}, as data of this folder"))

    def _take_preface(self, message: Message) -> None:
        self._past.preface = message
        self._label = self._label.join(message.label)

    def _left_open(self) -> tuple[Sequence[Notice], list[Record]]:
        """What a person should know who comes back, and the entries that say it was told: once."""
        notices = [] if self._notices_told else self._untold()
        found: list[Record] = [
            ("crash.found", {"call": call.id, "tool": call.name}, {}) for call in self._past.may_have_happened
        ]
        self._past.may_have_happened = ()
        self._past.notices = ()
        return notices, found

    async def _own_command(self, command: str, emit: Emit) -> TurnFinished:
        self._turns += 1
        emit(TurnStarted(self._task.id, self._turns, f"!{command}"))
        self._services.policy.said(command)
        await self._moment_kept(emit)
        call = ToolCall(
            f"own-{secrets.token_hex(4)}", "run_command", msgspec.json.encode({"command": command}).decode()
        )
        result = await self._gateway.call(call, emit, by_person=True)
        await self._settle(emit)
        return TurnFinished("done", 0 if result.ok or result.code == "failed" else 3)

    async def _settle(self, emit: Emit) -> None:
        try:
            await self._settlement.end_of_turn(self._services.stage(), emit, may_apply=self.apply_at_end)
        except AssistantError as error:
            emit(Notice("error", error.message, error.hint))

    # ------------------------------------------------------------ what a helper's parent needs

    def budgets_left(self) -> Budgets:
        """What the task may still use."""
        return self._spending.left()

    def require_budgets(self) -> None:
        """Raises BudgetSpent when a budget of the task or of an ancestor is used up, helpers that still run counted in."""
        self._spending.require(self._children.unfinished() if self._children is not None else None)
        self._services.require_above()

    def tell(self, event: Event) -> None:
        """Show an event in the turn that runs."""
        self._emit(event)

    def spend_child(self, spent: Spent) -> None:
        """Count what a child used; its time is part of this task's own."""
        for notice in self._spending.count(msgspec.structs.replace(spent, wall_ms=0)):
            self._emit(notice)

    def answer(self) -> str:
        """The last words of the model."""
        return next((m.text for m in reversed(self._history) if m.role == "assistant" and m.text.strip()), "")

    # ------------------------------------------------------------ what the turn needs

    def remember(self, message: Message) -> None:
        """Add to the conversation; the label of the whole only ever grows stricter."""
        self._history.append(message)
        self._label = self._label.join(message.label)

    async def call(self, call: ToolCall, emit: Emit) -> ToolResult:
        """Through the door, once what is staged has been kept for a branch that begins with this turn."""
        await self._moment_kept(emit)
        return await self._gateway.call(call, emit)

    async def _moment_kept(self, emit: Emit) -> None:
        if (moment := self._moment) is not None:
            problem = await asyncio.shield(moment)
            self._moment = None
            if problem:
                emit(Notice("info", f"a branch from here would begin with an empty stage: {problem}"))

    def _keep_moment(self, seq: int) -> str:
        """Costs nothing that the person waits for: it is done while the model thinks. Returns why it could not be done."""
        try:
            self._services.stage().keep_moment(str(seq))
        except (AssistantError, OSError) as error:
            return str(error)
        return ""

    async def consult(self, info: ModelInfo, emit: Emit) -> Verdict | None:
        """Ask policy whether this model may be sent this conversation. None is yes."""
        action = consult_action(info, self._label, self._task.folder)
        verdict = self._gateway.judge(action)
        if verdict.decision is Decision.ALLOW:
            return None
        may = await self._gateway.ask_about(f"consult-{secrets.token_hex(4)}", action, verdict, emit)
        return None if may else verdict

    async def spend(self, info: ModelInfo, usage: Usage | None, seconds: float) -> Charge:
        """Count a model call."""
        self._recovery.succeeded()
        if usage:
            self._tokens += usage
        self._window.answered(self._history, self._beginning, self.enabled_tools(), usage)
        return await self._spending.call(info, usage, seconds)

    def request(self) -> ModelRequest:
        """What the model is sent now."""
        return request_for(self._task.folder, self._history, self.enabled_tools(), self._past.preface)

    async def make_room(self, model: Model, emit: Emit, refused: ModelError | None = None) -> bool:
        """Shorten the conversation when it does not fit the model's window."""
        return await self._window.fit(
            model, self._history, self._beginning, self.enabled_tools(), self._still_in_force, emit, refused
        )

    @property
    def _beginning(self) -> Sequence[Message]:
        return beginning(self._task.folder, self._past.preface)

    async def _still_in_force(self) -> list[str]:
        """What must not depend on a summary's wording."""
        changes: list[Change] = []
        if self._room is not None:
            with contextlib.suppress(AssistantError):
                changes = await self.changes()
        return still_in_force(self.boundaries(), self.grants(), self.refused, changes)

    async def recover(self, error: ModelError, tries: int, delivered: bool, emit: Emit) -> bool:
        """Wait and try again, or go on with the next model of the fallback list."""
        while True:
            step = self._recovery.after(error, delivered=delivered)
            said = f"{step.explanation.sentence}: {one_line(error.message, 300)}"
            if isinstance(step, Again):
                emit(Notice("warning", f"{said}; trying again in {step.wait_s:.0f} s"))
                await asyncio.sleep(step.wait_s)
                return True
            if not isinstance(step, Swap):
                error.message, error.hint = said, step.explanation.hint
                return False
            try:
                await self.set_model(step.model)
            except UsageError as unusable:
                emit(Notice("warning", unusable.message, unusable.hint))
                continue
            emit(Notice("warning", f"{said}; going on with {step.model}"))
            return True

    def _new_recovery(self) -> Recovery:
        services = self._services
        return Recovery(self._task.model, services.fallback, usable=services.usable, window=services.window)

    async def aclose(self) -> None:
        """Stop what runs and release the room. The task stays in the log."""
        await self.stop()
        for task in list(self._background):
            task.cancel()
        await asyncio.gather(*self._background, self._gateway.aclose(), return_exceptions=True)
        if self._room is not None:
            with contextlib.suppress(AssistantError, asyncio.CancelledError):
                room = await self._room
                await (self._gateway.end_programs() if self._services.within else room.aclose())
        await self._model.aclose()


def _nobody(event: Event) -> None:
    """Between turns nobody listens."""


_PERSON = Label(Integrity.TRUSTED, Confidentiality.PRIVATE, ("person",))
