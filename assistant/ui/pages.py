"""Where a long answer may be cut into pages, so that each layout visits a page or two and not all of it. Pure.

A page ends where a block may be read for itself; a code block and a table are opened again on the next one. The places depend
on the text alone, not on the pieces it came in.
"""

from __future__ import annotations

from collections.abc import Iterator

from assistant.ui.markdown.starts import starts

PAGE_CHARS = 3_000
"""From here on a page ends at the next start: about two screens."""
TABLE_CHARS = 12_000
"""A table goes on for so long before its head is shown again on another page."""


def cut(page: str, new: str) -> tuple[int, str] | None:
    """How much of `new` still belongs to the page that holds `page`, and what the page after it begins with (the opening
    line of a code block or the head of a table that goes on, or nothing). None: all of it does."""
    text, drawn = page + new, len(page)
    if len(text) <= PAGE_CHARS:
        return None
    for start in starts(text):
        least = TABLE_CHARS if start.opening.startswith("|") else PAGE_CHARS
        if start.at >= max(least, drawn):  # what is drawn already stays where it is
            return start.at - drawn, start.opening
    return None


def pages(text: str) -> Iterator[str]:
    """The pages of a text that is whole; one that is empty has one, also empty."""
    page = ""
    while (found := cut(page, text)) is not None:
        yield page + text[: found[0]]
        page, text = found[1], text[found[0] :]
    yield page + text
