"""What a turn yields. The screen, the headless runner and the tests render these; nobody else is told anything.

Order within a turn: TurnStarted, then per model call ModelStarted, deltas, ModelFinished, then per tool call
CallStarted → CallJudged → (an Approver is asked) → CallOutput* → CallFinished, and TurnFinished last, always.
"""

from __future__ import annotations

from typing import TypeAlias

from assistant.types import Action, Approval, Change, Data, ToolResult, Usage, Verdict


class TurnStarted(Data, frozen=True, tag="turn_started"):
    """The person's prompt is in the log, durable."""

    task: str
    turn: int
    prompt: str


class ModelStarted(Data, frozen=True, tag="model_started"):
    """A request goes to the model."""

    model: str
    step: int


class TextDelta(Data, frozen=True, tag="text"):
    """More words of the answer."""

    text: str


class ReasoningDelta(Data, frozen=True, tag="reasoning"):
    """More words of the reasoning."""

    text: str


class CallDelta(Data, frozen=True, tag="call_delta"):
    """A call is being written by the model; for show only."""

    index: int
    name: str
    arguments: str


class ModelFinished(Data, frozen=True, tag="model_finished"):
    """The model's answer is in the log."""

    model: str
    finish: str
    usage: Usage | None = None
    cost_uusd: int | None = None
    """None when the price is unknown."""
    refusal: str = ""


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
    """Changes were moved to the real folder at the end of the turn (or undone)."""

    changes: tuple[Change, ...]
    undo_id: str = ""
    conflicts: tuple[Change, ...] = ()


class Notice(Data, frozen=True, tag="notice"):
    """Something the person should know. level: info, warning, error."""

    level: str
    text: str
    hint: str = ""


class TurnFinished(Data, frozen=True, tag="turn_finished"):
    """The turn is over. reason: done, stopped, refused, failed, budget, steps. `exit_code` as in DESIGN."""

    reason: str
    exit_code: int = 0
    message: str = ""


Event: TypeAlias = (
    TurnStarted
    | ModelStarted
    | TextDelta
    | ReasoningDelta
    | CallDelta
    | ModelFinished
    | CallStarted
    | CallJudged
    | CallApproved
    | CallOutput
    | CallFinished
    | StageChanged
    | Applied
    | Notice
    | TurnFinished
)
