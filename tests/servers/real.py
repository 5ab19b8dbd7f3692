"""Where the real servers are found, when someone has installed them.

Looked for in `MCP_TEST_SERVERS` (a folder with `node_modules` of npm and `venv` of Python), then on PATH.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

HOW = "set MCP_TEST_SERVERS to a folder where they are installed, see assistant/servers/README.md"


def command(name: str) -> str:
    """The program of a server; skips where it is not installed."""
    folder = os.environ.get("MCP_TEST_SERVERS", "")
    places = [Path(folder) / "node_modules" / ".bin", Path(folder) / "venv" / "bin"] if folder else []
    found = shutil.which(name, path=os.pathsep.join([*map(str, places), os.environ["PATH"]]))
    if found is None:
        pytest.skip(f"`{name}` is not installed here: {HOW}")
    return found


def suite() -> tuple[str, str]:
    """A node that runs the conformance suite, and the suite; skips where one is missing."""
    folder = os.environ.get("MCP_TEST_SERVERS", "")
    node = shutil.which("node", path=os.pathsep.join([f"{folder}/node_modules/node/bin", os.environ["PATH"]]))
    program = Path(folder) / "node_modules" / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"
    if not folder or node is None or not program.is_file():
        pytest.skip(f"the conformance suite is not installed here: {HOW}")
    return node, str(program)
