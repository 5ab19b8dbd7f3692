"""The screen as an `Approver` and an `Elicitor`: questions become cards, keys become answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from textual.message import Message

from assistant.types import JSON, Answer, Approval, Channel
from assistant.ui.messages import ApprovalAsked, ApprovalWithdrawn

if TYPE_CHECKING:
    from assistant.gateway.approver import ApprovalRequest, ElicitAnswer, ElicitRequest
    from assistant.gateway.editing import Edited
    from assistant.ui.decision import Question


class ScreenApprover:
    """Asks by a card on the screen. Several questions may wait at once.

    The digest of the answer is computed from the Action that the card showed, not copied from the request: an answer can
    only ever name what was on the screen. Cancelling `ask` withdraws the card.
    """

    def __init__(self, post: Callable[[Message], object]) -> None:
        self._post = post
        self._waiting: dict[int, tuple[Question, asyncio.Future[Any]]] = {}

    async def ask(self, request: ApprovalRequest) -> Approval | Edited:
        """The person's answer. Waits as long as it takes; the caller cancels when the turn is stopped."""
        return await self._ask(request)

    async def elicit(self, request: ElicitRequest) -> ElicitAnswer:
        """The person's answer to a server's question, as `ask`."""
        return await self._ask(request)

    async def _ask(self, request: Question) -> Any:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[id(request)] = (request, future)
        self._post(ApprovalAsked(request))
        try:
            return await future
        finally:
            del self._waiting[id(request)]
            self._post(ApprovalWithdrawn(request))

    def answer(self, request: ApprovalRequest, answer: Answer, reason: str = "") -> bool:
        """Pass on a key that was pressed on the card of `request`. False when nobody waits for it any more."""
        if answer not in (*request.answers, Answer.NO):
            return False
        from assistant.canonical import digest  # not before the first question: the first frame pays for each import

        return self._settle(request, Approval(digest(request.action), answer, Channel.KEY, reason))

    def edit(self, request: ApprovalRequest, arguments: Mapping[str, JSON]) -> bool:
        """Pass on what the person changed on the card of `request`: no answer to it, but another Action."""
        from assistant.gateway.editing import Edited

        named = {name: value for name, value in arguments.items() if name in request.editable}
        return self._settle(request, Edited(named, Channel.KEY))

    def reply(self, request: ElicitRequest, answer: ElicitAnswer) -> bool:
        """Pass on what the person did about a server's question."""
        return self._settle(request, answer)

    def _settle(self, request: Question, result: object) -> bool:
        waiting = self._waiting.get(id(request))
        if waiting is None or waiting[1].done():
            return False
        waiting[1].set_result(result)
        return True
