"""Parts of a text change: the hunks of a diff by number, and the file with only some of them. Pure."""

from __future__ import annotations

import io
from collections.abc import Collection

CONTEXT = 3
"""Unchanged lines around a change, as every diff tool shows them; changes nearer to each other than twice that are one hunk."""

Group = list[tuple[str, int, int, int, int]]
"""(tag, old from, old to, new from, new to), as difflib tells it."""


def lines_of(text: str) -> list[str]:
    """Lines with their ends. Only a line feed ends one: a form feed or U+2028 inside a line belongs to it."""
    return list(io.StringIO(text, newline="\n"))


def groups(old: list[str], new: list[str]) -> list[Group]:
    """The hunks, in order; hunk 1 is the first."""
    import difflib  # 6 ms that only a diff needs

    return [list(group) for group in difflib.SequenceMatcher(None, old, new).get_grouped_opcodes(CONTEXT)]


def take(old: str, new: str, numbers: Collection[int]) -> str:
    """`old` with these hunks of the change to `new`. Raises ValueError for a number that no hunk has."""
    before, after = lines_of(old), lines_of(new)
    found = groups(before, after)
    wrong = sorted(n for n in numbers if not 1 <= n <= len(found))
    if wrong or not numbers:
        raise ValueError(f"there is no hunk {wrong[0]}" if wrong else "no hunk was chosen")
    out: list[str] = []
    at = 0
    for number, group in enumerate(found, 1):
        first, last = group[0], group[-1]
        out += before[at : first[1]]
        out += after[first[3] : last[4]] if number in numbers else before[first[1] : last[2]]
        at = last[2]
    return "".join(out + before[at:])


def leave_out(old: str, new: str, numbers: Collection[int]) -> str:
    """`new` without these hunks: they are as in `old` again. Raises ValueError as `take` does."""
    take(old, new, numbers)
    rest = set(range(1, len(groups(lines_of(old), lines_of(new))) + 1)) - set(numbers)
    return take(old, new, rest) if rest else old
