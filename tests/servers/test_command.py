"""`assistant servers ...`, run as a person runs it, and a whole task with a server's tool."""

from __future__ import annotations

import json
import os
import pty
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


@pytest.fixture
def at_a_terminal(home: Path, folder: Path) -> Callable[[str, list[str]], str]:
    """Run `servers` commands with a person at a terminal, who types `lines` when asked; gives all that was shown."""

    def run(words: str, lines: list[str]) -> str:
        master, slave = pty.openpty()
        env = {"HOME": str(home), "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "TERM": "dumb"}
        process = subprocess.Popen(
            [sys.executable, "-m", "assistant", *words.split()],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=env,
            cwd=folder,
        )
        os.close(slave)
        os.write(master, "".join(f"{line}\n" for line in lines).encode())
        shown = b""
        try:
            while data := os.read(master, 65536):
                shown += data
        except OSError:  # how a terminal ends
            pass
        os.close(master)
        process.wait(timeout=90)
        return shown.decode()

    return run


class TestRoles:
    def test_are_asked_once_corrected_and_kept_in_the_entry(
        self, assistant: Run, at_a_terminal: Callable[[str, list[str]], str]
    ) -> None:
        assert assistant("servers", "add", "test", "--", sys.executable, SERVER).returncode == 0
        shown = at_a_terminal("servers trust test", ["write_note.name=nonsense", "write_note.name=dest", "yes"])
        assert "write_note.content=payload" in shown
        assert "echo.text" not in shown.partition("is a guess")[2].partition("roles:")[0], "reading is not asked about"
        assert "`nonsense` is no role" in shown
        assert "test is trusted" in shown
        tools = json.loads(assistant("servers", "show", "test", "--json").stdout)["entry"]["assistant"]["tools"]
        assert tools["write_note"]["args"]["name"] == {"role": "dest", "kind": "address"}
        again = at_a_terminal("servers trust test", ["", "yes"])
        assert "write_note.name=" not in again.partition("is a guess")[2]

    def test_are_said_beforehand_where_nobody_is_there(self, assistant: Run) -> None:
        assert assistant("servers", "add", "test", "--", sys.executable, SERVER).returncode == 0
        wrong = assistant("servers", "trust", "test", "--yes", "--role", "write_note.nmae=dest")
        assert wrong.returncode == 2
        assert "there is no argument `write_note.nmae`" in wrong.stderr
        done = assistant("servers", "trust", "test", "--yes", "--role", "test__write_note.name=dest", "--json")
        assert json.loads(done.stdout)["state"] == "trusted"
        assert json.loads(assistant("servers", "list", "--json").stdout)["state"] == "trusted"


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
