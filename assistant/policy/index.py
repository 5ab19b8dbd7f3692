"""An index over text that has been seen: whether, and in which piece, a value stands in it.

Adding costs time in proportion to the new text only; looking up depends on the value, not on how much was seen. Words are
compared whole, so that short values don't match inside longer ones.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator

from assistant.policy.normal import DIGITS, IBAN, Value, compact, decodings, tokens

_CHECKED = 256
"""How many places of a phrase's rarest word are compared, at either end. Beyond it the phrase counts as not found:
harmless, since what was found nowhere is treated no better than what was found in untrusted text."""

MIN_CHARS = 3
MIN_DIGITS = 5
"""Shorter words and numbers turn up everywhere by accident."""


class TextIndex:
    """Pieces of text, numbered in the order they were added."""

    def __init__(self) -> None:
        self._words: list[str] = []
        self._places: dict[str, array[int]] = {}
        self._starts: list[int] = []
        self._compacts: dict[str, int] = {}

    def add(self, text: str) -> int:
        """Add a piece and what its encoded parts say; its number."""
        piece = len(self._starts)
        self._starts.append(len(self._words))
        self._add_words(tokens(text))
        for decoded in decodings(text):
            self._words.append("")  # no phrase runs across
            self._add_words(tokens(decoded))
        self._words.append("")
        for pattern in (IBAN, DIGITS):
            for match in pattern.finditer(text):
                self._compacts.setdefault(compact(match[0]), piece)
        return piece

    def _add_words(self, words: list[str]) -> None:
        places = self._places
        for place, word in enumerate(words, len(self._words)):
            found = places.get(word)
            if found is None:
                places[word] = array("I", (place,))
            else:
                found.append(place)
        self._words += words

    def __len__(self) -> int:
        return len(self._starts)

    def find(self, value: str | Value) -> int | None:
        """The piece where `value` stands last, in any of its normal forms. None for values too short to tell."""
        form = Value(value) if isinstance(value, str) else value
        found = self.find_words(form.words)
        if found is None and form.compact in self._compacts and telling(form.compact):
            found = self._compacts[form.compact]
        if found is None:
            found = next((f for words in form.decoded if (f := self.find_words(words)) is not None), None)
        return found

    def find_words(self, words: list[str], *, anyhow: bool = False) -> int | None:
        """The piece where the words stand last, one after the other. `anyhow` looks for short values too."""
        place = next(self._found_at(words, anyhow), None)
        return None if place is None else self._piece(place)

    def pieces(self, words: list[str]) -> list[int]:
        """Every piece where the words stand one after the other, latest first."""
        return list(dict.fromkeys(map(self._piece, self._found_at(words, False))))

    def around(self, words: list[str], reach: int) -> frozenset[int]:
        """Where the words stand, in steps of `reach` words: two values with a step in common stand close together."""
        steps: set[int] = set()
        for place in self._found_at(words, True):
            steps.update((place // reach, (place + reach // 2) // reach + 1_000_000_000))
        return frozenset(steps)

    def _found_at(self, words: list[str], anyhow: bool) -> Iterator[int]:
        """Places of the phrase's first word, latest first."""
        if not words or not (anyhow or telling("".join(words))):
            return
        rarest, offset = None, 0
        for number, word in enumerate(words):
            places = self._places.get(word)
            if places is None:
                return
            if rarest is None or len(places) < len(rarest):
                rarest, offset = places, number
        near = rarest[-_CHECKED:] if rarest is not None else array("I")
        if rarest is not None and len(rarest) > _CHECKED:
            near = rarest[:_CHECKED] + near
        for place in reversed(near):
            start = place - offset
            if start >= 0 and self._words[start : start + len(words)] == words:
                yield start

    def _piece(self, place: int) -> int:
        return bisect_right(self._starts, place) - 1


def telling(joined: str) -> bool:
    """Whether a value without spaces and signs is long enough to have a source at all."""
    if joined.isdigit():
        return len(joined) >= MIN_DIGITS
    return len(joined) >= MIN_CHARS or not joined.isascii()
