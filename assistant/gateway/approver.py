"""Who is asked when policy says `ask`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from assistant.canonical import digest
from assistant.gateway.editing import Edited
from assistant.types import JSON, Action, Answer, Approval, Channel, Data, Grant, Verdict


class ApprovalRequest(Data, frozen=True):
    """What a person is shown. The card shows `action` itself, every byte of it made visible, not a summary of it.

    The words of a card (`sentences.sentence`, `consent.scope_words`) are made where it is shown, in the person's language.
    """

    call_id: str
    action: Action
    digest: str
    verdict: Verdict
    answers: tuple[Answer, ...] = (Answer.ONCE, Answer.TASK, Answer.NO)
    scopes: tuple[tuple[Answer, tuple[Grant, ...]], ...] = ()
    """For `task` and `always`: what exactly would be granted, to be spelled out (`consent.scope_words`)."""
    editable: tuple[str, ...] = ()
    """Names of the arguments that the person may change instead of answering."""


class Approver(Protocol):
    """Asks a person over a trusted channel.

    Implementations: the approval card (a key pressed), the controlling terminal, `Unattended`.
    """

    async def ask(self, request: ApprovalRequest) -> Approval | Edited:
        """The person's answer. It counts only when its digest equals the request's. Cancelling withdraws the question.

        `Edited` asks for another Action instead; it is judged anew and may come back as another question.
        """
        ...


class Unattended:
    """Nobody is here: every question is a no, at once."""

    async def ask(self, request: ApprovalRequest) -> Approval:
        """A refusal on the channel `unattended`."""
        return Approval(digest(request.action), Answer.NO, Channel.UNATTENDED)

    async def elicit(self, request: ElicitRequest) -> ElicitAnswer:
        """A refusal."""
        return ElicitAnswer("decline")


class ElicitRequest(Data, frozen=True):
    """A question that an MCP server puts to the person. Everything in it but `server` is that server's own words."""

    call_id: str
    """The call that waits for it; empty when the server asks while it starts."""
    server: str
    kind: str
    """`form` (answer by filling in `schema`), `url` (look at an address), `sign_in` (open an address and sign in there)."""
    message: str
    """Made visible."""
    schema: Mapping[str, JSON] = {}
    """JSON schema of a flat object: texts, numbers, yes or no, choices."""
    url: str = ""
    """To be shown whole, and opened only when the person says so."""


class ElicitAnswer(Data, frozen=True):
    """What the person did: `accept`, `decline`, or `cancel` (closed it without choosing). `content` fits the schema."""

    action: str
    content: Mapping[str, JSON] = {}


@runtime_checkable
class Elicitor(Protocol):
    """Puts a server's question to the person, as a card of its own that names the server.

    An Approver that has this method too is used for it; for one that has not, every question is declined.
    """

    async def elicit(self, request: ElicitRequest) -> ElicitAnswer:
        """The person's answer. Cancelling withdraws the question."""
        ...


def elicitor_of(approver: Approver) -> Elicitor:
    """Who answers servers where `approver` answers for actions."""
    return approver if isinstance(approver, Elicitor) else Unattended()
