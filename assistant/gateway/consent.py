"""What counts as consent, and what it stretches to."""

from __future__ import annotations

import hmac
import secrets

from assistant.types import Action, Answer, Approval, Channel, Effect, Grant, Resource, Task
from assistant.visible import one_line

_TRUSTED = frozenset({Channel.KEY, Channel.TERMINAL, Channel.ACP, Channel.COMMAND})


def is_consent(approval: Approval, digest: str) -> bool:
    """Whether `approval` is a yes to the Action of this digest, from a channel that a person holds."""
    return (
        approval.answer is not Answer.NO
        and approval.channel in _TRUSTED
        and hmac.compare_digest(approval.digest, digest)
    )


def scopes_of(action: Action, task: Task) -> tuple[tuple[Answer, str], ...]:
    """For each answer that would last: what exactly it would allow, spelled out for the card."""
    what = _scope_words(action)
    return (
        (Answer.TASK, f"until task {task.id[:8]} ends: {what}"),
        (Answer.ALWAYS, f"in every task, until revoked: {what}"),
    )


def grant_from(action: Action, approval: Approval, task: Task) -> Grant | None:
    """The standing permission that a yes for longer than once makes; None for a single yes."""
    if approval.answer not in (Answer.TASK, Answer.ALWAYS):
        return None
    return Grant(
        id=secrets.token_hex(4),
        effect=action.effect,
        resource=_scope(action),
        tool=action.tool,
        task=task.id if approval.answer is Answer.TASK else "",
        reason=one_line(approval.reason or _scope_words(action), 200),
        origin=str(approval.channel),
    )


def _scope(action: Action) -> Resource:
    # A bulk change is granted by its pattern within the folder, everything else by exactly what was shown.
    if action.effect is Effect.APPLY:
        return Resource("folder", action.folder)
    return action.resource


def _scope_words(action: Action) -> str:
    scope = _scope(action)
    return one_line(f"{action.tool} ({action.effect}) on {scope.type} {scope.id}", 200)
