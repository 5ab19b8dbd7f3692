"""How well the person knows a destination or target: whether they named it, described it, or have never heard of it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.policy.index import telling
from assistant.policy.normal import compact, host_of, tokens
from assistant.policy.provenance import Field, Provenance, Sighting, field_name, number
from assistant.types import Origin

GOOD = frozenset({"none", "own", "named", "trusted", "granted"})
FAIR = frozenset({"described", "internal", "member", "referred"})
"""Fine when the person asked for such an effect and nothing else is odd."""
_REPLY = re.compile(r"(?i)^(?:(?:re|fwd?|aw|wg|回复|转发)\s*[:：]\s*)+")
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,5}$")


def destination(value: str, seen: Provenance) -> tuple[str, Sighting]:
    """The class of a destination and where it was found.

    own, named (the person wrote it), trusted, described (its record or its owner's name was pointed out, and there is no
    second candidate), internal (the person's own organisation), member (a name from a structured field), referred (a plain
    link in a message that the person pointed to), external (an address from a structured field), text, unknown.
    """
    if seen.is_own(value):
        return "own", Sighting(Origin.PROMPT)
    if _is_url(value):
        return _url(value, seen)
    found = seen.find(value)
    if found.origin is Origin.PROMPT:
        return "named", found
    if found.origin is Origin.TRUSTED:
        return "trusted", found
    if found.origin is Origin.UNKNOWN:
        return "unknown", found
    if _described(value, found, seen):
        return "described", found
    if seen.is_internal(value):
        return "internal", found
    if found.origin is Origin.FIELD:
        return ("external" if found.kind == "address" or _outsider(value) else "member"), found
    return "text", found


def target(value: str, seen: Provenance) -> tuple[str, Sighting]:
    """The class of a target: named, described, trusted, member, text, unknown. A path is named by its last part too."""
    found = seen.find(value)
    if found.origin is Origin.PROMPT and _really_named(value, seen):
        return "named", found
    last = value.rstrip("/").rpartition("/")[2]
    if last and last != value and seen.in_prompt(last):
        return "named", found
    if found.origin is Origin.TRUSTED and seen.fields_of(value) and _anchored_only(value, seen) is False:
        return "trusted", found
    if _described(value, found, seen):
        return "described", found
    if seen.fields_of(value):
        return "member", found
    match found.origin:
        case Origin.PROMPT:
            return "member", found
        case Origin.TRUSTED:
            return "trusted", found
        case Origin.UNTRUSTED | Origin.FIELD:
            return "text", found
        case _:
            return "unknown", found


def _really_named(value: str, seen: Provenance) -> bool:
    """A short number in the words ("the 2 files") does not name the thing with that number, unless an id is spoken of."""
    if telling(compact(value)):
        return True
    words = tokens(value)
    before = [["id", *words], ["number", *words], ["no", *words], ["nr", *words], ["event", *words], ["file", *words]]
    return any(seen.said_text.find_words(w, anyhow=True) is not None for w in before) or not value.strip().isdigit()


def _anchored_only(value: str, seen: Provenance) -> bool:
    return any(is_anchored(seen, f, value) for f in seen.fields_of(value))


# ---------------------------------------------------------------- described


def _described(value: str, found: Sighting, seen: Provenance) -> bool:
    """Its record was pointed out by another of its fields, or its owner by name, and nothing else fits as well."""
    places = seen.fields_of(value)
    if any(is_anchored(seen, place, value) and _is_only(seen, place, value) for place in places):
        return True
    return "@" in value and (bool(places) or found.pointed) and _by_name(value, seen)


def is_anchored(seen: Provenance, place: Sighting, value: str) -> bool:
    """Whether the person said the whole of another field of the same record."""
    return 0 <= place.record < len(seen.records) and _anchor(seen, seen.records[place.record], value) > 0


def _anchor(seen: Provenance, record: Sequence[Field], value: str) -> int:
    """How many other fields of the record the person said."""
    return len({f.path for f in record if f.value != value and _said(seen, f)})


def _said(seen: Provenance, field: Field) -> bool:
    if field.kind == "number":
        plain = number(field.value)
        return plain is not None and len(plain) >= 2 and plain in seen.prompt.numbers
    if field.kind in ("enum", "time") or seen.is_own(field.value):
        return False
    text = _REPLY.sub("", field.value)
    for form in (text, _EXTENSION.sub("", text)):
        if form and telling(compact(form)) and not compact(form).isdigit() and seen.in_prompt(form):
            return True
    return False


def _is_only(seen: Provenance, place: Sighting, value: str) -> bool:
    """Among the records that the person's words fit best, no other value stands in the same field. The members of one
    list belong together."""
    name = field_name(place.path)
    best, values = 0, dict[int, set[str]]()
    for number_, record in enumerate(seen.records):
        mine = {f.value for f in record if field_name(f.path) == name and not seen.is_own(f.value)}
        if not mine:
            continue
        strength = _anchor(seen, record, value)
        if strength > best:
            best, values = strength, {}
        if strength == best and strength:
            values[number_] = mine
    if place.record not in values:
        return False
    mine = values[place.record]
    return all(other == mine for other in values.values()) and (len(mine) == 1 or value in mine)


def _by_name(address: str, seen: Provenance) -> bool:
    """The part before `@` has a name that the person said, and no other address that was read has it."""
    for word in tokens(address.rpartition("@")[0]):
        if len(word) >= 3 and word in seen.prompt.names and seen.addresses.get(word, set()) <= {address.lower()}:
            return True
    return False


# ---------------------------------------------------------------- links


def _is_url(value: str) -> bool:
    return "://" in value or ("@" not in value and "." in value and bool(host_of(value)) and " " not in value.strip())


def _url(value: str, seen: Provenance) -> tuple[str, Sighting]:
    host = host_of(value)
    found = seen.find(value)
    if host and host in seen.prompt.hosts:
        return "named", Sighting(Origin.PROMPT)
    if found.origin is Origin.TRUSTED or (host and seen.trusted.find(host) is not None):
        return "trusted", found
    if found.origin is Origin.PROMPT:
        return "named", found  # written without being recognised as a link
    if host and seen.is_internal(value):
        return "internal", found
    if found.origin is Origin.UNKNOWN:
        return ("unknown", found) if seen.in_text(host) is None else ("text", found)
    if is_plain_link(value) and _referred(value, seen):
        return "referred", found
    return "text", found


def is_plain_link(value: str) -> bool:
    """A link that can carry next to nothing: no query, no fragment, no user, a short path of words."""
    rest = value.partition("://")[2] or value
    path = rest.partition("/")[2]
    return (
        not any(c in rest for c in "?#@%&=;")
        and len(path) <= 60
        and all(len(w) <= 24 for w in re.split(r"[/._-]", path))
    )


def _referred(value: str, seen: Provenance) -> bool:
    """It stands in a text field of a record with an author, in a source that the person pointed to."""
    words = tokens(value)
    for place in seen.texts_with(words):
        names = {f.kind for f in seen.records[place.record] if field_name(f.path) != field_name(place.path)}
        if place.pointed and names & {"name", "address"}:
            return True
    return False


def _outsider(value: str) -> bool:
    """Forms that lead out of any structure: mail addresses, links, account numbers."""
    return "@" in value or "://" in value or (sum(c.isdigit() for c in value) >= 6 and len(compact(value)) >= 12)
