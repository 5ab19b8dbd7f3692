"""Rebuilds a task from the log: its conversation, and what policy must know of it. The log is the one source of truth."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from assistant.agent.turn import tool_message
from assistant.gateway.observe import observation_of
from assistant.policy.provenance import Field
from assistant.types import (
    Action,
    CallPart,
    Confidentiality,
    ImagePart,
    Integrity,
    Label,
    Message,
    ResultPart,
    TextPart,
    ToolCall,
    ToolResult,
)

if TYPE_CHECKING:
    from assistant.audit.log import Entry, Log
    from assistant.policy.session import Session

ERASED = "[erased]"


class Recalled(msgspec.Struct):
    """A task's past."""

    history: list[Message]
    turns: int = 0
    interrupted: bool = False
    """The last turn has no end."""
    may_have_happened: tuple[ToolCall, ...] = ()
    """Calls that were about to run when the program died; never repeated by themselves."""


def recall(log: Log, entries: Iterable[Entry], policy: Session | None = None) -> Recalled:
    """The whole past that a task's `entries` (oldest first) tell; with `policy`, also tell it what was said and observed.

    Content that was erased shows as `[erased]`.
    """
    found = Recalled([])
    open_calls: dict[str, ToolCall] = {}
    actions: dict[str, str] = {}
    for entry in entries:
        match entry.kind:
            case "message":
                message = _message(log, entry, "user")
                _close(found, open_calls, "stopped")
                found.history.append(message)
                found.turns += 1
                found.interrupted = True
                if policy and message.role == "user":
                    policy.said(message.text)
            case "model.result" | "model.failed":
                _close(found, open_calls, "stopped")
                if entry.body.get("message_sha256"):
                    message = _message(log, entry, "assistant")
                    found.history.append(message)
                    for part in message.parts:
                        if isinstance(part, CallPart):
                            open_calls[part.call.id] = part.call
            case "intent":
                actions[str(entry.body.get("call", ""))] = str(entry.body.get("action_sha256", ""))
            case "outcome" | "call.rejected":
                result = _result(log, entry)
                if open_calls.pop(result.call_id, None) is None:
                    continue  # the person's own command, or an apply: no model asked for it
                found.history.append(tool_message(result))
                if policy and (action := _action(log, actions.pop(result.call_id, ""))):
                    policy.observed(observation_of(action, result.text, result.label, _fields(log, entry)))
            case "crash.found":
                _close(found, open_calls, "may_have_happened")
            case "turn.finished":
                found.interrupted = False
                _close(found, open_calls, "stopped")
            case _:
                pass
    found.may_have_happened = tuple(open_calls.values())
    _close(found, open_calls, "may_have_happened")
    return found


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
    return msgspec.json.decode(raw, type=Message)


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
