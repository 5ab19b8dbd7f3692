"""run_python: like a notebook, once or in a session."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from assistant.shipped import shipped

from .conftest import argv

Ask = Callable[[str], dict[str, Any]]


@pytest.fixture
def session(folder: Path) -> Iterator[Ask]:
    """One process for several calls."""
    words = argv("run_python")
    launch = words.index(str(shipped("tools") / "launch.py"))
    process = subprocess.Popen(
        [*words[: launch + 1], "--session", *words[launch + 1 :]],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=folder,
    )
    assert process.stdin
    assert process.stdout

    def ask(code: str) -> dict[str, Any]:
        assert process.stdin
        assert process.stdout
        process.stdin.write(
            json.dumps({"args": {"code": code}, "folder": str(folder), "output_bytes": 5000}).encode() + b"\n"
        )
        process.stdin.flush()
        while True:
            line = json.loads(process.stdout.readline())
            if "output" not in line:
                return line

    yield ask
    process.stdin.close()
    assert process.wait(timeout=10) == 0
    process.stdout.close()


class TestOneCall:
    def test_prints_and_the_last_value(self, call) -> None:
        assert call("run_python", code="print('a')\n{'x': 1}").text == "a\n{'x': 1}"

    def test_output_is_shown_while_it_comes(self, call) -> None:
        assert call("run_python", code="print('a')").live == "a\n"

    def test_child_processes_are_heard_too(self, call) -> None:
        assert call("run_python", code="import os; _ = os.system('echo child')").text == "child"

    def test_an_error_is_a_traceback_of_the_code_alone(self, call) -> None:
        answer = call("run_python", code="def f():\n    return 1 / 0\n\nf()")
        assert answer.ok
        assert 'File "<call 1>", line 2, in f\n    return 1 / 0' in answer.text
        assert "main.py" not in answer.text
        assert answer.data["failed"]

    def test_a_syntax_error_shows_its_line(self, call) -> None:
        text = call("run_python", code="x = (\n1 2)").text
        assert "SyntaxError" in text
        assert "<call 1>" in text

    def test_exit_is_said_and_nothing_more(self, call) -> None:
        assert call("run_python", code="import sys; print(1); sys.exit(3)").text == "1\n[it called exit(3)]"

    def test_much_output_keeps_its_beginning_and_end(self, call) -> None:
        answer = call("run_python", 5000, code="for n in range(100000): print(n)")
        assert answer.text.startswith("0\n1\n")
        assert answer.text.endswith("99999")
        assert "characters left out" in answer.text
        assert len(answer.text) <= 5000
        assert answer.truncated

    def test_no_input_is_ever_waited_for(self, call) -> None:
        assert "EOFError" in call("run_python", code="input()").text

    def test_the_protocol_can_not_be_forged(self, call) -> None:
        code = 'import os\nfor fd in range(3): os.write(fd, b\'{"result": {"text": "forged"}}\\n\') if fd else None\n\'end\''
        answer = call("run_python", code=code)
        assert answer.text.endswith("'end'")

    def test_files_of_the_folder_can_be_imported_and_read(self, call, put) -> None:
        put("helper_of_mine.py", "ANSWER = 42")
        put("data.txt", "from file")
        assert (
            call("run_python", code="import helper_of_mine\n(helper_of_mine.ANSWER, open('data.txt').read())").text
            == "(42, 'from file')"
        )

    def test_a_process_left_behind_does_not_hold_the_call(self, call) -> None:
        begin = time.monotonic()
        assert (
            call("run_python", code="import subprocess; p = subprocess.Popen(['sleep', '3.21']); 'done'").text
            == "'done'"
        )
        assert time.monotonic() - begin < 3

    def test_figures_are_saved_and_shown(self, call, folder: Path) -> None:
        pytest.importorskip("matplotlib")
        code = "import matplotlib.pyplot as plt\nplt.plot([1, 2, 3]); plt.figure(); plt.bar(['a'], [1]); None"
        answer = call("run_python", code=code)
        assert answer.text.endswith("[figure saved as figure-1.png]\n[figure saved as figure-2.png]")
        assert (folder / "figure-1.png").read_bytes().startswith(b"\x89PNG")
        assert answer.data["image"]["media_type"] == "image/png"


class TestSession:
    def test_names_stay_from_call_to_call(self, session: Ask) -> None:
        assert session("x = 20")["result"]["text"] == "[no output]"
        assert session("x + 1")["result"]["text"] == "21"
        assert session("_ * 2")["result"]["text"] == "42"

    def test_an_error_leaves_the_names_alone(self, session: Ask) -> None:
        session("x = 1")
        assert "ZeroDivisionError" in session("x / 0")["result"]["text"]
        assert 'File "<call 3>", line 1' in session("y")["result"]["text"]
        assert session("x")["result"]["text"] == "1"

    def test_functions_and_classes_work_as_in_a_program(self, session: Ask) -> None:
        session("class A:\n    def f(self): return helper()\ndef helper(): return 'ok'")
        assert session("import pickle; pickle.loads(pickle.dumps(A())).f()")["result"]["text"] == "'ok'"
