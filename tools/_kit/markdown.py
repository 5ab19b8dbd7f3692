"""HTML and tables as Markdown."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from _kit.text import bom_encoding

HTML_DEPTH = 500
"""Deeper nesting is made to break readers, never by people."""
CELL_CHARACTERS = 500


def from_html(html: str) -> str:
    """HTML as Markdown: hidden text and inline data left out, tables and lists kept."""
    h2m: Any = import_module("html_to_markdown")
    options = h2m.ConversionOptions(
        extract_metadata=False,
        compact_tables=True,
        hidden_content=h2m.HiddenContent.DROP,
        inline_data_media=h2m.InlineDataMedia.ALT_TEXT_ONLY,
        max_depth=HTML_DEPTH,
    )
    return h2m.convert(html.replace("\0", ""), options).content or ""


def decode_html(data: bytes, declared: str = "") -> str:
    """HTML as text: by its mark, by what was declared, by its own `<meta>`, else UTF-8."""
    import re

    encoding, mark = bom_encoding(data[:4])
    if not encoding and not declared:
        found = re.search(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?([\w-]{2,40})""", data[:4096], re.IGNORECASE)
        declared = found[1].decode("ascii") if found else ""
    try:
        return data[mark:].decode(encoding or declared or "utf-8", "replace")
    except LookupError:
        return data[mark:].decode("utf-8", "replace")


def row(cells: list[Any]) -> str:
    """One line of a table."""
    return f"| {' | '.join(cell(c) for c in cells)} |"


def rule(columns: int) -> str:
    """The line between head and body of a table."""
    return "|" + " --- |" * columns


def cell(value: Any) -> str:
    """A value inside a table: on one line, cut when it is a text of its own."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    if isinstance(value, (bytes, bytearray)):
        value = f"[{len(value)} bytes]"
    text = str(value).replace("\\", "\\\\").replace("|", "\\|").replace("\r", "").replace("\n", "<br>")
    return text if len(text) <= CELL_CHARACTERS else f"{text[:CELL_CHARACTERS]}…"
