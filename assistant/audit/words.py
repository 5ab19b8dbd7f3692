"""Turns contents into words for the full-text index, and a person's query into a question for it.

Latin and most other scripts are split by SQLite's tokenizer. Chinese, Japanese and Thai are written without spaces, so each
of their characters becomes a word, and a run of them in a query a phrase: searching 税务 finds it inside 税务报告.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

MAX_CHARS = 100_000
"""Of one content: enough for any message, a bound for a dump."""

_UNSPACED = re.compile(r"([\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])")
_NOT_TEXT = frozenset({"type", "role", "data_b64", "opaque", "media_type", "salt"})
"""Keys of messages whose values nobody searches for."""


def text_of(content: bytes) -> str:
    """The searchable text of a content: the strings of a JSON value, or the text itself; nothing for other bytes."""
    try:
        return "\n".join(_strings(msgspec.json.decode(content)))[:MAX_CHARS]
    except (msgspec.DecodeError, RecursionError):
        pass
    if b"\x00" in content[:1000]:
        return ""
    return content[: MAX_CHARS * 4].decode(errors="replace")[:MAX_CHARS]


def as_words(text: str, *, for_query: bool = False) -> str:
    """`text` with unspaced scripts taken apart; as a query: every word must occur, the last one may be a beginning."""
    if not for_query:
        return _UNSPACED.sub(r" \1 ", text) if not text.isascii() else text
    terms = ['"' + _UNSPACED.sub(r" \1 ", term).replace('"', '""').strip() + '"' for term in text.split()]
    terms = [term for term in terms if any(c.isalnum() for c in term)]
    return " ".join(terms) + "*" if terms else ""


def _strings(value: Any) -> list[str]:
    found: list[str] = []
    waiting: list[Any] = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            found.append(item)
        elif isinstance(item, dict):
            waiting.extend(v for k, v in reversed(item.items()) if k not in _NOT_TEXT)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]  # JSON
        elif isinstance(item, list):
            waiting.extend(reversed(item))  # pyright: ignore[reportUnknownArgumentType]  # JSON
    return found
