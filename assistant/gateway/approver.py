"""Who is asked when policy says `ask`."""

from __future__ import annotations

from typing import Protocol

from assistant.canonical import digest
from assistant.types import Action, Answer, Approval, Channel, Data, Verdict


class ApprovalRequest(Data, frozen=True):
    """What a person is shown. The card shows `action` itself, every byte of it made visible, not a summary of it."""

    call_id: str
    action: Action
    digest: str
    verdict: Verdict
    sentence: str
    """What will happen, in one sentence."""
    would_change: tuple[str, ...] = ()
    """What would change, one line each."""
    answers: tuple[Answer, ...] = (Answer.ONCE, Answer.TASK, Answer.NO)
    scopes: tuple[tuple[Answer, str], ...] = ()
    """For `task` and `always`: what exactly would be granted, spelled out."""


class Approver(Protocol):
    """Asks a person over a trusted channel.

    Implementations: the approval card (a key pressed), the controlling terminal, `Unattended`.
    """

    async def ask(self, request: ApprovalRequest) -> Approval:
        """The person's answer. It counts only when its digest equals the request's. Cancelling withdraws the question."""
        ...


class Unattended:
    """Nobody is here: every question is a no, at once."""

    async def ask(self, request: ApprovalRequest) -> Approval:
        """A refusal on the channel `unattended`."""
        return Approval(digest(request.action), Answer.NO, Channel.UNATTENDED)
