"""What an edit holds on to: text around the place that stands in the file only once.

A file is never written back from what was read of it: what a tool shows is made safe for reading (control characters
made visible, secrets hidden), and writing that back would damage the file. So every change is an edit that carries only
the lines it needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from assistant.types import Data


class Anchor(Data, frozen=True):
    """Lines and what is to stand in their place."""

    old: str
    new: str


def at_end(lines: list[str], added: str, *, whole: bool) -> list[Anchor]:
    """`added` after the last of `lines`: the least anchor, then wider ones. `whole`: they are all lines of the file."""
    spans = ((len(lines) - count, len(lines)) for count in range(1, len(lines) + 1))
    return _anchors(lines, spans, lambda low, high: [*lines[low:high], added], whole=whole)


def at_start(lines: list[str], added: str, *, whole: bool) -> list[Anchor]:
    """`added` before the first of `lines`."""
    spans = ((0, count) for count in range(1, len(lines) + 1))
    return _anchors(lines, spans, lambda low, high: [added, *lines[low:high]], whole=whole)


def instead_of(lines: list[str], first: int, last: int, new: list[str], *, whole: bool) -> list[Anchor]:
    """`new` in the place of the lines from `first` to `last` (from 0, `last` not included; both may be equal)."""
    spans = ((max(0, first - around), min(len(lines), last + around)) for around in range(1, len(lines) + 1))
    return _anchors(lines, spans, lambda low, high: [*lines[low:first], *new, *lines[last:high]], whole=whole)


def _anchors(
    lines: list[str], spans: Iterator[tuple[int, int]], made: Callable[[int, int], list[str]], *, whole: bool
) -> list[Anchor]:
    text = "\n".join(lines)
    found: list[Anchor] = []
    for low, high in dict.fromkeys(spans):
        old = "\n".join(lines[low:high])
        everything = whole and (low, high) == (0, len(lines))
        if old.strip() and (everything or (text.count(old) == 1 and not overlaps_itself(old))):
            found.append(Anchor(old, "\n".join(made(low, high))))
    # The least one, and the widest in case that the part of the file that was not read repeats the least.
    return found if len(found) < 2 else [found[0], found[-1]]


def overlaps_itself(text: str) -> bool:
    """Whether one more `text` may begin inside it and end after it, at the start of a line.

    Then a search from the front may find another place than the one meant, and still only one.
    """
    at = text.find("\n")
    while at >= 0:
        if text.startswith(text[at + 1 :]):
            return True
        at = text.find("\n", at + 1)
    return False
