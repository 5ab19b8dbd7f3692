"""What the Desk on this machine is made of, and the names of tasks."""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from assistant.agent.kits import Kit
from assistant.types import JSON, Task

if TYPE_CHECKING:
    from assistant.audit.log import Log
    from assistant.config import Paths, Settings
    from assistant.gateway.approver import Approver
    from assistant.gateway.policies import Policies
    from assistant.gateway.registry import Registry
    from assistant.gateway.servers import Servers, TaskServers
    from assistant.gateway.settle import Settlement
    from assistant.models.catalogue import Catalogue
    from assistant.models.protocol import Model
    from assistant.sandbox.protocol import Room, Sandbox, Stage
    from assistant.servers.launcher import Launcher


class Parts(msgspec.Struct, frozen=True):
    """The concrete pieces, picked by `assistant.compose`."""

    paths: Paths
    settings: Settings
    log: Log
    registry: Registry
    kits: dict[str, Kit]
    policies: Callable[[str], Policies]
    """The policies for a folder; the same object for the same folder."""
    sandbox: Callable[[], Sandbox]
    """Found when first needed: probing costs, and a chat without tools needs none."""
    catalogue: Catalogue
    make_model: Callable[[str], Awaitable[Model]]
    servers: Servers
    """The MCP servers of this person; the tools of trusted ones stand in the registry."""
    task_servers: Callable[[Callable[[], Task], Callable[[], Awaitable[Room]], Approver], TaskServers]
    launcher: Callable[[], Launcher]
    """Starts a server apart from any task, to see what it offers."""
    close: Callable[[], Awaitable[None]]
    tool_settings: Callable[[str], Mapping[str, JSON]] = lambda _: {}
    """What the person configured for a tool, its key filled in."""


class StagedTask(msgspec.Struct, frozen=True):
    """A task's stage with what may act on it, without opening the task."""

    task: Task
    folder: Path
    stage: Stage
    settlement: Settlement


def now_ms() -> int:
    """Unix time in milliseconds."""
    return time.time_ns() // 1_000_000


def new_task_id() -> str:
    """Sorts by time, says nothing of its content: 11 characters of time, 5 of chance, in base 32 (Crockford's letters)."""
    letters = "0123456789abcdefghjkmnpqrstvwxyz"
    stamp = now_ms()
    time_part = "".join(letters[(stamp >> shift) & 31] for shift in range(45, -1, -5))
    return time_part + "".join(secrets.choice(letters) for _ in range(6))
