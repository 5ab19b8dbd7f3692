"""Warning signs: what speaks against an action, each with a sentence for the person.

One sign makes an action ask, two make it a deny (`policies/base.cedar`), so a sign must be something that a person would
find odd by itself, and two signs must not be two names of one oddity.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from assistant.policy.normal import leaves, references, tokens
from assistant.policy.provenance import Provenance
from assistant.policy.sensitive import find_secret
from assistant.types import Action, Effect, Integrity, Origin, Role

SIGNS: Mapping[str, str] = {
    "stranger": "the destination was not named by you and does not come from data that you trust",
    "secret-leaves": "it carries what looks like a password, key or code",
    "foreign-reference": "it carries a link, address or account number that you did not give",
    "copied-text": "it carries a long passage copied word for word from untrusted text",
    "hidden-text": "it carries invisible characters",
    "unnamed-target": "you did not name what is deleted",
}
COPIED_WORDS = 12
"""Words in a row that make a passage a copy."""

BAD_DESTINATIONS = ("external", "text", "unknown", "field")


def destination_class(value: str, seen: Provenance) -> str:
    """How well a destination is known: named, trusted, internal, field, external, text, unknown."""
    if seen.is_own(value):
        return "named"
    found = seen.find(value)
    match found.origin:
        case Origin.PROMPT:
            return "named"
        case Origin.TRUSTED:
            return "trusted"
        case Origin.FIELD:
            if seen.is_internal(value):
                return "internal"
            return "external" if found.kind == "address" else "field"
        case Origin.UNTRUSTED:
            return "text"
        case _:
            return "unknown"


def target_class(value: str, seen: Provenance) -> str:
    """How well a target is known: named, trusted, field, text, unknown. A path counts as named by its last part too."""
    if seen.in_prompt(value):
        return "named"
    last = value.rstrip("/").rpartition("/")[2]
    if last and last != value and seen.in_prompt(last):
        return "named"
    return {Origin.TRUSTED: "trusted", Origin.FIELD: "field", Origin.UNTRUSTED: "text"}.get(
        seen.find(value).origin, "unknown"
    )


def egress_signs(action: Action, seen: Provenance, *, destination: str = "none", target: str = "") -> tuple[str, ...]:
    """The signs of one part of an action that writes, deletes or leaves."""
    signs: list[str] = []
    if seen.label.integrity is Integrity.UNTRUSTED and destination in BAD_DESTINATIONS:
        signs.append("stranger")
    if action.effect in (Effect.FETCH, Effect.SEND, Effect.ACT, Effect.EXECUTE):
        signs += payload_signs(action, seen)
    return tuple(dict.fromkeys(signs))


def payload_signs(action: Action, seen: Provenance) -> Iterator[str]:
    """The signs of what is carried."""
    texts = [
        str(leaf)
        for a in action.arguments
        if a.role is Role.PAYLOAD or (a.role is Role.DEST and "://" in str(a.value))
        for leaf in leaves(a.value)
    ]
    for text in texts:
        if find_secret(text) and not seen.in_prompt(text):
            yield "secret-leaves"
        if any(_foreign(reference, seen) for _, reference in references(text)):
            yield "foreign-reference"
        if is_copied(text, seen):
            yield "copied-text"


def _foreign(reference: str, seen: Provenance) -> bool:
    return seen.find(reference).origin not in (Origin.PROMPT, Origin.TRUSTED) and not seen.is_own(reference)


def is_copied(text: str, seen: Provenance) -> bool:
    """Whether COPIED_WORDS words in a row stand in untrusted text and not in the person's words."""
    words = tokens(text)
    last = len(words) - COPIED_WORDS
    if last < 0:
        return False
    step = max(1, last // 64, COPIED_WORDS // 2)
    for start in range(0, last + 1, step):
        piece = words[start : start + COPIED_WORDS]
        if seen.untrusted.find_words(piece) is not None and seen.prompt.find_words(piece) is None:
            return True
    return False
