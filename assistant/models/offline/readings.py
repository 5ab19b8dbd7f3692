"""What the shipped tools' answers say. All of it is text of unknown origin: what does not fit the form is left out.

The forms are those of `tools/*/main.py`; a test reads the answers of the real programs.
"""

from __future__ import annotations

import re

from assistant.types import Data

_SIZE = r"\d+(?:\.\d+)? (?:B|kB|MB|GB|TB|PB)"
_ENTRY = re.compile(
    rf"(?P<name>.+?)(?P<folder>/)?(?: -> (?P<target>.+))?(?: (?P<size>{_SIZE}))?(?: (?P<time>\d{{4}}-\d\d-\d\d \d\d:\d\d))?(?: \[[^\]]*\])?"
)
_HIT = re.compile(r"(?P<path>.+?):(?P<line>\d+):(?P<text>.*)")
_SCALE = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "PB": 10**15}


class Entry(Data, frozen=True):
    """One line of a list of files. `size` and `time` are as the tool wrote them."""

    name: str
    folder: bool = False
    size: str = ""
    time: str = ""

    @property
    def bytes(self) -> int:
        """Its size, as exactly as it was written."""
        amount, _, unit = self.size.partition(" ")
        return int(float(amount) * _SCALE[unit]) if unit in _SCALE else 0


class Listing(Data, frozen=True):
    """A list of files. `total` counts all there are, `size` is the size of all, where the tool says so."""

    entries: tuple[Entry, ...] = ()
    total: int = 0
    size: str = ""
    next: int | None = None


class Hit(Data, frozen=True):
    """One line that was found. `text` is empty of its surroundings, and may have been cut by the tool."""

    path: str
    line: int
    text: str


class Hits(Data, frozen=True):
    """What a search found. `total` lines in `files` files, of which `hits` are here."""

    hits: tuple[Hit, ...] = ()
    total: int = 0
    files: int = 0
    next: int | None = None
    complete: bool = True


def _split(text: str) -> tuple[list[str], str]:
    """(lines, the tool's closing note without its brackets)."""
    rows = text.rstrip("\n").split("\n")
    if rows and rows[-1].startswith("[") and rows[-1].endswith("]"):
        return rows[:-1], rows[-1][1:-1]
    return rows, ""


def _next(note: str, argument: str = "start") -> int | None:
    found = re.search(rf"\b{argument}=(\d{{1,12}}) for more", note)
    return int(found[1]) if found else None


def listing(text: str) -> Listing:
    """The answer of list_dir or find_files."""
    rows, note = _split(text)
    if note.startswith("nothing found") or note.endswith(" is empty"):
        return Listing()
    entries = [
        Entry(f["name"], bool(f["folder"]), f["size"] or "", f["time"] or "")
        for row in rows
        if row and (f := _ENTRY.fullmatch(row))
    ]
    total = re.search(r"(?:entries|found) \d+-\d+ of (\d{1,12})", note) or re.match(r"(\d{1,12}) found", note)
    size = re.search(rf"\d found, ({_SIZE})", note)
    return Listing(tuple(entries), int(total[1]) if total else len(entries), size[1] if size else "", _next(note))


def hits(text: str) -> Hits:
    """The answer of search_text without context."""
    rows, note = _split(text)
    found = [
        Hit(f["path"], int(f["line"]), f["text"]) for row in rows if (f := _HIT.fullmatch(row)) and len(f["line"]) < 12
    ]
    total = re.search(r"(\d{1,12}) matching lines? in (\d{1,12}) files?", note)
    files = len({h.path for h in found})
    complete = "and more" not in note and "so far" not in note
    return Hits(
        tuple(found), int(total[1]) if total else len(found), int(total[2]) if total else files, _next(note), complete
    )


class Reading(Data, frozen=True):
    """A file's text, whole or in part. `total` counts its lines when the tool said so."""

    text: str = ""
    first: int = 1
    total: int | None = None
    next_line: int | None = None
    next_byte: int | None = None
    empty: bool = False
    image: bool = False

    @property
    def whole(self) -> bool:
        """Whether nothing follows."""
        return self.next_line is None and self.next_byte is None

    @property
    def lines(self) -> list[str]:
        """Its lines."""
        return self.text.removesuffix("\n").split("\n") if self.text else []


def reading(text: str) -> Reading:
    """The answer of read_file."""
    if re.fullmatch(r"\[[^\n]+ is empty\]", text):
        return Reading(empty=True)
    if re.fullmatch(r"\[[^\n]+: image/[\w.+-]+, [^\n]+\]", text):
        return Reading(image=True)
    body, _, last = text.rstrip("\n").rpartition("\n")
    note = re.fullmatch(
        r"\[(?:[\w-]+; )?(?:lines (\d{1,12})-(\d{1,12})(?: of (\d{1,12})(?: lines?)?)?|bytes \d+-\d+ of \d+)[^\n]*\]",
        last,
    )
    if not note:
        # A remark about odd bytes, or none at all.
        odd = last.startswith("[not all of it is UTF-8")
        return Reading(f"{body}\n" if odd else text)
    return Reading(
        f"{body}\n" if body else "",
        int(note[1]) if note[1] else 1,
        int(note[3]) if note[3] else int(note[2]) if note[2] and ", to the end" in last else None,
        _next(last),
        _next(last, "offset"),
    )
