"""Markdown that grows: read in pieces as it would be whole, fitted into any width, and never read again from its beginning."""

from __future__ import annotations

import random
import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.content import Content

from assistant.ui.markdown.blocks import Line, Rule, Table, blocks_of
from assistant.ui.markdown.document import Document
from assistant.ui.markdown.parser import PARSER
from assistant.ui.markdown.rows import columns_of
from assistant.ui.markdown.starts import CODE_CHARS, LONGEST_CHARS, TABLE_ROWS, WORD_CHARS, starts
from assistant.ui.markdown.wrap import breaks

BLOCKS = [
    "# Head",
    "## Head with `code`",
    "A sentence with **bold** and *more*,\nand a second line.",
    "- one\n- two\n  - nested 一\n  - nested\n- three",
    "1. one\n\n   more of it\n2. two\n   ```sh\n   ls\n   ```\n3. three",
    "- [ ] to do\n- [x] done",
    "> quoted\n> more\n>\n> - item",
    "```python\nfor x in y:\n\n    print(x)\n```",
    "~~~\nplain\n```\n~~~",
    "| a | b |\n|---|--:|\n| 照片 | 1 |\n| `x` | 22 |",
    "---",
    "Title\n=====",
    "    indented\n    code",
    "前面的句子很长，后面还有一句。",
    "* star\n+ plus\n12) number",
    "See [there][ref] and https://example.com.",
    "[ref]: https://ref.example",
    "-5 degrees\n2024 was warm",
]
"""Kinds of blocks that a text is made of here."""


def shown(document: Document, width: int) -> list[str]:
    document.lay(width)
    return [(row.lead + row.content).plain.rstrip() for row in document.rows]


def whole(text: str, width: int = 60) -> list[str]:
    document = Document()
    document.append(text)
    return shown(document, width)


texts = st.lists(st.sampled_from(BLOCKS), max_size=8).map("\n\n".join)


class TestGrowing:
    @settings(deadline=None, max_examples=60)
    @given(texts, st.integers(0, 2**31))
    def test_it_is_shown_the_same_however_it_came(self, text: str, seed: int) -> None:
        dice, document, at = random.Random(seed), Document(), 0
        while at < len(text):
            size = dice.choice((1, 2, 7, 40))
            document.append(text[at : at + size])
            if dice.random() < 0.5:
                document.lay(dice.choice((60, 60, 33)))
            at += size
        assert shown(document, 60) == whole(text)

    @settings(deadline=None, max_examples=60)
    @given(texts)
    def test_in_pieces_it_says_what_it_says_whole(self, text: str) -> None:
        """The words and cells, in their order: what `parser` makes of the whole text."""
        said: list[str] = []
        for block in blocks_of(PARSER.parse(text, {})):
            match block:
                case Line():
                    said.append(f"{block.lead.plain} {block.content.plain}")
                case Table():
                    said += [cell.plain for row in block.rows for cell in row]
                case Rule():
                    pass
        document = Document()
        document.append(text)
        document.lay(500)
        word = re.compile(r"[^\W\d]+")  # lists are counted as they are written
        assert word.findall("\n".join(document.lines)) == word.findall("\n".join(said))

    @settings(deadline=None, max_examples=40)
    @given(texts, st.integers(2, 90))
    def test_no_row_is_wider_than_the_screen(self, text: str, width: int) -> None:
        assert max((cell_len(row) for row in whole(text, width)), default=0) <= max(width, 8)

    def test_what_is_drawn_already_is_named_as_unchanged(self) -> None:
        document = Document()
        document.append("one\n\ntwo\n\nthree is lo")
        document.lay(40)
        document.append("nger now")
        document.lay(40)
        assert document.changed == 5
        assert shown(document, 40) == ["", "one", "", "two", "", "three is longer now"]

    def test_another_width_fits_all_of_it_anew(self) -> None:
        text = "some words that are wrapped\n\n- an item that is wrapped too"
        document = Document()
        document.append(text)
        assert shown(document, 60) == whole(text, 60)
        assert shown(document, 12) == whole(text, 12)

    def test_an_address_that_comes_later_is_found(self) -> None:
        document = Document()
        document.append("See [the page][1] for more.\n\n")
        document.lay(80)
        document.append("Words.\n\n[1]: https://example.com/page\n")
        assert "See the page ‹https://example.com/page› for more." in shown(document, 80)


class TestWork:
    """What is read again with new words is bounded, whatever the answer is made of."""

    @pytest.mark.parametrize(
        ("text", "most"),
        [
            ("word " * 30_000, LONGEST_CHARS + WORD_CHARS),
            ("x" * 100_000, LONGEST_CHARS + WORD_CHARS),
            ("- an item of a list\n" * 5_000, 30),
            ("1. an item\n\n" * 5_000, 30),
            ("Look:\n" + "- an item right behind\n" * 5_000, 60),
            ("```python\n" + "print('a')\n" * 8_000 + "```\n", CODE_CHARS + 40),
            ("| a | b |\n|---|---|\n" + "| 1 | 2 |\n" * 5_000, (TABLE_ROWS + 4) * 10),
            ("A paragraph.\n\n" * 5_000, 20),
        ],
    )
    def test_no_piece_is_long(self, text: str, most: int) -> None:
        places = [start.at for start in starts(text)]
        assert max(end - at for at, end in zip(places, [*places[1:], len(text)], strict=True)) <= most

    @pytest.mark.parametrize(
        "text", ["- an item\n" * 400, "```\n" + "code\n" * 2_000, "| a |\n|---|\n" + "| 1 |\n" * 400]
    )
    def test_only_the_end_is_read_again(self, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
        document, read = Document(), [0]
        document.append(text)
        document.lay(80)
        parse = type(PARSER).parse

        def counted(self: object, source: str, references: dict[str, object] | None = None) -> object:
            read[0] += len(source)
            return parse(self, source, references)  # pyright: ignore[reportArgumentType]

        monkeypatch.setattr(type(PARSER), "parse", counted)
        before = len(document.rows)
        document.append(text.rsplit("\n", 2)[1] + "\n")
        document.lay(80)
        assert len(document.rows) == before + 1
        assert read[0] < 400
        assert document.changed > before - TABLE_ROWS - CODE_CHARS // 5 - 4


class TestLooks:
    def test_lists(self) -> None:
        text = "Of it:\n- one that goes on behind the edge\n- two\n  1. a\n  2. b\n\n- [x] done"
        assert whole(text, 24) == [
            "", "Of it:", "", "• one that goes on", "  behind the edge", "• two", "  1. a", "  2. b", "", "☑ done",
        ]  # fmt: skip

    def test_items_are_counted_as_they_are_written(self) -> None:
        assert whole("1. a\n2. b\n\n7. c") == ["", "1. a", "2. b", "", "7. c"]
        assert whole("1. a\n1. b\n1. c") == ["", "1. a", "2. b", "3. c"]

    def test_quotes(self) -> None:
        assert whole("> said\n>\n> - a\n> - b\n\nback", 24) == ["", "▌ said", "▌", "▌ • a", "▌ • b", "", "back"]

    def test_words_that_lie_too_deep_are_not_cut_off(self) -> None:
        rows = whole("- a\n" + "".join("  " * n + f"- deep {n}\n" for n in range(1, 12)), 20)
        assert all(any(f"deep {n}" in row for row in rows) for n in range(1, 12))
        assert max(map(cell_len, rows)) <= 20

    @pytest.mark.parametrize("sign", ["> ", "- ", "1. ", "[", "*", "**a ", "`", "[a](", "| "])
    def test_no_depth_breaks_it(self, sign: str) -> None:
        assert whole(sign * 2_000 + "x", 40)
        assert whole("\n".join("  " * n + sign + "x" for n in range(200)), 40)

    def test_code_loses_nothing_and_shows_where_a_line_goes_on(self) -> None:
        text = "```python\nx = 'a long line of code'\n\ny = 2\n```"
        assert whole(text, 18) == ["", "  x = 'a long", "↪ line of code'", "", "  y = 2"]

    def test_a_code_block_that_is_read_in_parts_is_one(self) -> None:
        rows = whole("```python\n" + "x = 1\n" * 1_000 + "```", 40)
        assert rows == ["", *["  x = 1"] * 1_000]

    def test_a_table_as_wide_as_its_cells(self) -> None:
        assert whole("| file | size |\n|---|--:|\n| 照片 | 1 |\n| b | 22 |", 40) == [
            "", "file │ size", "─────┼─────", "照片 │    1", "b    │   22",
        ]  # fmt: skip

    def test_a_table_that_is_too_wide_wraps_its_cells_and_rules_its_rows(self) -> None:
        assert whole("| a | b |\n|---|---|\n| one two three | x |\n| four | y |", 14) == [
            "", "a         │ b", "──────────┼───", "one two   │ x", "three     │", "┄┄┄┄┄┄┄┄┄┄┼┄┄┄", "four      │ y",
        ]  # fmt: skip

    def test_a_table_without_room_stands_cell_under_cell(self) -> None:
        text = "| one | two | three |\n|---|---|---|\n| a b c d e f | g h i j k l | m n o p q r |"
        assert whole(text, 16) == ["", "one: a b c d e f", "two: g h i j k l", "three: m n o p q", "r"]

    def test_a_long_table_stays_in_its_columns(self) -> None:
        rows = whole("| name | b |\n|---|---|\n" + "| x | 1 |\n" * 100, 40)
        assert set(rows[3:]) == {"x    │ 1"}
        assert len(rows) == 103

    def test_columns_that_give_way_are_the_widest(self) -> None:
        table = Table([[Content("a"), Content("b" * 10), Content("c" * 100)]], ["left"] * 3)
        assert columns_of(table, 40) == [2, 10, 22]

    def test_it_is_copied_without_the_ends_of_rows(self) -> None:
        document = Document()
        document.append("Some words that wrap.\n\n- an item that wraps\n\n```\na line of code that wraps\n```")
        document.lay(10)
        assert document.lines == [
            "",
            "Some words that wrap.",
            "",
            "• an item that wraps",
            "",
            "a line of code that wraps",
        ]


class TestWrap:
    @settings(deadline=None)
    @given(st.text(alphabet="ab 中文，。（）「」éf-", max_size=120), st.integers(4, 40))
    def test_rows_hold_all_and_fit(self, text: str, width: int) -> None:
        places = [0, *breaks(text, width), len(text)]
        rows = [text[a:b] for a, b in pairwise(places)]
        assert "".join(rows) == text
        assert all(cell_len(row.rstrip()) <= width for row in rows)

    def test_a_row_may_end_between_ideographs(self) -> None:
        """Else half of it stays empty."""
        assert breaks("Python 编写的程序", 12) == [9]

    def test_no_row_begins_with_closing_punctuation(self) -> None:
        text = "一二三四，五六"
        assert [text[at] for at in breaks(text, 8)] == ["四"]

    def test_no_row_ends_with_an_opening_bracket(self) -> None:
        text = "一二三（四）"
        assert [text[at] for at in breaks(text, 8)] == ["（"]
