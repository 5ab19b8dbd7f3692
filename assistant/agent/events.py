"""What a turn yields. The screen, the headless runner and the tests render these; nobody else is told anything.

Order within a turn: TurnStarted, then per model call ModelStarted, deltas, ModelFinished, then per tool call
CallStarted → CallJudged → (an Approver is asked; CallEdited → CallJudged when the person changes the call) → CallOutput* → CallFinished, and TurnFinished last, always.
"""

from __future__ import annotations

from typing import TypeAlias

from assistant.gateway.events import (
    Applied,
    CallApproved,
    CallEdited,
    CallFinished,
    CallJudged,
    CallOutput,
    CallStarted,
    Notice,
    StageChanged,
)
from assistant.types import Data, ImagePart, Usage

__all__ = [
    "Applied",
    "CallApproved",
    "CallDelta",
    "CallEdited",
    "CallFinished",
    "CallJudged",
    "CallOutput",
    "CallStarted",
    "ChildEvent",
    "Event",
    "ModelFinished",
    "ModelStarted",
    "Notice",
    "ReasoningDelta",
    "StageChanged",
    "TextDelta",
    "TurnFinished",
    "TurnStarted",
]


class TurnStarted(Data, frozen=True, tag="turn_started"):
    """The person's prompt is in the log, durable."""

    task: str
    turn: int
    prompt: str
    seq: int = 0
    """The prompt's entry in the log, where a branch may leave; 0 for a command of the person's own."""
    images: tuple[ImagePart, ...] = ()
    """The pictures that were sent with it, by their content address in the log; without their data."""


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


class TurnFinished(Data, frozen=True, tag="turn_finished"):
    """The turn is over. reason: done, stopped, refused, failed, budget, steps. `exit_code` as in DESIGN."""

    reason: str
    exit_code: int = 0
    message: str = ""
    asks: int = 0
    """Questions of this task so far, the same one counted once."""
    asks_last_hour: int = 0
    refused: int = 0
    """Calls of this turn that were refused; `message` says so too."""


class ChildEvent(Data, frozen=True, tag="child"):
    """An event of a child task, between the CallStarted and the CallFinished of the call that started it. May be nested."""

    task: str
    """The child."""
    event: Event
    call: str = ""
    """The call that started it; several of one answer may run at the same time."""


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
    | CallEdited
    | CallOutput
    | CallFinished
    | StageChanged
    | Applied
    | Notice
    | ChildEvent
    | TurnFinished
)
