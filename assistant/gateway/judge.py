"""Second thoughts are not for this module: it asks policy, and turns any failure of the asking into a deny."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assistant.types import Action, Decision, Verdict

if TYPE_CHECKING:
    from assistant.policy.session import Session


def judged(policy: Session, action: Action, now_ms: int) -> Verdict:
    """The verdict on `action`. Invariant G2: a check that fails is a deny, with the failure as its reason."""
    try:
        return policy.judge(action, now_ms=now_ms)
    except Exception as error:  # whatever fails in the check must not let the call pass
        reason = f"the policy check failed: {type(error).__name__}: {error}"
        return Verdict(Decision.DENY, reason=reason, code="policy_error")


def stricter(one: Verdict, other: Verdict) -> Verdict:
    """Deny beats ask beats allow; of two that are equal, the first."""
    order = (Decision.ALLOW, Decision.ASK, Decision.DENY)
    return other if order.index(other.decision) > order.index(one.decision) else one
