"""read_file: any text, in parts, without loading or guessing."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 100


class TestWhole:
    def test_a_small_file_is_shown_as_it_is(self, call, put) -> None:
        put("a.txt", "one\ntwo\n")
        answer = call("read_file", path="a.txt")
        assert answer.text == "one\ntwo\n"
        assert not answer.truncated

    def test_an_empty_file_says_so(self, call, put) -> None:
        put("a.txt")
        assert call("read_file", path="a.txt").text == "[a.txt is empty]"

    def test_a_byte_order_mark_is_not_shown(self, call, put) -> None:
        put("a.txt", b"\xef\xbb\xbfhello")
        assert call("read_file", path="a.txt").text == "hello"

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32"])
    def test_wide_encodings_are_known_by_their_mark(self, call, put, encoding: str) -> None:
        mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
        put("a.txt", mark + "héllo\n世界".encode(encoding))
        assert call("read_file", path="a.txt").text.startswith("héllo\n世界\n[")

    def test_bytes_that_are_no_utf8_are_shown_not_lost(self, call, put) -> None:
        put("a.txt", b"caf\xe9 \xff\n")
        answer = call("read_file", path="a.txt")
        assert answer.text.startswith("caf\\xe9 \\xff\n[not all of it is UTF-8")

    def test_chinese_in_gbk_is_recognised_and_read_when_asked(self, call, put) -> None:
        put("a.txt", "你好，世界\n".encode("gb18030"))
        assert "encoding=gb18030 may be right" in call("read_file", path="a.txt").text
        assert call("read_file", path="a.txt", encoding="gb18030").text == "你好，世界\n"

    def test_an_unknown_encoding_is_refused_with_suggestions(self, call, put) -> None:
        put("a.txt", "x")
        answer = call("read_file", path="a.txt", encoding="utf-9")
        assert answer.code == "invalid_arguments"
        assert "gb18030" in answer.text


class TestParts:
    @pytest.fixture(autouse=True)
    def lines(self, put) -> None:
        put("a.txt", "".join(f"line {n}\n" for n in range(1, 101)))

    def test_a_range_says_where_it_lies_and_how_to_go_on(self, call) -> None:
        answer = call("read_file", path="a.txt", start=3, lines=2)
        assert answer.text == "line 3\nline 4\n[lines 3-4 of 100 lines; start=5 for more]"
        assert answer.truncated

    def test_T6_following_the_note_gives_every_line_once(self, call) -> None:
        seen: list[str] = []
        start = 1
        while True:
            answer = call("read_file", 500, path="a.txt", start=start)
            seen += [line for line in answer.text.splitlines() if line.startswith("line")]
            if not answer.truncated:
                break
            start = int(answer.text.rpartition("start=")[2].split()[0])
        assert seen == [f"line {n}" for n in range(1, 101)]

    def test_a_negative_start_counts_from_the_end(self, call) -> None:
        assert call("read_file", path="a.txt", start=-2).text == "line 99\nline 100\n"

    def test_a_negative_start_beyond_the_file_gives_all_of_it(self, call) -> None:
        assert call("read_file", path="a.txt", start=-1000).text.startswith("line 1\n")

    def test_beyond_the_end_is_an_error_that_names_the_length(self, call) -> None:
        answer = call("read_file", path="a.txt", start=200)
        assert answer.code == "out_of_range"
        assert "100 lines" in answer.text

    def test_bytes_by_offset(self, call) -> None:
        assert call("read_file", path="a.txt", offset=7, lines=1).text.startswith("line 2\n[bytes 7-13 of")


class TestHuge:
    def test_two_gigabytes_are_read_in_part_in_little_memory(self, call, folder: Path) -> None:
        """Sparse, with a few lines in the middle and at the end."""
        with open(folder / "big.log", "wb") as file:
            file.write(b"first\nsecond\n")
            file.seek(2 << 30)
            file.write(b"\nlast but one\nlast\n")
        limit = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (400 << 20, limit[1]))
        try:
            head = call("read_file", path="big.log", lines=2, encoding="latin-1")
            tail = call("read_file", path="big.log", start=-2, encoding="latin-1")
        finally:
            resource.setrlimit(resource.RLIMIT_AS, limit)
        assert head.text.startswith("first\nsecond\n[lines 1-2 of 2.1 GB")
        assert tail.text == "last but one\nlast\n"

    def test_an_endless_line_is_read_piece_by_piece(self, call, put) -> None:
        put("a.txt", "x" * 5000 + "END")
        seen, offset = "", 0
        for _ in range(10):
            answer = call("read_file", 2000, path="a.txt", offset=offset)
            seen += answer.text.partition("\n[")[0]
            if not answer.truncated:
                break
            offset = int(answer.text.rpartition("offset=")[2].split()[0])
        assert seen == "x" * 5000 + "END"

    def test_pieces_of_an_endless_line_keep_characters_whole(self, call, put) -> None:
        put("a.txt", "世界é" * 2000)
        seen, offset = "", 0
        for _ in range(50):
            answer = call("read_file", 1003, path="a.txt", offset=offset)
            seen += answer.text.partition("\n[")[0]
            if not answer.truncated:
                break
            offset = int(answer.text.rpartition("offset=")[2].split()[0])
        assert seen == "世界é" * 2000

    def test_T6_output_is_within_the_cap_even_when_every_byte_is_odd(self, call, put) -> None:
        put("a.txt", b"\xff" * 100_000)
        assert len(call("read_file", 4000, path="a.txt").text.encode()) <= 4000


class TestNoText:
    def test_a_binary_file_is_refused_with_what_it_is(self, call, put) -> None:
        put("a.db", b"SQLite format 3\0" + b"\0" * 100)
        answer = call("read_file", path="a.db")
        assert answer.code == "binary"
        assert "application/vnd.sqlite3, 116 B" in answer.text
        assert "query_data" in answer.text

    def test_a_pdf_is_refused_with_the_tool_that_reads_it(self, call, put) -> None:
        put("a.pdf", b"%PDF-1.7\n")
        assert "read_document" in call("read_file", path="a.pdf").text

    def test_an_image_comes_as_an_image(self, call, put) -> None:
        put("a.png", PNG)
        answer = call("read_file", path="a.png")
        assert answer.text == "[a.png: image/png, 108 B]"
        assert answer.data["image"]["media_type"] == "image/png"

    def test_a_huge_image_is_refused(self, call, put) -> None:
        put("a.png", PNG + b"\0" * 4_000_000)
        assert call("read_file", path="a.png").code == "too_big"

    def test_a_folder_is_refused_with_the_tool_that_lists_it(self, call, folder: Path) -> None:
        (folder / "d").mkdir()
        answer = call("read_file", path="d")
        assert answer.code == "is_folder"
        assert "list_dir" in answer.text

    def test_a_missing_file_names_the_nearest(self, call, put) -> None:
        put("notes.txt", "x")
        assert "did you mean `notes.txt`?" in call("read_file", path="note.txt").text

    def test_a_pipe_is_refused_and_never_waited_for(self, call, folder: Path) -> None:
        os.mkfifo(folder / "pipe")
        assert call("read_file", path="pipe").code == "not_a_file"

    @pytest.mark.parametrize("path", ["/dev/zero", "/dev/tty", "/dev/null", "/dev/stdin"])
    def test_a_device_is_refused(self, call, path: str) -> None:
        assert call("read_file", path=path).code in ("not_a_file", "not_found", "no_permission")

    def test_a_circle_of_links_is_refused(self, call, folder: Path) -> None:
        (folder / "a").symlink_to("b")
        (folder / "b").symlink_to("a")
        assert call("read_file", path="a").code == "bad_path"


class TestNames:
    def test_a_name_with_odd_bytes_is_found_as_it_is_shown(self, call, folder: Path) -> None:
        (folder / os.fsdecode(b"bad\xff\n.txt")).write_text("found")
        assert call("list_dir").text == "bad\\xff\\x0a.txt 5 B"
        assert call("read_file", path="bad\\xff\\x0a.txt").text == "found"

    def test_T3_printable_ascii_has_no_second_spelling(self, call, put) -> None:
        put(".git/config", "secret")
        assert call("read_file", path="\\x2egit/config").code == "not_found"
