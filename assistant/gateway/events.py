"""What the gateway tells while a call passes through it."""

from __future__ import annotations

from typing import TypeAlias

from assistant.types import Action, Approval, Change, Data, ToolResult, Verdict


class CallStarted(Data, frozen=True, tag="call_started"):
    """A call passed validation (`action` set) or did not (`action` None; a CallFinished with the error follows)."""

    call_id: str
    tool: str
    title: str
    """One line that says what it does, safe to show."""
    action: Action | None = None


class CallJudged(Data, frozen=True, tag="call_judged"):
    """Policy has spoken. With `ask`, an Approver is being asked now."""

    call_id: str
    verdict: Verdict


class CallApproved(Data, frozen=True, tag="call_approved"):
    """The answer to an `ask`."""

    call_id: str
    approval: Approval


class CallEdited(Data, frozen=True, tag="call_edited"):
    """The person changed the call: from here on `action` is what it is about. A CallJudged follows."""

    call_id: str
    title: str
    action: Action


class CallOutput(Data, frozen=True, tag="call_output"):
    """Live output, already made visible."""

    call_id: str
    text: str


class CallFinished(Data, frozen=True, tag="call_finished"):
    """The outcome is in the log, durable."""

    call_id: str
    tool: str
    result: ToolResult
    changes: tuple[Change, ...] = ()
    duration_ms: int = 0
    exit_status: int | None = None
    seq: int = 0
    """The outcome's entry in the log."""


class StageChanged(Data, frozen=True, tag="stage_changed"):
    """How many staged changes wait, and how many of them are held for review whatever the autonomy."""

    waiting: int
    held: int = 0


class Applied(Data, frozen=True, tag="applied"):
    """Changes were moved to the real folder (or taken back, when `undone`)."""

    changes: tuple[Change, ...]
    undo_id: str = ""
    conflicts: tuple[Change, ...] = ()
    undone: bool = False


class Notice(Data, frozen=True, tag="notice"):
    """Something the person should know. level: info, warning, error."""

    level: str
    text: str
    hint: str = ""


GatewayEvent: TypeAlias = (
    CallStarted | CallJudged | CallApproved | CallEdited | CallOutput | CallFinished | StageChanged | Applied | Notice
)
