"""Foreign text never reaches a terminal as a command."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.visible import Spoken, one_line, prose, visible, visible_json

PERSIAN = "می\u200cخواهم"
SRI = "ශ්\u200dරී"
"""Sinhala: the joiner behind the virama makes one sign of two letters."""
HINDI = "क्\u200cष"
POINTED = "مَ\u200cخ"


class TestVisible:
    @pytest.mark.parametrize(
        "text",
        [
            "plain",
            "tab\tand\nline",
            "中文，宽字符",
            "naïve",
            "👩\u200d💻",
            "🏳️\u200d🌈",
            "👩🏽\u200d🚀",
            "日本語 한국어",
            SRI,
        ],
    )
    def test_ordinary_text_is_left_alone(self, text: str) -> None:
        assert visible(text) == text

    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("\x1b[31m", "\\x1b[31m"),
            ("a\rb", "a\\x0db"),
            ("\x9b2J", "\\x9b2J"),
            ("\u202eabc", "\\u202eabc"),
            ("a\u200bb", "a\\u200bb"),
            ("\U000e0041", "\\U000e0041"),
            ("\ud800", "\\ud800"),
            ("a\x00", "a\\x00"),
            ("\u2028", "\\u2028"),
            ("\ufeffx", "\\ufeffx"),
            ("a\u034fb", "a\\u034fb"),
            ("gi\u200dt", "gi\\u200dt"),
            ("gi\u200ct", "gi\\u200ct"),
            ("👩\u200dx", "👩\\u200dx"),
            ("\u200d👩", "\\u200d👩"),
            ("👩\u200d", "👩\\u200d"),
            ("\u2800\u200d👩", "\\u2800\\u200d👩"),
            (PERSIAN, "می\\u200cخواهم"),
            (HINDI, "क्\\u200cष"),
            ("a" + "\u0301" * 10, "a" + "\u0301" * 8 + "\\u0301" * 2),
            ("a" + "\ufe01" * 9, "a" + "\ufe01" * 8 + "\\ufe01"),
        ],
    )
    def test_what_can_steer_or_hide_is_written_out(self, text: str, shown: str) -> None:
        assert visible(text) == shown

    def test_windows_line_ends_become_plain_ones(self) -> None:
        assert visible("a\r\nb") == "a\nb"

    @given(st.text())
    def test_nothing_that_is_control_or_format_survives_but_lines_tabs_and_joiners(self, text: str) -> None:
        for char in visible(text):
            assert char in "\n\t\u200d" or unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}

    @given(st.text())
    def test_it_is_stable(self, text: str) -> None:
        assert visible(visible(text)) == visible(text)


class TestProse:
    @pytest.mark.parametrize("text", [PERSIAN, HINDI, SRI, POINTED, "👩\u200d💻", "a\tb\n"])
    def test_joiners_stay_in_words_that_need_them(self, text: str) -> None:
        assert prose(text) == text

    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("gi\u200ct", "gi\\u200ct"),
            ("gi\u200dt", "gi\\u200dt"),
            ("می\u200c", "می\\u200c"),
            ("می\u200c\u200cخ", "می\\u200c\\u200cخ"),
            ("می\u200cx", "می\\u200cx"),
            ("\u202eمی", "\\u202eمی"),
            ("\x1b[31m", "\\x1b[31m"),
        ],
    )
    def test_anywhere_else_they_are_written_out_as_all_that_hides(self, text: str, shown: str) -> None:
        assert prose(text) == shown

    @given(st.text(alphabet=st.sampled_from("\u200c\u200dیک्َक👩🏽\ufe0fa\u0301\r\n\x1b"), max_size=40))
    def test_it_is_stable(self, text: str) -> None:
        assert prose(prose(text)) == prose(text)
        assert visible(visible(text)) == visible(text)


class TestSpoken:
    @given(st.lists(st.text(alphabet=st.sampled_from("\u200c\u200dیک्َक👩🏽\ufe0fa\u0301\r\n\x1b"), max_size=12)))
    def test_pieces_are_shown_as_the_whole_would_be(self, pieces: list[str]) -> None:
        spoken = Spoken()
        assert "".join(map(spoken.take, pieces)) + spoken.end() == prose("".join(pieces))

    def test_what_waited_belongs_to_the_text_before(self) -> None:
        spoken = Spoken()
        assert (spoken.take("می\u200c"), spoken.end(), spoken.take("خ")) == ("می", "\\u200c", "خ")


class TestOneLine:
    @given(st.text(), st.integers(2, 50))
    def test_it_is_one_line_within_the_limit(self, text: str, limit: int) -> None:
        line = one_line(text, limit)
        assert len(line) <= limit
        assert "\n" not in line


class TestVisibleJson:
    @given(st.text())
    def test_it_means_the_same_and_hides_nothing(self, text: str) -> None:
        told = visible_json(json.dumps({text: [text]}, ensure_ascii=False))
        assert json.loads(told) == {text: [text]}
        assert told.splitlines() == [told]

    def test_every_character_that_is_hidden_elsewhere_is_escaped_here_too(self) -> None:
        for code in (*range(0x7F, 0xD800), *range(0xE000, 0x110000)):
            char = chr(code)
            if visible(char) != char:
                assert visible_json(f'"{char}"') != f'"{char}"', hex(code)
