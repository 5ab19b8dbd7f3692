"""What an Action will do, in one sentence of plain words for the approval card. For eyes only: nothing is decided by them.

The words are templates: `_` translates one before the values are put in, so that a value is never looked up or parsed.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Iterator, Mapping, Sequence

from assistant.gateway.describe import about, relative
from assistant.types import Action, Effect, Kind, Role, as_list
from assistant.visible import one_line

Say = Callable[[str], str]
"""Gives a text in the person's language. `str` leaves it as it is."""

LIMIT = 400
_EACH = 160
"""Characters of one value in a sentence. The whole of it stands below, argument by argument."""
_LISTED = 3

TOOLS: Mapping[str, Sequence[str]] = {
    "list_dir": ("List what is in `{path}`", "List what is in this task's folder"),
    "read_file": ("Read `{path}`",),
    "read_document": ("Read the document `{path}`",),
    "file_info": ("Look at size, time and checksum of {paths}",),
    "disk_usage": ("Measure what takes space in `{path}`", "Measure what takes space in this task's folder"),
    "find_files": (
        "Look for files named `{glob}` in `{path}`",
        "Look for files named `{glob}`",
        "Look for files in `{path}`",
        "Look for files in this task's folder",
    ),
    "search_text": ("Search for `{pattern}` in `{path}`", "Search for `{pattern}` in this task's folder"),
    "query_data": ("Ask the data in {paths}: {sql}", "Look at the columns and first rows of {paths}"),
    "plot_data": ("Draw a chart of {paths} and save it as `{save_as}`",),
    "write_file": ("Create or replace the file `{path}`",),
    "edit_file": ("Change parts of the file `{path}`",),
    "move_files": ("Move or rename {from} to {to}",),
    "delete_files": ("Delete {paths}",),
    "create_archive": ("Pack {paths} into the archive `{archive}`",),
    "extract_archive": (
        "Unpack the archive `{archive}` into `{to}`",
        "Unpack the archive `{archive}` into a folder of its own name",
    ),
    "run_command": ("Run in the sandbox: {command}",),
    "run_python": ("Run Python code in the sandbox: {code}",),
    "start_process": ("Start a program in the sandbox and leave it running: {command}",),
    "talk_to_process": (
        "Type into the running program `{id}`: {input}",
        "Read what the running program `{id}` has printed",
    ),
    "stop_process": ("Stop the running program `{id}`",),
    "web_fetch": ("Fetch {url} and save it as `{save_as}`", "Fetch {url}"),
    "web_search": ("Search the web for: {query}",),
    "read_clipboard": ("Read what you copied last, from your clipboard",),
    "write_clipboard": ("Replace what is in your clipboard by: {text}",),
    "notify": ("Show you a desktop notification: {title}",),
    "open_item": (
        "Open `{path}` with your own program for it, outside the sandbox",
        "Open {url} in your own browser, outside the sandbox",
    ),
    "remember": ("Remember for later tasks: {fact}",),
    "recall": ("Look into the memory for: {query}", "Look into the memory"),
    "delegate": ("Give a part of this task to a helper: {prompt}",),
}
"""By shipped tool: the first whose arguments are all there is the sentence."""

EFFECTS: Mapping[Effect, str] = {
    Effect.READ: "{tool}: read {about}",
    Effect.WRITE: "{tool}: create or change {about}",
    Effect.DELETE: "{tool}: delete {about}",
    Effect.EXECUTE: "{tool}: run in the sandbox: {about}",
    Effect.FETCH: "{tool}: fetch {about}",
    Effect.SEND: "{tool}: send to {about}",
    Effect.ACT: "{tool}: act on {about}",
    Effect.CONSULT: "Send this conversation to the model {model}",
    Effect.DELEGATE: "Start a helper for {about}",
    Effect.APPLY: "Move {count} staged changes to the real folder",
}
"""For every other tool."""

SERVER: Mapping[Effect, str] = {
    Effect.READ: "Read with the tool `{tool}` of the server `{server}`: {about}",
    Effect.FETCH: "Fetch with the tool `{tool}` of the server `{server}`: {about}",
    Effect.WRITE: "Change data at once with the tool `{tool}` of the server `{server}`: {about}",
    Effect.DELETE: "Delete at once with the tool `{tool}` of the server `{server}`: {about}",
    Effect.SEND: "Send with the tool `{tool}` of the server `{server}`, to {about}",
}
"""For tools of MCP servers. What one says of itself is its own claim; anything else is use."""
SERVER_USE = "Use the tool `{tool}` of the server `{server}`, which acts at once: {about}"

REPLACING = ", replacing what is there"
REACHING = ", reaching {hosts}"
STAGED = ", on the stage"
MORE = "and {n} more"
CHANGES = (
    "files: on the stage only, until the changes are applied",
    "at once, outside the stage: it can't be taken back from here",
    "network: {hosts} learns of the request",
    "… and {n} more",
)
_ON_STAGE, _AT_ONCE, _LEARNS, _AND_MORE = CHANGES
MOST_SHOWN = 12
"""Lines of what would change on a card."""


def texts() -> Iterator[str]:
    """Every text that is given to a translator."""
    yield from (text for forms in TOOLS.values() for text in forms)
    yield from (*EFFECTS.values(), *SERVER.values(), SERVER_USE, REPLACING, REACHING, STAGED, MORE, *CHANGES)


def sentence(action: Action, _: Say = str) -> str:
    """What will happen, in one sentence."""
    told = _form(action, _) if action.resource.type != "service" or action.tool in ("remember", "recall") else None
    return one_line((told or _general(action, _)) + _suffix(action, _), LIMIT)


def would_change(action: Action, _: Say = str) -> tuple[str, ...]:
    """What the Action would change, one line each, as far as it can be known before it runs."""
    lines: list[str] = []
    if action.resource.type != "service":
        lines += _targets(action, _)
    on_stage = action.facts.get("staged") or (action.effect is Effect.EXECUTE and action.resource.type == "command")
    if on_stage and action.effect is not Effect.APPLY:
        lines.append(_(_ON_STAGE))
    if action.effect in (Effect.SEND, Effect.ACT) or (
        action.resource.type == "service" and action.effect in (Effect.WRITE, Effect.DELETE)
    ):
        lines.append(_(_AT_ONCE))
    if action.effect in (Effect.FETCH, Effect.EXECUTE) and (hosts := action.facts.get("hosts")):
        lines.append(one_line(_(_LEARNS).format(hosts=", ".join(map(str, hosts))), 300))
    return tuple(lines)


def _targets(action: Action, _: Say) -> Iterator[str]:
    """`+` comes to be or is changed, `-` goes: which of the two a file is, only the stage knows once it has run."""
    moved = action.tool == "move_files"
    signs = {Effect.WRITE: "~", Effect.DELETE: "-"}
    if action.effect not in signs:
        return
    lines: list[str] = []
    for argument in action.arguments:
        if argument.role == "target":
            sign = ("-" if argument.name == "from" else "+") if moved else signs[action.effect]
            values = as_list(argument.value)
            lines += [one_line(f"{sign} {relative(str(value), action.folder)}", 300) for value in values]
    yield from lines[:MOST_SHOWN]
    if len(lines) > MOST_SHOWN:
        yield _(_AND_MORE).format(n=len(lines) - MOST_SHOWN)


def _form(action: Action, _: Say) -> str | None:
    """The sentence of a shipped tool, or None when there is none that fits its arguments."""
    here = [a.name for a in action.arguments if a.kind is Kind.PATH and a.value == action.folder]
    given = {a.name: a for a in action.arguments if a.value not in (None, "", []) and a.name not in here}
    for template in TOOLS.get(action.tool, ()):
        names = [name for _text, name, _spec, _how in string.Formatter().parse(template) if name]
        if all(name in given for name in names):
            values = {name: _value(action, given[name].value, given[name].kind, _) for name in names}
            return _(template).format_map(values)
    return None


def _value(action: Action, value: object, kind: Kind, _: Say) -> str:
    """A value in a sentence: one line, paths as seen from the folder, each of several paths in quotes."""
    many = kind is Kind.GLOB or (kind is Kind.PATH and isinstance(value, list))
    shown = [relative(str(v), action.folder) if kind in (Kind.PATH, Kind.GLOB) else str(v) for v in as_list(value)]
    words = [one_line(f"`{v}`" if many else v, _EACH) for v in shown[:_LISTED]]
    if len(shown) > _LISTED:
        words.append(_(MORE).format(n=len(shown) - _LISTED))
    return ", ".join(words)


def _general(action: Action, _: Say) -> str:
    what = one_line(about(action) or relative(action.folder, action.folder), _EACH)
    tool = one_line(action.tool, 60)
    if action.resource.type == "service" and action.resource.id.startswith("mcp:"):
        server = one_line(action.resource.id.removeprefix("mcp:"), 60)
        own = one_line(action.tool.partition("__")[2] or action.tool, 60)
        template = SERVER.get(action.effect, SERVER_USE)
        return _(template).format(tool=own, server=server, about=_for_server(action, _)).rstrip(" :：")
    count = action.facts.get("count", 0)
    model = one_line(action.resource.id, 120)
    return _(EFFECTS[action.effect]).format(tool=tool, about=what, model=model, count=count)


def _for_server(action: Action, _: Say) -> str:
    """What a server's tool is given: where it goes and what it acts on, or else the first of what it carries."""
    given = [a for a in action.arguments if a.role is not Role.SECRET and a.value not in (None, "", [])]
    meant = [a for a in given if a.role in (Role.DEST, Role.TARGET)] or given[:1]
    return ", ".join(_value(action, a.value, Kind.VALUE, _) for a in meant[:_LISTED])


def _suffix(action: Action, _: Say) -> str:
    if action.effect is Effect.EXECUTE and (hosts := action.facts.get("hosts")):
        return _(REACHING).format(hosts=one_line(", ".join(map(str, hosts)), _EACH))
    if action.effect in (Effect.WRITE, Effect.DELETE) and action.facts.get("staged"):
        replacing = _(REPLACING) if action.argument("overwrite") is True else ""
        return replacing + _(STAGED)
    return ""
