"""Starts the server's program. Imports next to nothing: the server waits for it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from typing import Any


def start(shake: Mapping[str, Any]) -> subprocess.Popen[bytes] | None:
    """Start the program of a handshake (`lines.Handshake` as JSON); None for a server by address.

    Raises OSError when it can't be started, ValueError or TypeError for a handshake that does not fit.
    """
    command = shake.get("command")
    if not command:
        return None
    basics = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    return subprocess.Popen(
        [command, *shake.get("args", ())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**basics, **shake.get("env", {})},
        cwd=shake.get("cwd") or None,
        bufsize=0,
    )
