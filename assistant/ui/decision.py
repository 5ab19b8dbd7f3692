"""What a person is shown of a question, as rows of words: the card on the screen and the plain lines both draw these.

A row is a list of `(text, style)`; every text is already visible (no control characters), on one line.
"""

from __future__ import annotations

from typing import TypeAlias, cast

import msgspec

from assistant.gateway.approver import ApprovalRequest, ElicitRequest
from assistant.gateway.consent import grants_words
from assistant.gateway.sentences import sentence, would_change
from assistant.types import JSON, Action, Answer, as_list
from assistant.ui import facts, provenance
from assistant.ui.forms import Field, of_schema
from assistant.ui.language import _
from assistant.ui.reasons import grounds
from assistant.visible import one_line, visible

Row: TypeAlias = list[tuple[str, str]]
Question: TypeAlias = ApprovalRequest | ElicitRequest
"""What may wait for a person: an Action that policy asks about, or a question of an MCP server."""

KEYS = {"y": Answer.ONCE, "t": Answer.TASK, "a": Answer.ALWAYS, "n": Answer.NO, "w": Answer.NO}
"""The keys of the answers. `w` asks for the reason of a no."""
EDIT = "e"
"""Opens a form: to change the call, or to fill in what a server asks for. It answers nothing."""
COPY = "c"
"""Copies the address of a server's question."""
LATER = "x"
"""Closes a server's question without choosing."""


def keys_of(request: Question) -> str:
    """The keys that mean something on the card of `request`; any other is typing."""
    if isinstance(request, ElicitRequest):
        return ("e" if fields_of(request) else "y") + "nx" + ("c" if request.url else "")
    answers = "".join(key for key, answer in KEYS.items() if answer == Answer.NO or answer in request.answers)
    return answers + (EDIT if request.editable else "")


def card_rows(request: Question, *, compact: bool = False) -> list[Row]:
    """Everything a person needs to decide, the Action itself in full. `compact` leaves out empty rows."""
    gap: list[Row] = [] if compact else [[]]
    if isinstance(request, ElicitRequest):
        return _server_rows(request, gap)
    rows: list[Row] = [[(sentence(request.action, _), "bold")]]
    rows += [*gap, *action_rows(request.action)]
    rows += [*gap, [(_("Why you are asked"), "bold $secondary")]]
    rows += [[("  ", ""), (text, "")] for text in grounds(request.verdict.reason)]
    rows += [[("  ", ""), *row] for row in provenance.rows(request.action, request.verdict.traces)]
    if request.verdict.policies:
        rows.append([("  ", ""), (one_line(_("policies: ") + ", ".join(request.verdict.policies), 1_000), "$quiet")])
    if changes := would_change(request.action, _):
        rows += [*gap, [(_("What would change"), "bold $secondary")]]
        rows += [[("  ", ""), (one_line(change, 1_000), "")] for change in changes]
    return rows


def headline(request: Question) -> str:
    """A question on one line, for the list of those that wait."""
    if isinstance(request, ElicitRequest):
        return _("server `{name}` asks: {words}").format(
            name=one_line(request.server, 40), words=one_line(request.message, 200)
        )
    return one_line(sentence(request.action, _), 240)


def fields_of(request: ElicitRequest) -> tuple[Field, ...]:
    """What a server wants to be filled in."""
    return of_schema(request.schema) if request.kind == "form" else ()


def _server_rows(request: ElicitRequest, gap: list[Row]) -> list[Row]:
    name = one_line(request.server, 60)
    rows: list[Row] = [[(_("The server `{name}` asks you").format(name=name), "bold")]]
    rows += [[("  │ ", "$quiet"), (text, "")] for text in visible(request.message).split("\n")]
    if request.url:
        words = _("Address to open, as the server gave it") if request.kind == "url" else _("Address to sign in at")
        rows += [*gap, [(words, "bold $secondary")], [("  ", ""), *_value(request.url)]]
        rows.append([("  ", ""), (_("it is not opened from here: copy it, and look at its host first"), "$quiet")])
    for field in fields_of(request):
        needed = " *" if field.required else ""
        rows.append([("  ", ""), (one_line(f"{field.title}{needed}", 120), "bold"), (f"  {_kind(field)}", "$quiet")])
        if field.hint:
            rows.append([("    ", ""), (one_line(field.hint, 300), "$quiet")])
    told = _("what you fill in goes to this server; the log keeps the question and not the answer")
    return [*rows, *gap, [(told, "$quiet")]]


def _kind(field: Field) -> str:
    names = {
        "text": _("text"),
        "integer": _("whole number"),
        "number": _("number"),
        "bool": _("yes or no"),
        "choice": _("one of {n}").format(n=len(field.choices)),
        "choices": _("some of {n}").format(n=len(field.choices)),
    }
    return names.get(field.kind, "JSON")


def action_rows(action: Action) -> list[Row]:
    """The Action, every byte of it: what is judged is what is shown is what is run."""
    what = " · ".join((action.tool, facts.effect_word(action.effect), facts.resource_word(action.resource.type)))
    rows: list[Row] = [[(visible(what), "bold $secondary"), ("  ", ""), *_value(action.resource.id)]]
    for argument in action.arguments:
        first, *rest = _lines(argument.value)
        name = f"{argument.name} ({facts.role_word(argument.role)})"
        rows.append([("  ", ""), (visible(name), "$quiet"), ("  ", ""), (first, "")])
        rows += [[("  │ ", "$quiet"), (line, "")] for line in rest]
    rows.append([("  ", ""), (_("in "), "$quiet"), *_value(action.folder, "$quiet")])
    rows += [[("  ", ""), (one_line(words, 1_000), style)] for words, style in facts.in_words(action)]
    return rows


def scopes_in_words(request: ApprovalRequest) -> dict[Answer, str]:
    """What the answers that last would allow, spelled out."""
    return {answer: grants_words(grants, _, request.action.folder) for answer, grants in request.scopes}


def answer_names() -> dict[Answer, tuple[str, str]]:
    """Key and name of each answer that is a yes."""
    return {
        Answer.ONCE: ("y", _("yes, once")),
        Answer.TASK: ("t", _("for this task")),
        Answer.ALWAYS: ("a", _("always, in every task")),
    }


def _value(text: str, style: str = "") -> Row:
    return [(visible(text).replace("\n", "⏎"), style)]


def _lines(value: JSON) -> list[str]:
    """A value in full: a text line by line, each thing of a list and each field of an object on a line of its own. A line that
    goes on with a field's text begins with `│`, so that no text can pass for a field."""
    if isinstance(value, str):
        return visible(value).split("\n")
    if isinstance(value, dict):
        return _fields(cast("dict[str, JSON]", value)) or ["{}"]
    if not isinstance(value, list) or not value:
        return [visible(_json(cast("object", value)))]
    items = as_list(cast("JSON", value))
    if len(items) == 1 and isinstance(items[0], str):
        return [visible(items[0]).replace("\n", "⏎")]
    found = [""]
    for item in items:
        if isinstance(item, dict):
            found += [
                ("· " if n == 0 else "  ") + line for n, line in enumerate(_fields(cast("dict[str, JSON]", item)))
            ]
        else:
            found.append("· " + visible(item if isinstance(item, str) else _json(item)).replace("\n", "⏎"))
    return found


def _fields(value: dict[str, JSON]) -> list[str]:
    found: list[str] = []
    for name, held in value.items():
        first, *rest = visible(held if isinstance(held, str) else _json(held)).split("\n")
        found.append(f"{visible(name)}: {first}".replace("\n", "⏎"))
        found += [f"│ {line}" for line in rest]
    return found


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode("utf-8", "replace")
