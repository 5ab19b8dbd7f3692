"""edit_file: exactly where it was meant, or an error that helps."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

CODE = "def one():\n    return 1\n\n\ndef two():\n    return 2\n"


class TestExact:
    def test_replaces_and_says_where(self, call, put) -> None:
        path = put("a.py", CODE)
        answer = call("edit_file", path="a.py", edits=[{"old": "return 2", "new": "return 3"}])
        assert path.read_text() == CODE.replace("2", "3")
        assert answer.text.startswith("edited a.py: line 6")

    def test_several_edits_are_found_in_the_text_as_it_was_read(self, call, put) -> None:
        path = put("a.txt", "a b")
        call("edit_file", path="a.txt", edits=[{"old": "a", "new": "b"}, {"old": "b", "new": "a"}])
        assert path.read_text() == "b a"

    def test_all_replaces_every_place(self, call, put) -> None:
        path = put("a.txt", "x x x")
        answer = call("edit_file", path="a.txt", edits=[{"old": "x", "new": "yy", "all": True}])
        assert path.read_text() == "yy yy yy"
        assert "3 places" in answer.text

    def test_the_mode_is_kept(self, call, put) -> None:
        path = put("a.sh", "echo 1\n")
        path.chmod(0o755)
        call("edit_file", path="a.sh", edits=[{"old": "1", "new": "2"}])
        assert path.stat().st_mode & 0o777 == 0o755

    def test_windows_line_ends_are_kept(self, call, put) -> None:
        path = put("a.txt", b"one\r\ntwo\r\n")
        call("edit_file", path="a.txt", edits=[{"old": "one\ntwo", "new": "1\n2\n3"}])
        assert path.read_bytes() == b"1\r\n2\r\n3\r\n"

    def test_odd_bytes_and_marks_elsewhere_are_kept(self, call, put) -> None:
        path = put("a.txt", b"\xef\xbb\xbfcaf\xe9 one")
        call("edit_file", path="a.txt", edits=[{"old": "one", "new": "two"}])
        assert path.read_bytes() == b"\xef\xbb\xbfcaf\xe9 two"

    def test_utf16_stays_utf16(self, call, put) -> None:
        path = put("a.txt", "one".encode("utf-16"))
        call("edit_file", path="a.txt", edits=[{"old": "one", "new": "世界"}])
        assert path.read_bytes().decode("utf-16") == "世界"

    def test_a_link_is_followed_and_stays_a_link(self, call, put, folder: Path) -> None:
        path = put("real.txt", "one")
        (folder / "link.txt").symlink_to("real.txt")
        call("edit_file", path="link.txt", edits=[{"old": "one", "new": "two"}])
        assert (folder / "link.txt").is_symlink()
        assert path.read_text() == "two"


class TestForgiving:
    @pytest.mark.parametrize(
        ("text", "old", "new", "after", "remark"),
        [
            ("a  \nb\t\n", "a\nb\n", "c\n", "c\n", "white space at line ends"),
            (
                "    x = 1\n    y = 2\n",
                "x = 1\ny = 2",
                "x = 2\nif x:\n    y = 3",
                "    x = 2\n    if x:\n        y = 3\n",
                "indentation",
            ),
            ("say “hi” – now\n", 'say "hi" - now', "bye", "bye\n", "typographic"),
        ],
    )
    def test_what_models_get_wrong_is_forgiven_and_said(
        self, call, put, text: str, old: str, new: str, after: str, remark: str
    ) -> None:
        path = put("a.txt", text)
        answer = call("edit_file", path="a.txt", edits=[{"old": old, "new": new}])
        assert remark in answer.text
        assert path.read_text().rstrip("\n") == after.rstrip("\n")

    def test_loosely_twice_is_refused(self, call, put) -> None:
        path = put("a.txt", "  a = 1\n    a = 1\n")
        assert call("edit_file", path="a.txt", edits=[{"old": "\ta = 1", "new": "b"}]).code == "not_unique"
        assert path.read_text() == "  a = 1\n    a = 1\n"


class TestRefusals:
    """After each the file is as it was."""

    def refused(self, call, put, edits: list[dict[str, object]], text: str = CODE, **more: object) -> tuple[str, str]:
        path = put("a.py", text)
        answer = call("edit_file", path="a.py", edits=edits, **more)
        assert not answer.ok
        assert path.read_text() == text
        assert [p.name for p in path.parent.iterdir()] == ["a.py"]
        return answer.code, answer.text

    def test_not_unique_names_the_lines(self, call, put) -> None:
        code, text = self.refused(call, put, [{"old": "return", "new": "yield"}])
        assert code == "not_unique"
        assert "2 times in `a.py` (lines 2, 6)" in text

    def test_not_found_names_the_nearest_line(self, call, put) -> None:
        code, text = self.refused(call, put, [{"old": "def tow():", "new": ""}])
        assert code == "no_match"
        assert "the nearest line is 5: `def two():`" in text

    def test_not_found_says_which_line_differs(self, call, put) -> None:
        _, text = self.refused(call, put, [{"old": "def two():\n    return 3", "new": ""}])
        assert "its first line is line 5, but line 6 is `return 2`" in text

    def test_T7_one_bad_edit_stops_all(self, call, put) -> None:
        code, text = self.refused(call, put, [{"old": "one", "new": "1"}, {"old": "nothing like this", "new": ""}])
        assert code == "no_match"
        assert text.startswith("edit 2 of 2")

    def test_edits_that_overlap(self, call, put) -> None:
        assert self.refused(call, put, [{"old": "def one", "new": "x"}, {"old": "one()", "new": "y"}])[0] == "overlap"

    def test_nothing_to_change(self, call, put) -> None:
        assert self.refused(call, put, [{"old": "one", "new": "one"}])[0] == "no_change"

    def test_a_stale_file_is_refused_with_its_new_hash(self, call, put) -> None:
        code, text = self.refused(call, put, [{"old": "one", "new": "1"}], sha256="0" * 64)
        assert code == "stale"
        assert hashlib.sha256(CODE.encode()).hexdigest()[:12] in text

    def test_a_binary_file(self, call, put) -> None:
        assert self.refused(call, put, [{"old": "a", "new": "b"}], "a\0b")[0] == "binary"


class TestStaleCheck:
    def test_the_right_hash_lets_it_through(self, call, put) -> None:
        path = put("a.txt", "one")
        digest = hashlib.sha256(b"one").hexdigest()
        assert call("edit_file", path="a.txt", edits=[{"old": "one", "new": "two"}], sha256=digest[:12]).ok
        assert path.read_text() == "two"

    def test_each_edit_tells_the_hash_for_the_next(self, call, put) -> None:
        put("a.txt", "one")
        text = call("edit_file", path="a.txt", edits=[{"old": "one", "new": "two"}]).text
        assert text.endswith(f"(sha256 {hashlib.sha256(b'two').hexdigest()[:12]})")
