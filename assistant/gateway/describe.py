"""The title of an Action: its tool and what it is about. For eyes only: nothing is decided by these words."""

from __future__ import annotations

import os

from assistant.types import Action, Kind, Role, as_list
from assistant.visible import one_line


def title(action: Action) -> str:
    """The tool and what it is about, on one line: `read_file README.md`, `search_text src (pattern: TODO)`."""
    things = _things(action)
    options = [
        f"{a.name}: {a.value}"
        for a in action.arguments
        if a.kind is Kind.TEXT and a.role is Role.PARAM and a.value not in (None, "")
    ]
    if not things and not options:
        return one_line(f"{action.tool} {about(action)}".strip(), 160)
    extra = f"({', '.join(options[:3])})" if options else ""
    return one_line(" ".join(word for word in (action.tool, things, extra) if word), 160)


def about(action: Action) -> str:
    """The paths, commands, hosts and addresses that it is about, or the first of its words."""
    words = [str(a.value) for a in action.arguments if a.kind is Kind.TEXT and a.role is not Role.SECRET]
    return _things(action) or " ".join(words[:1])


def _things(action: Action) -> str:
    """The paths, commands, hosts and addresses that it is about."""
    words: list[str] = []
    for argument in action.arguments:
        if argument.role is Role.SECRET or argument.kind in (Kind.TEXT, Kind.VALUE, Kind.FLAG, Kind.NUMBER):
            continue
        values = as_list(argument.value)
        shown = [
            relative(str(v), action.folder) if argument.kind in (Kind.PATH, Kind.GLOB) else str(v) for v in values[:3]
        ]
        if len(values) > 3:
            shown.append(f"and {len(values) - 3} more")
        words.append(", ".join(shown))
    return " → ".join(words)


def relative(path: str, folder: str) -> str:
    """`path` as seen from the folder, when it lies in it."""
    if path == folder:
        return "."
    return os.path.relpath(path, folder) if path.startswith(folder.rstrip("/") + "/") else path
