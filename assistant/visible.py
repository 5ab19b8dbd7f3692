"""Makes text safe to show: what a model, tool or file says must never reach a terminal as a command.

Used by every floor that hands foreign text to a screen, a terminal, a report or a model.
"""

from __future__ import annotations

import unicodedata

_KEEP = {"\n", "\t"}

# Invisible or direction-changing characters that category `Cf` does not flag clearly enough by itself, and characters
# that terminals or people read as nothing: soft hyphen, Hangul fillers, braille blank, variation selectors supplement,
# tag characters (Unicode 15.1, chapters 23.2 and 23.9; Unicode Technical Report 36).
_INVISIBLE = {0x00AD, 0x115F, 0x1160, 0x3164, 0xFFA0, 0x2800, 0x180E}


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
    text = text.replace("\r\n", "\n")
    return "".join(_escape(c) if _is_hidden(c) else c for c in text)


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
