"""Opens a file or an address on the desktop, unless opening it would run it."""

from __future__ import annotations

import os

from _kit.desktop import run as run_desktop
from _kit.files import open_file
from _kit.names import within
from _kit.problem import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from _kit.call import Call

# What desktops run, install or mount rather than show when it is opened.
RUNS = frozenset(
    [
        ".desktop",
        ".appimage",
        ".sh",
        ".bash",
        ".py",
        ".pl",
        ".rb",
        ".jar",
        ".exe",
        ".msi",
        ".bat",
        ".cmd",
        ".com",
        ".scr",
        ".ps1",
        ".vbs",
        ".js",
        ".run",
        ".bin",
        ".deb",
        ".rpm",
        ".flatpak",
        ".flatpakref",
        ".snap",
        ".iso",
        ".img",
        ".url",
        ".lnk",
        ".webloc",
    ]
)


def run(args: dict[str, Any], call: Call) -> str:
    """One call: see tool.toml."""
    if ("path" in args) == ("url" in args):
        raise Problem("invalid_arguments", "give either `path` or `url`")
    item: str = args["url"] if "url" in args else _checked(args["path"], call.folder)
    shown = item if "url" in args else within(item, call.folder)
    choices = [(variable, ["xdg-open", item]) for variable in ("WAYLAND_DISPLAY", "DISPLAY")]
    run_desktop(choices, f"opening `{shown}`")
    return f"opened {shown}"


def _checked(path: str, folder: str) -> str:
    fd, status, path = open_file(path)
    head = os.pread(fd, 4, 0)
    os.close(fd)
    name = within(path, folder)
    suffix = os.path.splitext(os.path.realpath(path))[1].lower()
    if suffix in RUNS or status.st_mode & 0o111 or head[:2] == b"#!" or head == b"\x7fELF":
        raise Problem("refused", f"`{name}` is a program or would run one; it is only opened by hand")
    return path
