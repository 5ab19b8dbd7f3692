"""Says in words what an Action does. For eyes only: nothing is decided by these words."""

from __future__ import annotations

import os

from assistant.gateway.house import RESOURCES
from assistant.types import Action, Effect, Kind, Role, as_list
from assistant.visible import one_line

_VERB = {
    Effect.READ: "Read",
    Effect.WRITE: "Write",
    Effect.DELETE: "Delete",
    Effect.EXECUTE: "Run",
    Effect.FETCH: "Fetch",
    Effect.SEND: "Send to",
    Effect.ACT: "Act on",
    Effect.CONSULT: "Ask the model",
    Effect.DELEGATE: "Start a helper for",
    Effect.APPLY: "Apply to the real folder",
}


def title(action: Action) -> str:
    """The tool and what it is about, on one line: `read_file README.md`, `search_text src (pattern: TODO)`."""
    about = _things(action)
    options = [
        f"{a.name}: {a.value}"
        for a in action.arguments
        if a.kind is Kind.TEXT and a.role is Role.PARAM and a.value not in (None, "")
    ]
    if not about and not options:
        return one_line(f"{action.tool} {_short(action)}".strip(), 160)
    extra = f"({', '.join(options[:3])})" if options else ""
    return one_line(" ".join(word for word in (action.tool, about, extra) if word), 160)


def sentence(action: Action) -> str:
    """What will happen, in one sentence for the approval card."""
    about = _short(action) or action.folder
    if action.resource == RESOURCES["memory"]:
        return one_line(
            f"Remember for later tasks: {about}" if action.effect is Effect.ACT else "Look into the memory", 400
        )
    extra = ""
    if action.effect is Effect.EXECUTE:
        extra = " in the sandbox"
        if hosts := action.facts.get("hosts"):
            extra += f", reaching {', '.join(hosts)}"
    elif action.effect is Effect.WRITE:
        extra = " on the stage"
    elif action.effect is Effect.DELETE:
        extra = " from the stage"
    tool = f"{action.tool}: " if action.effect in (Effect.WRITE, Effect.DELETE, Effect.ACT) else ""
    return one_line(f"{tool}{_VERB[action.effect]} {about}{extra}", 400)


MOST_SHOWN = 12
"""Lines of what would change on a card."""


def would_change(action: Action) -> tuple[str, ...]:
    """What the Action would change, one line each, as far as it can be known before it runs."""
    targets = [
        _relative(str(value), action.folder)
        for argument in action.arguments
        if argument.role is Role.TARGET
        for value in as_list(argument.value)
    ]
    sign = {Effect.WRITE: "~", Effect.DELETE: "-"}.get(action.effect)
    lines = [one_line(f"{sign} {target}", 300) for target in targets[:MOST_SHOWN]] if sign else []
    if len(lines) < len(targets) and sign:
        lines.append(f"… and {len(targets) - len(lines)} more")
    if action.facts.get("staged") or (action.effect is Effect.EXECUTE and action.resource.type == "command"):
        lines.append("files: on the stage only, until the changes are applied")
    if action.effect in (Effect.SEND, Effect.ACT):
        lines.append("at once, outside this computer's stage: it can't be taken back from here")
    if action.effect in (Effect.FETCH, Effect.EXECUTE) and (hosts := action.facts.get("hosts")):
        lines.append(one_line(f"network: {', '.join(hosts)} learns of the request", 300))
    return tuple(lines)


def _short(action: Action) -> str:
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
            _relative(str(v), action.folder) if argument.kind in (Kind.PATH, Kind.GLOB) else str(v) for v in values[:3]
        ]
        if len(values) > 3:
            shown.append(f"and {len(values) - 3} more")
        words.append(", ".join(shown))
    return " → ".join(words)


def _relative(path: str, folder: str) -> str:
    if path == folder:
        return "."
    return os.path.relpath(path, folder) if path.startswith(folder.rstrip("/") + "/") else path
