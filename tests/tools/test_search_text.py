"""search_text: ripgrep and the fallback give the same answer, in the same order."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest

NO_RG = {"PATH": "/nowhere"}

pytestmark = pytest.mark.skipif(shutil.which("rg") is None, reason="ripgrep is not installed: `make setup` installs it")


@pytest.fixture
def both(call):
    """Search with both engines; they must agree to the letter."""

    def run(**args: object):
        fast = call("search_text", **args)
        slow = call("search_text", 50_000, None, NO_RG, **args)
        assert slow.text == fast.text
        assert slow.fields == fast.fields
        return fast

    return run


@pytest.fixture(autouse=True)
def tree(put, folder: Path) -> None:
    put("a.py", "import os\nTODO one\n\n# todo two\n")
    put("src/b.py", "x\nTODO three\ny\nz\nTODO four\nw\n")
    put("src/c.txt", "TODO in text\n")
    put(".hidden/d.txt", "TODO hidden\n")
    put(".git/config", "TODO never\n")
    put("build/out.txt", "TODO built\n")
    put(".gitignore", "build/\n*.log\n!keep.log\n")
    put("x.log", "TODO log\n")
    put("keep.log", "TODO kept\n")
    put("src/.gitignore", "/gen.py\n")
    put("src/gen.py", "TODO generated\n")
    put("bin.dat", b"TODO\0binary\n")
    put("wide.txt", "TODO wide\n".encode("utf-16"))
    put("odd.txt", b"TODO caf\xe9\r\n")


class TestSearch:
    def test_hits_are_sorted_and_counted(self, both) -> None:
        answer = both(pattern="TODO")
        assert answer.text.splitlines() == [
            ".hidden/d.txt:1:TODO hidden",
            "a.py:2:TODO one",
            "keep.log:1:TODO kept",
            "odd.txt:1:TODO caf\\xe9",
            "src/b.py:2:TODO three",
            "src/b.py:5:TODO four",
            "src/c.txt:1:TODO in text",
            "wide.txt:1:TODO wide",
            "[8 matching lines in 7 files]",
        ]
        assert answer.names[1] == "a.py"

    def test_ignored_files_are_searched_when_asked(self, both) -> None:
        text = both(pattern="TODO", all=True).text
        assert "build/out.txt:1" in text
        assert "x.log:1" in text
        assert ".git/" not in text

    @pytest.mark.parametrize("glob", ["*.py", "src/*.py", "**/*.txt", "*.{py,txt}", "src/**"])
    def test_globs(self, both, glob: str) -> None:
        assert both(pattern="TODO", glob=glob).ok

    @pytest.mark.parametrize("context", [1, 2])
    def test_context(self, both, context: int) -> None:
        assert both(pattern="TODO", path="src/b.py", context=context).ok

    def test_context_separates_groups(self, both, put) -> None:
        put("src/b.py", "TODO\n1\n2\n3\nTODO\n")
        assert both(pattern="TODO", path="src", glob="b.py", context=1).text.splitlines()[:5] == [
            "src/b.py:1:TODO",
            "src/b.py-2-1",
            "--",
            "src/b.py-4-3",
            "src/b.py:5:TODO",
        ]

    @pytest.mark.parametrize(
        "pattern", ["^TODO", r"TODO (one|four)$", r"\bt.d?o\b", "[a-z]{5}", r"TODO\s+\w+", "(?i)todo"]
    )
    def test_expressions(self, both, pattern: str) -> None:
        assert both(pattern=pattern).ok

    def test_ignoring_case(self, both) -> None:
        assert "a.py:4:# todo two" in both(pattern="todo", ignore_case=True).text

    def test_literal_text(self, both, put) -> None:
        put("m.txt", "f(x) [1]\n")
        assert "m.txt:1" in both(pattern="f(x) [1]", literal=True).text

    def test_one_file(self, both) -> None:
        assert both(pattern="TODO", path="src/c.txt").text == "src/c.txt:1:TODO in text\n[1 matching line in 1 file]"

    def test_nothing_found_says_so(self, both) -> None:
        assert both(pattern="no such words").text == "[no match]"

    def test_names_with_line_feeds_and_odd_bytes(self, both, folder: Path) -> None:
        (folder / os.fsdecode(b"n\xff\n:1:.txt")).write_text("TODO odd name\n")
        assert "n\\xff\\x0a:1:.txt:1:TODO odd name" in both(pattern="odd name").text

    def test_long_lines_are_shown_in_part(self, both, put) -> None:
        put("long.txt", "TODO " + "x" * 100_000 + "\n")
        line = both(pattern="TODO x", path="long.txt").text.splitlines()[0]
        assert len(line) < 400
        assert line.endswith("…")

    def test_T6_following_the_note_gives_every_line_once(self, call, put) -> None:
        put("many.txt", "".join(f"hit {n}\n" for n in range(200)))
        seen: list[str] = []
        start = 1
        while True:
            answer = call("search_text", 1000, pattern="hit", path="many.txt", start=start)
            assert len(answer.text.encode()) <= 1000
            seen += [line.rpartition(":")[2] for line in answer.text.splitlines() if line.startswith("many")]
            if not answer.truncated:
                break
            start = int(answer.text.rpartition("start=")[2].split()[0].rstrip(";"))
        assert seen == [f"hit {n}" for n in range(200)]

    def test_random_trees_give_the_same(self, both, put) -> None:
        """What gitignore, globs and binary detection make of a few hundred files."""
        pick = random.Random(7)
        words = ["ab", "b.c", "x y", ".h", "deep", "Ünï", "log"]
        for n in range(200):
            parts = [pick.choice(words) + str(pick.randint(0, 3)) for _ in range(pick.randint(1, 4))]
            try:
                put(
                    "r/" + "/".join(parts) + pick.choice(["", ".txt", ".log"]),
                    f"needle {n}\n" * pick.randint(0, 3) + pick.choice(["", "\0"]),
                )
            except OSError:
                continue
        put("r/.gitignore", "*.log\n!deep1.log\n/ab0\nx y*/\n**/b.c1/*.txt\n# comment\n\\#x\ndeep[0-2]\n")
        put("r/ab1/.gitignore", "deep3*\n")
        assert both(pattern="needle", path="r").ok
        assert both(pattern="needle", path="r", glob="*.txt").ok
        assert both(pattern="needle", path="r", all=True).ok


class TestRefusals:
    @pytest.mark.parametrize("env", [None, NO_RG])
    def test_a_bad_pattern_says_what_to_do(self, call, env: dict[str, str] | None) -> None:
        answer = call("search_text", 50_000, None, env, pattern="f(")
        assert answer.code == "bad_pattern"
        assert "literal=true" in answer.text

    def test_a_line_feed_in_the_pattern(self, call) -> None:
        assert call("search_text", pattern="a\nb").code == "bad_pattern"

    def test_a_missing_folder(self, call) -> None:
        assert call("search_text", pattern="a", path="none").code == "not_found"

    @pytest.mark.parametrize("env", [None, NO_RG])
    def test_a_pipe_is_never_waited_for(self, call, folder: Path, env: dict[str, str] | None) -> None:
        os.mkfifo(folder / "pipe")
        assert call("search_text", 50_000, None, env, pattern="a", path="pipe").code == "not_a_file"
        assert call("search_text", 50_000, None, env, pattern="TODO one").ok

    def test_options_in_the_pattern_are_no_options(self, both, put) -> None:
        put("opt.txt", "--files -e\n")
        assert "opt.txt:1" in both(pattern="--files").text
        assert both(pattern="-e x", path="opt.txt").text == "[no match]"
