"""What an edit holds on to: text around the place that stands in the file only once.

A file is never written back from what was read of it: what a tool shows is made safe for reading (control characters
made visible, secrets hidden), and writing that back would damage the file. So every change is an edit that carries only
the lines it needs.
"""

from __future__ import annotations

from assistant.types import Data


class Anchor(Data, frozen=True):
    """Text and what is to stand in its place. `wider` is the same change with all the lines that were read around it."""

    old: str
    new: str
    wider: tuple[str, str] | None = None


def at_end(lines: list[str], added: str) -> Anchor:
    """`added` after the last of `lines`."""
    text = "\n".join(lines)
    for count in range(1, len(lines) + 1):
        old = "\n".join(lines[-count:])
        if old.strip() and text.count(old) == 1:
            return Anchor(old, f"{old}\n{added}", (text, f"{text}\n{added}"))
    return Anchor(text, f"{text}\n{added}")


def at_start(lines: list[str], added: str) -> Anchor:
    """`added` before the first of `lines`."""
    text = "\n".join(lines)
    for count in range(1, len(lines) + 1):
        old = "\n".join(lines[:count])
        if old.strip() and text.count(old) == 1:
            return Anchor(old, f"{added}\n{old}", (text, f"{added}\n{text}"))
    return Anchor(text, f"{added}\n{text}")


def instead_of(lines: list[str], first: int, last: int, new: list[str]) -> Anchor:
    """`new` in the place of the lines from `first` to `last` (from 0, `last` not included; both may be equal)."""
    text = "\n".join(lines)
    whole = (text, "\n".join([*lines[:first], *new, *lines[last:]]))
    for around in range(1, len(lines) + 1):
        low, high = max(0, first - around), min(len(lines), last + around)
        old = "\n".join(lines[low:high])
        if old.strip() and text.count(old) == 1:
            return Anchor(old, "\n".join([*lines[low:first], *new, *lines[last:high]]), whole)
    return Anchor(*whole)
