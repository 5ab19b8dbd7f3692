"""The screen as an `Approver`: questions become cards, keys become answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.message import Message

from assistant.types import Answer, Approval, Channel
from assistant.ui.messages import ApprovalAsked, ApprovalWithdrawn

if TYPE_CHECKING:
    from assistant.gateway.approver import ApprovalRequest


class ScreenApprover:
    """Asks by a card on the screen. Several questions may wait at once.

    The digest of the answer is computed from the Action that the card showed, not copied from the request: an answer can
    only ever name what was on the screen. Cancelling `ask` withdraws the card.
    """

    def __init__(self, post: Callable[[Message], object]) -> None:
        self._post = post
        self._waiting: dict[int, tuple[ApprovalRequest, asyncio.Future[Approval]]] = {}

    async def ask(self, request: ApprovalRequest) -> Approval:
        """The person's answer. Waits as long as it takes; the caller cancels when the turn is stopped."""
        future: asyncio.Future[Approval] = asyncio.get_running_loop().create_future()
        self._waiting[id(request)] = (request, future)
        self._post(ApprovalAsked(request))
        try:
            return await future
        finally:
            del self._waiting[id(request)]
            self._post(ApprovalWithdrawn(request.call_id))

    def answer(self, request: ApprovalRequest, answer: Answer, reason: str = "") -> bool:
        """Pass on a key that was pressed on the card of `request`. False when nobody waits for it any more."""
        waiting = self._waiting.get(id(request))
        if waiting is None or waiting[1].done() or answer not in (*request.answers, Answer.NO):
            return False
        from assistant.canonical import digest  # not before the first question: the first frame pays for each import

        waiting[1].set_result(Approval(digest(request.action), answer, Channel.KEY, reason))
        return True
