"""find_files, list_dir, file_info, disk_usage: what is there."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest


@pytest.fixture
def tree(put, folder: Path) -> Path:
    put("a.txt", "x" * 10)
    put("b.log", "x" * 2000)
    put("src/c.txt", "x" * 300)
    put("src/deep/d.txt", "")
    put("node_modules/e.txt", "x" * 9000)
    put(".gitignore", "node_modules\n")
    put(".git/HEAD", "x")
    os.utime(folder / "a.txt", (time.time() - 10 * 86400,) * 2)
    return folder


@pytest.mark.usefixtures("tree")
class TestFind:
    @pytest.mark.parametrize(
        ("glob", "names"),
        [
            ("*.txt", ["a.txt", "src/c.txt", "src/deep/d.txt"]),
            ("src/*.txt", ["src/c.txt"]),
            ("src/**/*.txt", ["src/c.txt", "src/deep/d.txt"]),
            ("**/deep/*", ["src/deep/d.txt"]),
            ("[ab].*", ["a.txt", "b.log"]),
            ("*.{log,md}", ["b.log"]),
            ("?.txt", ["a.txt", "src/c.txt", "src/deep/d.txt"]),
            ("[!a].txt", ["src/c.txt", "src/deep/d.txt"]),
        ],
    )
    def test_globs(self, call, glob: str, names: list[str]) -> None:
        assert call("find_files", glob=glob).names == names

    def test_what_was_left_out_is_said(self, call) -> None:
        assert "1 left out by .gitignore; all=true takes them in" in call("find_files", glob="*.txt").text

    def test_ignored_files_when_asked(self, call) -> None:
        assert "node_modules/e.txt" in call("find_files", glob="*.txt", all=True).names

    def test_the_largest_first(self, call) -> None:
        assert call("find_files", sort="size", limit=2).names == ["b.log", "src/c.txt"]

    def test_sizes(self, call) -> None:
        assert call("find_files", larger="200", smaller="1kB").names == ["src/c.txt"]

    def test_ages(self, call) -> None:
        assert call("find_files", older="7d").names == ["a.txt"]
        assert "a.txt" not in call("find_files", newer="1h").names

    def test_types(self, call) -> None:
        assert call("find_files", type="folder").names == [".git", "src", "src/deep"]

    @pytest.mark.parametrize(("key", "value"), [("larger", "10 bananas"), ("newer", "yesterday-ish"), ("older", "")])
    def test_sizes_and_times_that_are_none_are_refused_with_examples(self, call, key: str, value: str) -> None:
        answer = call("find_files", **{key: value})
        assert answer.code == "invalid_arguments"
        assert "write for example" in answer.text

    def test_an_absolute_glob_is_refused(self, call) -> None:
        assert call("find_files", glob="/etc/*").code == "invalid_arguments"

    def test_a_file_as_path(self, call) -> None:
        assert call("find_files", path="a.txt").code == "not_a_folder"


class TestList:
    def test_names_sizes_and_kinds(self, call, tree: Path) -> None:
        (tree / "link").symlink_to("a.txt")
        os.mkfifo(tree / "pipe")
        assert call("list_dir").text.splitlines() == [
            ".git/",
            ".gitignore 13 B",
            "a.txt 10 B",
            "b.log 2.0 kB",
            "link -> a.txt",
            "node_modules/",
            "pipe [pipe]",
            "src/",
        ]

    def test_depth_opens_folders_but_not_what_tools_made(self, call, tree: Path) -> None:
        text = call("list_dir", depth=3).text
        assert "src/deep/d.txt 0 B" in text
        assert "node_modules/e.txt" not in text
        assert tree

    def test_a_folder_of_many_is_paged(self, call, put) -> None:
        for n in range(300):
            put(f"f{n:03}.txt")
        first = call("list_dir", 1000)
        assert first.truncated
        start = int(first.text.rpartition("start=")[2].split()[0].rstrip("]"))
        assert call("list_dir", 1000, start=start).names[0] == f"f{start - 1:03}.txt"

    def test_a_file_is_refused(self, call, put) -> None:
        put("a.txt", "x")
        assert call("list_dir", path="a.txt").code == "not_a_folder"


class TestInfo:
    def test_type_size_mode_and_hash(self, call, put) -> None:
        put("a.txt", "abc").chmod(0o640)
        text = call("file_info", paths=["a.txt"]).text
        assert text.startswith("a.txt: text, 3 B (3 bytes), mode 0640, changed ")
        assert "sha256 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" in text

    def test_special_files_are_named_and_never_opened(self, call, folder: Path) -> None:
        os.mkfifo(folder / "pipe")
        (folder / "l").symlink_to("/etc/shadow")
        text = call("file_info", paths=["pipe", "l", "none"]).text
        assert "pipe: a pipe" in text
        assert "l: a link to /etc/shadow" in text
        assert "`none` does not exist" in text


class TestUsage:
    def test_folders_by_size(self, call, tree: Path) -> None:
        lines = call("disk_usage").text.splitlines()
        assert lines[0] == "9.0 kB node_modules/"
        assert lines[1] == "2.0 kB b.log"
        assert tree

    def test_a_hard_link_counts_once(self, call, put, folder: Path) -> None:
        put("a", "x" * 1000)
        os.link(folder / "a", folder / "b")
        assert "1.0 kB in 1 files" in call("disk_usage").text
