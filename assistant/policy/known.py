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
_WHOLE, _ADDRESS = 1_000_000, 1000
"""How much a field counts that the person said."""
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,5}$")


def destination(value: str, seen: Provenance) -> tuple[str, Sighting]:
    """The class of a destination and where it was found.

    own, named (the person wrote it), trusted, described (its record or its owner's name was pointed out, and there is no
    second candidate), internal (the person's own organisation), member (a name from a structured field), referred (a plain
    link in a message that the person pointed to), external (an address from a structured field), field (anything else from
    one), text, unknown.
    """
    if seen.is_own(value):
        return "own", Sighting(Origin.PROMPT)
    if is_link(value):
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
        if found.kind == "address" or _outsider(value):
            return "external", found
        return ("member" if _is_member(value, seen) else "field"), found
    return "text", found


def target(value: str, seen: Provenance) -> tuple[str, Sighting]:
    """The class of a target: named, described, trusted, member, field (of a record), text, unknown. A path is named by its last part too."""
    found = seen.find(value)
    if found.origin is Origin.PROMPT and _really_named(value, seen):
        return "named", found
    last = value.rstrip("/").rpartition("/")[2]
    if last and last != value and seen.in_prompt(last):
        return "named", found
    if found.origin is Origin.TRUSTED and seen.fields_of(value) and _anchored_only(value, seen) is False:
        return "trusted", found
    places = seen.fields_of(value)
    if _described(value, found, seen) or any(_is_extreme(seen, p) or _is_lone_result(seen, p) for p in places):
        return "described", found
    if seen.fields_of(value):
        return ("member" if _is_member(value, seen) else "field"), found
    match found.origin:
        case Origin.PROMPT:
            return "member", found
        case Origin.TRUSTED:
            return "trusted", found
        case Origin.UNTRUSTED | Origin.FIELD:
            return "text", found
        case _:
            return "unknown", found


def _is_member(value: str, seen: Provenance) -> bool:
    """It stands in a plain list of names, or in more than one record: one record alone can be made up by anybody."""
    places = seen.fields_of(value)
    if any(p.path.endswith("]") for p in places) or len({p.record for p in places}) > 1:
        return True
    return seen.prompt.addresses_all and any(p.kind == "name" for p in places) and not seen.names_a_member


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
    for place in places:
        if is_anchored(seen, place, value) and _is_only(seen, place, value) and _is_its_address(seen, place):
            return True
    return "@" in value and (bool(places) or seen.is_pointed(found)) and _by_name(value, seen)


def _is_its_address(seen: Provenance, place: Sighting) -> bool:
    """For an address: the record holds no other outsider's address under another name (a `reply_to` beside a `sender`).
    A short text in which the same address stands again is no other."""
    record = seen.records[place.record]
    mine = next((f.value.lower() for f in record if f.path == place.path and _leads_out(f)), "")
    if not mine:
        return True
    name = field_name(place.path)
    return not any(
        _leads_out(f) and field_name(f.path) != name and not seen.is_own(f.value) and mine not in f.value.lower()
        for f in record
    )


def _leads_out(field: Field) -> bool:
    return field.kind == "address" or (
        field.kind in ("name", "text") and len(field.value) <= 80 and _outsider(field.value)
    )


def stands_alone(value: str, seen: Provenance) -> bool:
    """In one of the records that hold the address, nobody else's address stands under another name."""
    return any(_is_its_address(seen, place) for place in seen.fields_of(value) if place.record >= 0)


def is_anchored(seen: Provenance, place: Sighting, value: str) -> bool:
    """Whether the person said the whole of another field of the same record."""
    return 0 <= place.record < len(seen.records) and _anchor(seen, seen.records[place.record], value) > 0


def _anchor(seen: Provenance, record: Sequence[Field], value: str) -> int:
    """How well the other fields of the record fit the person's words. A title says more about a record than somebody who
    occurs in it, and a whole field more than one without its extension, or most of its words."""
    return sum(_fit(seen, field) for field in record if field.value != value)


def _fit(seen: Provenance, field: Field) -> int:
    if field.kind == "number":
        plain = number(field.value)
        return _WHOLE if plain is not None and len(plain) >= 2 and plain in seen.prompt.numbers else 0
    if field.kind in ("enum", "time") or seen.is_own(field.value):
        return 0
    text = _REPLY.sub("", field.value)
    if _is_said(seen, text):
        return _ADDRESS if field.kind == "address" else _WHOLE
    return _WHOLE // 2 if _is_said(seen, _EXTENSION.sub("", text)) else int(_mostly_said(seen, field))


def _is_said(seen: Provenance, text: str) -> bool:
    joined = compact(text)
    return telling(joined) and not joined.isdigit() and seen.in_prompt(text)


def _mostly_said(seen: Provenance, field: Field) -> bool:
    """Two thirds of a short text, three words at least, stand in the person's words in a row."""
    words = tokens(field.value) if field.kind in ("name", "text") else []
    if not 3 <= len(words) <= 12:
        return False
    need = max(3, -(-2 * len(words) // 3))
    starts = range(len(words) - need + 1)
    return any(seen.said_text.find_words(words[start : start + need]) is not None for start in starts)


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


def _is_lone_result(seen: Provenance, place: Sighting) -> bool:
    """Looking up what the person named gave this one record."""
    return seen.is_pointed(place) and place.record >= 0 and len(seen.siblings(place.record)) == 1


def _is_extreme(seen: Provenance, place: Sighting) -> bool:
    """The person asked for the greatest or least, and its record alone is that in a number or time among its siblings."""
    most, least = seen.prompt.extremes
    if not (most or least) or place.kind not in ("id", "name") or place.record < 0:
        return False
    siblings = seen.siblings(place.record)
    if len(siblings) < 2:
        return False
    for field in seen.records[place.record]:
        if field.kind not in ("number", "time"):
            continue
        name = field_name(field.path)
        values = [f.value for record in siblings for f in record if f.kind == field.kind and field_name(f.path) == name]
        others = [_measure(v, field.kind) for v in values]
        mine = _measure(field.value, field.kind)
        is_it = (most and mine == max(others)) or (least and mine == min(others))
        if is_it and len(others) > 1 and others.count(mine) == 1:
            return True
    return False


def _measure(value: str, kind: str) -> tuple[float, str]:
    plain = number(value) if kind == "number" else None
    return (float(plain), "") if plain is not None else (0.0, value)


def _by_name(address: str, seen: Provenance) -> bool:
    """The part before `@` has a name that the person said, and no other address that was read has it."""
    for word in tokens(address.rpartition("@")[0]):
        if len(word) >= 3 and word in seen.prompt.names and seen.addresses.get(word, set()) <= {address.lower()}:
            return True
    return False


# ---------------------------------------------------------------- links


def is_link(value: str) -> bool:
    """Whether it is a web address or a bare host name, with a path perhaps."""
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
        if names & {"name", "address"} and seen.is_pointed(place):
            return True
    return False


def _outsider(value: str) -> bool:
    """Forms that lead out of any structure: mail addresses, links, account numbers."""
    return "@" in value or "://" in value or (sum(c.isdigit() for c in value) >= 6 and len(compact(value)) >= 12)
