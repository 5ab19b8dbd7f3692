"""The notation that requests are described in: regular expressions with names for mentions and free text.

    {f} a file or folder that was named      {q} a quotation       {g} a glob       {e} a file ending (`.txt`)
    {t} words or a quotation, as few as fit  {T} the same, as many as fit
    {n} a number, in digits or words         {any} anything, as little as fits

Followed by a name (`{f:path}`), the part becomes a slot. Patterns are compiled when first used: compiling all of them
takes some 50 ms, which the first frame must not pay for.
"""

from __future__ import annotations

import re
from functools import cache

from assistant.models.offline.mentions import Utterance

_PARTS = {
    "f": "[\ue100-\ue1ff]",
    "q": "[\ue000-\ue0ff]",
    "g": "[\ue200-\ue2ff]",
    "e": "[\ue300-\ue3ff]",
    "m": "[\ue000-\ue3ff]",
    "t": r"(?:[\ue000-\ue0ff]|\S(?:.*?\S)?)",
    "T": r"(?:[\ue000-\ue0ff]|\S(?:.*\S)?)",
    "w": r"[\w.+-]+",
    "n": r"(?:\d+|[零〇一二两三四五六七八九十百千万]+|one|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|fifty|a hundred|a dozen)",
    "any": ".*?",
    "all": r"(?:all(?: of)?(?: the| my| these| those)?|every|each|any|the|these|those|my)",
    "here": r"(?:(?:in|inside|under|within|from|of|across|on)? ?(?:this|the|my|the current|current|that) (?:folder|directory|dir|project|repo|repository|place|workspace|codebase)|here|in here|(?:这个|当前|该|本|此)?(?:文件夹|目录|项目|工程|仓库|这里)(?:里面|里|中|下面|下|内)?的?)",
}  # fmt: skip


@cache
def pattern(notation: str) -> re.Pattern[str]:
    """Compile one pattern of the notation; it has to fit the whole of a text."""

    def part(found: re.Match[str]) -> str:
        body = _PARTS[found[1]]
        return f"(?P<{found[2]}>{body})" if found[2] else body

    return re.compile(r"\s*" + re.sub(r"\{([a-zA-Z]+)(?::(\w+))?\}", part, notation) + r"\s*", re.DOTALL)


class Match:
    """A pattern that fitted, with its slots by name."""

    __slots__ = ("found", "said")

    def __init__(self, said: Utterance, found: re.Match[str]) -> None:
        self.said = said
        self.found = found

    def __getitem__(self, slot: str) -> str:
        """The slot's meaning (the inside of a quotation), or an empty string."""
        return self.said.value(*self.found.span(slot)) if self._has(slot) else ""

    def typed(self, slot: str) -> str:
        """The slot as it was typed, quotes included."""
        return self.said.raw(*self.found.span(slot)) if self._has(slot) else ""

    def part(self, slot: str) -> Utterance:
        """The slot as an utterance of its own."""
        return self.said.cut(*self.found.span(slot)) if self._has(slot) else Utterance("", (), {})

    def _has(self, slot: str) -> bool:
        return slot in self.found.re.groupindex and self.found[slot] is not None


def fits(said: Utterance, *notations: str) -> Match | None:
    """The first of the patterns that the whole request fits."""
    for notation in notations:
        if found := pattern(notation).fullmatch(said.text):
            return Match(said, found)
    return None


def has(said: Utterance, notation: str) -> Match | None:
    """Whether the pattern fits somewhere in the request."""
    found = pattern(notation).search(said.text)
    return Match(said, found) if found else None
