"""move_files and delete_files: everything is checked before anything happens."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def names(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if not p.is_dir() or p.is_symlink())


class TestMoveOne:
    def test_renames(self, call, put, folder: Path) -> None:
        put("a.txt", "x")
        assert call("move_files", **{"from": "a.txt", "to": "b.txt"}).text == "moved:\na.txt -> b.txt"
        assert names(folder) == ["b.txt"]

    def test_into_a_folder_that_exists(self, call, put, folder: Path) -> None:
        put("a.txt", "x")
        put("d/b.txt", "y")
        call("move_files", **{"from": "a.txt", "to": "d"})
        assert names(folder) == ["d/a.txt", "d/b.txt"]

    def test_a_name_that_looks_like_a_pattern_is_taken_as_the_name(self, call, put, folder: Path) -> None:
        put("[1].txt", "x")
        put("1.txt", "y")
        call("move_files", **{"from": "[1].txt", "to": "2.txt"})
        assert names(folder) == ["1.txt", "2.txt"]

    def test_a_whole_folder(self, call, put, folder: Path) -> None:
        put("a/b/c.txt", "x")
        call("move_files", **{"from": "a", "to": "z/y"})
        assert names(folder) == ["z/y/b/c.txt"]

    def test_a_link_itself(self, call, put, folder: Path) -> None:
        put("a.txt", "x")
        (folder / "l").symlink_to("a.txt")
        call("move_files", **{"from": "l", "to": "m"})
        assert (folder / "m").readlink() == Path("a.txt")
        assert (folder / "a.txt").exists()


class TestMoveMany:
    @pytest.mark.parametrize(
        ("source", "to", "after"),
        [
            ("*.txt", "*.md", ["a.md", "b.md", "d/c.txt"]),
            ("**/*.txt", "*.md", ["a.md", "b.md", "d/c.md"]),
            ("**/*.txt", "all", ["all/a.txt", "all/b.txt", "all/c.txt"]),
            ("**/*.txt", "old/**/*.bak", ["old/a.bak", "old/b.bak", "old/d/c.bak"]),
            ("?.txt", "file-?.txt", ["d/c.txt", "file-a.txt", "file-b.txt"]),
            ("d/*.txt", "*.md", ["a.txt", "b.txt", "d/c.md"]),
            ("{a,b}.*", "*-1.*", None),
        ],
    )
    def test_patterns(self, call, put, folder: Path, source: str, to: str, after: list[str] | None) -> None:
        for name in ("a.txt", "b.txt", "d/c.txt"):
            put(name, name)
        answer = call("move_files", **{"from": source, "to": to})
        if after is None:
            after = ["a-1.txt", "b-1.txt", "d/c.txt"]
        assert answer.ok, answer.text
        assert names(folder) == after

    def test_chains_and_swaps_lose_nothing(self, call, put, folder: Path) -> None:
        for n in (1, 2, 3):
            put(f"{n}", f"{n}")
        put("a1", "a1")
        put("aa1", "aa1")
        call("move_files", **{"from": "a*", "to": "aa*"})
        assert names(folder) == ["1", "2", "3", "aa1", "aaa1"]
        assert (folder / "aa1").read_text() == "a1"
        assert (folder / "aaa1").read_text() == "aa1"

    def test_git_is_never_entered_by_a_pattern(self, call, put, folder: Path) -> None:
        put(".git/x.txt", "x")
        put("x.txt", "y")
        call("move_files", **{"from": "**/*.txt", "to": "*.md"})
        assert names(folder) == [".git/x.txt", "x.md"]


class TestMoveRefusals:
    """After each everything is where it was."""

    @pytest.mark.parametrize(
        ("source", "to", "code"),
        [
            ("none.txt", "x", "not_found"),
            ("*.none", "*.x", "not_found"),
            ("a.txt", "b.txt", "exists"),
            ("?.txt", "same.txt/..", "bad_path"),
            ("*.txt", "*.*", "bad_pattern"),
            ("a.txt", "*.md", "bad_pattern"),
            ("d", "d/e", "bad_path"),
            ("a.txt", "a.txt", "no_change"),
            ("**/*.txt", "d", "exists"),
        ],
    )
    def test_T7_refused(self, call, put, folder: Path, source: str, to: str, code: str) -> None:
        for name in ("a.txt", "b.txt", "d/a.txt"):
            put(name, name)
        before = names(folder)
        answer = call("move_files", **{"from": source, "to": to})
        if code == "bad_path" and source == "?.txt":
            assert names(folder) == before  # normal form: the folder itself, where they are already
            return
        assert answer.code == code, answer.text
        assert names(folder) == before

    def test_overwriting_needs_to_be_asked_for(self, call, put, folder: Path) -> None:
        put("a.txt", "a")
        put("b.txt", "b")
        call("move_files", **{"from": "a.txt", "to": "b.txt", "overwrite": True})
        assert names(folder) == ["b.txt"]
        assert (folder / "b.txt").read_text() == "a"


class TestDelete:
    def test_files_patterns_and_folders(self, call, put, folder: Path) -> None:
        for name in ("a.tmp", "b.tmp", "keep.txt", "d/x/y.txt", "d/z.tmp"):
            put(name, "12345")
        answer = call("delete_files", paths=["*.tmp", "d"])
        assert names(folder) == ["keep.txt"]
        assert answer.text.startswith("deleted 4 files, 20 B:\na.tmp 5 B\nb.tmp 5 B\nd/ (2 files, 10 B)")

    def test_links_are_deleted_and_not_followed(self, call, put, folder: Path, tmp_path: Path) -> None:
        (tmp_path / "outside").mkdir()
        (tmp_path / "outside/x").write_text("x")
        (folder / "d").mkdir()
        (folder / "d/l").symlink_to(tmp_path / "outside")
        (folder / "l").symlink_to(tmp_path / "outside")
        call("delete_files", paths=["d", "l"])
        assert names(folder) == []
        assert (tmp_path / "outside/x").exists()

    def test_T7_one_missing_name_stops_all(self, call, put, folder: Path) -> None:
        put("a", "x")
        answer = call("delete_files", paths=["a", "none"])
        assert answer.code == "not_found"
        assert "nothing was done" in answer.text
        assert names(folder) == ["a"]

    @pytest.mark.parametrize("path", [".", "..", "/", "x/.."])
    def test_the_folder_itself_is_never_deleted(self, call, put, folder: Path, path: str) -> None:
        put("x/a", "x")
        assert call("delete_files", paths=[path]).code == "bad_path"
        assert names(folder) == ["x/a"]

    def test_pipes_and_odd_names(self, call, folder: Path) -> None:
        os.mkfifo(folder / "pipe")
        (folder / os.fsdecode(b"bad\xff\n")).write_text("x")
        call("delete_files", paths=["*"])
        assert names(folder) == []
