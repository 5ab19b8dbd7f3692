"""What counts as consent, and what it stretches to."""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from assistant.types import Answer, Approval, Channel, Grant
from assistant.visible import one_line

_TRUSTED = frozenset({Channel.KEY, Channel.TERMINAL, Channel.ACP, Channel.COMMAND})


def is_consent(approval: Approval, digest: str) -> bool:
    """Whether `approval` is a yes to the Action of this digest, from a channel that a person holds."""
    return (
        approval.answer is not Answer.NO
        and is_persons(approval.channel)
        and hmac.compare_digest(approval.digest, digest)
    )


def is_persons(channel: Channel) -> bool:
    """Whether a person holds this channel."""
    return channel in _TRUSTED


def scope_words(grants: Sequence[Grant], answer: Answer) -> str:
    """What an answer that lasts would allow, spelled out for the card."""
    if not grants:
        return ""
    what = "; ".join(
        one_line(f"{g.tool or 'any tool'}: {g.effect} {g.resource.type} {g.resource.id}", 160) for g in grants
    )
    return f"{'until this task ends' if answer is Answer.TASK else 'in every task, until revoked'}: {what}"
