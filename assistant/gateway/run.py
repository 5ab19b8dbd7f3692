"""Fifth step: the program of a judged Action, as a command for the task's room."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from assistant.canonical import dumps
from assistant.errors import ToolError
from assistant.gateway.desktop import Desktop, desktop_access
from assistant.gateway.output import DEFAULT_OUTPUT_BYTES, protocol_bytes
from assistant.sandbox.protocol import Command
from assistant.shipped import shipped
from assistant.types import JSON, Action, Effect, Limits, ToolSpec, as_list

_DEFAULT_WALL_S = 120.0
"""Two minutes: what the other agents' shell tools give a command when nothing is said."""


def command_for(
    spec: ToolSpec, action: Action, hosts: tuple[str, ...], settings: Mapping[str, JSON] | None = None
) -> Command:
    """The command that does exactly what `action` says. `hosts` are those that policy allowed.

    Raises ToolError when the manifest names a protocol or a placeholder that does not exist.
    """
    limit = spec.limits.output_bytes or DEFAULT_OUTPUT_BYTES
    shown = limit if spec.protocol == "plain" else protocol_bytes(limit)
    limits = Limits(
        wall_s=wall_s(spec, action),
        memory_bytes=spec.limits.memory_bytes,
        processes=spec.limits.processes,
        file_bytes=spec.limits.file_bytes,
        disk_bytes=spec.limits.disk_bytes,
        output_bytes=max(shown, 4 * limit),
    )
    read_only_folder = spec.effect is Effect.READ
    if spec.protocol == "plain":
        argv = tuple(_fill(item, action) for item in spec.program)
        return Command(argv, limits=limits, hosts=hosts, folder_read_only=read_only_folder)
    if spec.protocol != "json":
        raise ToolError(f"tool `{spec.name}` speaks `{spec.protocol}`, which is neither json nor plain")
    tools = shipped("tools")
    call: dict[str, JSON] = {
        "args": {a.name: a.value for a in action.arguments},
        "folder": action.folder,
        "output_bytes": limit,
    }
    if settings:
        call["settings"] = {k: v for k, v in settings.items() if k != "hosts"}
    desktop = desktop_access(os.environ) if spec.desktop else Desktop()
    session = ("--session",) if spec.session else ()
    argv = (*interpreter(spec.packages), str(tools / "launch.py"), *session, str(Path(spec.folder) / spec.program[0]))
    return Command(
        argv,
        stdin=dumps(call) + b"\n",
        limits=limits,
        hosts=hosts,
        env=desktop.env,
        read_only=tuple(dict.fromkeys((str(tools), spec.folder, *interpreter_folders(spec.packages), *desktop.paths))),
        folder_read_only=read_only_folder,
    )


def configured_hosts(settings: Mapping[str, JSON]) -> list[str]:
    """Hosts that the person's settings name for a tool (`[tools.web_search] hosts = [...]`)."""
    return [str(host) for host in as_list(settings.get("hosts", []))]


def wall_s(spec: ToolSpec, action: Action) -> float:
    """How long this call may run: what it asks for in `timeout_s`, within what the manifest allows."""
    allowed = spec.limits.wall_s or _DEFAULT_WALL_S
    asked = action.argument("timeout_s")
    return min(float(asked), allowed) if isinstance(asked, (int, float)) and asked > 0 else allowed


def interpreter(packages: bool) -> tuple[str, ...]:
    """The Python that runs tools: isolated; without site-packages unless the tool needs them (14 ms instead of 30)."""
    return (sys.executable, "-I") if packages else (_base_python(), "-I", "-S")


def interpreter_folders(packages: bool) -> tuple[str, ...]:
    """Folders which that Python needs to see, beside /usr which every room has."""
    wanted = [sys.base_prefix] + ([sys.prefix] if packages else [])
    return tuple(f for f in wanted if f != "/usr" and not f.startswith("/usr/"))


def _base_python() -> str:
    return getattr(sys, "_base_executable", "") or sys.executable


def _fill(item: str, action: Action) -> str:
    if not (item.startswith("{") and item.endswith("}")):
        return item
    value = action.argument(item[1:-1])
    if not isinstance(value, str):
        raise ToolError(f"tool `{action.tool}`: its program needs the argument `{item[1:-1]}` as text")
    return value
