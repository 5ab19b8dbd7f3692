"""Replaces the clipboard's text.

On a desktop the clipboard is a program that hands out its text when somebody pastes. It is left behind here, and lives as long as
this one does: until the task is closed, which is why this tool is one process a task (`session`).
"""

from __future__ import annotations

from _kit.desktop import run as run_desktop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from _kit.call import Call

CHOICES = [
    ("WAYLAND_DISPLAY", ["wl-copy", "--type", "text/plain"]),
    ("DISPLAY", ["xclip", "-selection", "clipboard", "-in"]),
    ("DISPLAY", ["xsel", "--clipboard", "--input"]),
]


def run(args: dict[str, Any], _call: Call) -> str:
    """One call: see tool.toml."""
    run_desktop(CHOICES, "writing to the clipboard", stdin=args["text"].encode("utf-8", "replace"), stays=True)
    return f"copied {len(args['text'])} characters"
