"""Rebuilds a task from the log: its conversation, and what policy must know of it. The log is the one source of truth."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from assistant.agent.events import Event, Notice
from assistant.agent.pictures import pictures_seen, with_pictures
from assistant.agent.retelling import Retelling
from assistant.agent.today import spent_of, usage_of
from assistant.agent.turn import tool_message
from assistant.errors import PolicyError
from assistant.gateway.observe import observation_of
from assistant.models.budgets import Energy, Spent
from assistant.policy.provenance import Field, Observation
from assistant.types import (
    JSON,
    Action,
    Approval,
    CallPart,
    Confidentiality,
    Decision,
    ImagePart,
    Integrity,
    Label,
    Message,
    ResultPart,
    TextPart,
    ToolCall,
    ToolResult,
    Usage,
)

if TYPE_CHECKING:
    from assistant.audit.log import Entry, Log
    from assistant.policy.session import Session

ERASED = "[erased]"


class Recalled(msgspec.Struct):
    """A task's past."""

    history: list[Message]
    """As a model is sent it: what was compacted shows as its summary."""
    preface: Message | None = None
    """What the folder said of itself when the task began."""
    turns: int = 0
    interrupted: bool = False
    """The last turn has no end."""
    may_have_happened: tuple[ToolCall, ...] = ()
    """Calls that were about to run when the program died; never repeated by themselves."""
    spent: Spent = Spent()
    """By the task and its children."""
    tokens: Usage = Usage()
    """Of its own model calls."""
    notices: tuple[Notice, ...] = ()
    """What else a person should know who comes back."""
    told: list[Event] = []
    """The past as it was told, with `told=True`."""


def recall(
    log: Log,
    entries: Iterable[Entry],
    policy: Session | None = None,
    *,
    whole: bool = False,
    told: bool = False,
    task: str = "",
    judged: Callable[[Entry, Action], object] | None = None,
) -> Recalled:
    """The whole past that a task's `entries` (oldest first) tell; with `policy`, also tell it what was said and observed.

    Content that was erased shows as `[erased]`. `whole`: every message, also those that a summary has replaced. `told`: also
    the events of then. `task`: count only what this one spent, since a branch shares entries with the task that it left.
    `judged` is called with each decision and its action, when policy knows just what had been said and read by then.
    """
    found = Recalled([], told=[])
    telling = Retelling(log) if told else None
    open_calls: dict[str, ToolCall] = {}
    actions: dict[str, Action | None] = {}
    agreed = _Agreed(log)
    for entry in entries:
        if not task or entry.task == task:
            _count(found, entry)
        if telling is not None:
            telling.other(entry)
        match entry.kind:
            case "context.read":
                found.preface = _message(log, entry, "user")
                if policy:
                    policy.observed(preface_seen(found.preface))
            case "compacted" if not whole:
                cut = int(entry.body.get("cut", 0))
                found.history[:cut] = [_message(log, entry, "user")]
            case "message" | "delegated":
                message = _message(log, entry, "user")
                _close(found, open_calls, "stopped")
                found.history.append(message)
                found.turns += 1
                found.interrupted = True
                if telling is not None:
                    telling.prompt(entry, message)
                if policy and entry.kind == "delegated":
                    policy.observed(prompt_seen(message))
                elif policy and message.role == "user":
                    policy.said(message.text)
                    if pictured := pictures_seen(message):
                        policy.observed(pictured)
            case "model.result" | "model.failed":
                _close(found, open_calls, "stopped")
                if entry.body.get("message_sha256"):
                    message = _message(log, entry, "assistant")
                    found.history.append(message)
                    if telling is not None:
                        telling.answer(entry, message)
                    for part in message.parts:
                        if isinstance(part, CallPart):
                            open_calls[part.call.id] = part.call
            case "intent":
                if policy or judged or telling is not None:
                    action = _action(log, str(entry.body.get("action_sha256", "")))
                    actions[str(entry.body.get("call", ""))] = action
                    if telling is not None:
                        telling.intent(entry, action)
                agreed.intended(entry)
            case "approval.later":
                agreed.said_yes(entry)
            case "decision":
                agreed.decided(entry)
                if policy and entry.body.get("decision") == Decision.ASK:
                    policy.attention.asked(str(entry.body.get("digest", "")), entry.time_ms)
                asked = actions.get(str(entry.body.get("call", "")))
                if judged and asked:
                    judged(entry, asked)
            case "outcome" | "call.rejected" | "replayed":
                result = _result(log, entry)
                if telling is not None:
                    telling.result(entry, result)
                action = actions.pop(result.call_id, None)
                if open_calls.pop(result.call_id, None) is None:
                    continue  # the person's own command, or an apply: no model asked for it
                found.history.append(tool_message(result))
                if policy and action:
                    policy.observed(observation_of(action, result.text, result.label, _fields(log, entry)))
                elif policy and entry.kind != "call.rejected":  # replayed, or its action was erased: read all the same
                    policy.observed(Observation("an earlier result", "tool", result.text, result.label))
            case "call.edited":
                if policy and (sha256 := entry.body.get("said_sha256")):
                    policy.said((log.blob(str(sha256)) or b"").decode("utf-8", "replace"))
            case "crash.found":
                if telling is not None:
                    telling.crash(open_calls.values())
                _close(found, open_calls, "may_have_happened")
            case "turn.finished":
                found.interrupted = False
                _close(found, open_calls, "stopped")
            case _:
                pass
    if policy:
        agreed.tell(policy)
    found.may_have_happened = tuple(open_calls.values())
    _close(found, open_calls, "may_have_happened")
    if telling is not None:
        found.told = telling.events
    return found


class _Agreed:
    """What the person agreed to after it had been refused unattended, and that has not run since."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._actions: dict[str, str] = {}
        self._open: dict[str, Approval] = {}

    def intended(self, entry: Entry) -> None:
        """An action was about to be judged."""
        self._actions[str(entry.body.get("digest", ""))] = str(entry.body.get("action_sha256", ""))

    def said_yes(self, entry: Entry) -> None:
        """The person agreed by a command."""
        try:
            approval = msgspec.convert({k: entry.body.get(k) for k in ("digest", "answer", "channel")}, Approval)
        except msgspec.ValidationError:
            return
        self._open[approval.digest] = approval

    def decided(self, entry: Entry) -> None:
        """The same action came again and was allowed: the yes is used."""
        if entry.body.get("decision") == Decision.ALLOW:
            self._open.pop(str(entry.body.get("digest", "")), None)

    def tell(self, policy: Session) -> None:
        """Let the open ones hold, each for the very action that was shown."""
        for name, approval in self._open.items():
            action = _action(self._log, self._actions.get(name, ""))
            if action is not None:
                with contextlib.suppress(PolicyError):  # what is no yes for this action stays a question
                    policy.approved(action, approval)


def preface_seen(preface: Message) -> Observation:
    """What the folder says of itself, as policy must know it: something read, never something said."""
    return Observation("the folder's own notes", "folder", preface.text, preface.label, (), preface.label.sources)


def prompt_seen(prompt: Message) -> Observation:
    """What a parent's model asked of a child: not the person's words, and no more to be trusted than what it had read."""
    return Observation("the task that delegated this", "delegate", prompt.text, prompt.label)


def _count(found: Recalled, entry: Entry) -> None:
    if entry.kind == "child.finished":
        found.spent += child_spent(entry.body)
        return
    found.spent += spent_of(entry)
    if entry.kind == "model.result" and (usage := usage_of(entry)):
        found.tokens += usage


def child_spent(body: Mapping[str, Any]) -> Spent:
    """What a child used, as the `child.finished` entry of its parent has it."""
    try:
        return msgspec.convert(body.get("spent"), _ChildSpent).spent()
    except msgspec.ValidationError:
        return Spent()


class _ChildSpent(msgspec.Struct):
    """Whole numbers only: the log holds no others. Time is the parent's own."""

    cost_uusd: int = 0
    unpriced_calls: int = 0
    tokens: int = 0
    calls: int = 0
    energy_uwh: tuple[int, int] = (0, 0)
    unmeasured_calls: int = 0

    def spent(self) -> Spent:
        low, high = self.energy_uwh
        energy = Energy(low / 1000, high / 1000)
        return Spent(self.cost_uusd, self.unpriced_calls, self.tokens, self.calls, 0, energy, self.unmeasured_calls)


def child_body(spent: Spent) -> dict[str, JSON]:
    """The `spent` of a `child.finished` entry."""
    return {
        "cost_uusd": spent.cost_uusd,
        "unpriced_calls": spent.unpriced_calls,
        "tokens": spent.tokens,
        "calls": spent.calls,
        "energy_uwh": [int(spent.energy.low_mwh * 1000), int(spent.energy.high_mwh * 1000)],
        "unmeasured_calls": spent.unmeasured_calls,
    }


def stopped_result(call: ToolCall, code: str) -> ToolResult:
    """The result of a call that has none: models refuse a history with open calls."""
    words = {
        "stopped": "not run: the person stopped the turn",
        "may_have_happened": "unknown: the program ended while this ran; it may have happened",
    }
    return ToolResult(call.id, False, words[code], code, Label(Integrity.TRUSTED, Confidentiality.PUBLIC))


def _close(found: Recalled, open_calls: dict[str, ToolCall], code: str) -> None:
    for call in open_calls.values():
        result = stopped_result(call, code)
        found.history.append(Message("tool", (ResultPart(result),), result.label))
    open_calls.clear()


def _message(log: Log, entry: Entry, role: str) -> Message:
    raw = log.blob(str(entry.body.get("message_sha256", "")))
    if raw is None:
        return Message(role, (TextPart(ERASED),))
    return with_pictures(msgspec.json.decode(raw, type=Message), log)


def _action(log: Log, sha256: str) -> Action | None:
    raw = log.blob(sha256) if sha256 else None
    return msgspec.json.decode(raw, type=Action) if raw is not None else None


def _fields(log: Log, entry: Entry) -> tuple[Field, ...]:
    raw = log.blob(str(entry.body.get("fields_sha256", "")))
    return msgspec.json.decode(raw, type=tuple[Field, ...]) if raw is not None else ()


def _result(log: Log, entry: Entry) -> ToolResult:
    call_id = str(entry.body.get("call", ""))
    raw = log.blob(str(entry.body.get("result_sha256", "")))
    if raw is None:
        code = "stopped" if entry.body.get("status") == "stopped" else "failed"
        text = "stopped by the person" if code == "stopped" else ERASED
        return ToolResult(call_id, False, text, code, Label(Integrity.TRUSTED, Confidentiality.PUBLIC))
    result = msgspec.json.decode(raw, type=ToolResult)
    if not result.images:
        return result
    pictures = [(image, log.blob(image.sha256)) for image in result.images]
    seen = tuple(
        ImagePart(image.media_type, data_b64=base64.b64encode(data).decode()) for image, data in pictures if data
    )
    return msgspec.structs.replace(result, images=seen)
