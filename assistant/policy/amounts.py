"""Whether an amount is the person's: said by them, found where they pointed, or computed from such numbers."""

from __future__ import annotations

from assistant.policy.normal import tokens
from assistant.policy.provenance import Provenance, number
from assistant.types import Action, Origin, Role

_SLACK = 1e-6


def is_accounted_for(value: str, action: Action, seen: Provenance) -> bool:
    """The amount was said, is trusted, stands where the person pointed, is a sum or difference of such numbers, or is
    smaller than the largest of them (a share, a fee, a percentage)."""
    plain = number(value)
    if plain is None or plain in seen.prompt.numbers:
        return True
    if seen.find(value).origin is Origin.TRUSTED:
        return True
    sources = set(seen.prompt.numbers) | seen.pointed_numbers() | _beside(action, seen)
    numbers = {abs(float(n)) for n in sources}
    amount = abs(float(plain))
    if any(abs(n - amount) < _SLACK for n in numbers):
        return True
    related = {abs(float(n)) for n in set(seen.prompt.sums) | _beside(action, seen)}
    if related and amount <= max(related):
        return True
    rounded = {round(n, 4) for n in numbers}
    return any(round(abs(amount - n), 4) in rounded for n in numbers)


def _beside(action: Action, seen: Provenance) -> set[str]:
    """Numbers in records of what the action acts on or pays, or that the person's words pick out."""
    wanted = {str(a.value) for a in action.arguments if a.role in (Role.TARGET, Role.DEST)}
    found: set[str] = set()
    for record in seen.records[-2000:]:
        values = {f.value for f in record}
        amounts = [f for f in record if f.kind == "number"]
        if not amounts:
            continue
        if values & wanted or any(f.kind in ("name", "text") and _shares_name(f.value, seen) for f in record):
            found.update(n for f in amounts if (n := number(f.value)) is not None)
    return found


def _shares_name(text: str, seen: Provenance) -> bool:
    return any(len(w) >= 4 and w in seen.prompt.names for w in tokens(text))
