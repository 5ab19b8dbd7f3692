"""Putting names and text of files into an answer, so that they stay what they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from assistant.visible import visible

_LANGUAGES = {
    "py": "python",
    "js": "javascript",
    "ts": "typescript",
    "sh": "bash",
    "rs": "rust",
    "rb": "ruby",
    "yml": "yaml",
    "md": "markdown",
    "h": "c",
    "hpp": "cpp",
}
_KNOWN = {"c", "cpp", "java", "go", "json", "toml", "yaml", "xml", "html", "css", "sql", "php", "diff"}


def code(text: str, limit: int = 200) -> str:
    """`text` as a code span on one line, whatever backticks it holds."""
    shown = visible(text).replace("\n", "⏎").replace("\t", " ")
    shown = shown if len(shown) <= limit else shown[: limit - 1] + "…"
    if not shown.strip():
        return f"“{shown}”"
    ticks = "`" * (max((len(t) for t in re.findall(r"`+", shown)), default=0) + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{ticks}{pad}{shown}{pad}{ticks}"


def block(text: str, language: str = "") -> str:
    """`text` as a fenced block that nothing inside can close."""
    text = visible(text).rstrip("\n")
    ticks = "`" * max(3, max((len(t) for t in re.findall(r"`+", text)), default=0) + 1)
    return f"{ticks}{language}\n{text}\n{ticks}"


def language_of(name: str) -> str:
    """The word after a fence for a file of that name."""
    ending = name.rpartition(".")[2].lower()
    return _LANGUAGES.get(ending, ending if ending in _KNOWN else "")


def bullets(items: Iterable[str]) -> str:
    """A list."""
    return "\n".join(f"- {item}" for item in items)


def numbered(items: Iterable[str]) -> str:
    """A numbered list."""
    return "\n".join(f"{i}. {item}" for i, item in enumerate(items, 1))


def plain(text: str) -> str:
    """A line of a file as running text: what Markdown would read as marks is escaped."""
    return re.sub(r"([\\`*_\[\]<>#|~])", r"\\\1", visible(text).replace("\n", " "))


def prose(text: str) -> str:
    """A tool's own sentence as running text: its code spans stay code, everything else is escaped."""
    parts = visible(text).replace("\n", " ").split("`")
    if len(parts) % 2 == 0:
        return plain(text)
    return "".join(code(p) if i % 2 else plain(p) for i, p in enumerate(parts))


def joined(names: Sequence[str], most: int = 8) -> str:
    """Names in a row, the first few of them."""
    shown = ", ".join(code(n) for n in names[:most])
    return f"{shown}, …" if len(names) > most else shown
