"""A whole task in a real terminal, as a new person would do it: no key, no network."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import Program
from tests.ui.terminal import Terminal

PROMPT = "Ask for something"


@pytest.fixture
def folder(program: Program) -> Path:
    for number in range(1, 4):
        (program.folder / f"f{number}.txt").write_text("x" * 1000 * number)
    return program.folder


def terminal(
    program: Program, *args: str, width: int = 100, height: int = 30, term: str = "tmux-256color", **env: str
) -> Terminal:
    argv = [sys.executable, "-m", "assistant", *args]
    given = {name: value for name, value in (program.env | env).items() if name != "TERM"}
    return Terminal(argv, folder=program.folder, width=width, height=height, env=given, term=term)


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


class TestAWholeTask:
    def test_list_rename_approve_review_apply_log_quit_resume(self, program: Program, folder: Path) -> None:
        with terminal(program) as screen:
            screen.wait_for(PROMPT)
            screen.wait_for("built-in")
            screen.type("list the largest files here")
            screen.press("Enter")
            screen.wait_for("f3.txt (3.0 kB)")

            screen.type("把所有 .txt 改名为 .md")
            screen.press("Enter")
            card = screen.wait_for("Your decision")
            assert "*.txt" in card
            screen.answer("y")
            screen.wait_for("3 staged")
            assert names(folder) == ["f1.txt", "f2.txt", "f3.txt"]

            screen.type("/review")
            screen.press("Enter")
            screen.wait_for("f1.txt → f1.md")
            time.sleep(0.5)  # the rows are drawn a moment before the screen takes keys
            screen.press("A")
            screen.wait_for("applied: 3")
            screen.press("Escape")
            assert names(folder) == ["f1.md", "f2.md", "f3.md"]

            screen.wait_for(PROMPT)
            screen.type("/log")
            screen.press("Enter")
            screen.wait_for("stage.apply")
            screen.press("Escape")
            screen.wait_for(PROMPT)
            screen.press("C-c")
            screen.wait_for("again to leave")
            screen.press("C-c")
            assert screen.exit_code() == 0

        with terminal(program, "--resume") as screen:
            screen.wait_for("f3.txt → f3.md")
            screen.type("what did you do?")
            screen.press("Enter")
            screen.wait_for("move_files")
            screen.press("C-c")
            screen.wait_for("again to leave")
            screen.press("C-c")
            assert screen.exit_code() == 0
        assert program.run("log", "verify").code == 0

    def test_enter_alone_never_approves(self, program: Program, folder: Path) -> None:
        with terminal(program) as screen:
            screen.wait_for("built-in")
            screen.type("把所有 .txt 改名为 .md")
            screen.press("Enter", "Enter", "Enter")
            screen.wait_for("Your decision")
            screen.press("Enter")
            screen.press("Enter")
            screen.wait_for("Your decision")
            screen.answer("n")
            screen.wait_gone("Your decision")
            assert "staged" not in screen.screen().splitlines()[-1]

    def test_esc_stops_a_running_command(self, program: Program, folder: Path) -> None:
        with terminal(program) as screen:
            screen.wait_for("built-in")
            screen.type("!sleep 4217")
            screen.press("Enter")
            assert becomes(lambda: running("sleep 4217"))
            screen.press("Escape")
            screen.wait_for("stopped")
            assert becomes(lambda: not running("sleep 4217"))


def running(command: str) -> bool:
    """Whether any process of this machine has exactly this command line."""
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if file.read_bytes().replace(b"\0", b" ").strip() == command.encode():
                return True
    return False


def becomes(condition: Callable[[], bool], within_s: float = 30.0) -> bool:
    """Wait until `condition` holds; whether it did."""
    end = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


class TestOddTerminals:
    @pytest.mark.parametrize(("width", "height"), [(20, 5), (80, 24), (160, 48)])
    def test_it_opens_and_leaves_at_any_size(self, program: Program, folder: Path, width: int, height: int) -> None:
        with terminal(program, width=width, height=height) as screen:
            screen.wait_for("/[>›❯]|Ask|ask/")
            time.sleep(1.0)  # so small a screen shows no word that says it is ready
            screen.press("C-c")
            time.sleep(0.5)
            screen.press("C-c")
            assert screen.exit_code() == 0

    def test_without_colour(self, program: Program, folder: Path) -> None:
        with terminal(program, NO_COLOR="1") as screen:
            screen.wait_for(PROMPT)
            assert "\x1b[38;2" not in screen.screen(colours=True)

    def test_a_dumb_terminal_gets_plain_lines(self, program: Program, folder: Path) -> None:
        with terminal(program, term="dumb") as screen:
            screen.wait_for("built-in")
            screen.type("list the largest files here")
            screen.press("Enter")
            screen.wait_for("f3.txt")
