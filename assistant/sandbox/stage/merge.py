"""Two changes of one text brought together: what only one side changed is settled, what both changed is for a person. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from assistant.sandbox.stage.hunks import lines_of


class Region(msgspec.Struct, frozen=True):
    """A stretch of the merged file. A clash has no `settled` lines; `base` is what both sides started from."""

    settled: tuple[str, ...] | None
    base: tuple[str, ...] = ()
    mine: tuple[str, ...] = ()
    """As the real file has it now."""
    staged: tuple[str, ...] = ()


def merge(base: str | None, mine: str, staged: str) -> list[Region]:
    """The regions in order. Without a known base everything that differs is a clash: nothing is settled by a guess."""
    if base is None:
        return _two_way(lines_of(mine), lines_of(staged))
    return _three_way(lines_of(base), lines_of(mine), lines_of(staged))


def joined(regions: Iterable[Region], choices: Sequence[str]) -> str:
    """The file with each clash, in order, as chosen: `mine`, `staged`, or `both` (mine first)."""
    out: list[str] = []
    left = list(choices)
    for region in regions:
        if region.settled is not None:
            out += region.settled
        else:
            choice = left.pop(0)
            sides = {"mine": (region.mine,), "staged": (region.staged,), "both": (region.mine, region.staged)}[choice]
            for side in sides:
                if out and side and not out[-1].endswith("\n"):
                    out[-1] += "\n"
                out += side
    return "".join(out)


def with_markers(regions: Iterable[Region]) -> str:
    """The file with each clash between the markers that editors and git know."""
    out: list[str] = []
    for region in regions:
        if region.settled is not None:
            out += region.settled
            continue
        for mark, side in (("<<<<<<< yours", region.mine), ("||||||| before", region.base), ("=======", region.staged)):
            out += [mark + "\n", *side]
            if side and not side[-1].endswith("\n"):
                out[-1] += "\n"
        out.append(">>>>>>> staged\n")
    return "".join(out)


def has_markers(text: str) -> bool:
    """Whether a clash is still marked in it."""
    return any(line.startswith(("<<<<<<< yours", ">>>>>>> staged")) for line in lines_of(text))


def _two_way(mine: list[str], staged: list[str]) -> list[Region]:
    out: list[Region] = []
    for tag, a0, a1, b0, b1 in _opcodes(mine, staged):
        if tag == "equal":
            out.append(Region(tuple(mine[a0:a1])))
        else:
            out.append(Region(None, (), tuple(mine[a0:a1]), tuple(staged[b0:b1])))
    return out


def _three_way(base: list[str], mine: list[str], staged: list[str]) -> list[Region]:
    """Stretches of the base that both sides left alone separate the regions (the diff3 algorithm)."""
    out: list[Region] = []
    at = (0, 0, 0)
    for stop in [*_anchors(base, mine, staged), (len(base), len(mine), len(staged), 0)]:
        sides = (base[at[0] : stop[0]], mine[at[1] : stop[1]], staged[at[2] : stop[2]])
        out += _between(*(tuple(side) for side in sides))
        length = stop[3]
        if length:
            out.append(Region(tuple(base[stop[0] : stop[0] + length])))
        at = (stop[0] + length, stop[1] + length, stop[2] + length)
    return out


def _between(base: tuple[str, ...], mine: tuple[str, ...], staged: tuple[str, ...]) -> list[Region]:
    if mine == staged:
        return [Region(mine)] if mine else []
    if mine == base:
        return [Region(staged)] if staged else []
    if staged == base:
        return [Region(mine)] if mine else []
    return [Region(None, base, mine, staged)]


def _anchors(base: list[str], mine: list[str], staged: list[str]) -> list[tuple[int, int, int, int]]:
    """(base at, mine at, staged at, lines) of what is the same in all three, in order."""
    in_mine, in_staged = _matches(base, mine), _matches(base, staged)
    out: list[tuple[int, int, int, int]] = []
    i = j = 0
    while i < len(in_mine) and j < len(in_staged):
        (a, m, n), (b, s, k) = in_mine[i], in_staged[j]
        start, end = max(a, b), min(a + n, b + k)
        if start < end:
            out.append((start, m + start - a, s + start - b, end - start))
        if a + n < b + k:
            i += 1
        else:
            j += 1
    return out


def _matches(one: list[str], other: list[str]) -> list[tuple[int, int, int]]:
    return [(i0, j0, i1 - i0) for tag, i0, i1, j0, _ in _opcodes(one, other) if tag == "equal"]


def _opcodes(one: list[str], other: list[str]) -> list[tuple[str, int, int, int, int]]:
    import difflib

    return [*difflib.SequenceMatcher(None, one, other).get_opcodes()]
