"""Finds the place that an edit means: exactly, else by forgiving only what models get wrong (white space, quotes)."""

from __future__ import annotations

from _kit.problem import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Found:
    """Places as (begin, end, replacement), and a remark for the model when they weren't exact."""

    def __init__(self, places: list[tuple[int, int, str]], remark: str = "") -> None:
        self.places = places
        self.remark = remark


def find(text: str, old: str, new: str, everywhere: bool, which: str, name: str) -> Found:
    """Where `old` stands in `text`.

    Raises Problem(not_unique) with the lines where it stands, or Problem(no_match) with the text that comes closest.
    """
    begins = _all(text, old)
    if begins:
        if len(begins) > 1 and not everywhere:
            lines = ", ".join(str(text.count("\n", 0, b) + 1) for b in begins[:8])
            more = f" and {len(begins) - 8} more" if len(begins) > 8 else ""
            raise Problem(
                "not_unique",
                f"{which}`old` occurs {len(begins)} times in `{name}` (lines {lines}{more}); add lines around it, or set `all`",
            )
        return Found([(b, b + len(old), new) for b in begins])
    for remark, plain in _FORGIVING:
        spans = _by_lines(text, old, plain)
        if len(spans) == 1 or (spans and everywhere):
            return Found([(b, e, _fitted(text[b:e], old, new)) for b, e in spans], remark)
        if spans:
            lines = ", ".join(str(text.count("\n", 0, b) + 1) for b, _ in spans[:8])
            raise Problem(
                "not_unique",
                f"{which}`old` fits no text exactly, and {len(spans)} loosely (lines {lines}); copy it exactly",
            )
    raise Problem("no_match", f"{which}`old` is not in `{name}`{_nearest(text, old)}")


def _all(text: str, old: str) -> list[int]:
    begins: list[int] = []
    at = text.find(old)
    while at >= 0:
        begins.append(at)
        at = text.find(old, at + len(old))
    return begins


_SIGNS = {ord(a): b for a, b in zip("‘’‚‛“”„‟‐‑‒–—―−\u00a0\u202f\u3000", "''''\"\"\"\"-------   ", strict=True)}


def _plain_signs(line: str) -> str:
    import unicodedata  # only for the last try

    return unicodedata.normalize("NFKC", line.translate(_SIGNS)).rstrip()


_FORGIVING: list[tuple[str, Callable[[str], str]]] = [
    (" (but for white space at line ends)", str.rstrip),
    (" (but for indentation)", str.strip),
    (" (but for typographic signs and white space)", lambda line: " ".join(_plain_signs(line).split())),
]


def _by_lines(text: str, old: str, plain: Callable[[str], str]) -> list[tuple[int, int]]:
    """Spans of whole lines that equal the lines of `old` once both are made plain."""
    wanted = [plain(line) for line in old.strip("\n").split("\n")]
    if not any(wanted):
        return []
    lines = text.split("\n")
    plains = [plain(line) for line in lines]
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    spans: list[tuple[int, int]] = []
    first, i = wanted[0], 0
    while i <= len(plains) - len(wanted):
        if plains[i] == first and plains[i : i + len(wanted)] == wanted:
            spans.append((starts[i], starts[i + len(wanted)] - 1))
            i += len(wanted)
        else:
            i += 1
    return spans


def _fitted(place: str, old: str, new: str) -> str:
    """`new` with the indentation that the place has rather than the one that `old` was written with."""
    new = new.strip("\n") if old.strip("\n") != old else new
    theirs, ours = _indent(place), _indent(old.strip("\n"))
    if theirs == ours or not new.strip():
        return new
    lines = new.split("\n")
    return "\n".join(_reindent(line, ours, theirs) for line in lines)


def _indent(text: str) -> str:
    line = next((line for line in text.split("\n") if line.strip()), "")
    return line[: len(line) - len(line.lstrip())]


def _reindent(line: str, ours: str, theirs: str) -> str:
    if not line.strip():
        return line
    return theirs + line[len(ours) :] if line.startswith(ours) else line


def _nearest(text: str, old: str) -> str:
    """The line that comes closest to the first line of `old`, for the message."""
    import difflib

    wanted = next((line.strip() for line in old.split("\n") if line.strip()), "")[:200]
    lines = text.split("\n")[:20000]
    stripped = [line.strip()[:200] for line in lines]
    if wanted in stripped:
        at = stripped.index(wanted)
        rest = old.strip("\n").split("\n")
        for step, line in enumerate(rest):
            if at + step >= len(lines) or lines[at + step].strip() != line.strip():
                seen = lines[at + step].strip()[:160] if at + step < len(lines) else "the end of the file"
                return f"; its first line is line {at + 1}, but line {at + step + 1} is `{seen}`"
    close = difflib.get_close_matches(wanted, {s for s in stripped if s}, n=1, cutoff=0.5)
    if not close:
        return "; read the file again and copy the text exactly"
    return f"; the nearest line is {stripped.index(close[0]) + 1}: `{close[0][:160]}`"
