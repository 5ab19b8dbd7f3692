"""The screen in a real terminal, over a fake desk: keys as terminals send them, looks, odd terminals."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.ui.terminal import Terminal

DEMO = str(Path(__file__).with_name("demo.py"))


@pytest.fixture
def demo(tmp_path: Path) -> Callable[..., Terminal]:
    """A terminal with the demo of a scene in it."""

    def start(scene: str = "chat", **options: Any) -> Terminal:
        (tmp_path / "work").mkdir()
        env = {"HOME": str(tmp_path), "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", **options.pop("env", {})}
        return Terminal([sys.executable, DEMO, scene, str(tmp_path / "work")], env=env, **options)

    return start


def test_a_whole_turn_with_a_question_typed_answered_and_left(demo: Callable[..., Terminal]) -> None:
    with demo() as terminal:
        terminal.wait_for("Ask for something")
        terminal.type("ask")
        terminal.press("Enter")
        terminal.wait_for("Run in the sandbox: make test")
        terminal.press("Enter")
        terminal.answer("y")
        terminal.wait_for("The tests pass.")
        terminal.wait_for("done run_command")
        terminal.press("C-c")
        terminal.wait_for("press Ctrl+C again")
        terminal.press("C-c")
        assert terminal.exit_code() == 0


def test_keys_typed_ahead_of_a_card_land_in_the_prompt(demo: Callable[..., Terminal]) -> None:
    with demo() as terminal:
        terminal.wait_for("Ask for something")
        terminal.type("ask")
        terminal.press("Enter")
        terminal.type("yyyyyy")
        terminal.wait_for("Your decision")
        terminal.wait_for("Tab: answer")
        assert "yyyyyy" in terminal.screen()
        terminal.press("Escape")
        terminal.wait_for("stopped")


def test_new_lines_by_ctrl_j_and_alt_enter(demo: Callable[..., Terminal]) -> None:
    with demo() as terminal:
        terminal.wait_for("Ask for something")
        terminal.type("one")
        terminal.press("C-j")
        terminal.type("two")
        terminal.press("M-Enter")
        terminal.type("three")
        shown = terminal.wait_for("three")
        assert re.search(r"│ one +│\n *│ two +│\n *│ three", shown)


def test_escape_stops_at_once(demo: Callable[..., Terminal]) -> None:
    with demo() as terminal:
        terminal.wait_for("Ask for something")
        terminal.type("slow")
        terminal.press("Enter")
        terminal.wait_for("/word word/")
        terminal.press("Escape")
        terminal.wait_for("stopped", timeout_s=3)


def test_the_cursor_stands_at_the_caret_for_input_methods(demo: Callable[..., Terminal]) -> None:
    with demo() as terminal:
        terminal.wait_for("Ask for something")
        terminal.type("你好ab")
        row = next(i for i, row in enumerate(terminal.wait_for("你好ab").split("\n")) if "你好ab" in row)
        before = terminal.screen().split("\n")[row].index("你")
        assert terminal.cursor() == (before + 6, row)


def test_without_colour_nothing_is_coloured(demo: Callable[..., Terminal]) -> None:
    with demo(env={"NO_COLOR": "1"}) as terminal:
        terminal.wait_for("Ask for something")
        terminal.type("largest")
        terminal.press("Enter")
        terminal.wait_for("failed run_command")
        for red, green, blue in re.findall(r"[34]8;2;(\d+);(\d+);(\d+)", terminal.screen(colours=True)):
            assert red == green == blue


def test_any_size_and_back(demo: Callable[..., Terminal]) -> None:
    with demo() as terminal:
        terminal.wait_for("Ask for something")
        terminal.type("largest")
        terminal.press("Enter")
        for size in ((20, 5), (160, 48), (10, 3), (80, 24)):
            terminal.resize(*size)
        terminal.wait_for("https://example.com")
        terminal.type("still here")
        terminal.wait_for("still here")


class TestPlainLines:
    def test_a_dumb_terminal_gets_lines_and_no_escape_sequence(self, demo: Callable[..., Terminal]) -> None:
        with demo(term="dumb", width=100, height=50) as terminal:
            terminal.wait_for("you>")
            terminal.type("ask")
            terminal.press("Enter")
            terminal.wait_for("your answer>")
            assert "decision needed" in terminal.screen()
            terminal.press("Enter")  # an empty line is no answer
            terminal.wait_for("/your answer>\\n+your answer>/")
            terminal.type("y")
            terminal.press("Enter")
            terminal.wait_for("The tests pass.")
            assert "\x1b" not in terminal.screen(colours=True)
            terminal.type("/quit")
            terminal.press("Enter")
            assert terminal.exit_code() == 0

    def test_a_reason_is_passed_on_and_what_is_typed_ahead_is_not(self, demo: Callable[..., Terminal]) -> None:
        with demo(term="dumb", width=100, height=50) as terminal:
            terminal.wait_for("you>")
            terminal.type("ask")
            terminal.press("Enter")
            terminal.type("y")
            terminal.press("Enter")  # before the question: dropped
            terminal.wait_for("your answer>")
            terminal.type("n not now")
            terminal.press("Enter")
            terminal.wait_for("tool run_command refused")

    def test_a_call_is_changed_and_asked_about_anew(self, demo: Callable[..., Terminal]) -> None:
        with demo(term="dumb", width=100, height=60) as terminal:
            terminal.wait_for("you>")
            terminal.type("ask")
            terminal.press("Enter")
            terminal.wait_for("your answer>")
            terminal.type("e")
            terminal.press("Enter")
            terminal.wait_for("[make test]>")
            terminal.type("make check")
            terminal.press("Enter")
            terminal.wait_for("command (option)  make check")
            terminal.type("y")
            terminal.press("Enter")
            terminal.wait_for("The tests pass.")

    def test_a_server_s_question_field_by_field(self, demo: Callable[..., Terminal]) -> None:
        with demo(term="dumb", width=100, height=60) as terminal:
            terminal.wait_for("you>")
            terminal.type("server")
            terminal.press("Enter")
            terminal.wait_for("The server `tracker` asks you")
            terminal.wait_for("your answer>")
            terminal.type("e")
            terminal.press("Enter")
            for field, text in (
                ("Account *", "4711"),
                ("amount", "many"),
                ("amount", "12"),
                ("urgent", ""),
                ("region", "2"),
            ):
                terminal.wait_for(rf"/{field.replace('*', '[*]')}[^\n]*> *$/")
                terminal.type(text)
                terminal.press("Enter")
            terminal.wait_for("`many` is no number")
            terminal.wait_for("The server knows now.")

    def test_ctrl_c_stops_the_turn_then_leaves(self, demo: Callable[..., Terminal]) -> None:
        with demo(term="dumb", width=100, height=50) as terminal:
            terminal.wait_for("you>")
            terminal.type("slow")
            terminal.press("Enter")
            terminal.wait_for("you> slow")
            time.sleep(0.5)  # the terminal drops what is typed when Ctrl+C comes, so the turn must have begun
            terminal.press("C-c")
            terminal.wait_for("the turn ended: stopped")
            terminal.press("C-c")
            assert terminal.exit_code() == 130

    def test_without_a_terminal_it_says_what_to_do(self, tmp_path: Path) -> None:
        import subprocess

        done = subprocess.run(
            [sys.executable, DEMO, "chat", str(tmp_path)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
        )
        assert done.returncode != 0
        assert "assistant run PROMPT" in done.stderr


@pytest.fixture
def editor(tmp_path: Path) -> Path:
    """An editor that says what it opened, waits for a line, and writes that line to the end of the file."""
    program = tmp_path / "my editor"
    program.write_text('#!/bin/sh\nclear; echo "EDITING $(basename "$1")"\nread words\necho "$words" >> "$1"\n')
    program.chmod(0o755)
    return program


def test_a_staged_file_is_edited_in_the_persons_own_editor_while_a_turn_goes_on(
    demo: Callable[..., Terminal], editor: Path, tmp_path: Path
) -> None:
    with demo("staged", width=120, height=40, env={"VISUAL": f"'{editor}'"}) as terminal:
        terminal.wait_for("Ask for something")
        terminal.type("slow")
        terminal.press("Enter")
        terminal.wait_for("word word")
        terminal.press("F2")
        terminal.wait_for("hunk 1 of 3")
        terminal.press("e")
        shown = terminal.wait_for("EDITING a.txt")
        assert "word" not in shown
        terminal.type("by hand")
        terminal.wait_for("by hand")
        assert "Review" not in terminal.screen(), "nothing is drawn over the editor"
        terminal.press("Enter")
        terminal.wait_for("your text is staged")
        terminal.wait_for("a.txt  +4  -3")
        terminal.press("Tab", "End")
        terminal.wait_for("41 + by hand")


def test_a_conflict_is_merged_by_hand_with_marks_until_none_is_left(
    demo: Callable[..., Terminal], tmp_path: Path
) -> None:
    program = tmp_path / "solver"
    # The first time it leaves the marks, then it takes them out.
    program.write_text(
        f'#!/bin/sh\nif [ -e {tmp_path}/seen ]; then sed -i "/^[<|=>]\\{{7\\}}/d" "$1"; '
        f'else cp "$1" {tmp_path}/seen; echo "# later" >> "$1"; fi\n'
    )
    program.chmod(0o755)
    with demo("staged", width=120, height=40, env={"EDITOR": str(program)}) as terminal:
        terminal.wait_for("3 staged")  # the task is open by then
        terminal.press("F2")
        terminal.wait_for("1 in conflict")
        terminal.press("Down")
        terminal.wait_for("c compares the three")
        terminal.press("c")
        terminal.wait_for("clash 1 of 1")
        terminal.press("e")
        terminal.wait_for("Clashes are still marked")
        while "Clashes are still marked" in terminal.screen():  # no key is an answer at first
            terminal.press("y")
            time.sleep(0.05)
        terminal.wait_for("merged: `clash.py` is staged")
        assert (
            "<<<<<<< yours\nline 20, mine\n||||||| before\nline 20\n=======\nline twenty\n"
            in (tmp_path / "seen").read_text()
        )
        terminal.wait_gone("1 in conflict")
