"""Makes text safe to show: what a model, tool or file says must never reach a terminal as a command.

Used by every floor that hands foreign text to a screen, a terminal, a report or a model.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

_KEEP = {"\n", "\t"}

# Invisible or direction-changing characters that category `Cf` does not flag clearly enough by itself, and characters
# that terminals or people read as nothing: soft hyphen, Hangul fillers, braille blank, variation selectors supplement,
# tag characters (Unicode 15.1, chapters 23.2 and 23.9; Unicode Technical Report 36).
_INVISIBLE = {0x00AD, 0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0, 0x2800, 0x180E}

JOINERS = "\u200c\u200d"
"""Zero-width non-joiner and joiner: they choose how the letters beside them look. Persian, Kurdish and Indic words need them."""

_CURSIVE = ((0x0600, 0x08FF), (0xFB50, 0xFDFF), (0xFE70, 0xFEFE), (0x1E900, 0x1E95F))
"""Where letters join (Unicode 15.1, chapter 9): Arabic, Syriac, N'Ko, Mandaic and their extensions, Arabic's presentation forms,
Adlam."""

_VIRAMA = 9
"""Canonical combining class of the signs that take the vowel from an Indic consonant. RFC 5892, A.1 and A.2, lets both joiners
stand behind one."""

_MOST_MARKS = 8
"""Combining marks on one letter. Chosen: Tibetan stacks and fully pointed Hebrew need six; a tower of more is drawn over the lines
around it, which may be what a person is asked."""


_TOWER = re.compile(
    r"(?:[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1-\u05c7\u0610-\u061a\u064b-\u065f\u0e31\u0e34-\u0e3a\u0e47-\u0e4e"
    r"\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u3099\u309a\ufe00-\ufe0f\ufe20-\ufe2f]){9,}"
)
"""More than _MOST_MARKS in a row of the marks that any letter takes (blocks of Unicode 15.1), variation selectors among them."""


def _is_hidden(char: str) -> bool:
    code = ord(char)
    if code < 0x20 or 0x7F <= code < 0xA0:
        return char not in _KEEP
    if code < 0xA0:
        return False
    if code in _INVISIBLE or 0xE0000 <= code <= 0xE0FFF:
        return True
    return unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def visible(text: str) -> str:
    """`text` with every control, bidirectional and invisible character written as `\\x1b` or `\\u202e`.

    Line feeds and tabs stay. A carriage return before a line feed is dropped. A joiner stays where what it does is seen: within
    an emoji, and behind the virama of an Indic conjunct. Never longer than eight times its input.
    """
    return _written_out(text, _shown_joiner)


def prose(text: str) -> str:
    """As `visible`, for sentences that nobody runs or follows: joiners between letters that join stay as well.

    Not for a command, a path or a host: `a` and `a` with a joiner behind it look alike there, and aren't.
    """
    return _written_out(text, _joins)


class Spoken:
    """`prose` of a text that comes in pieces: what a piece begins or ends with is judged by what stands beside it."""

    def __init__(self) -> None:
        self._before = ""
        self._held = ""

    def take(self, piece: str) -> str:
        """What can be shown now that `piece` has come. A joiner or carriage return at its end waits for the next."""
        text = self._held + piece
        kept = text.rstrip(JOINERS + "\r")
        self._held = text[len(kept) :]
        return self._show(kept)

    def end(self) -> str:
        """What still waited. The next piece begins another text."""
        held, self._held = self._held, ""
        shown = self._show(held)
        self._before = ""
        return shown

    def _show(self, text: str) -> str:
        whole, before = prose(self._before + text), prose(self._before)
        self._before = (self._before + text)[-2 * _MOST_MARKS :]
        return whole[len(before) :]


def _written_out(text: str, stays: Callable[[str, int], bool]) -> str:
    if text.isascii() and text.isprintable():
        return text
    text = _TOWER.sub(_cut, text.replace("\r\n", "\n"))
    return "".join(
        _escape(c) if _is_hidden(c) and not (c in JOINERS and stays(text, i)) else c for i, c in enumerate(text)
    )


def _shown_joiner(text: str, at: int) -> bool:
    """Whether the joiner `text[at]` is one that makes one sign of two."""
    if text[at] != "\u200d" or at == 0 or at + 1 == len(text):
        return False
    before, after = text[at - 1], text[at + 1]
    if before == "\ufe0f" and at > 1:  # the emoji before it is drawn in colours
        before = text[at - 2]
    return (_is_pictogram(before) and _is_pictogram(after)) or _in_conjunct(text[at - 1], after)


def _joins(text: str, at: int) -> bool:
    """Whether the joiner `text[at]` stands in a word of a script that has use for it."""
    if at == 0 or at + 1 == len(text):
        return False
    before, after = at - 1, text[at + 1]
    while (
        before > at - _MOST_MARKS
        and before > 0
        and unicodedata.category(text[before]) == "Mn"
        and not _is_virama(text[before])
    ):
        before -= 1  # vowel signs stand above or below their letter
    cursive = _is_cursive(text[before]) and _is_cursive(after)
    return cursive or _in_conjunct(text[at - 1], after) or _shown_joiner(text, at)


def _is_pictogram(char: str) -> bool:
    kind = unicodedata.category(char)
    return (kind == "So" and not _is_hidden(char)) or char in "↔↕" or "\U0001f3fb" <= char <= "\U0001f3ff"


def _is_virama(char: str) -> bool:
    return unicodedata.combining(char) == _VIRAMA


def _in_conjunct(before: str, after: str) -> bool:
    return _is_virama(before) and unicodedata.category(after) == "Lo"


def _is_cursive(char: str) -> bool:
    return char.isalpha() and any(first <= ord(char) <= last for first, last in _CURSIVE)


def _cut(tower: re.Match[str]) -> str:
    marks = tower[0]
    return marks[:_MOST_MARKS] + "".join(map(_escape, marks[_MOST_MARKS:]))


def one_line(text: str, limit: int = 200) -> str:
    """`visible` text on one line, cut to `limit` characters with an ellipsis."""
    flat = visible(text).replace("\n", "⏎").replace("\t", " ")
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def visible_json(text: str) -> str:
    """A JSON text that means the same, with every control, bidirectional and invisible character in its strings escaped.

    It is one line to every reader, and may be printed on a terminal.
    """
    if text.isascii() and "\x7f" not in text:
        return text
    return "".join(_escape_in_json(c) if _is_hidden(c) else c for c in text)


def _escape_in_json(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


def _escape(char: str) -> str:
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    if code < 0x10000:
        return f"\\u{code:04x}"
    return f"\\U{code:08x}"
