"""Where each value came from: the person's words, trusted data, a structured field or the text of untrusted data, or nowhere.

Labels belong to what was read. Nothing here decides; `signs.py` draws the conclusions and Cedar decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from assistant.policy.index import TextIndex, telling
from assistant.policy.normal import MAIL_HOSTS, compact, fold, host_of, leaves, site_of, tokens
from assistant.types import Action, Data, Integrity, Label, Origin, Trace


class Field(Data, frozen=True):
    """A leaf of a structured result. kind: id, time, number, enum, address, name, text."""

    path: str
    value: str
    kind: str = "text"
    integrity: Integrity = Integrity.UNTRUSTED


class Observation(Data, frozen=True):
    """Something that entered the conversation from outside: a tool's result, a file, a sub-agent's answer, memory."""

    source: str
    """Where it came from, for the person: a path, a host, a service."""
    tool: str
    text: str
    label: Label = Label()
    fields: tuple[Field, ...] = ()


class Sighting(Data, frozen=True):
    """Where a value was found, best place first."""

    origin: Origin
    source: str = ""
    label: Label = Label()
    kind: str = ""
    """Of the field, when it was found in one."""
    record: int = -1
    """Of the field: a number that all fields of one record share."""
    path: str = ""


NOWHERE = Sighting(Origin.UNKNOWN)
_PERSON = Label(Integrity.TRUSTED, sources=("you",))


class Provenance:
    """All that was said and read in one conversation. Grows; never forgets (compaction changes the context, not this)."""

    def __init__(self) -> None:
        self.prompt = TextIndex()
        self._prompt_numbers: set[str] = set()
        self.trusted = TextIndex()
        self.untrusted = TextIndex()
        self._trusted_seen: list[Observation] = []
        self._untrusted_seen: list[Observation] = []
        self._fields: dict[str, list[Sighting]] = {}
        self._records: dict[int, list[Field]] = {}
        self._own: set[str] = set()
        self._own_sites: set[str] = set()
        self.label = Label(Integrity.TRUSTED)
        """Of the whole conversation so far."""

    def owner(self, identities: Iterable[str]) -> None:
        """The person's own addresses, accounts and names."""
        for identity in identities:
            if joined := compact(identity):
                self._own.add(joined)
            host = host_of(identity) if "@" in identity else ""
            if host and site_of(host) not in MAIL_HOSTS:
                self._own_sites.add(site_of(host))

    def said(self, text: str) -> None:
        """The person's own words."""
        self.prompt.add(text)
        self._prompt_numbers.update(n for n in map(number, _NUMBER.findall(text)) if n)

    def observed(self, seen: Observation) -> None:
        """Something was read."""
        self.label = self.label.join(seen.label)
        slim = Observation(seen.source, seen.tool, "", seen.label)
        if seen.label.integrity is Integrity.TRUSTED:
            self.trusted.add(seen.text)
            self._trusted_seen.append(slim)
        else:
            self.untrusted.add(seen.text)
            self._untrusted_seen.append(slim)
        first = len(self._records)
        numbers: dict[str, int] = {}
        for item in seen.fields:
            prefix = item.path.rpartition(".")[0] or item.path.rpartition("[")[0]
            record = numbers.setdefault(prefix, first + len(numbers))
            self._records.setdefault(record, []).append(item)
            origin = Origin.TRUSTED if item.integrity is Integrity.TRUSTED else Origin.FIELD
            sighting = Sighting(origin, seen.source, seen.label, item.kind, record, item.path)
            if key := compact(item.value):
                self._fields.setdefault(key, []).append(sighting)

    # ------------------------------------------------------------ questions

    def is_own(self, value: str) -> bool:
        """Whether it is an address, account or name of the person's."""
        return compact(value) in self._own

    def is_internal(self, value: str) -> bool:
        """Whether its host belongs to the person's own site (never so for public mail services)."""
        host = host_of(value)
        return bool(host) and site_of(host) in self._own_sites

    def in_prompt(self, value: str) -> bool:
        """Whether the person wrote it. Numbers and short values count when they stand there as a word of their own."""
        plain = number(value)
        if plain is not None:
            return plain in self._prompt_numbers or self.prompt.find_words(tokens(value), anyhow=True) is not None
        return self.prompt.find_words(tokens(value), anyhow=True) is not None or self.prompt.find(value) is not None

    def find(self, value: str) -> Sighting:
        """The best place where the value stands."""
        if self.in_prompt(value):
            return Sighting(Origin.PROMPT, "you", _PERSON)
        key = compact(value)
        places = self._fields.get(key, ())
        for place in places:
            if place.origin is Origin.TRUSTED:
                return place
        if (piece := self.trusted.find(value)) is not None:
            seen = self._trusted_seen[piece]
            return Sighting(Origin.TRUSTED, seen.source, seen.label)
        if places:
            return places[-1]
        if (piece := self.untrusted.find(value)) is not None:
            seen = self._untrusted_seen[piece]
            return Sighting(Origin.UNTRUSTED, seen.source, seen.label)
        return NOWHERE

    def fields_of(self, value: str) -> Sequence[Sighting]:
        """Every structured field that holds exactly this value."""
        return self._fields.get(compact(value), ())

    def record(self, sighting: Sighting) -> Sequence[Field]:
        """The fields that stand in the same record."""
        return self._records.get(sighting.record, ())

    def trace(self, action: Action) -> tuple[Trace, ...]:
        """One line for each argument: where the worst of its values came from."""
        return tuple(self._trace(a.name, a.value) for a in action.arguments)

    def _trace(self, name: str, value: object) -> Trace:
        worst: Sighting | None = None
        order = list(Origin)
        for count, leaf in enumerate(leaves(value)):
            if count >= 64:
                break
            text = leaf if isinstance(leaf, str) else str(leaf)
            if not text.strip() or isinstance(leaf, bool):
                continue
            found = self.find(text[:2048])
            if worst is None or order.index(found.origin) > order.index(worst.origin):
                worst = found
        if worst is None:
            return Trace(name, Origin.PROMPT, _PERSON, "nothing in it")
        return Trace(name, worst.origin, worst.label, _NOTES[worst.origin].format(source=worst.source or "data"))


_NOTES = {
    Origin.PROMPT: "you wrote it",
    Origin.TRUSTED: "from {source}, which you trust",
    Origin.GRANT: "covered by a grant",
    Origin.FIELD: "from a field of {source}",
    Origin.UNTRUSTED: "from the text of {source}",
    Origin.UNKNOWN: "written by the model; found nowhere else",
}

_NUMBER = re.compile(r"(?<![\w.])[-+]?[$€£¥]?\s?\d[\d,]*(?:\.\d+)?")


def number(value: str) -> str | None:
    """A plain number in one form (`1,100.00` is `1100`), or None when the text is not just a number."""
    text = fold(value).strip().lstrip("+$€£¥ ").replace(",", "")
    if not re.fullmatch(r"-?\d+(?:\.\d+)?", text):
        return None
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    return sign + (digits.lstrip("0") or "0") if not digits.startswith("0.") else sign + digits


__all__ = ["Field", "Observation", "Provenance", "Sighting", "number", "telling"]
