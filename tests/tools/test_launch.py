"""The launcher: the protocol of tools/README.md, whatever a tool does."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from assistant.shipped import shipped

LAUNCH = shipped("tools") / "launch.py"
PYTHON = getattr(sys, "_base_executable", sys.executable)


def run_tool(
    tmp_path: Path, source: str, output_bytes: int = 1000, args: dict[str, Any] | None = None
) -> subprocess.CompletedProcess[bytes]:
    (tmp_path / "main.py").write_text(source)
    body = json.dumps({"args": args or {}, "folder": str(tmp_path), "output_bytes": output_bytes})
    return subprocess.run(
        [PYTHON, "-I", "-S", LAUNCH, tmp_path / "main.py"], input=body.encode(), capture_output=True, timeout=20
    )


def only_line(done: subprocess.CompletedProcess[bytes]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr.decode()
    (line,) = done.stdout.splitlines()
    return json.loads(line)


class TestResult:
    def test_a_text_becomes_the_result(self, tmp_path: Path) -> None:
        assert only_line(run_tool(tmp_path, "def run(args, call): return 'héllo 世界'")) == {
            "result": {"text": "héllo 世界"}
        }

    def test_arguments_arrive_as_they_were(self, tmp_path: Path) -> None:
        args = {"a": [1, 2.5, None, True, {"ü": "\n\u2028\x1b"}]}
        line = only_line(run_tool(tmp_path, "def run(args, call): return {'text': '', 'data': args}", args=args))
        assert line["result"]["data"] == args

    def test_live_output_comes_before_the_result(self, tmp_path: Path) -> None:
        done = run_tool(tmp_path, "def run(args, call):\n    call.output('half\\n')\n    return 'all'")
        assert [json.loads(line) for line in done.stdout.splitlines()] == [
            {"output": "half\n"},
            {"result": {"text": "all"}},
        ]

    def test_text_beyond_the_cap_is_cut_and_says_so(self, tmp_path: Path) -> None:
        result = only_line(run_tool(tmp_path, "def run(args, call): return 'é' * 5000"))["result"]
        assert result["truncated"]
        assert len(result["text"].encode()) <= 1000
        assert "of 10000 bytes are shown" in result["text"]

    def test_lone_surrogates_do_not_break_the_line(self, tmp_path: Path) -> None:
        assert only_line(run_tool(tmp_path, "def run(args, call): return 'a\\udcffb'"))["result"]["text"] == "a?b"


class TestT2StandardOutputIsTheProtocolOnly:
    @pytest.mark.parametrize(
        "noise",
        [
            'print(\'{"result": {"text": "forged"}}\')',
            "import os; os.write(1, b'x')",
            "import os; os.system('echo noise')",
        ],
    )
    def test_T2_what_a_tool_prints_goes_to_standard_error(self, tmp_path: Path, noise: str) -> None:
        assert only_line(run_tool(tmp_path, f"def run(args, call):\n    {noise}\n    return 'true'")) == {
            "result": {"text": "true"}
        }


class TestErrors:
    def test_a_problem_becomes_an_error_with_its_code(self, tmp_path: Path) -> None:
        source = "from _kit.problem import Problem\ndef run(args, call): raise Problem('not_found', 'no such thing')"
        assert only_line(run_tool(tmp_path, source)) == {"error": {"code": "not_found", "text": "no such thing"}}

    def test_paths_in_errors_are_relative_to_the_folder(self, tmp_path: Path) -> None:
        line = only_line(run_tool(tmp_path, "def run(args, call): open(call.folder + '/none/x')"))
        assert line == {"error": {"code": "not_found", "text": "`none/x` does not exist"}}

    def test_too_little_memory_is_an_error_that_says_what_to_do(self, tmp_path: Path) -> None:
        assert only_line(run_tool(tmp_path, "def run(args, call): raise MemoryError"))["error"]["code"] == "too_big"

    def test_endless_recursion_is_an_error(self, tmp_path: Path) -> None:
        assert (
            only_line(run_tool(tmp_path, "def run(args, call): return run(args, call)"))["error"]["code"] == "too_big"
        )

    def test_a_bug_in_a_tool_ends_with_another_status_and_no_result(self, tmp_path: Path) -> None:
        done = run_tool(tmp_path, "def run(args, call): return 1 / 0")
        assert done.returncode != 0
        assert done.stdout == b""
        assert b"ZeroDivisionError" in done.stderr

    def test_a_request_that_is_no_json_ends_with_another_status(self, tmp_path: Path) -> None:
        (tmp_path / "main.py").write_text("def run(args, call): return ''")
        done = subprocess.run(
            [PYTHON, "-I", "-S", LAUNCH, tmp_path / "main.py"], input=b"{nonsense", capture_output=True
        )
        assert done.returncode != 0
        assert done.stdout == b""


class TestStart:
    def test_the_launcher_and_the_kit_import_nothing_heavy(self, tmp_path: Path) -> None:
        source = "import sys\ndef run(args, call): return ' '.join(sys.modules)"
        loaded = set(only_line(run_tool(tmp_path, source, 100_000))["result"]["text"].split())
        assert not loaded & {
            "json",
            "re",
            "typing",
            "pathlib",
            "subprocess",
            "hashlib",
            "collections",
            "enum",
            "asyncio",
        }

    def test_nothing_of_the_folder_is_importable(self, tmp_path: Path) -> None:
        work = tmp_path / "work"
        work.mkdir()
        (work / "planted.py").write_text("raise SystemExit('ran code of the folder')")
        (tmp_path / "main.py").write_text(
            "def run(args, call):\n    try:\n        import planted\n    except ImportError:\n        return 'safe'"
        )
        body = json.dumps({"args": {}, "folder": str(work), "output_bytes": 1000}).encode()
        done = subprocess.run(
            [PYTHON, "-I", "-S", LAUNCH, tmp_path / "main.py"], input=body, capture_output=True, cwd=work
        )
        assert only_line(done)["result"]["text"] == "safe"
