"""The real program as a person starts it: its own process, an empty home, a folder to work in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


class Ran(msgspec.Struct):
    """How one command ended."""

    code: int
    out: str
    err: str

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    def event(self, kind: str) -> dict[str, Any]:
        return next(e for e in self.events if e["type"] == kind)


class Program:
    """`assistant` in a home of its own."""

    def __init__(self, home: Path, folder: Path) -> None:
        self.home = home
        self.folder = folder
        self.env = {
            "HOME": str(home),
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(ROOT),
            "TERM": "xterm-256color",
        }

    @property
    def argv(self) -> list[str]:
        return [sys.executable, "-m", "assistant"]

    def run(self, *args: str, stdin: bytes | None = None, timeout: float = 60, **env: str) -> Ran:
        done = subprocess.run(
            [*self.argv, *args],
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            cwd=self.folder,
            env=self.env | env,
            timeout=timeout,
        )
        ran = Ran(done.returncode, done.stdout.decode(), done.stderr.decode())
        assert "Traceback" not in ran.err, ran.err
        return ran

    def start(self, *args: str, **env: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*self.argv, *args],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.folder,
            env=self.env | env,
        )

    def script(self, *steps: dict[str, Any]) -> str:
        """A model that plays `steps`."""
        file = self.home / "script.json"
        file.write_text(json.dumps({"steps": steps}))
        return f"scripted:{file}"


@pytest.fixture
def program(tmp_path: Path) -> Program:
    home, folder = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    folder.mkdir()
    return Program(home, folder)
