"""A task's past as the events that told it then, so that a screen shows a task that is resumed as it looked live.

Fed by `recall`, entry by entry, with the contents that it has read anyway. What the log does not keep (live output, policies'
reasons for what was allowed) is not told.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec

from assistant.agent import events
from assistant.agent.pictures import named, pictures_in
from assistant.gateway import describe
from assistant.types import (
    Action,
    Approval,
    Change,
    Decision,
    Message,
    ReasoningPart,
    TextPart,
    ToolCall,
    ToolResult,
    Verdict,
)
from assistant.visible import one_line

if TYPE_CHECKING:
    from assistant.audit.log import Entry, Log

_OWN = "own-"
"""How the ids of the person's own commands begin (`LocalSession`); those of what no model called have other beginnings."""
_NOT_CALLS = ("apply-", "consult-")


class Retelling:
    """Grows `events`, oldest first."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self.events: list[events.Event] = []
        self._turn = 0
        self._shown: dict[str, str] = {}
        """Calls that have started and not finished."""
        self._edited: set[str] = set()
        """Those that the person changed: another intent with what they made of it follows."""

    def prompt(self, entry: Entry, message: Message) -> None:
        """The person (or, in a child, the parent) said something."""
        self._turn += 1
        self.events.append(events.TurnStarted(entry.task, self._turn, message.text, entry.seq, pictures_in(message)))

    def answer(self, entry: Entry, message: Message) -> None:
        """A model said something, or broke off in the middle."""
        for part in message.parts:
            if isinstance(part, TextPart) and part.text:
                self.events.append(events.TextDelta(part.text))
            elif isinstance(part, ReasoningPart) and part.text:
                self.events.append(events.ReasoningDelta(part.text))
        body = entry.body
        self.events.append(events.ModelFinished(str(body.get("model", "")), str(body.get("finish", ""))))

    def intent(self, entry: Entry, action: Action | None) -> None:
        """A call was about to be run."""
        call = str(entry.body.get("call", ""))
        if call.startswith(_NOT_CALLS):
            return
        if call.startswith(_OWN) and action is not None:
            self.events.append(events.TurnStarted(entry.task, self._turn, f"!{action.argument('command')}"))
        tool = str(entry.body.get("tool", ""))
        if call in self._edited and action is not None:
            self.events.append(events.CallEdited(call, describe.title(action), action))
            return
        self._shown[call] = tool
        self.events.append(events.CallStarted(call, tool, describe.title(action) if action is not None else tool))

    def other(self, entry: Entry) -> None:
        """What needs no content that `recall` reads."""
        body: dict[str, Any] = entry.body
        call = str(body.get("call", ""))
        match entry.kind:
            case "decision" if call in self._shown and body.get("decision") != Decision.ALLOW:
                reason = self._text(body.get("reason_sha256"))
                policies = tuple(str(p) for p in body.get("policies") or ())
                verdict = _converted(
                    {"decision": body.get("decision"), "policies": policies, "reason": reason}, Verdict
                )
                if verdict is not None:
                    self.events.append(events.CallJudged(call, verdict))
            case "approval" if call in self._shown:
                fields = {name: body.get(name) for name in ("digest", "answer", "channel")}
                approval = _converted({**fields, "reason": self._text(body.get("reason_sha256"))}, Approval)
                if approval is not None:
                    self.events.append(events.CallApproved(call, approval))
            case "call.edited":
                self._edited.add(call)
            case "stage.apply" | "stage.undo":
                undone = entry.kind == "stage.undo"
                conflicts = tuple(Change(str(path), "changed") for path in body.get("conflicts") or ())
                undo_id = str(body.get("undo_id", ""))
                self.events.append(events.Applied(_changes(body.get("changes")), undo_id, conflicts, undone))
            case "compacted":
                text = (
                    f"{body.get('cut', '?')} earlier messages were summarised, since the conversation no longer fitted"
                )
                self.events.append(events.Notice("info", text))
            case "turn.finished":
                self._shown.clear()
                self._edited.clear()
                self.events.append(events.TurnFinished(str(body.get("reason", "done"))))
            case _:
                pass

    def result(self, entry: Entry, result: ToolResult) -> None:
        """A call has ended."""
        body: dict[str, Any] = entry.body
        tool = one_line(str(body.get("tool", "")), 80)
        if entry.kind == "call.rejected":
            self.events.append(events.CallStarted(result.call_id, tool, tool))
        elif result.call_id not in self._shown:
            return
        tool = tool or self._shown.get(result.call_id, "")
        self._shown.pop(result.call_id, None)
        ms, status = body.get("wall_ms"), body.get("exit_status")
        self.events.append(
            events.CallFinished(
                result.call_id,
                tool,
                msgspec.structs.replace(result, images=tuple(named(image) for image in result.images)),
                _changes(body.get("changes")),
                ms if isinstance(ms, int) else 0,
                status if isinstance(status, int) else None,
                entry.seq,
            )
        )

    def crash(self, calls: Iterable[ToolCall]) -> None:
        """What the person was told of calls that may have happened."""
        self.events += [may_have_happened(call) for call in calls]

    def _text(self, sha256: object) -> str:
        data = self._log.blob(str(sha256)) if sha256 else None
        return data.decode("utf-8", "replace") if data is not None else ""


def may_have_happened(call: ToolCall) -> events.Notice:
    """What a person should know of a call that ran when the program died."""
    return events.Notice(
        "warning",
        f"the program ended while `{call.name}` ran: it may have happened, and is not repeated by itself",
        f"look at what is staged with /review, and at the log; it was asked to do: {one_line(call.arguments, 200)}",
    )


class _Listed(msgspec.Struct):
    """A change as an entry lists it, see `change_body`."""

    path: str
    kind: str
    before: str = ""
    after: str = ""
    held: str = ""


def _changes(listed: object) -> tuple[Change, ...]:
    found: tuple[_Listed, ...] = _converted(listed, tuple[_Listed, ...]) or ()
    return tuple(Change(c.path, c.kind, before_sha256=c.before, after_sha256=c.after, held=c.held) for c in found)


def _converted(value: object, kind: Any) -> Any:
    """None for what another version wrote differently: one line less in a picture of the past, and no reason to fail."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return None
