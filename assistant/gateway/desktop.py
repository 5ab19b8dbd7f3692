"""What a tool needs to reach the person's desktop: sockets and their variables, and nothing where there is no desktop.

Only tools whose manifest says `desktop = true` get it, and only for their call. It is a wide door (whoever speaks to a display can
watch it), so such tools are few, shipped, and say so in their manifest.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from assistant.types import Data

_X_DISPLAY = re.compile(r"^(?:unix)?:(\d+)(?:\.\d+)?$")


class Desktop(Data, frozen=True):
    """Variables, and sockets and files that must be visible at their own path."""

    env: Mapping[str, str] = {}
    paths: tuple[str, ...] = ()


def desktop_access(environ: Mapping[str, str]) -> Desktop:
    """The desktop of this process's own environment; empty when there is none. Abstract sockets can't be passed on."""
    env: dict[str, str] = {}
    paths: list[str] = []
    if found := _X_DISPLAY.match(environ.get("DISPLAY", "")):
        socket = f"/tmp/.X11-unix/X{found[1]}"  # noqa: S108  # where X servers put it (Xserver(1))
        if Path(socket).exists():
            env["DISPLAY"] = f":{found[1]}"
            paths.append(socket)
            if (authority := environ.get("XAUTHORITY")) and Path(authority).is_file():
                env["XAUTHORITY"] = authority
                paths.append(authority)
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    if runtime and (display := environ.get("WAYLAND_DISPLAY")):
        socket = display if display.startswith("/") else f"{runtime}/{display}"
        if Path(socket).exists():
            env |= {"WAYLAND_DISPLAY": display, "XDG_RUNTIME_DIR": runtime}
            paths.append(socket)
    bus = environ.get("DBUS_SESSION_BUS_ADDRESS", "")
    if bus.startswith("unix:path="):
        socket = bus.removeprefix("unix:path=").split(",")[0]
        if Path(socket).exists():
            env["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={socket}"
            paths.append(socket)
    return Desktop(env, tuple(paths))
