"""Picks the best engine that holds on this machine, cheaply and only when one is needed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from assistant.errors import SandboxUnavailable

if TYPE_CHECKING:
    from assistant.config import Paths
    from assistant.sandbox.protocol import Sandbox


def find_sandbox(paths: Paths | None = None) -> Sandbox:
    """An engine for this machine. Raises SandboxUnavailable when nothing here can contain a tool.

    Costs a look at a few files; whether rooms really stand shows when the first one is opened.
    """
    if sys.platform.startswith("linux"):
        from assistant.sandbox.bubblewrap import BubblewrapSandbox
        from assistant.sandbox.prepare import find_bwrap

        find_bwrap()
        return BubblewrapSandbox(paths)
    raise SandboxUnavailable(f"no engine for `{sys.platform}`", hint="Linux and macOS have one")
