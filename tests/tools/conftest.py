"""Runs tools as the room does: the launcher, one request, JSON lines back."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from assistant.shipped import shipped

TOOLS = shipped("tools")
DEADLINE_S = 30


class Answer(msgspec.Struct):
    """What one call came to."""

    ok: bool
    text: str
    code: str = ""
    fields: list[dict[str, Any]] = []
    data: Any = None
    truncated: bool = False
    live: str = ""

    @property
    def names(self) -> list[str]:
        return [f["value"] for f in self.fields if f["kind"] == "name"]


def argv(tool: str) -> list[str]:
    manifest = tomllib.loads((TOOLS / tool / "tool.toml").read_text())
    python = (
        [sys.executable, "-I"]
        if manifest.get("packages")
        else [getattr(sys, "_base_executable", sys.executable), "-I", "-S"]
    )
    return [*python, str(TOOLS / "launch.py"), str(TOOLS / tool / manifest["program"][0])]


def request(folder: Path | str, args: dict[str, Any], output_bytes: int, settings: dict[str, Any]) -> bytes:
    body = {"args": args, "folder": str(folder), "output_bytes": output_bytes, "settings": settings}
    return json.dumps(body).encode()


def answer(stdout: bytes) -> Answer:
    lines = [json.loads(line) for line in stdout.splitlines()]
    live = "".join(line["output"] for line in lines if "output" in line)
    last = lines[-1]
    assert [set(line) for line in lines[:-1]] == [{"output"}] * (len(lines) - 1)
    if "error" in last:
        return Answer(False, last["error"]["text"], last["error"]["code"], live=live)
    return Answer(True, live=live, **last["result"])


Call = Callable[..., Answer]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The task's folder. Its name holds what patterns and shells stumble over."""
    made = tmp_path / "my [work] * {folder}"
    made.mkdir()
    return made


@pytest.fixture
def call(folder: Path) -> Call:
    """Call a tool on the folder; path arguments that name no absolute path are made so, as the gateway does."""

    def run(
        tool: str,
        _output_bytes: int = 50_000,
        _settings: dict[str, Any] | None = None,
        _env: dict[str, str] | None = None,
        /,
        **args: Any,
    ) -> Answer:
        manifest = tomllib.loads((TOOLS / tool / "tool.toml").read_text())
        for name, value in args.items():
            kind = manifest["args"][name]["kind"]
            args[name] = (
                [_absolute(v, kind, folder) for v in value]
                if isinstance(value, list)
                else _absolute(value, kind, folder)
            )
        env = {"PATH": "/usr/bin:/bin", "HOME": str(folder.parent), **(_env or {})}
        done = subprocess.run(
            argv(tool),
            input=request(folder, args, _output_bytes, _settings or {}),
            capture_output=True,
            cwd=folder,
            env=env,
            timeout=DEADLINE_S,
        )
        assert done.returncode == 0, done.stderr.decode()
        return answer(done.stdout)

    return run


def _absolute(value: Any, kind: str, folder: Path) -> Any:
    if not isinstance(value, str) or not (kind == "path" or (kind == "glob" and not set(value) & set("*?[{"))):
        return value
    return os.path.normpath(os.path.join(folder, value))


@pytest.fixture
def put(folder: Path) -> Callable[[str, str | bytes], Path]:
    """Write a file of the folder, with its folders."""

    def write(name: str, content: str | bytes = "") -> Path:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.fixture
def start(folder: Path) -> Callable[..., subprocess.Popen[bytes]]:
    """Start a call without waiting for it. What still runs afterwards is killed."""
    running: list[subprocess.Popen[bytes]] = []

    def run(tool: str, **args: Any) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            argv(tool), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder
        )
        assert process.stdin
        process.stdin.write(request(folder, args, 50_000, {}))
        process.stdin.close()
        running.append(process)
        return process

    yield run  # pyright: ignore[reportReturnType]
    for process in running:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.wait()
