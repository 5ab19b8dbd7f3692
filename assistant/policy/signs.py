"""Warning signs: what speaks against an action, each with a sentence for the person.

One sign makes an action ask, two make it a deny (`policies/base.cedar`), so a sign must be something that a person would
find odd by itself, and two signs must not be two names of one oddity. There are none before anything untrusted was read:
then nobody but the person can have steered the model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from urllib.parse import unquote

from assistant.policy import known
from assistant.policy.amounts import is_accounted_for
from assistant.policy.dates import day_of, spellings
from assistant.policy.intent import speaks_of
from assistant.policy.normal import compact, decodings, leaves, references, tokens
from assistant.policy.provenance import Provenance, Sighting, number
from assistant.policy.sensitive import find_secret
from assistant.types import Action, Argument, Integrity, Origin, Role
from assistant.visible import visible

SIGNS: Mapping[str, str] = {
    "stranger": "the destination was not named by you and does not come from data that you trust",
    "out-of-place": "you named another destination, or did not point to the text that this one comes from",
    "not-asked": "you did not ask for anything of this kind",
    "unnamed-target": "you did not name or describe what it acts on",
    "unnamed-destination": "what it carries is suspicious, and you did not name where it goes",
    "unnamed-choice": "you did not name this one, nor leave the choice open",
    "one-of-several": "what it comes from names more than one destination",
    "spoken-of": "text that somebody else wrote speaks of this destination",
    "secret-leaves": "it carries what looks like a password, key or code",
    "foreign-reference": "it carries a link, address or account number that you did not give",
    "copied-text": "it carries a passage copied word for word from untrusted text",
    "hidden-text": "it carries invisible characters",
    "dictated": "several of its values stand together in untrusted text, as if it had been dictated there",
    "other-date": "its date is not the one that you named",
    "other-amount": "its amount is neither yours nor computed from what you pointed to",
    "carries-data": "the address carries data along",
    "foreign-secret": "it sets a password or key that comes from untrusted text",
}
COPIED_WORDS = 12
"""Words in a row that make a passage a copy."""
COPIED_WHOLE = 4
"""Words of a whole text that is a copy, when it goes where the person did not say."""
DICTATED_REACH = 60
"""Values of one call that stand within so many words are taken for dictated together."""

_CARRYING = frozenset({"send", "act", "pay", "book", "admin", "write"})


class Signs:
    """The signs of one action, each computed when first needed. `name` is the action of the schema."""

    def __init__(self, action: Action, name: str, seen: Provenance, *, own_data: bool = False) -> None:
        self._action = action
        self._name = name
        self._seen = seen
        self._own_data = own_data
        self.quiet = seen.label.integrity is not Integrity.UNTRUSTED
        """Nothing untrusted was read yet."""

    def of_destination(self, kind: str, value: str, found: Sighting) -> tuple[str, ...]:
        """The signs of the part that goes to one destination of class `kind`."""
        signs = list(self.common)
        if self.quiet or kind in known.GOOD:
            return tuple(signs)
        if kind in ("described", "referred") and not self._asked:
            kind = "external"  # what the person described was not meant for this
        bill = self._name == "pay" and kind == "text" and self._seen.is_pointed(found)
        if kind not in known.FAIR:
            signs.append("stranger")
            if (kind == "text" and not self._seen.is_pointed(found)) or self._names_another(value):
                signs.append("out-of-place")
            if found.origin is Origin.FIELD and (kind == "external" or known.is_link(value)):
                signs += self._of_outsider_in_a_field(value)
            if bill and self._seen.other_accounts(value):
                signs.append("one-of-several")
        if not bill and (self._copies_a_whole or self._stand_together):
            signs.append("dictated")
        if bill:
            signs = [s for s in signs if s != "dictated"]
        if kind == "member" and (self._name in ("pay", "book") or not self._seen.prompt.leaves_choice):
            signs.append("unnamed-choice")
        if kind in known.FAIR and any(s in _ODD_CONTENT for s in signs):
            signs.append("unnamed-destination")
        return tuple(dict.fromkeys(signs))

    def _of_outsider_in_a_field(self, value: str) -> Iterator[str]:
        """A service's record can be genuine and still hold what an outsider put there: then other text speaks of it, or it
        stands beside the address that the record is about."""
        if self._seen.spoken_of_elsewhere(value):
            yield "spoken-of"
        if not known.stands_alone(value, self._seen):
            yield "one-of-several"

    def of_nowhere(self) -> tuple[str, ...]:
        """The signs of an action without a destination."""
        return self.common

    def _names_another(self, value: str) -> bool:
        """The person spelled out a destination of the same form, and it is not this one."""
        form = next((kind for kind, _ in references(value)), "")
        if form == "url" and self._name == "fetch" and self._seen.prompt.wants_links:
            return False
        return form in self._seen.prompt.references

    @cached_property
    def common(self) -> tuple[str, ...]:
        """The signs that don't depend on the destination."""
        return tuple(dict.fromkeys(self._common()))

    def _common(self) -> Iterator[str]:
        if self._name in _CARRYING:
            yield from self._content()
        if self.quiet:
            return
        if not self._asked:
            yield "not-asked"
        yield from self._targets()
        if self._is_dictated:
            yield "dictated"
        if self._name in _CARRYING:
            yield from self._values()

    @property
    def _asked(self) -> bool:
        """The person's words speak of such an effect, or use the verb that the tool is named for."""
        verb = (tokens(self._action.tool.rpartition("__")[2]) or [""])[0]  # a server's tool is `server__verb_thing`
        effects = self._seen.prompt.effects
        if self._name in ("admin", "act", "write") and speaks_of(verb, "delete") and "delete" not in effects:
            return False  # who asks to add or change something does not ask to take something away
        if self._name == "send" and self._own_data and "write" in effects:
            return True  # nobody receives it
        return self._name in effects or (len(verb) >= 3 and verb in self._seen.prompt.words)

    # ------------------------------------------------------------ what is carried

    def _content(self) -> Iterator[str]:
        texts = [str(leaf) for a in self._of(Role.PAYLOAD) for leaf in leaves(a.value)]
        whole = "\n".join(texts)
        if not whole:
            return
        if self._name != "write" and find_secret(whole) and not all(self._seen.in_prompt(t) for t in texts):
            yield "secret-leaves"
        if any(visible(t) != t.replace("\r\n", "\n") for t in texts):
            yield "hidden-text"
        if self.quiet or self._name == "write":
            return
        for text in (whole, *decodings(whole)):
            for _, reference in references(text):
                kind, found = known.destination(reference, self._seen)
                if kind in known.GOOD or kind in ("described", "internal"):
                    continue
                yield "foreign-reference"
                if kind == "text" and not self._seen.is_pointed(found):
                    yield "out-of-place"
            if is_copied(text, self._seen):
                yield "copied-text"

    # ------------------------------------------------------------ what is acted on

    def _targets(self) -> Iterator[str]:
        if self._name not in ("delete", "write", "admin", "pay", "book", "act", "send"):
            return
        fine = {"named", "trusted"}
        if self._asked:
            fine.add("described")  # what the person described was meant for what they asked
        if self._name in ("write", "admin") and self._seen.prompt.leaves_choice:
            fine.add("member")
        for argument in self._of(Role.TARGET):
            for leaf in leaves(argument.value):
                kind, _ = known.target(str(leaf), self._seen)
                if kind not in fine:
                    yield "unnamed-target"
                    return

    # ------------------------------------------------------------ dates, amounts, secrets

    def _values(self) -> Iterator[str]:
        for argument in self._of(Role.SECRET):
            if any(
                self._seen.find(str(leaf)).origin in (Origin.UNTRUSTED, Origin.FIELD) for leaf in leaves(argument.value)
            ):
                yield "foreign-secret"
        for argument in self._of(Role.PARAM):
            for leaf in leaves(argument.value):
                text = str(leaf)
                if day := day_of(text):
                    known_value, sign = self._knows_day(day, text), "other-date"
                elif self._name == "pay" and not isinstance(leaf, bool) and number(text) is not None:
                    known_value, sign = is_accounted_for(text, self._action, self._seen), "other-amount"
                else:
                    continue
                if not known_value:
                    yield sign

    def _knows_day(self, day: str, text: str) -> bool:
        named = self._seen.prompt.days
        if named:
            return day in named or self._seen.find(text).origin is Origin.TRUSTED
        return self._seen.has_time_field(day) or all(self._seen.is_pointed(s) for s in self._seen.day_pieces(day))

    # ------------------------------------------------------------ dictated

    @property
    def _is_dictated(self) -> bool:
        """Values stand together in untrusted text. For the person's own data, copying from a source that they pointed to is
        what they asked for; a whole text from elsewhere is not."""
        if not self._own_data:
            return self._stand_together
        strays = not self._asked or self._is_on_another_day
        if not strays and all(self._seen.is_pointed(self._seen.find(text)) for _, text in self._from_text()):
            return False
        return self._stand_together or self._copies_a_whole

    @property
    def _is_on_another_day(self) -> bool:
        """The person named days, and the call has one that is not among them."""
        named = self._seen.prompt.days
        found = {day for a in self._of(Role.PARAM) if (day := day_of(str(a.value)))}
        return bool(named) and bool(found - named)

    @cached_property
    def _stand_together(self) -> bool:
        """Two values that the person did not give stand in one place of untrusted text."""
        text = self._seen.untrusted
        steps = [text.around(tokens(value), DICTATED_REACH) for _, value in self._from_text()]
        for argument in self._of(Role.PARAM):
            day = day_of(str(argument.value))
            if day and day not in self._seen.prompt.days:
                steps.append(frozenset[int]().union(*(text.around(words, DICTATED_REACH) for words in spellings(day))))
        return any(mine & other for place, mine in enumerate(steps) for other in steps[place + 1 :])

    @cached_property
    def _copies_a_whole(self) -> bool:
        """A whole text of some words stands as it is in untrusted text."""
        return any(a.role is Role.PAYLOAD and len(tokens(text)) >= COPIED_WHOLE for a, text in self._from_text())

    def _from_text(self) -> Iterator[tuple[Argument, str]]:
        """Values that stand in untrusted text, in no field, and were not said by the person."""
        for argument in self._action.arguments:
            for leaf in leaves(argument.value):
                if not isinstance(leaf, bool) and self._seen.find(str(leaf)).origin is Origin.UNTRUSTED:
                    yield argument, str(leaf)

    def _of(self, role: Role) -> list[Argument]:
        return [a for a in self._action.arguments if a.role is role]


_ODD_CONTENT = frozenset({"foreign-reference", "copied-text", "hidden-text", "secret-leaves", "dictated"})


def of_link(value: str, kind: str, seen: Provenance) -> Iterator[str]:
    """The signs of an address that is fetched: what it would carry out."""
    rest = value.partition("://")[2] or value
    if find_secret(unquote(rest)):
        yield "secret-leaves"
    if known.is_plain_link(value) or seen.in_prompt(value) or (seen.in_text(value) and kind != "unknown"):
        return
    for word in {
        *unquote(rest).replace("/", " ").replace("=", " ").replace("&", " ").replace("?", " ").split(" "),
        *decodings(rest),
    }:
        found = seen.find(word) if len(compact(word)) >= 5 else None
        if found and found.origin in (Origin.UNTRUSTED, Origin.FIELD):
            yield "carries-data"
            return
    if len(rest) > 200:
        yield "carries-data"


def is_copied(text: str, seen: Provenance) -> bool:
    """Whether COPIED_WORDS words in a row stand in untrusted text and not in the person's words."""
    words = tokens(text)
    last = len(words) - COPIED_WORDS
    if last < 0:
        return False
    step = max(1, last // 64, COPIED_WORDS // 2)
    for start in range(0, last + 1, step):
        piece = words[start : start + COPIED_WORDS]
        if seen.untrusted.find_words(piece) is not None and seen.said_text.find_words(piece) is None:
            return True
    return False
