"""Wrapped lines stand below their words, whatever the width."""

from __future__ import annotations

import pytest
from textual.content import Content
from textual.style import Style
from textual.visual import RenderOptions

from assistant.ui.hanging import LEAST, Hanging


def drawn(text: str, width: int) -> list[str]:
    strips = Hanging(Content(text)).render_strips(width, None, Style(), RenderOptions(lambda _style: Style(), {}))
    assert all(strip.cell_length == width for strip in strips)
    assert len(strips) == Hanging(Content(text)).get_height({}, width)
    return [strip.text.rstrip() for strip in strips]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a few words that wrap", ["a few words that", "wrap"]),
        ("    a few words that wrap", ["    a few words", "    that wrap"]),
        ("[x] a few words that wrap", ["[x] a few words", "    that wrap"]),
        ("(•) a few words that wrap", ["(•) a few words", "    that wrap"]),
        ("    几个很长的词语", ["    几个很长的词", "    语"]),
        ("\n    short", ["", "    short"]),
    ],
)
def test_the_rest_of_a_line_is_moved_in_as_its_beginning_is(text: str, rows: list[str]) -> None:
    assert drawn(text, 17) == rows


def test_where_there_is_no_room_for_that_nothing_is_moved_in() -> None:
    assert drawn("    word word", LEAST - 2)[-1] == "word"
