"""What each command writes to a real terminal, byte by byte, when all that it tells comes from somebody hostile."""

from __future__ import annotations

import json
import re

import pytest

from tests.e2e.conftest import Program
from tests.ui.pty_run import Pty

ESCAPES = (
    "\x1b]0;owned\x07\x1b[2J\x1b[77;77H\x9b31m\x9d0;owned\x9c\x90q\x9c\x1bPq\x1b\\\x1b_a\x1b\\\x1b^p\x1b\\"
    "\x1b]8;;https://owned.example\x1b\\link\x1b]8;;\x1b\\\x1b]52;c;b3duZWQ=\x07\x08\x7f\x0e\x05\x1bc\r"
)
HIDDEN = "\u202eexe\u2066\u2069\u200f\u061c\u00ad\u200b\ufeff\u2028\u2060\U000e0041\U000e0101\u034f"
HOSTILE = f"{ESCAPES}{HIDDEN}a{chr(0x301) * 60}"
"""Everything but NUL and half surrogates: no argument, file name or JSON can carry those."""

STEERS = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e0fff]"
)
TOWER = re.compile("\u0301{9}")


def written(program: Program, *args: str) -> str:
    """Every byte of `assistant ARGS` in a terminal."""
    with Pty([*program.argv, *args], env=program.env, folder=program.folder) as pty:
        pty.ended()
        pty.drain(0.05)
    return pty.data.decode().replace("\r\n", "\n")  # the terminal's own line ends


def check(program: Program, *args: str, towers: bool = True) -> None:
    shown = written(program, *args)
    assert "Traceback" not in shown
    found = STEERS.search(shown) or (TOWER.search(shown) if towers else None)
    assert found is None, f"{args[:2]}: {shown[max(0, found.start() - 60) : found.end() + 30]!r}"


@pytest.fixture
def hostile(program: Program) -> Program:
    """A task was done in which the person's words, the model's, a file, its name and a tool's output are all hostile."""
    name = HOSTILE.replace("/", "")[:40]
    for file in (name, "plain.txt"):
        (program.folder / file).write_text(HOSTILE)
    calls = [
        ("read_file", {"path": "plain.txt"}),
        (HOSTILE[:60], {"x": HOSTILE}),
        ("list_dir", {"path": "."}),
        ("run_command", {"command": "cat plain.txt; ls; cat plain.txt >&2; false"}),
        ("fetch_url", {"url": f"https://{HOSTILE}"}),
        ("delete_files", {"paths": [name]}),
        ("write_file", {"path": f"{name}2", "content": HOSTILE}),
    ]
    steps = [
        {"reasoning": HOSTILE, "text": HOSTILE, "calls": [{"name": n, "arguments": a} for n, a in calls]},
        {"text": HOSTILE, "error": {"kind": "bad_request", "message": HOSTILE}},
    ]
    model = program.script(*steps)
    check(program, "run", HOSTILE, "--model", model)
    check(program, "run", HOSTILE, "--model", model, "--json", towers=False)
    return program


def test_U4_no_command_lets_anything_through_that_steers_a_terminal(hostile: Program) -> None:
    rows = [json.loads(row) for row in hostile.run("log", "list", "--json").out.splitlines()]
    kinds = {row["kind"]: row["seq"] for row in rows}
    assert {"message", "intent", "outcome", "model.failed", "call.rejected"} <= set(kinds)
    for command in ("log list", "log report", "log search owned", "tasks", "stage list", "stage diff", "models list"):
        check(hostile, *command.split())
    for seq in kinds.values():
        check(hostile, "log", "show", str(seq))
    for command in ("log list --json", "log export", "tasks --json"):
        check(hostile, *command.split(), towers=False)  # JSON means what it says, to the last mark


@pytest.mark.parametrize(
    "command",
    [
        "models show",
        "run x --model",
        "run x --autonomy",
        "run x --folder",
        "",
        "log show",
        "stage drop",
        "policy explain",
    ],
)
def test_U4_no_error_repeats_what_was_given_as_it_came(program: Program, command: str) -> None:
    check(program, *command.split(), HOSTILE)
