"""A terminal that dies, or a `kill -9`: what was typed and not sent is in the prompt again when the task is resumed."""

from __future__ import annotations

import signal
import time

import pytest

from tests.e2e.conftest import Program
from tests.e2e.test_screen import terminal
from tests.ui.pty_run import Pty

SLOW = {"text": "word word word\n" * 1500, "between_s": 0.02}


@pytest.mark.parametrize("how", ["kill -9", "the terminal goes away"])
def test_U7_what_was_not_sent_comes_back(program: Program, how: str) -> None:
    argv = [*program.argv, "--model", program.script(SLOW)]
    with Pty(argv, width=100, height=30, env=program.env, folder=program.folder, controlling=True) as pty:
        pty.wait(b"scripted:", 60)
        pty.type("say words\r")
        pty.wait(b"word word", 60)
        pty.type("a prompt that waits\r")
        pty.wait(b"sent when this turn is over", 30)
        pty.type("half a thou")
        end = time.monotonic() + 30
        kept = program.home / ".local/share/assistant/unsent"
        while not (kept.is_dir() and any(b"half a thou" in file.read_bytes() for file in kept.glob("*.json"))):
            assert time.monotonic() < end, "it was never kept"
            pty.read(0.05)
        if how == "kill -9":
            pty.signal(signal.SIGKILL)
        else:
            pty.hang_up()
        pty.ended()
    with terminal(program, "--resume") as screen:
        shown = screen.wait_for("half a thou")
        assert "a prompt that waits" in shown
    assert "half a thou" not in program.run("log", "list", "--json").out
