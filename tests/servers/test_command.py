"""`assistant servers ...`, run as a person runs it, and a whole task with a server's tool."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers.making import SERVER

ROOT = Path(__file__).resolve().parent.parent.parent
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def assistant(home: Path, folder: Path) -> Run:
    def run(*args: str) -> subprocess.CompletedProcess[str]:
        env = {
            "HOME": str(home),
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        }
        words = [sys.executable, "-m", "assistant", *args]
        return subprocess.run(
            words, capture_output=True, text=True, env=env, cwd=folder, timeout=90, stdin=subprocess.DEVNULL
        )

    return run


class TestTheCommand:
    def test_a_server_is_added_trusted_used_and_removed(self, assistant: Run, folder: Path, tmp_path: Path) -> None:
        added = assistant("servers", "add", "test", "--folder", "read", "--", sys.executable, SERVER)
        assert added.returncode == 0, added.stderr
        assert "off" in added.stdout
        listed = json.loads(assistant("servers", "list", "--json").stdout)
        assert (listed["name"], listed["state"], listed["tools"]) == ("test", "new", [])
        refused = assistant("servers", "trust", "test")
        assert refused.returncode == 3
        assert "needs a person's yes" in refused.stderr
        assert "test__echo  [read]" in refused.stdout
        trusted = assistant("servers", "trust", "test", "--yes", "--json")
        assert json.loads(trusted.stdout)["state"] == "trusted"
        shown = json.loads(assistant("servers", "show", "test", "--json").stdout)
        assert shown["state"] == "trusted"
        assert shown["pin"] == json.loads(trusted.stdout)["pin"]
        script = tmp_path / "script.json"
        steps = [{"calls": [{"name": "test__echo", "arguments": {"text": "over to you"}}]}, {"text": "done"}]
        script.write_text(json.dumps({"steps": steps}))
        ran = assistant("run", "--json", "--model", f"scripted:{script}", "say it")
        assert ran.returncode == 0, ran.stderr + ran.stdout
        assert "over to you" in ran.stdout
        assert assistant("servers", "remove", "test").returncode == 0
        assert "No server" in assistant("servers", "list").stdout

    def test_import_takes_what_fits_and_grants_nothing(self, assistant: Run, folder: Path) -> None:
        servers = {
            "good": {"command": "x", "autoApprove": ["*"], "assistant": {"sampling": True}},
            "old": {"type": "sse", "url": "https://a.example/sse"},
        }
        (folder / ".mcp.json").write_text(json.dumps({"mcpServers": {"good": servers["good"]}}))
        listed = json.loads(assistant("servers", "list", "--json").stdout)
        assert (listed["name"], listed["state"]) == ("good", "project")
        (folder / "other.json").write_text(json.dumps({"mcpServers": servers}))
        lines = [json.loads(x) for x in assistant("servers", "import", "other.json", "--json").stdout.splitlines()]
        assert [(x["name"], x["state"]) for x in lines] == [("good", "new"), ("old", "refused")]
        shown = json.loads(assistant("servers", "show", "good", "--json").stdout)
        assert "assistant" not in shown["entry"]

    def test_mistakes_are_named(self, assistant: Run) -> None:
        assert assistant("servers", "show", "nobody").returncode == 2
        assert assistant("servers", "add", "a/b", "--", "x").returncode == 2
        assistant("servers", "add", "gone", "--", "no-such-program")
        done = assistant("servers", "check", "gone")
        assert done.returncode == 2
        assert "is not installed" in done.stderr
