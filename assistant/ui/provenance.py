"""Where the values of an action come from, in words: "`url` comes from the page example.com, not from you". Knows no Textual."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assistant.gateway.describe import relative
from assistant.types import Action, Kind, Origin, Role, Trace
from assistant.ui.language import _
from assistant.visible import one_line

Row = list[tuple[str, str]]

_GOOD = (Origin.PROMPT, Origin.TRUSTED, Origin.GRANT)


def rows(action: Action, traces: Sequence[Trace]) -> Iterator[Row]:
    """A line for each value whose origin says something. Options that the model set by itself are its to choose, and an empty
    value comes from nowhere."""
    arguments = {a.name: a for a in action.arguments}
    for trace in traces:
        argument = arguments.get(trace.argument)
        if argument is not None:
            if argument.value in (None, "", []) or argument.kind is Kind.FLAG:
                continue
            if argument.role is Role.PARAM and trace.origin is Origin.UNKNOWN:
                continue
        yield row(trace, action.folder)


def row(trace: Trace, folder: str = "") -> Row:
    """Where one value comes from."""
    source = ", ".join(one_line(place(s, folder), 120) for s in trace.label.sources[:3])
    words = {
        Origin.PROMPT: _("stands in your own words"),
        Origin.TRUSTED: _("comes from {source}, which you trust"),
        Origin.GRANT: _("is covered by a permission that you gave"),
        Origin.FIELD: _("comes from a field of {source}, not from you"),
        Origin.UNTRUSTED: _("comes from {source}, not from you"),
        Origin.UNKNOWN: _("was chosen by the model, and stands nowhere else"),
    }
    told = words[trace.origin].format(source=source or _("data that was read"))
    style = "$success" if trace.origin in _GOOD else "$warning"
    return [(f"`{one_line(trace.argument, 60)}`", ""), (" ", ""), (one_line(told, 600), style)]


def place(source: str, folder: str = "") -> str:
    """A source of a label, `tool:what`, as a person would name it."""
    tool, colon, what = source.partition(":")
    if not colon or what.startswith("//"):
        return source
    what = relative(what, folder) if folder else what
    if tool == "web_fetch":
        return _("the page {name}").format(name=what)
    if tool == "web_search":
        return _("what a web search found")
    if tool in ("read_file", "read_document", "query_data"):
        return _("the file {name}").format(name=what)
    if tool in ("run_command", "run_python", "start_process", "talk_to_process"):
        return _("what `{name}` printed").format(name=what)
    if tool == "read_clipboard":
        return _("your clipboard")
    if what.startswith("mcp:"):
        return _("the server {name}").format(name=what.removeprefix("mcp:"))
    return _("what {tool} gave for {name}").format(tool=tool, name=what)
