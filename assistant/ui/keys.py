"""Keys as a person reads them, and the bindings of a screen or widget that have something to say."""

from __future__ import annotations

from typing import Any

from textual.binding import Binding

_NAMES = {
    "escape": "Esc", "pageup": "PgUp", "pagedown": "PgDn", "up": "↑", "down": "↓", "left": "←", "right": "→",
    "delete": "Del", "slash": "/", "question_mark": "?", "equals_sign": "=",
}  # fmt: skip


def bindings_of(kind: type[Any]) -> list[Binding]:
    """The bindings of a class and of our own classes above it that have a description, its own first."""
    found: dict[str, Binding] = {}
    for base in kind.__mro__:
        if not base.__module__.startswith("assistant."):
            continue
        for binding in base.__dict__.get("BINDINGS", ()):
            if isinstance(binding, Binding) and binding.description and binding.show:
                found.setdefault(binding.key, binding)
    return list(found.values())


def key_names(keys: str) -> str:
    """`ctrl+up,alt+up` as `Ctrl+↑, Alt+↑`. A capital letter is what the Shift key gives, and is shown as such."""
    shown: list[str] = []
    for key in keys.split(","):
        if key.startswith("shift+") and key[6:].upper() in keys.split(","):
            continue  # the same key, as other terminals name it
        parts = key.split("+")
        alone = len(parts) == 1
        names = [
            _NAMES.get(p, p if alone and len(p) == 1 else p.upper() if len(p) == 1 else p.capitalize()) for p in parts
        ]
        shown.append("+".join(names))
    return ", ".join(shown)
