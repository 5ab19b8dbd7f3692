"""The foundation tools inside real bubblewrap: without capabilities, network or anything but their folder."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assistant.shipped import shipped

TOOLS = shipped("tools")
PYTHON = getattr(sys, "_base_executable", sys.executable)

Room = Callable[..., list[str]]


@pytest.fixture
def room(folder: Path) -> Room:
    """The argument list of a plain room around a command."""
    if shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed: `make setup` installs it")

    def wrap(*command: str, read_only: bool = False) -> list[str]:
        binds = ["--ro-bind", "/usr", "/usr", "--ro-bind", str(TOOLS), str(TOOLS)]
        for name in ("lib", "lib64", "bin", "sbin"):
            if Path("/", name).is_symlink():
                binds += ["--symlink", f"usr/{name}", f"/{name}"]
            elif Path("/", name).is_dir():
                binds += ["--ro-bind", f"/{name}", f"/{name}"]
        if not sys.base_prefix.startswith("/usr"):
            binds += ["--ro-bind", sys.base_prefix, sys.base_prefix]
        binds += ["--ro-bind" if read_only else "--bind", str(folder), str(folder)]
        guards = ["--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv"]
        return [
            "bwrap",
            *guards,
            "--setenv", "PATH", "/usr/bin:/bin",
            "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp",
            *binds,
            "--chdir", str(folder),
            *command,
        ]  # fmt: skip

    probe = subprocess.run(wrap("true"), capture_output=True)
    if probe.returncode != 0:
        pytest.skip(f"bubblewrap can't make a room here: {probe.stderr.decode().strip()}")
    return wrap


@pytest.fixture
def call_in_room(room: Room, folder: Path) -> Callable[..., dict[str, Any]]:
    def run(tool: str, read_only: bool = False, **args: Any) -> dict[str, Any]:
        body = json.dumps({"args": args, "folder": str(folder), "output_bytes": 20_000}).encode()
        argv = room(PYTHON, "-I", "-S", str(TOOLS / "launch.py"), str(TOOLS / tool / "main.py"), read_only=read_only)
        done = subprocess.run(argv, input=body, capture_output=True, timeout=30)
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout.splitlines()[-1])

    return run


class TestInTheRoom:
    def test_write_read_edit_search_list(self, call_in_room, folder: Path) -> None:
        assert (
            "created" in call_in_room("write_file", path=str(folder / "a.txt"), content="TODO one\n")["result"]["text"]
        )
        call_in_room("edit_file", path=str(folder / "a.txt"), edits=[{"old": "one", "new": "two"}])
        assert call_in_room("read_file", path=str(folder / "a.txt"))["result"]["text"] == "TODO two\n"
        assert "a.txt:1:TODO two" in call_in_room("search_text", pattern="TODO")["result"]["text"]
        assert call_in_room("list_dir")["result"]["text"] == "a.txt 9 B"
        assert "a.txt -> a.md" in call_in_room("move_files", **{"from": "*.txt", "to": "*.md"})["result"]["text"]
        assert call_in_room("delete_files", paths=["*.md"])["result"]["data"]["files"] == 1
        assert list(folder.iterdir()) == []

    def test_a_read_only_folder_is_an_error_in_words(self, call_in_room, folder: Path) -> None:
        answer = call_in_room("write_file", read_only=True, path=str(folder / "a.txt"), content="x")
        assert answer["error"] == {"code": "no_permission", "text": "`a.txt` is read-only for this call"}

    def test_files_without_permission_are_named_not_hidden(self, call_in_room, folder: Path) -> None:
        """No capability overrides the mode, even where root runs the room."""
        (folder / "secret.txt").write_text("x")
        (folder / "secret.txt").chmod(0)
        (folder / "closed").mkdir(0)
        try:
            assert call_in_room("read_file", path=str(folder / "secret.txt"))["error"]["code"] == "no_permission"
            assert (
                call_in_room("write_file", path=str(folder / "secret.txt"), content="")["error"]["code"]
                == "no_permission"
            )
            assert call_in_room("list_dir", path=str(folder / "closed"))["error"]["code"] == "no_permission"
            assert "1 folder can't be opened" in call_in_room("find_files")["result"]["text"]
            assert call_in_room("search_text", pattern="x")["result"]["text"] == "[no match]"
        finally:
            (folder / "closed").chmod(0o700)

    def test_a_link_out_of_the_folder_leads_nowhere(self, call_in_room, folder: Path, tmp_path: Path) -> None:
        (tmp_path / "secret").write_text("secret")
        (folder / "l").symlink_to(tmp_path / "secret")
        assert call_in_room("read_file", path=str(folder / "l"))["error"]["code"] == "not_found"


class TestRunCommand:
    def test_bash_runs_with_status_and_output(self, room: Room) -> None:
        done = subprocess.run(room("bash", "-c", "echo out; echo err >&2; exit 3"), capture_output=True, text=True)
        assert (done.stdout, done.stderr, done.returncode) == ("out\n", "err\n", 3)


class TestCancelInTheRoom:
    @pytest.mark.parametrize(
        "command", ["sleep 7310.5", "sleep 7310.6 & sleep 7310.7 & wait", "trap '' TERM INT; sleep 7310.8"]
    )
    def test_every_process_is_gone_within_200_ms(self, room: Room, command: str) -> None:
        process = subprocess.Popen(room("bash", "-c", command))
        deadline = time.monotonic() + 5
        while not _running("sleep 7310.") and time.monotonic() < deadline:
            time.sleep(0.01)
        assert _running("sleep 7310.")
        begin = time.monotonic()
        process.send_signal(signal.SIGKILL)
        process.wait()
        while _running("sleep 7310.") and time.monotonic() - begin < 2:
            time.sleep(0.005)
        assert time.monotonic() - begin < 0.2


def _running(words: str) -> list[int]:
    """Processes whose command line begins with `words`, by /proc: no process is found by a name that others may have."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            except OSError:
                continue
            if line.startswith(words) and os.getpid() != int(entry.name):
                found.append(int(entry.name))
    return found
