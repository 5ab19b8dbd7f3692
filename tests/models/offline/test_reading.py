"""The pieces below the grammar: names in a request, numbers, sentences, and what tools' answers say."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from assistant.models.offline import quantities, readings, summary
from assistant.models.offline.markdown import block, code, plain, prose
from assistant.models.offline.mentions import ENDING, FILE, GLOB, QUOTE, URL, Utterance
from assistant.models.offline.plans.anchor import at_end, at_start, instead_of, overlaps_itself
from assistant.types import ToolCall
from tests.models.offline.toolbox import run_tool, specs

TODAY = date(2026, 11, 24)


class TestMentions:
    @pytest.mark.parametrize(
        ("said", "files"),
        [
            ("read notes.txt", ("notes.txt",)),
            ("read src/main.py, please.", ("src/main.py",)),
            ("比较甲.txt和乙.txt", ("甲.txt", "乙.txt")),
            ("读一下报告.txt的前10行", ("报告.txt",)),
            ("把photo.jpeg改成photo.jpg", ("photo.jpeg", "photo.jpg")),
            ("把报告.docx移动到备份/", ("报告.docx", "备份/")),
            ("看看 src/子目录/文件.txt", ("src/子目录/文件.txt",)),
            ("open ~/x/y and /etc/hosts", ("~/x/y", "/etc/hosts")),
            ("show a.tar.gz and my.v2-final.txt", ("a.tar.gz", "my.v2-final.txt")),
            ("打开 .env", (".env",)),
            ("what's in the Makefile?", ("Makefile",)),
            ("km/h, e.g. and/or 3.5km", ()),
            ("version 1.2.3 of 2024-01-02", ()),
        ],
    )  # fmt: skip
    def test_files(self, said: str, files: tuple[str, ...]) -> None:
        assert Utterance.of(said).of_kind(FILE) == files

    @pytest.mark.parametrize(
        ("said", "kind", "values"),
        [
            ('say "a b" and `c d`', QUOTE, ("a b", "c d")),
            ("把“旧”改成「新」", QUOTE, ("旧", "新")),
            ("don't read it's", QUOTE, ()),
            ("move *.log and src/**/*.py", GLOB, ("*.log", "src/**/*.py")),
            ("3*4 + 2**8", GLOB, ()),
            ("is there a *.py?", GLOB, ("*.py",)),
            ("all .txt and .tar.gz files", ENDING, (".txt", ".tar.gz")),
            ("所有.txt文件改成.md", ENDING, (".txt", ".md")),
            ("see https://example.com/a.txt or example.com", URL, ("https://example.com/a.txt", "example.com")),
        ],
    )  # fmt: skip
    def test_other_kinds(self, said: str, kind: int, values: tuple[str, ...]) -> None:
        assert Utterance.of(said).of_kind(kind) == values

    def test_what_was_typed_comes_back_sign_by_sign(self) -> None:
        said = Utterance.of("Replace “Foo” by BAR in ａ.txt")
        assert len(said.text) == len(said.pieces)
        assert said.raw(0, len(said.text)) == "Replace “Foo” by BAR in ａ.txt"

    def test_signs_of_the_private_area_can_not_stand_for_a_mention(self) -> None:
        said = Utterance.of("delete \ue100 \ue200")
        assert said.mentions == {}
        assert "\ue100" not in said.text

    def test_more_mentions_than_there_are_signs_for_stay_words(self) -> None:
        said = Utterance.of(" ".join(f"f{i}.txt" for i in range(300)))
        assert len(said.mentions) == 256


class TestQuantities:
    @pytest.mark.parametrize(
        ("words", "value"),
        [
            ("三十五", 35),
            ("一百二", 120),
            ("一百零二", 102),
            ("两千三百", 2300),
            ("三万五", 35000),
            ("十", 10),
            ("二〇二六", 2026),
            ("一亿两千万", 120_000_000),
            ("12", 12),
            ("1,000", 1000),
            ("twelve", 12),
            ("five", 5),
            ("x", None),
            ("", None),
        ],
    )
    def test_numbers(self, words: str, value: int | None) -> None:
        assert quantities.number(words) == value

    @pytest.mark.parametrize(
        ("words", "day"),
        [
            ("today", "2026-11-24"),
            ("明天", "2026-11-25"),
            ("2024年2月29日", "2024-02-29"),
            ("2024-02-30", None),
            ("friday", "2026-11-27"),
            ("tuesday", "2026-12-01"),
            ("christmas", "2026-12-25"),
            ("1月1日", "2027-01-01"),
            ("someday", None),
        ],
    )
    def test_days(self, words: str, day: str | None) -> None:
        found = quantities.named_day(words, TODAY)
        assert (found.isoformat() if found else None) == day


class TestSentences:
    def test_english_and_chinese_ends(self) -> None:
        assert summary.sentences("One is here. Dr. Who, e.g. this one, is 3.5 m. “Really?” Yes!") == [
            "One is here.",
            "Dr. Who, e.g. this one, is 3.5 m.",
            "“Really?”",
            "Yes!",
        ]
        assert summary.sentences("今天很好。明天呢？“后天。”好的！") == ["今天很好。", "明天呢？", "“后天。”", "好的！"]

    def test_headings_code_tables_and_links_are_no_sentences(self) -> None:
        text = "---\ntitle: x\n---\n# Head\n\n```\ncode here.\n```\n| a | b |\n|---|---|\n![pic](x.png)\n<!-- no -->\n\nA [real](http://x) one.\n\n- item one\n- item two\n"
        assert summary.sentences(text) == ["A real one.", "item one", "item two"]

    def test_wrapped_chinese_lines_join_without_a_space(self) -> None:
        assert summary.sentences("今天天气\n很好。") == ["今天天气很好。"]

    def test_the_best_are_in_the_order_of_the_text_and_do_not_repeat(self) -> None:
        text = [
            "The cat sat on the mat.",
            "Dogs bark.",
            "The cat sat on the mat again.",
            "A cat likes a mat and milk.",
            "Unrelated thing.",
        ]
        chosen = summary.best(text, 2)
        assert chosen == sorted(chosen, key=text.index)
        assert len(chosen) == 2

    def test_a_program_says_what_it_is_and_defines(self) -> None:
        text = '#!/usr/bin/env python\n"""Do things."""\n\ndef one():\n    def inner(): ...\n\nclass Two: ...\n'
        assert summary.opening_comment(text) == "Do things."
        assert summary.definitions(text) == ["one", "Two"]
        assert summary.opening_comment("// Package x\n// does y.\npackage x\n").strip() == "Package x\ndoes y."


class TestMarkdown:
    def test_nothing_closes_a_span_or_a_block_from_inside(self) -> None:
        assert code("a`b") == "``a`b``"
        assert code("`a`") == "`` `a` ``"
        assert block("```\nx") == "````\n```\nx\n````"

    def test_running_text_of_a_file_is_escaped(self) -> None:
        assert plain("*bold* [x](y) <b> # `c`") == r"\*bold\* \[x\](y) \<b\> \# \`c\`"
        assert prose("`a*b` is *odd*") == r"`a*b` is \*odd\*"
        assert prose("un`even") == r"un\`even"

    def test_control_and_direction_signs_are_visible(self) -> None:
        for made in (code("a\x1b\u202eb"), block("a\x1b\u202eb"), plain("a\x1b\u202eb")):
            assert "\x1b" not in made
            assert "\u202e" not in made


class TestAnchors:
    def test_the_least_lines_that_stand_once(self) -> None:
        assert at_end(["a", "b", "c", "b"], "x", whole=True)[0].old == "c\nb"
        assert at_start(["a", "b", "a"], "x", whole=True)[0].old == "a\nb"

    def test_lines_that_overlap_themselves_are_no_anchor(self) -> None:
        assert overlaps_itself("same\nsame")
        assert overlaps_itself("a\nb\na")
        assert not overlaps_itself("a\nb")
        assert at_end(["same"] * 5, "x", whole=False) == []
        assert at_end(["same"] * 5, "x", whole=True)[0].old == "\n".join(["same"] * 5)

    def test_every_anchor_makes_the_change_that_was_meant(self) -> None:
        lines = ["a", "b", "a", "c", "a", "b"]
        for at in range(len(lines)):
            for anchor in instead_of(lines, at, at + 1, ["NEW"], whole=True):
                assert "\n".join(lines).replace(anchor.old, anchor.new, 1) == "\n".join(
                    [*lines[:at], "NEW", *lines[at + 1 :]]
                )


class TestToolAnswers:
    """The forms that `readings` knows are those that the shipped tools write."""

    @staticmethod
    def text(folder: Path, name: str, arguments: str) -> str:
        spec = next(s for s in specs() if s.name == name)
        result = run_tool(ToolCall("c", name, arguments), spec, folder)
        assert result.ok, result.text
        return result.text

    def test_a_folder(self, folder: Path) -> None:
        (folder / "link").symlink_to("a.txt")
        page = readings.listing(self.text(folder, "list_dir", "{}"))
        kinds = {e.name: (e.folder, e.size) for e in page.entries}
        assert kinds["src"] == (True, "")
        assert kinds["my file.log"] == (False, "4 B")
        assert "link" in kinds
        assert page.total == len(page.entries) == 11

    def test_found_files_with_sizes_times_and_totals(self, folder: Path) -> None:
        page = readings.listing(self.text(folder, "find_files", '{"sort":"time","type":"file"}'))
        assert page.total == 10
        assert all(e.time and e.size for e in page.entries)
        assert page.size
        assert sum(e.bytes for e in page.entries) > 51_000
        page = readings.listing(self.text(folder, "find_files", '{"sort":"size","type":"file","limit":2}'))
        assert (page.total, len(page.entries), page.next) == (10, 2, 3)

    def test_an_empty_folder_and_nothing_found(self, folder: Path) -> None:
        (folder / "none").mkdir()
        assert readings.listing(self.text(folder, "list_dir", '{"path":"none"}')).entries == ()
        assert readings.listing(self.text(folder, "find_files", '{"glob":"*.xyz"}')).total == 0

    def test_hits_and_pages_of_hits(self, folder: Path) -> None:
        (folder / "many.txt").write_text("needle: here\n" * 3000)
        page = readings.hits(self.text(folder, "search_text", '{"pattern":"needle","literal":true}'))
        assert (page.total, page.files) == (3000, 1)
        assert page.next == len(page.hits) + 1
        assert page.hits[0] == readings.Hit("many.txt", 1, "needle: here")
        assert readings.hits(self.text(folder, "search_text", '{"pattern":"zebra"}')).total == 0

    def test_a_file_whole_in_part_and_empty(self, folder: Path) -> None:
        read = readings.reading(self.text(folder, "read_file", '{"path":"a.txt"}'))
        assert read.whole
        assert read.lines == ["alpha", "beta foo", "gamma", "foo foo"]
        read = readings.reading(self.text(folder, "read_file", '{"path":"a.txt","start":2,"lines":1}'))
        assert (read.lines, read.first, read.total, read.next_line) == (["beta foo"], 2, 4, 3)
        assert readings.reading(self.text(folder, "read_file", '{"path":"empty.txt"}')).empty
        assert readings.reading(self.text(folder, "read_file", '{"path":"pic.png"}')).image

    def test_odd_bytes_and_one_long_line(self, folder: Path) -> None:
        (folder / "odd.txt").write_bytes(b"caf\xe9\n")
        assert readings.reading(self.text(folder, "read_file", '{"path":"odd.txt"}')).lines == ["caf\\xe9"]
        (folder / "wide.txt").write_text("x" * 200_000)
        read = readings.reading(self.text(folder, "read_file", '{"path":"wide.txt"}'))
        assert read.next_byte
        assert not read.whole
