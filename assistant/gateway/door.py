"""The one door. Every effect of a model passes `Gateway.call`; nothing else starts a program on its behalf.

    validate → make the Action → judge → record intent and decision → ask → run → observe → record outcome → label

Whatever fails on the way is a refusal or a failed result; nothing falls through to running.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

import msgspec

from assistant.canonical import digest, dumps
from assistant.errors import LogError, SandboxError, SandboxUnavailable, ToolError
from assistant.gateway import describe
from assistant.gateway.approver import ApprovalRequest, Approver
from assistant.gateway.canonicalise import make_action
from assistant.gateway.consent import is_consent, is_persons
from assistant.gateway.editing import Edited, editable, edited_arguments, new_words, note
from assistant.gateway.events import (
    CallApproved,
    CallEdited,
    CallFinished,
    CallJudged,
    CallOutput,
    CallStarted,
    GatewayEvent,
    Notice,
)
from assistant.gateway.house import VERBS, House
from assistant.gateway.judge import judged, stricter
from assistant.gateway.observe import observation_of
from assistant.gateway.outcome import decision_records, outcome_body, result_blobs
from assistant.gateway.output import (
    DEFAULT_OUTPUT_BYTES,
    HeadTail,
    Reading,
    capped,
    live_text,
    read_json,
    read_plain,
    redacted,
)
from assistant.gateway.processes import Processes
from assistant.gateway.record import record
from assistant.gateway.resident import Residents
from assistant.gateway.run import command_for, configured_hosts, wall_s
from assistant.gateway.validate import InvalidCallError, Validator
from assistant.policy.sensitive import redact
from assistant.types import (
    JSON,
    Action,
    Answer,
    Approval,
    Change,
    Channel,
    Completed,
    Decision,
    Grant,
    Label,
    Task,
    ToolCall,
    ToolResult,
    ToolSpec,
    Verdict,
    plain,
)
from assistant.visible import prose, visible

if TYPE_CHECKING:
    from assistant.audit.log import Log
    from assistant.gateway.planting import Planting
    from assistant.gateway.registry import Registry
    from assistant.gateway.servers import TaskServers
    from assistant.policy.session import Session
    from assistant.sandbox.protocol import Room

Emit = Callable[[GatewayEvent], None]

MOST_GRANTS = 5
"""An answer that would grant more than this at once is not offered: nobody reads a longer list before pressing a key."""

_REFUSALS = {
    "needs_person": "refused: this needs the person's yes, and nobody is here to give it",
    "refused": "refused by the person",
}


class Gateway:
    """Judges, records and runs the calls of one task. Programs run one after the other, its helpers' included, so that each
    outcome names what that very call has changed; helpers themselves may work at the same time."""

    def __init__(
        self,
        *,
        task: Callable[[], Task],
        registry: Registry,
        log: Log,
        policy: Session,
        approver: Approver,
        room: Callable[[], Awaitable[Room]],
        now_ms: Callable[[], int],
        settings: Callable[[str], Mapping[str, JSON]] = lambda _: {},
        house: Mapping[str, House] | None = None,
        planting: Planting | None = None,
        above: Gateway | None = None,
    ) -> None:
        self._task = task
        self._registry = registry
        self._log = log
        self.policy = policy
        self.approver = approver
        self._room = room
        self._now_ms = now_ms
        self._settings = settings
        self.house: dict[str, House] = dict(house or {})
        """By protocol: who answers the calls of tools that have no program."""
        self.planting = planting
        """Asks now and then what should be refused; None where the person did not turn it on."""
        self._above = above
        """The parent's door: nothing passes this one that would not pass it."""
        self._turns: asyncio.Lock = asyncio.Lock() if above is None else above._turns
        self._validator = Validator()
        self.processes = Processes()
        self.residents = Residents()
        self.servers: TaskServers | None = None
        """The MCP servers of the task, set by the Desk where there are any."""
        self._edited: dict[str, tuple[Action, Action]] = {}
        """By call that the person has changed: the Action as the model asked for it, and as it is now."""
        self._hidden = frozenset(policy.hidden_paths())
        self._waited_s = 0.0
        self.refused: list[tuple[str, str]] = []
        """(title, code) of every call that was refused, for the end of an unattended run."""

    async def call(self, call: ToolCall, emit: Emit, *, by_person: bool = False) -> ToolResult:
        """Take one call through the door; never raises for what the call, the tool or the person does.

        `by_person`: the person typed this very command, which answers an `ask` but never lifts a `deny`.
        Cancelling ends the program first, records the outcome `stopped`, and then travels on.
        """
        try:
            spec, action = self._prepare(call)
        except InvalidCallError as error:
            return await self._reject(call, "invalid_arguments", str(error), emit)
        except LookupError as error:
            return await self._reject(call, "unknown_tool", str(error.args[0]), emit)
        shown = describe.title(action)
        emit(CallStarted(call.id, call.name, shown, action))
        try:
            while True:
                verdict, name = self.judge(action), digest(action)
                await self._record_decision(call.id, action, name, verdict)
                emit(CallJudged(call.id, verdict))
                refusal = await self._consent(call.id, action, name, verdict, emit, by_person, editable(action))
                if not isinstance(refusal, Edited):
                    break
                action = await self._edit(call, spec, action, refusal, emit)
                shown = describe.title(action)
            if refusal is not None:
                self.refused.append((shown, refusal.code))
                return await self._finish(call, name, refusal, Reading(False, refusal.text, refusal.code), emit)
            return await self._run(call, spec, action, name, emit)
        except LogError as error:
            return self._unrecorded(call, error, emit)

    async def ask_about(self, call_id: str, action: Action, verdict: Verdict, emit: Emit) -> bool:
        """Record a verdict on something that is not a tool call (asking a model) and put an `ask` to the person.

        Returns whether it may go on. Raises LogError.
        """
        name = digest(action)
        await self._record_decision(call_id, action, name, verdict)
        return await self._consent(call_id, action, name, verdict, emit, by_person=False) is None

    def waited_ms(self) -> int:
        """How long the person was waited for, since the task was opened here."""
        return int(self._waited_s * 1000)

    def judge(self, action: Action) -> Verdict:
        """Ask policy, of a child also the parent's: the stricter verdict counts. A check that fails is a deny."""
        verdict = judged(self.policy, action, self._now_ms())
        return verdict if self._above is None else stricter(verdict, self._above.judge(action))

    def is_on(self, tool: str) -> bool:
        """Whether the task has the tool now; a child has none that its parent has not."""
        return tool in self._task().tools and (self._above is None or self._above.is_on(tool))

    async def hide_anew(self) -> None:
        """End what runs since before a path was forbidden to read: it was started where that could still be seen."""
        hidden = frozenset(self.policy.hidden_paths())
        if hidden - self._hidden:
            await self.end_programs()
            await self.aclose()
        self._hidden = hidden

    async def end_programs(self) -> None:
        """End the long-running programs of this task, in a room that goes on without it."""
        await self.processes.end_all()
        await self.residents.end_all()

    async def room_ended(self) -> None:
        """Every process of the room was ended: what lived in it is gone, and its servers go too."""
        self.residents.forget()
        await self.aclose()

    async def aclose(self) -> None:
        """End the servers of this task; a helper's are its parent's. They start anew when called."""
        if self.servers is not None and self._above is None:
            await self.servers.stop()

    def _take_yes(self, action: Action, approval: Approval) -> list[Grant]:
        """Tell a yes to each door that asks, and to no other: it would lie there for another call. What it grants for longer
        is granted to the task that asked."""
        made: list[Grant] = []
        if judged(self.policy, action, self._now_ms()).decision is Decision.ASK:
            made += self.policy.approved(action, approval)
        if self._above is not None:
            made += self._above._take_yes(action, msgspec.structs.replace(approval, answer=Answer.ONCE))
        return made

    # ------------------------------------------------------------ steps

    def _prepare(self, call: ToolCall) -> tuple[ToolSpec, Action]:
        task = self._task()
        spec = self._registry.find(call.name)
        if spec is None or not self.is_on(call.name):
            known = ", ".join(t for t in task.tools if self.is_on(t)) or "none"
            state = "is not one of the tools" if spec is None else "is switched off in this task"
            raise LookupError(f"`{visible(call.name)[:80]}` {state}; tools that are on: {known}")
        return spec, self._make(spec, self._validator.check(spec, call.arguments))

    def _make(self, spec: ToolSpec, arguments: dict[str, JSON]) -> Action:
        """Raises InvalidCallError for arguments that no Action can be made of."""
        hosts = configured_hosts(self._settings(spec.name))
        action = make_action(spec, arguments, self._task().folder, hosts=hosts)
        try:
            digest(action)
        except ValueError as error:
            raise InvalidCallError(f"the arguments have no canonical form: {error}") from error
        return action

    async def _reject(self, call: ToolCall, code: str, why: str, emit: Emit) -> ToolResult:
        title = describe.one_line(f"{call.name} {call.arguments}", 120)
        emit(CallStarted(call.id, describe.one_line(call.name, 80), title))
        result = ToolResult(call.id, False, f"{code}: {why}", code, _own_label())
        seq = 0
        try:
            entry = await self._log.write(
                "call.rejected",
                self._task().id,
                {"call": describe.one_line(call.id, 200), "tool": describe.one_line(call.name, 200), "code": code},
                blobs={"call": call.arguments.encode("utf-8", "replace")[:4096], "result": dumps(result)},
            )
            seq = entry.seq
        except LogError as error:
            return self._unrecorded(call, error, emit)
        emit(CallFinished(call.id, call.name, result, seq=seq))
        return result

    async def _record_decision(self, call_id: str, action: Action, name: str, verdict: Verdict) -> None:
        await record(self._log, self._task().id, decision_records(call_id, action, name, verdict))

    async def _edit(self, call: ToolCall, spec: ToolSpec, action: Action, edited: Edited, emit: Emit) -> Action:
        """The Action that the person's change makes, on record and told to policy; the same one when it fits no tool."""
        try:
            arguments = edited_arguments(self._validator, spec, action, edited)
            made = self._make(spec, arguments)
        except InvalidCallError as error:
            emit(Notice("warning", f"the change was not taken: {error}", "change it again, or answer as it is"))
            return action
        if made == action:
            return action
        words = new_words(action, made)
        await self._log.write(
            "call.edited",
            self._task().id,
            {"call": call.id, "digest": digest(action), "new": digest(made), "channel": str(edited.channel)},
            blobs={"said": words.encode()} if words else None,
        )
        self._hear(words)
        self._edited[call.id] = (self._edited.get(call.id, (action, action))[0], made)
        emit(CallEdited(call.id, describe.title(made), made))
        return made

    def _hear(self, words: str) -> None:
        """The person said this on a card: here and, in a helper, to all that it works for."""
        if words:
            self.policy.said(words)
        if self._above is not None:
            self._above._hear(words)

    async def _consent(
        self,
        call_id: str,
        action: Action,
        name: str,
        verdict: Verdict,
        emit: Emit,
        by_person: bool,
        may_edit: tuple[str, ...] = (),
    ) -> ToolResult | Edited | None:
        """None when the call may run; else the refusal for the model, or the person's change of it."""
        if verdict.decision is Decision.ALLOW:
            return None
        if verdict.decision is not Decision.ASK:
            code = verdict.code or "refused"
            return ToolResult(call_id, False, f"refused by policy ({code})", "refused", _own_label())
        approval = Approval(name, Answer.ONCE, Channel.KEY, "typed by the person") if by_person else None
        if approval is None:
            if self.planting is not None and self._above is None:
                await self.planting.perhaps(self.approver, self._log, self._task(), emit)
            lasting = (Answer.TASK, Answer.ALWAYS) if self._above is None else ()
            offered = ((a, self.policy.lasting(action, a, now_ms=self._now_ms())) for a in lasting)
            scopes = tuple((a, grants) for a, grants in offered if 0 < len(grants) <= MOST_GRANTS)
            answers = (Answer.ONCE, *(a for a, _ in scopes), Answer.NO)
            asked = time.monotonic()
            try:
                answer = await self.approver.ask(
                    ApprovalRequest(
                        call_id,
                        action,
                        name,
                        verdict,
                        answers,
                        scopes=scopes,
                        editable=may_edit,
                    )
                )
            finally:
                self._waited_s += time.monotonic() - asked
            if isinstance(answer, Edited) and may_edit and is_persons(answer.channel):
                return answer
            approval = Approval(name, Answer.NO, answer.channel) if isinstance(answer, Edited) else answer
        yes = is_consent(approval, name)
        await self._log.write(
            "approval",
            self._task().id,
            {"call": call_id, "digest": name, "answer": str(approval.answer), "channel": str(approval.channel)},
            blobs={"reason": approval.reason.encode()} if approval.reason else None,
        )
        emit(CallApproved(call_id, approval))
        if not yes:
            if approval.channel is not Channel.UNATTENDED:
                self.policy.refused(action, approval)
            code = "needs_person" if approval.channel is Channel.UNATTENDED else "refused"
            said = f"; the person says: {approval.reason}" if approval.reason and code == "refused" else ""
            return ToolResult(call_id, False, _REFUSALS[code] + said, code, _own_label())
        for grant in self._take_yes(action, approval):
            await self._log.write("grant.added", self._task().id, {"id": grant.id, "grant": plain(grant)})
        # The yes counts for exactly one judgement of exactly this action: this one.
        again = self.judge(action)
        if again.decision is not Decision.ALLOW:
            return ToolResult(call_id, False, f"refused by policy ({again.code})", "refused", _own_label())
        return None

    async def _run(self, call: ToolCall, spec: ToolSpec, action: Action, name: str, emit: Emit) -> ToolResult:
        if spec.protocol in VERBS:
            return await self._serve(call, spec, action, name, emit)
        started = time.monotonic()
        entered: Room | None = None
        try:
            await self.hide_anew()
            room = await self._room()
            async with self._turns:
                entered, started = room, time.monotonic()
                reading, done = await self._start(call, spec, action, room, emit)
                changes = await asyncio.to_thread(room.call_changes)
        except (SandboxUnavailable, SandboxError, ToolError) as error:
            code = "sandbox_unavailable" if isinstance(error, SandboxUnavailable) else "failed"
            emit(Notice("error", error.message, error.hint))
            told = "the sandbox is not available, so no tool can run" if code == "sandbox_unavailable" else str(error)
            return await self._finish(
                call, name, ToolResult(call.id, False, told, code, _own_label()), Reading(False, told, code), emit
            )
        except asyncio.CancelledError:
            # The room has ended every process of the call by now. What it did must be in the log before anyone goes on.
            await asyncio.shield(self._record_stop(call, name, entered, started))
            raise
        text = redacted(reading.text, redact)
        source = f"{spec.name}:{action.resource.id}"
        label = spec.output.join(Label(spec.output.integrity, spec.output.confidentiality, (source,)))
        result = ToolResult(call.id, reading.ok, text, reading.code, label, reading.truncated, reading.images)
        self.policy.observed(observation_of(action, text, label, reading.fields))
        wall_ms = int((time.monotonic() - started) * 1000)
        return await self._finish(call, name, result, reading, emit, done=done, changes=changes, wall_ms=wall_ms)

    async def _serve(self, call: ToolCall, spec: ToolSpec, action: Action, name: str, emit: Emit) -> ToolResult:
        """A call that the house itself answers."""
        started = time.monotonic()
        house = self.house.get(spec.protocol)
        try:
            if house is None:
                raise ToolError(f"nothing answers `{spec.protocol}` here")
            async with asyncio.timeout(wall_s(spec, action)):
                served = await house.serve(spec.program[0], call.id, action, self._task().id, self.policy.provenance)
        except (ToolError, TimeoutError) as error:
            code = "failed" if isinstance(error, ToolError) else "timeout"
            told = str(error) if code == "failed" else f"stopped: it took longer than {wall_s(spec, action):.0f} s"
            result = ToolResult(call.id, False, told, code, _own_label())
            return await self._finish(call, name, result, Reading(False, told, code), emit)
        except asyncio.CancelledError:
            await asyncio.shield(self._record_stop(call, name, None, started))
            raise
        reading = served.reading
        limit = spec.limits.output_bytes or DEFAULT_OUTPUT_BYTES
        text, cut = capped(redacted(prose(reading.text), redact), limit)
        label = spec.output.join(served.label)
        result = ToolResult(call.id, reading.ok, text, reading.code, label, reading.truncated or cut)
        self.policy.observed(observation_of(action, text, label, reading.fields))
        wall_ms = int((time.monotonic() - started) * 1000)
        return await self._finish(call, name, result, reading, emit, wall_ms=wall_ms)

    async def _start(
        self, call: ToolCall, spec: ToolSpec, action: Action, room: Room, emit: Emit
    ) -> tuple[Reading, Completed | None]:
        """Run the program of an action, by the protocol that its manifest names, and read what it printed."""
        limit = spec.limits.output_bytes or DEFAULT_OUTPUT_BYTES

        def show(text: str) -> None:
            if text:
                emit(CallOutput(call.id, text))

        if spec.protocol == "server":
            if self.servers is None:
                raise ToolError(f"tool `{spec.name}` belongs to a server, and none can be started here")
            return await self.servers.act(call.id, spec, action, limit, emit), None
        if spec.protocol == "process":
            return await self.processes.act(spec.program[0], action, room, limit, show), None
        hosts = tuple(str(h) for h in action.facts.get("hosts", []))
        command = command_for(spec, action, hosts, self._settings(spec.name))
        if spec.session:
            done = await self.residents.ask(room, spec.name, command, command.stdin, lambda c: show(live_text(c)))
            reading = read_json(done, limit)
            if self.residents.restarted:
                text = f"[started afresh, what it held is gone: {self.residents.restarted}]\n{reading.text}"
                reading = msgspec.structs.replace(reading, text=text)
            return reading, done
        if spec.protocol == "json":
            done = await room.run(command, lambda c: show(live_text(c)))
            return read_json(done, limit), done
        kept = HeadTail(limit)

        def on_output(chunk: bytes) -> None:
            kept.add(chunk)
            show(visible(chunk.decode("utf-8", "replace")))

        done = await room.run(command, on_output)
        return read_plain(kept, done), done

    async def _record_stop(self, call: ToolCall, name: str, room: Room | None, started: float) -> None:
        changes = await asyncio.to_thread(room.call_changes) if room is not None else []
        body = outcome_body(call.id, name, "stopped", changes=changes, wall_ms=int((time.monotonic() - started) * 1000))
        await self._log.write("outcome", self._task().id, body)

    async def _finish(
        self,
        call: ToolCall,
        name: str,
        result: ToolResult,
        reading: Reading,
        emit: Emit,
        *,
        done: Completed | None = None,
        changes: list[Change] | None = None,
        wall_ms: int = 0,
    ) -> ToolResult:
        if call.id in self._edited:
            told = note(*self._edited.pop(call.id))
            result = msgspec.structs.replace(result, text=told + result.text)
        status = "done" if result.ok else reading.code or "failed"
        body = outcome_body(call.id, name, status, done=done, changes=changes, wall_ms=wall_ms)
        try:
            entry = await self._log.write("outcome", self._task().id, body, blobs=result_blobs(result, reading))
        except LogError as error:
            return self._unrecorded(call, error, emit)
        exit_status = done.exit_status if done else None
        emit(CallFinished(call.id, call.name, result, tuple(changes or ()), wall_ms, exit_status, entry.seq))
        return result

    def _unrecorded(self, call: ToolCall, error: LogError, emit: Emit) -> ToolResult:
        """The log can't be written: the model learns nothing of what may have happened, the person everything."""
        emit(Notice("error", f"the log can't be written, so nothing runs: {error.message}", error.hint))
        result = ToolResult(call.id, False, "the action log is not available, so no tool can run", "log_unavailable")
        emit(CallFinished(call.id, call.name, result))
        return result


def _own_label() -> Label:
    """Our own words about a call: nothing in them was chosen by what the task has read."""
    from assistant.types import Confidentiality, Integrity

    return Label(Integrity.TRUSTED, Confidentiality.PUBLIC)
