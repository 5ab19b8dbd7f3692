"""Every message of the screen, and how they flow.

    Prompt ─ PromptSubmitted ─▶ ChatScreen ─▶ a command (ui/commands.py)
                                           └▶ worker: session.run_turn ─ TurnEvent* ─▶ ChatScreen
                                                                                        ├▶ Transcript (what is seen)
                                                                                        ├▶ StatusLine (figures)
                                                                                        └▶ Activity   (that it works)
    SaidView ─ EditAsked ─▶ ChatScreen ─▶ the prompt; sent, it opens another ChatScreen on a branch
    worker: the desk is built ─ DeskReady | DeskFailed ─▶ ChatScreen
    gateway ─ ScreenApprover.ask, .elicit ─ ApprovalAsked ─▶ ChatScreen ─▶ ApprovalPanel
    ApprovalPanel ─ ApprovalAnswered, ApprovalEdited, ServerAnswered ─▶ ChatScreen ─▶ ScreenApprover ─▶ gateway
    gateway cancels the question ─ ApprovalWithdrawn ─▶ ChatScreen ─▶ ApprovalPanel

Workers do the waiting and never touch a widget: they post one of these. Handlers change widgets and never wait for
anything but widgets.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from assistant.agent.desk import Desk, TaskSession
    from assistant.agent.events import Event
    from assistant.gateway.approver import ApprovalRequest, ElicitAnswer, ElicitRequest
    from assistant.types import JSON, Answer
    from assistant.ui.conversation import Said
    from assistant.ui.decision import Question


class DeskReady(Message):
    """The product stands, and the task is open."""

    def __init__(self, desk: Desk, session: TaskSession) -> None:
        self.desk, self.session = desk, session
        super().__init__()


class DeskFailed(Message):
    """The desk can't be built or the task can't be opened; `text` says why, `hint` what to do."""

    def __init__(self, text: str, hint: str = "") -> None:
        self.text, self.hint = text, hint
        super().__init__()


class PromptSubmitted(Message):
    """The person pressed Enter."""

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__()


class EditAsked(Message):
    """The person wants to change what they said earlier, and go on from there."""

    def __init__(self, item: Said) -> None:
        self.item = item
        super().__init__()


class TurnEvent(Message):
    """One event of the running turn."""

    def __init__(self, event: Event) -> None:
        self.event = event
        super().__init__()


class ApprovalAsked(Message):
    """Policy says ask, or a server asks: a card must be shown."""

    def __init__(self, request: Question) -> None:
        self.request = request
        super().__init__()


class ApprovalAnswered(Message):
    """A person pressed an answer's key on the card of `request`."""

    def __init__(self, request: ApprovalRequest, answer: Answer, reason: str = "") -> None:
        self.request, self.answer, self.reason = request, answer, reason
        super().__init__()


class ApprovalEdited(Message):
    """A person changed arguments on the card of `request`."""

    def __init__(self, request: ApprovalRequest, arguments: Mapping[str, JSON]) -> None:
        self.request, self.arguments = request, arguments
        super().__init__()


class ServerAnswered(Message):
    """A person answered the question of a server."""

    def __init__(self, request: ElicitRequest, answer: ElicitAnswer) -> None:
        self.request, self.answer = request, answer
        super().__init__()


class ApprovalWithdrawn(Message):
    """The question is answered or void (the turn was stopped): its card goes away."""

    def __init__(self, request: Question) -> None:
        self.request = request
        super().__init__()


class ShowInLog(Message):
    """The person asks what led to a call, and what came of it."""

    def __init__(self, call_id: str) -> None:
        self.call_id = call_id
        super().__init__()


class StagedChanged(Message):
    """The review screen applied, dropped or undid something: the figures of the task changed."""


class TypedAhead(Message):
    """A key that reached a card before it could be an answer; it belongs to the prompt."""

    def __init__(self, character: str) -> None:
        self.character = character
        super().__init__()
