"""Planted checks: beside a real question, now and then, one that should be refused. Off unless the person turned it on.

The card is like any other, since it is there to find out whether cards are read. Whatever the answer, nothing runs: the action is
never given to a room. The answer is in the log, and the person is told at once.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING

from assistant.canonical import digest
from assistant.gateway.approver import ApprovalRequest, Approver, Edited
from assistant.gateway.events import GatewayEvent, Notice
from assistant.policy.planted import PlantedChecks
from assistant.policy.signs import SIGNS
from assistant.types import Answer, Approval, Channel, Decision, Task, Verdict

if TYPE_CHECKING:
    from assistant.audit.log import Log

_POLICIES = ("sign-always-asks", "ask-sign")
"""What would have asked, had a model wanted this."""


def _by_chance() -> float:
    return random.SystemRandom().random()


class Planting:
    """The checks of one person, over all their tasks."""

    def __init__(self, checks: PlantedChecks, draw: Callable[[], float] = _by_chance) -> None:
        self.checks = checks
        self._draw = draw

    async def perhaps(self, approver: Approver, log: Log, task: Task, emit: Callable[[GatewayEvent], None]) -> None:
        """Put a check to the person, if one is due. Raises LogError."""
        if not self.checks.due(self._draw()):
            return
        action = self.checks.action(task.folder)
        name = digest(action)
        verdict = Verdict(Decision.ASK, _POLICIES, SIGNS["stranger"], "needs_person")
        call_id = f"planted-{secrets.token_hex(4)}"
        request = ApprovalRequest(call_id, action, name, verdict, answers=(Answer.ONCE, Answer.NO))
        answer = await approver.ask(request)
        if answer.channel is Channel.UNATTENDED:
            return  # nobody read anything
        approval = Approval(name, Answer.NO, answer.channel) if isinstance(answer, Edited) else answer
        noticed = self.checks.answered(approval)
        body = {"digest": name, "answer": str(approval.answer), "noticed": noticed}
        await log.write("check.planted", task.id, body)
        emit(self._told(noticed))

    def _told(self, noticed: bool) -> Notice:
        total = self.checks.noticed + self.checks.missed
        so_far = f"{self.checks.noticed} of {total} such checks noticed"
        if noticed:
            return Notice("info", f"that question was a check, and you refused it: {so_far}")
        return Notice(
            "warning",
            f"that question was a check, and it should have been refused; nothing was sent: {so_far}",
            "fewer questions are read better: give a grant for what you always allow, or turn checks off in the settings",
        )
