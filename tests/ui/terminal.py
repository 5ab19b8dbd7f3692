"""A real terminal for tests: the program runs in tmux, is typed at, and what it shows is read back.

    with Terminal([sys.executable, "-m", "assistant"], folder=tmp_path, env={"HOME": str(tmp_path)}) as terminal:
        terminal.wait_for("Ask for something")
        terminal.type("list the files")
        terminal.press("Enter")

Each Terminal has a tmux server of its own, so tests run side by side and leave nothing behind.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

import pytest


def need_tmux() -> None:
    """Skip, clearly, where tmux is missing."""
    if not shutil.which("tmux"):
        pytest.skip("tmux is not installed, so the program can't be run in a real terminal")


class Terminal:
    """One program in one terminal of `width` × `height` cells."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        folder: Path | None = None,
        width: int = 80,
        height: int = 24,
        env: Mapping[str, str] | None = None,
        term: str = "tmux-256color",
    ) -> None:
        need_tmux()
        self.argv, self.folder, self.width, self.height, self.term = list(argv), folder, width, height, term
        self.env = dict(env or {})
        self._home = tempfile.mkdtemp(prefix="tt", dir="/tmp")
        self._socket = f"{self._home}/s"  # short: a socket's path has room for 107 bytes
        self._exit = Path(self._home) / "exit"

    def __enter__(self) -> Terminal:
        command = " ".join(shlex.quote(a) for a in self.argv)
        script = f"trap : INT; {command}; echo $? >{shlex.quote(str(self._exit))}; sleep 600"
        settings = [a for name, value in self.env.items() for a in ("-e", f"{name}={value}")]
        # An outer server would be inherited, and with it the wrong terminal.
        environ = {k: v for k, v in os.environ.items() if k not in ("TMUX", "TMUX_PANE")}
        config = Path(self._home) / "conf"
        config.write_text(f"set -g default-terminal {self.term}\nset -s escape-time 0\nset -g status off\n")
        self._tmux(
            "-f", str(config), "new-session", "-d", "-x", str(self.width), "-y", str(self.height), *settings,
            *(["-c", str(self.folder)] if self.folder else []), "sh", "-c", script,
            environ=environ,
        )  # fmt: skip
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tmux("kill-server", check=False)
        shutil.rmtree(self._home, ignore_errors=True)

    def _tmux(self, *args: str, environ: Mapping[str, str] | None = None, check: bool = True) -> str:
        done = subprocess.run(
            ["tmux", "-S", self._socket, *args], capture_output=True, text=True, env=environ, check=False, timeout=20
        )
        if check and done.returncode:
            raise RuntimeError(f"tmux {args[0]}: {done.stderr.strip()}")
        return done.stdout

    def type(self, text: str) -> None:
        """Type characters as they are."""
        self._tmux("send-keys", "-l", "--", text)

    def press(self, *keys: str) -> None:
        """Press keys by tmux's names: Enter, Escape, Tab, Up, C-c, F2 …"""
        self._tmux("send-keys", *keys)

    def screen(self, *, colours: bool = False) -> str:
        """What is shown now, rows without the blanks at their end; with `colours`, escape sequences too."""
        shown = self._tmux("capture-pane", "-p", *(["-e"] if colours else []))
        return "\n".join(row.rstrip() for row in shown.split("\n")).rstrip("\n")

    def wait_for(self, words: str, timeout_s: float = 20.0) -> str:
        """Wait until the screen holds `words` (a text, or a pattern between slashes) and return it."""
        pattern = re.compile(words[1:-1] if len(words) > 2 and words[0] == words[-1] == "/" else re.escape(words))
        deadline = time.monotonic() + timeout_s
        while True:
            shown = self.screen()
            if pattern.search(shown):
                return shown
            if time.monotonic() > deadline:
                raise AssertionError(f"`{words}` never came; the screen:\n{shown}")
            time.sleep(0.03)

    def wait_gone(self, words: str, timeout_s: float = 20.0) -> str:
        """Wait until the screen no longer holds `words`."""
        deadline = time.monotonic() + timeout_s
        while words in (shown := self.screen()):
            if time.monotonic() > deadline:
                raise AssertionError(f"`{words}` never went; the screen:\n{shown}")
            time.sleep(0.03)
        return shown

    def answer(self, key: str, timeout_s: float = 20.0) -> None:
        """Answer the card that stands: wait until it takes keys, as a person would."""
        self.wait_for("Esc stops the turn", timeout_s)
        time.sleep(0.1)
        self.press(key)

    def resize(self, width: int, height: int) -> None:
        """Another size."""
        self._tmux("resize-window", "-x", str(width), "-y", str(height))

    def cursor(self) -> tuple[int, int]:
        """Column and row of the terminal's cursor, from 0: where an input method draws."""
        x, y = self._tmux("display-message", "-p", "#{cursor_x} #{cursor_y}").split()
        return int(x), int(y)

    def exit_code(self, timeout_s: float = 20.0) -> int:
        """Wait for the program's end and return its exit code."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if self._exit.is_file() and (text := self._exit.read_text().strip()):
                return int(text)
            time.sleep(0.03)
        raise AssertionError(f"the program did not end; the screen:\n{self.screen()}")
