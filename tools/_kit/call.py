"""One call, as the tool sees it: where it works, how much it may say, and the way to say it."""

from __future__ import annotations

import os

from _kit import wire
from _kit.problem import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


class Call:
    """What `run(args, call)` is given beside its arguments."""

    def __init__(self, folder: str, output_bytes: int, out: int, settings: Mapping[str, Any]) -> None:
        self.folder = folder
        """The task's folder: absolute, and the working directory."""
        self.output_bytes = output_bytes
        """How long the result's text may be, in bytes of UTF-8."""
        self.settings = settings
        """What the person configured for this tool (a search provider); empty for most."""
        self._out = out

    def output(self, text: str) -> None:
        """Show the person something while the call runs. The model does not see it."""
        self.send({"output": text})

    def send(self, message: Mapping[str, Any]) -> None:
        """Write one line of the protocol."""
        data = wire.dumps(message).encode("utf-8", "replace") + b"\n"
        while data:
            data = data[os.write(self._out, data) :]

    def refuse(self, problem: Problem) -> None:
        """Say that the call can't be done, paths as the model writes them."""
        text = problem.text.replace(self.folder.rstrip("/") + "/", "").replace(f"`{self.folder}`", "`.`")
        self.send({"error": {"code": problem.code, "text": text[: self.output_bytes]}})

    def capped(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """The result with its text cut to what may be said. Tools page by themselves; this is the last resort."""
        text = str(result["text"])
        # Four bytes are the most that a character takes, so short texts need no encoding to be measured.
        if len(text) * 4 <= self.output_bytes:
            return dict(result)
        data = text.encode("utf-8", "replace")
        if len(data) <= self.output_bytes:
            return dict(result)
        note = f"\n[cut: the first {self.output_bytes} of {len(data)} bytes are shown; ask for less]"
        kept = data[: max(0, self.output_bytes - len(note))].decode("utf-8", "ignore")
        return {**result, "text": kept + note, "truncated": True}
