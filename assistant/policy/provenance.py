"""Where each value came from: the person's words, trusted data, a structured field or the text of untrusted data, or nowhere.

Labels belong to what was read. Nothing here decides; `known.py` and `signs.py` draw the conclusions and Cedar decides.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import cached_property

import msgspec

from assistant.policy.dates import days
from assistant.policy.index import TextIndex, telling
from assistant.policy.intent import addresses_all, extremes, leaves_choice, spoken_of
from assistant.policy.normal import (
    DIGITS,
    EMAIL,
    IBAN,
    MAIL_HOSTS,
    VALUE_CHARS,
    Value,
    compact,
    fold,
    host_of,
    leaves,
    references,
    site_of,
    tokens,
)
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
    asked_for: tuple[str, ...] = ()
    """The values by which it was asked for: a path, a query, an address. When the person said one of them, they pointed to
    this source."""


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
    observation: int = -1
    """Which observation it was, for `Provenance.is_pointed`."""


NOWHERE = Sighting(Origin.UNKNOWN)
_PERSON = Label(Integrity.TRUSTED, sources=("you",))
_MANY = 500
"""How many names are compared with the person's words."""
_FEW = 64
"""How many numbers of one source are kept for comparing amounts."""


class Prompt:
    """What the person said, read for what they named."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.text = "\n".join(texts)

    @cached_property
    def effects(self) -> frozenset[str]:
        """Actions of the schema that the words mention."""
        return spoken_of(self.text)

    @cached_property
    def days(self) -> frozenset[str]:
        """Days that the words name."""
        return days(self.text)

    @cached_property
    def references(self) -> frozenset[str]:
        """Kinds of destinations that the words spell out: address, account, url."""
        return frozenset(kind for kind, _ in references(self.text))

    @cached_property
    def leaves_choice(self) -> bool:
        """The words leave a choice to be made from what is found."""
        return leaves_choice(self.text)

    @cached_property
    def addresses_all(self) -> bool:
        """The words speak of all of some set."""
        return addresses_all(self.text)

    @cached_property
    def sums(self) -> frozenset[str]:
        """Numbers that are plainly sums of money: with cents or a currency beside them."""
        return frozenset(n for m in MONEY.finditer(self.text) if (n := number(m[1] or m[2] or m[3])))

    @cached_property
    def extremes(self) -> tuple[bool, bool]:
        """The words single out the greatest, and the least of something."""
        return extremes(self.text)

    @cached_property
    def words(self) -> frozenset[str]:
        """All words, folded."""
        return frozenset(tokens(self.text))

    @cached_property
    def wants_links(self) -> bool:
        """The words speak of following links."""
        return re.search(r"(?i)\blinks?\b|\blink(?:s|ed)? to\b|链接", self.text) is not None

    @cached_property
    def hosts(self) -> frozenset[str]:
        """Hosts of links and addresses that the words spell out."""
        return frozenset(h for kind, text in references(self.text) if kind == "url" and (h := host_of(text)))

    @cached_property
    def numbers(self) -> frozenset[str]:
        """Numbers in one form."""
        return frozenset(n for n in map(number, NUMBER.findall(self.text)) if n)

    @cached_property
    def names(self) -> frozenset[str]:
        """Words that begin with a capital, folded: people and things, and some that merely begin a sentence."""
        return frozenset(fold(w) for w in re.findall(r"\b[A-Z][\w'-]{2,}", self.text))


class Provenance:
    """All that was said and read in one conversation. Grows; never forgets (compaction changes the context, not this)."""

    def __init__(self) -> None:
        self.said_text = TextIndex()
        self.prompt = Prompt(())
        self._said: list[str] = []
        self.trusted = TextIndex()
        self.untrusted = TextIndex()
        self._trusted_seen: list[Sighting] = []
        self._untrusted_seen: list[Sighting] = []
        self._piece_numbers: list[frozenset[str]] = []
        self._piece_days: list[frozenset[str]] = []
        self._piece_accounts: list[frozenset[str]] = []
        self._fields: dict[str, list[Sighting]] = {}
        self.records: list[list[Field]] = []
        self._names: set[str] = set()
        self._time_days: set[str] = set()
        self._record_starts: list[int] = []
        self._texts = TextIndex()
        self._text_fields: list[Sighting] = []
        self.addresses: dict[str, set[str]] = {}
        """By each word of the part before `@`: the addresses that were read, wherever."""
        self._asked_for: list[tuple[str, ...]] = []
        self._pointed: dict[int, bool] = {}
        self._found: dict[str, Sighting] = {}
        self._forms: dict[str, Value] = {}
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
        self._found.clear()
        self._pointed.clear()
        self._said.append(text)
        self.said_text.add(text)
        self.prompt = Prompt(self._said)

    def observed(self, seen: Observation) -> None:
        """Something was read."""
        self._found.clear()
        self.label = self.label.join(seen.label)
        trusted = seen.label.integrity is Integrity.TRUSTED
        number_ = len(self._asked_for)
        self._asked_for.append(seen.asked_for or ((seen.source,) if _PLACE.search(seen.source) else ()))
        origin = Origin.TRUSTED if trusted else Origin.UNTRUSTED
        piece = Sighting(origin, seen.source, seen.label, observation=number_)
        if trusted:
            self.trusted.add(seen.text)
            self._trusted_seen.append(piece)
        else:
            self.untrusted.add(seen.text)
            self._untrusted_seen.append(piece)
            self._piece_numbers.append(
                frozenset(n for n in map(number, NUMBER.findall(seen.text[:20_000])[:_FEW]) if n)
            )
            self._piece_days.append(days(seen.text[:200_000]))
            self._piece_accounts.append(self._accounts(seen.text[:200_000]))
            for match in EMAIL.finditer(seen.text) if "@" in seen.text else ():
                self._note_address(match[0])
        self._observe_fields(seen, piece)

    def _observe_fields(self, seen: Observation, piece: Sighting) -> None:
        first = len(self.records)
        self._record_starts.append(first)
        numbers: dict[str, int] = {}
        for given in seen.fields:
            item = msgspec.structs.replace(given, kind=kind_of(given))
            record = numbers.setdefault(record_path(item.path), first + len(numbers))
            if record == len(self.records):
                self.records.append([])
            self.records[record].append(item)
            origin = Origin.TRUSTED if item.integrity is Integrity.TRUSTED else Origin.FIELD
            sighting = Sighting(origin, seen.source, seen.label, item.kind, record, item.path, piece.observation)
            if key := compact(item.value):
                self._fields.setdefault(key, []).append(sighting)
            if item.kind == "name" and len(self._names) < _MANY:
                self._names.add(item.value)
            if item.kind == "time":
                self._time_days |= days(item.value)
            if item.kind == "text":
                self._texts.add(item.value)
                self._text_fields.append(sighting)
            if item.kind == "address" and "@" in item.value:
                self._note_address(item.value)

    def _accounts(self, text: str) -> frozenset[str]:
        found = (compact(m[0]) for pattern in (IBAN, DIGITS) for m in pattern.finditer(text))
        return frozenset(a for a in found if len(a) >= 12 and a not in self._own)

    def _note_address(self, address: str) -> None:
        for word in tokens(address.rpartition("@")[0]):
            self.addresses.setdefault(word, set()).add(address.lower())

    # ------------------------------------------------------------ questions

    def is_pointed(self, found: Sighting) -> bool:
        """Whether the person pointed to the source, by now."""
        number_ = found.observation
        if number_ < 0:
            return False
        if number_ not in self._pointed:
            self._pointed[number_] = any(self.names_source(v) for v in self._asked_for[number_])
        return self._pointed[number_]

    def names_source(self, value: str) -> bool:
        """Whether the person named a source: all of it, or a path's last part."""
        last = value.rstrip("/").rpartition("/")[2]
        return any(v and telling(compact(v)) and self.in_prompt(v) for v in (value, last))

    def is_own(self, value: str) -> bool:
        """Whether it is an address, account or name of the person's."""
        return self._form(value).compact in self._own

    @property
    def names_a_member(self) -> bool:
        """Whether the person named somebody or something that stands in a structured field of names."""
        return any(self.in_prompt(name) for name in self._names)

    def is_internal(self, value: str) -> bool:
        """Whether its host belongs to the person's own site (never so for public mail services)."""
        host = host_of(value)
        return bool(host) and site_of(host) in self._own_sites

    def in_prompt(self, value: str) -> bool:
        """Whether the person wrote it. Numbers and short values count when they stand there as a word of their own."""
        plain = number(value)
        if plain is not None and plain in self.prompt.numbers:
            return True
        form = self._form(value)
        return self.said_text.find_words(form.words, anyhow=True) is not None or self.said_text.find(form) is not None

    def find(self, value: str) -> Sighting:
        """The best place where the value stands."""
        value = value[:VALUE_CHARS]
        found = self._found.get(value)
        if found is None:
            if len(self._found) > _MANY:
                self._found.clear()
            found = self._found[value] = self._find(value)
        return found

    def _find(self, value: str) -> Sighting:
        if self.in_prompt(value):
            return Sighting(Origin.PROMPT, "you", _PERSON)
        form = self._form(value)
        places = self._fields.get(form.compact, ())
        for place in places:
            if place.origin is Origin.TRUSTED:
                return place
        if (piece := self.trusted.find(form)) is not None:
            return self._trusted_seen[piece]
        if places:
            return places[-1]
        if (piece := self.untrusted.find(form)) is not None:
            return self._untrusted_seen[piece]
        return NOWHERE

    def _form(self, value: str) -> Value:
        value = value[:VALUE_CHARS]
        form = self._forms.get(value)
        if form is None:
            if len(self._forms) > _MANY:
                self._forms.clear()
            form = self._forms[value] = Value(value)
        return form

    def in_text(self, value: str) -> Sighting | None:
        """The latest piece of untrusted text where the value stands, whether it is in a field or not."""
        piece = self.untrusted.find(self._form(value))
        return None if piece is None else self._untrusted_seen[piece]

    def siblings(self, record: int) -> Sequence[list[Field]]:
        """The records of the result that a record belongs to."""
        place = bisect_right(self._record_starts, record) - 1
        end = self._record_starts[place + 1] if place + 1 < len(self._record_starts) else len(self.records)
        return self.records[self._record_starts[place] : end]

    def other_accounts(self, value: str) -> bool:
        """Whether the text where an account number stands holds another one too."""
        piece = self.untrusted.find(self._form(value))
        return piece is not None and len(self._piece_accounts[piece]) > 1

    def fields_of(self, value: str) -> Sequence[Sighting]:
        """Every structured field that holds exactly this value."""
        return self._fields.get(self._form(value).compact, ())

    def texts_with(self, words: list[str]) -> list[Sighting]:
        """The text fields in which the words stand one after the other."""
        return [self._text_fields[piece] for piece in self._texts.pieces(words)]

    def spoken_of_elsewhere(self, value: str) -> bool:
        """Whether running text of others names a value that stands in a field: text of a result without that field, or a
        text field of a record that does not hold it. A signature below one's own mail is not elsewhere."""
        places = self.fields_of(value)
        observations, records = {p.observation for p in places}, {p.record for p in places}
        words = self._form(value).words
        seen = (self._untrusted_seen[piece] for piece in self.untrusted.pieces(words))
        if any(s.observation not in observations for s in seen):
            return True
        return any(s.record not in records for s in self.texts_with(words))

    def has_time_field(self, day: str) -> bool:
        """Whether a structured field of kind `time` lies on the day."""
        return day in self._time_days

    def day_pieces(self, day: str) -> list[Sighting]:
        """The pieces of untrusted text that name the day."""
        return [s for s, found in zip(self._untrusted_seen, self._piece_days, strict=True) if day in found]

    def pointed_numbers(self) -> set[str]:
        """Numbers in sources that the person pointed to, the first of each."""
        found: set[str] = set()
        for seen, numbers in zip(self._untrusted_seen[-_FEW:], self._piece_numbers[-_FEW:], strict=True):
            if self.is_pointed(seen):
                found |= numbers
        return found

    # ------------------------------------------------------------ for the person

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
            found = self.find(text)
            if worst is None or order.index(found.origin) > order.index(worst.origin):
                worst = found
        if worst is None:
            return Trace(name, Origin.PROMPT, _PERSON, "nothing in it")
        return Trace(name, worst.origin, worst.label, _NOTES[worst.origin].format(source=worst.source or "data"))


_PLACE = re.compile(r"[/.]")
"""A source that is a path, a host or a link; a tool's bare name points nowhere."""

_NOTES = {
    Origin.PROMPT: "you wrote it",
    Origin.TRUSTED: "from {source}, which you trust",
    Origin.GRANT: "covered by a grant",
    Origin.FIELD: "from a field of {source}",
    Origin.UNTRUSTED: "from the text of {source}",
    Origin.UNKNOWN: "written by the model; found nowhere else",
}

NUMBER = re.compile(r"(?<![\w.,/-])[-+]?[$€£¥]?\s?\d[\d,]*(?:\.\d+)?(?![\w])")


MONEY = re.compile(
    r"(?i)[$€£¥]\s?(\d[\d,]*(?:\.\d+)?)|(?<![\w.,])(\d[\d,]*\.\d\d)(?![\w.])|"
    r"(?<![\w.,])(\d[\d,]*(?:\.\d+)?)\s?(?:usd|eur|euros?|dollars?|pounds?|gbp|chf|rmb|yuan|元|块|美元|欧元)"
)


def kind_of(field: Field) -> str:
    """The field's kind, where names and texts are told apart by their looks: callers draw that line in different places."""
    if field.kind not in ("name", "text"):
        return field.kind
    value = field.value
    short = len(value) <= 40 and "\n" not in value and "://" not in value and not value.endswith((".", "!", "?"))
    return "name" if short and len(value.split()) <= 5 and "www." not in value else "text"


def record_path(path: str) -> str:
    """The record that a field belongs to: `[4].sender` and `[4].to[1]` both to `[4]`; a lone list is one record an item."""
    head = re.match(r"^(?:[^.\[]+\.)?\[\d+\]|^[^.\[]*\[\d+\]", path)
    return head[0] if head else path.partition(".")[0] if "." in path else ""


def field_name(path: str) -> str:
    """The field's name without the places in lists: `[4].to[1]` is `to`."""
    return re.sub(r"\[\d+\]", "", path).strip(".").rpartition(".")[2]


def number(value: str) -> str | None:
    """A plain number in one form (`1,100.00` is `1100`), or None when the text is not just a number."""
    text = fold(value).strip().lstrip("+$€£¥ ").replace(",", "")
    if not re.fullmatch(r"-?\d{1,30}(?:\.\d{1,30})?", text):
        return None
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    whole, _, fraction = digits.partition(".")
    fraction = fraction.rstrip("0")
    return sign + (whole.lstrip("0") or "0") + (f".{fraction}" if fraction else "")
