"""Makes text safe to show: what a model, tool or file says must never reach a terminal as a command.

Used by every floor that hands foreign text to a screen, a terminal, a report or a model.
"""

from __future__ import annotations

import re
import unicodedata

_KEEP = {"\n", "\t"}

# Invisible or direction-changing characters that category `Cf` does not flag clearly enough by itself, and characters
# that terminals or people read as nothing: soft hyphen, Hangul fillers, braille blank, variation selectors supplement,
# tag characters (Unicode 15.1, chapters 23.2 and 23.9; Unicode Technical Report 36).
_INVISIBLE = {0x00AD, 0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0, 0x2800, 0x180E}

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
    if code == 0x200D:  # zero-width joiner: part of many emoji and of Indic scripts; harmless between visible signs
        return False
    return unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def visible(text: str) -> str:
    """`text` with every control, bidirectional and invisible character written as `\\x1b` or `\\u202e`.

    Line feeds and tabs stay. A carriage return before a line feed is dropped. Never longer than eight times its input.
    """
    if text.isascii() and text.isprintable():
        return text
    text = _TOWER.sub(_cut, text.replace("\r\n", "\n"))
    return "".join(_escape(c) if _is_hidden(c) else c for c in text)


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
