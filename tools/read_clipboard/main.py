"""Reads the clipboard's text."""

from __future__ import annotations

from _kit.desktop import run as run_desktop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from _kit.call import Call

CHOICES = [
    ("WAYLAND_DISPLAY", ["wl-paste", "--no-newline", "--type", "text"]),
    ("DISPLAY", ["xclip", "-selection", "clipboard", "-out"]),
    ("DISPLAY", ["xsel", "--clipboard", "--output"]),
]


def run(_args: dict[str, Any], _call: Call) -> dict[str, Any]:
    """One call: see tool.toml."""
    text = run_desktop(CHOICES, "reading the clipboard").decode("utf-8", "backslashreplace")
    return {"text": text or "[the clipboard holds no text]"}
