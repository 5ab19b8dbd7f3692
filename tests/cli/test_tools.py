"""`assistant tools`: what people who write tools rely on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.cli import main as run
from assistant.errors import SandboxUnavailable
from assistant.gateway.registry import Registry


@pytest.fixture
def own(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The person's own tools folder, empty."""
    monkeypatch.setenv("ASSISTANT_HOME", str(home / "assistant"))
    return home / "assistant/config/tools"


@pytest.fixture
def needs_sandbox(own: Path) -> None:
    from assistant.config import find_paths
    from assistant.sandbox.engine import find_sandbox

    try:
        find_sandbox(find_paths())
    except SandboxUnavailable as error:
        pytest.skip(str(error))


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.usefixtures("own")
class TestListAndShow:
    def test_list_names_every_tool_with_its_effect(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["tools", "list"]) == 0
        assert "read_file        read     Read any file" in capsys.readouterr().out

    def test_list_as_json_lines(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["tools", "list", "--json"]) == 0
        found = {line["name"]: line for line in lines(capsys)}
        assert found["delete_files"]["effect"] == "delete"
        assert found["delete_files"]["origin"] == "shipped"

    def test_show_says_in_plain_words_what_it_can_and_cannot(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["tools", "show", "write_file"]) == 0
        out = capsys.readouterr().out
        assert "cannot    Write anywhere else" in out
        assert "argument  path: string; target, path" in out

    def test_show_as_json_is_the_whole_spec(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["tools", "show", "write_file", "--json"]) == 0
        (spec,) = lines(capsys)
        assert spec["parameters"] == {**spec["parameters"], "additionalProperties": False}  # pyright: ignore[reportGeneralTypeIssues]

    def test_an_unknown_name_is_a_usage_error_with_the_nearest(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["tools", "show", "raed_file"]) == 2
        assert "did you mean `read_file`?" in capsys.readouterr().err


class TestNew:
    def test_writes_a_tool_that_loads(self, own: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["tools", "new", "count_words"]) == 0
        assert str(own / "count_words") in capsys.readouterr().out
        assert Registry.load([own]).get("count_words").origin == "own"
        assert run(["tools", "list"]) == 0
        assert "(yours)" in capsys.readouterr().out

    @pytest.mark.parametrize("name", ["Count", "a", "x-y", "../x", "read_file", "ünï"])
    def test_a_name_that_can_not_be_is_refused(self, own: Path, name: str) -> None:
        assert run(["tools", "new", name]) == 2
        assert not own.exists() or list(own.iterdir()) == []

    def test_nothing_is_overwritten(self, own: Path) -> None:
        assert run(["tools", "new", "mine"]) == 0
        (own / "mine/main.py").write_text("precious")
        assert run(["tools", "new", "mine"]) == 2
        assert (own / "mine/main.py").read_text() == "precious"


@pytest.mark.usefixtures("needs_sandbox")
class TestCheck:
    def test_a_new_tool_passes(self, own: Path, capsys: pytest.CaptureFixture[str]) -> None:
        run(["tools", "new", "count_words"])
        capsys.readouterr()
        assert run(["tools", "check", "--json"]) == 0
        checks = lines(capsys)
        assert len(checks) > 15
        assert all(check["ok"] for check in checks)

    @pytest.mark.parametrize(
        ("program", "failing"),
        [
            ("def run(args, call):\n    return open(args['path']).read()[:100] + ' 3 words'", "survives random bytes"),
            ("def run(args, call):\n    return '4 words'", "test data 1"),
            ("def run(args, call):\n    open(call.folder + '/x', 'w')\n    return '3 words'", "test data 1"),
            (
                "import socket\ndef run(args, call):\n    socket.create_connection(('192.0.2.1', 80), 1)\n    return '3 words'",
                "test data 1",
            ),
        ],
    )
    def test_a_tool_that_is_wrong_fails_with_what_was_seen(
        self, own: Path, capsys: pytest.CaptureFixture[str], program: str, failing: str
    ) -> None:
        run(["tools", "new", "mine"])
        (own / "mine/main.py").write_text(program)
        capsys.readouterr()
        assert run(["tools", "check", "mine", "--json"]) == 2
        failed = {str(check["check"]): check["detail"] for check in lines(capsys) if not check["ok"]}
        assert failing in failed
        assert failed[failing]

    def test_a_broken_manifest_is_named(self, own: Path, capsys: pytest.CaptureFixture[str]) -> None:
        run(["tools", "new", "mine"])
        (own / "mine/tool.toml").write_text('name = "mine"\nsumary = "x"\n')
        assert run(["tools", "check", "mine"]) == 2
        assert "mine/tool.toml" in capsys.readouterr().err

    @pytest.mark.usefixtures("own")
    def test_without_own_tools_it_says_how_to_make_one(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["tools", "check"]) == 2
        assert "assistant tools new NAME" in capsys.readouterr().err
