"""The terminal goes away, or a signal asks the program to end: the turn is stopped and written down, and nothing goes on."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Program
from tests.ui.pty_run import Pty
from tests.ui.terminal import Terminal

WITHIN_S = 2.0
"""How soon everything has to be over, on a machine that has nothing else to do; it was 0.3 s when measured."""
SLOWER = 5
"""How much slower a busy machine may be."""

WORDS = {"text": "word word word\n" * 1500, "between_s": 0.02}
COMMAND = {"text": "go\n", "calls": [{"name": "run_command", "arguments": {"command": "sleep 4219"}}]}
DELETE = {"text": "go\n", "calls": [{"name": "delete_files", "arguments": {"paths": ["kept.txt"]}}]}


class Chat:
    """The real program in a pseudo-terminal, with a model that plays one step."""

    def __init__(self, pty: Pty, program: Program, *, plain: bool) -> None:
        self.pty, self.program, self.plain = pty, program, plain

    def say(self, text: str) -> None:
        self.pty.type(text + ("\n" if self.plain else "\r"))

    def log(self) -> list[dict[str, Any]]:
        """The log's entries as they are when the program is gone, verified."""
        assert self.program.run("log", "verify").code == 0
        return [json.loads(row) for row in self.program.run("log", "list", "--json").out.splitlines()]

    def kinds(self) -> list[str]:
        return [row["kind"] for row in self.log()]


@pytest.fixture
def chat(program: Program) -> Iterator[Callable[..., Chat]]:
    with contextlib.ExitStack() as stack:

        def open_it(*steps: dict[str, Any], plain: bool = False, controlling: bool = True) -> Chat:
            (program.folder / "kept.txt").write_text("kept")
            argv = [*program.argv, "--model", program.script(*steps)]
            env = program.env | ({"TERM": "dumb"} if plain else {})
            pty = Pty(argv, width=100, height=30, env=env, folder=program.folder, controlling=controlling)
            stack.enter_context(pty)
            pty.wait(b"type a request" if plain else b"scripted:", 60)
            pty.wait(b"you> " if plain else b"sk for something", 60)
            return Chat(pty, program, plain=plain)

        yield open_it


def alive(command: str) -> bool:
    """Whether any process of this machine has exactly this command line."""
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if file.read_bytes().replace(b"\0", b" ").strip() == command.encode():
                return True
    return False


def becomes(condition: Callable[[], bool], within_s: float = 30.0) -> None:
    """Wait until `condition` holds."""
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end, "never became true"
        time.sleep(0.05)


def ends_soon(chat: Chat) -> None:
    """Within the time that was promised, and without turning in circles until then."""
    before = chat.pty.cpu_s() + of_children()
    code, took = chat.pty.ended()
    assert code == 130
    assert took < WITHIN_S * SLOWER, took
    assert of_children() - before < WITHIN_S, "it turned in circles until its end"


def of_children() -> float:
    """Processor seconds of the programs that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


PLAIN = pytest.mark.parametrize("plain", [False, True], ids=["screen", "lines"])
CONTROLLING = pytest.mark.parametrize("controlling", [True, False], ids=["with SIGHUP", "without a signal"])


@pytest.mark.parametrize(("plain", "controlling"), [(False, False), (True, True)], ids=["screen", "lines"])
def test_U11_a_terminal_that_is_closed_ends_an_idle_chat(chat: Any, plain: bool, controlling: bool) -> None:
    opened = chat(WORDS, plain=plain, controlling=controlling)
    opened.pty.hang_up()
    ends_soon(opened)
    assert opened.kinds()[-1] == "task.opened"


@PLAIN
@CONTROLLING
def test_U11_a_terminal_that_is_closed_stops_the_answer_and_keeps_what_came(
    chat: Any, plain: bool, controlling: bool
) -> None:
    opened = chat(WORDS, plain=plain, controlling=controlling)
    opened.say("hello")
    opened.pty.wait(b"word word")
    opened.pty.hang_up()
    ends_soon(opened)
    assert opened.kinds()[-2:] == ["model.failed", "turn.finished"]
    with resumed(opened) as screen:
        screen.wait_for("word word")
        screen.wait_for("stopped")


@PLAIN
def test_U11_a_terminal_that_is_closed_ends_the_programs_of_a_call_and_writes_its_outcome(
    chat: Any, plain: bool
) -> None:
    opened = chat(COMMAND, plain=plain)
    opened.say("hello")
    becomes(lambda: alive("sleep 4219"))
    opened.pty.hang_up()
    ends_soon(opened)
    becomes(lambda: not alive("sleep 4219"))
    assert opened.kinds()[-3:] == ["decision", "outcome", "turn.finished"]


@PLAIN
def test_U11_a_terminal_that_is_closed_answers_no_question(chat: Any, plain: bool) -> None:
    opened = chat(DELETE, {"text": "never"}, plain=plain)
    opened.say("hello")
    opened.pty.wait(b"delete_files")
    opened.pty.wait(b"your answer" if plain else b"Your decision")
    opened.pty.hang_up()
    ends_soon(opened)
    rows = opened.log()
    assert [row["kind"] for row in rows][-1] == "turn.finished"
    assert not [row for row in rows if row["kind"] == "approval"], "nobody answered"
    assert (opened.program.folder / "kept.txt").is_file()


@PLAIN
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_U11_a_signal_ends_it_in_order_and_gives_the_terminal_back(chat: Any, plain: bool, number: int) -> None:
    opened = chat(WORDS, plain=plain)
    opened.say("hello")
    opened.pty.wait(b"word word")
    opened.pty.signal(number)
    ends_soon(opened)
    assert modes_of_a_shell(opened.pty)
    if not plain:
        for ours in (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1003l", b"\x1b[?2004l", b"\x1b[<u"):
            assert ours in opened.pty.data, ours
    assert opened.kinds()[-2:] == ["model.failed", "turn.finished"]


def modes_of_a_shell(pty: Pty) -> bool:
    """Whether lines are edited and echoed by the terminal, and Ctrl+C sends a signal."""
    flags = pty.modes()[3]
    assert isinstance(flags, int)
    wanted = termios.ICANON | termios.ECHO | termios.ISIG
    return flags & wanted == wanted


def test_in_lines_the_first_interrupt_ends_the_turn_and_the_next_one_the_chat(chat: Any) -> None:
    opened = chat(WORDS, plain=True)
    opened.say("hello")
    opened.pty.wait(b"word word")
    opened.pty.type("\x03")
    opened.pty.wait(b"the turn ended: stopped")
    opened.pty.wait(b"you> ", after=opened.pty.data.index(b"the turn ended"))
    opened.pty.type("\x03")
    ends_soon(opened)


def test_a_second_interrupt_from_outside_ends_the_screen_at_once(chat: Any) -> None:
    opened = chat(COMMAND)
    opened.say("hello")
    becomes(lambda: alive("sleep 4219"))
    opened.pty.signal(signal.SIGINT)
    opened.pty.signal(signal.SIGINT)
    ends_soon(opened)
    becomes(lambda: not alive("sleep 4219"))
    assert modes_of_a_shell(opened.pty)


def resumed(chat: Chat) -> Terminal:
    env = {name: value for name, value in chat.program.env.items() if name != "TERM"}
    return Terminal([*chat.program.argv, "--resume"], folder=chat.program.folder, width=100, height=30, env=env)


@pytest.fixture
def shell(program: Program) -> Iterator[Terminal]:
    """An interactive shell in a real terminal."""
    env = {name: value for name, value in program.env.items() if name != "TERM"} | {"PS1": "shell$ ", "HISTFILE": ""}
    with Terminal(["bash", "--norc", "-i"], folder=program.folder, width=100, height=30, env=env) as terminal:
        terminal.wait_for("shell$")
        yield terminal


def test_ctrl_z_leads_to_the_shell_and_fg_back_to_the_same_screen(program: Program, shell: Terminal) -> None:
    model = program.script({"text": "THE-ANSWER\n"})
    shell.type(f"{' '.join(program.argv)} --model {model}")
    shell.press("Enter")
    shell.wait_for("Ask for something")
    shell.wait_for("scripted:")
    shell.type("half a sentence")
    shell.wait_for("half a sentence")
    for _time in range(2):
        shell.press("C-z")
        shell.wait_for("Stopped")
        shell.type("echo in the $((40 + 2)) shell")
        shell.press("Enter")
        shell.wait_for("in the 42 shell")
        shell.type("fg")
        shell.press("Enter")
        shell.wait_for("half a sentence")
        shell.wait_for("scripted:")  # all of the screen, down to the last line
        shell.wait_gone("42 shell")
    shell.type(", and the other")
    shell.wait_for("half a sentence, and the other")
    shell.press("Enter")
    shell.wait_for("THE-ANSWER")
    shell.press("C-q")
    shell.wait_for("42 shell")
    shell.type("echo still $((40 + 3))")
    shell.press("Enter")
    shell.wait_for("still 43")


def test_a_stop_that_nobody_can_handle_is_survived_too(program: Program, shell: Terminal) -> None:
    shell.type(" ".join(program.argv))
    shell.press("Enter")
    shell.wait_for("Ask for something")
    shell.wait_for("built-in")
    pid = pid_of(program)
    os.kill(pid, signal.SIGSTOP)
    becomes(lambda: "T" in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0])
    shell.press("Enter")
    shell.type("fg")
    shell.press("Enter")
    becomes(lambda: "T" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0])
    shell.wait_gone("shell$")  # what the shell wrote over it
    shell.wait_for("built-in")
    shell.type("one two three")
    shell.wait_for("one two three")
    shell.press("C-q")
    becomes(lambda: not Path(f"/proc/{pid}").exists())


def pid_of(program: Program) -> int:
    """The process of the program in this test's home."""
    wanted = f"HOME={program.home}\0".encode()
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes().split(b"\0")
            if words[1:3] == [b"-m", b"assistant"] and wanted in (entry / "environ").read_bytes():
                return int(entry.name)
    raise AssertionError("the program does not run")


def test_ctrl_z_without_a_shell_stops_nothing(chat: Any) -> None:
    opened = chat(WORDS)
    opened.pty.type("\x1a")
    opened.pty.wait(b"there is no shell")
    opened.pty.type("goes on")
    opened.pty.wait(b"goes on")


@pytest.mark.parametrize("size", [(20, 5), (1, 1), (4, 2)])
def test_a_tiny_terminal_loses_nothing_and_comes_back(chat: Any, size: tuple[int, int]) -> None:
    opened = chat(WORDS, {"text": "SECOND"})
    opened.say("hello")
    opened.pty.wait(b"word word")
    opened.pty.resize(*size)
    opened.pty.drain(0.3, 1.0)
    opened.pty.type("typed in there")
    mark = len(opened.pty.data)
    opened.pty.resize(100, 30)
    opened.pty.wait(b"typed in there", after=mark)
    opened.pty.wait(b"word word", after=mark)


@CONTROLLING
def test_a_terminal_that_is_closed_stops_a_task_without_a_screen_too(program: Program, controlling: bool) -> None:
    argv = [*program.argv, "run", "hello", "--model", program.script(WORDS)]
    with Pty(argv, env=program.env, folder=program.folder, controlling=controlling) as pty:
        opened = Chat(pty, program, plain=True)
        pty.wait(b"word word")
        pty.hang_up()
        ends_soon(opened)
    assert opened.kinds()[-2:] == ["model.failed", "turn.finished"]
