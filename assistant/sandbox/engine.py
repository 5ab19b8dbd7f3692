"""Picks the best engine that holds on this machine, cheaply and only when one is needed."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from assistant.errors import SandboxUnavailable

if TYPE_CHECKING:
    from assistant.config import Paths
    from assistant.sandbox.protocol import Sandbox


def find_sandbox(paths: Paths | None = None) -> Sandbox:
    """An engine for this machine. Raises SandboxUnavailable when nothing here can contain a tool.

    An engine that is weaker than rooms has a `warning`, which the person must see before anything runs.
    """
    if sys.platform == "darwin":
        from assistant.sandbox.seatbelt import SeatbeltSandbox

        return SeatbeltSandbox(paths)
    if not sys.platform.startswith("linux"):
        raise SandboxUnavailable(f"no engine for `{sys.platform}`", hint="Linux and macOS have one")
    from assistant.sandbox.prepare import find_bwrap

    if can_make_user_namespace():
        find_bwrap()
        from assistant.sandbox.bubblewrap import BubblewrapSandbox

        return BubblewrapSandbox(paths)
    from assistant.sandbox.loose import LandlockSandbox

    return LandlockSandbox(paths)


def can_make_user_namespace() -> bool:
    """Tried in a process of its own (2 ms), since a container's filter shows in nothing that could be read."""
    program = next((p for p in ("/usr/bin/unshare", "/bin/unshare") if os.access(p, os.X_OK)), "")
    if not program:
        return True  # opening the first room will tell
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    try:
        actions = [(os.POSIX_SPAWN_DUP2, null, fd) for fd in (0, 1, 2)]
        argv = [program, "--user", "--map-root-user", "--mount", "--net", "--pid", "/bin/true"]
        pid = os.posix_spawn(program, argv, {}, file_actions=actions)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    finally:
        os.close(null)
