"""What a person is shown of a question, as rows of words: the card on the screen and the plain lines both draw these.

A row is a list of `(text, style)`; every text is already visible (no control characters), on one line.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from assistant.gateway.approver import ApprovalRequest
from assistant.types import Action, Answer, Origin, Trace
from assistant.ui.language import _
from assistant.visible import one_line, visible

Row: TypeAlias = list[tuple[str, str]]

KEYS = {"y": Answer.ONCE, "t": Answer.TASK, "a": Answer.ALWAYS, "n": Answer.NO, "w": Answer.NO}
"""The keys of the answers. `w` asks for the reason of a no."""


def card_rows(request: ApprovalRequest, *, compact: bool = False) -> list[Row]:
    """Everything a person needs to decide, the Action itself in full. `compact` leaves out empty rows."""
    gap: list[Row] = [] if compact else [[]]
    rows: list[Row] = [[(text, "bold")] for text in visible(request.sentence).split("\n")]
    rows += [*gap, *action_rows(request.action)]
    rows += [*gap, [(_("Why you are asked"), "bold $secondary")]]
    rows += [[("  ", ""), (text, "")] for text in visible(request.verdict.reason).split("\n") if text]
    rows += [[("  ", ""), *trace_row(trace)] for trace in request.verdict.traces]
    if request.verdict.policies:
        rows.append([("  ", ""), (one_line(_("policies: ") + ", ".join(request.verdict.policies), 1_000), "$quiet")])
    if request.would_change:
        rows += [*gap, [(_("What would change"), "bold $secondary")]]
        rows += [[("  ", ""), (one_line(change, 1_000), "")] for change in request.would_change]
    return rows


def action_rows(action: Action) -> list[Row]:
    """The Action, every byte of it: what is judged is what is shown is what is run."""
    rows: list[Row] = [
        [
            (visible(f"{action.tool} · {action.effect} · {action.resource.type}"), "bold $secondary"),
            ("  ", ""),
            *_value(action.resource.id),
        ]
    ]
    for argument in action.arguments:
        text = argument.value if isinstance(argument.value, str) else _json(argument.value)
        first, *rest = visible(text).split("\n")
        rows.append([("  ", ""), (visible(f"{argument.name} ({argument.role})"), "$quiet"), ("  ", ""), (first, "")])
        rows += [[("  │ ", "$quiet"), (line, "")] for line in rest]
    rows.append([("  ", ""), (_("in "), "$quiet"), *_value(action.folder, "$quiet")])
    if action.facts:
        rows.append([("  ", ""), *_value(_json(action.facts), "$quiet")])
    return rows


def trace_row(trace: Trace) -> Row:
    """Where a value comes from, in words."""
    words = {
        Origin.PROMPT: _("from your own words"),
        Origin.TRUSTED: _("from trusted data"),
        Origin.GRANT: _("granted by you"),
        Origin.FIELD: _("from a field of untrusted data"),
        Origin.UNTRUSTED: _("from untrusted text, not from you"),
        Origin.UNKNOWN: _("from nowhere that is known"),
    }
    style = "$success" if trace.origin in (Origin.PROMPT, Origin.TRUSTED, Origin.GRANT) else "$warning"
    told = trace.note or ", ".join(trace.label.sources)
    note = f" ({one_line(told, 300)})" if told else ""
    return [(one_line(trace.argument), ""), (": ", ""), (words.get(trace.origin, str(trace.origin)), style), (note, "")]


def answer_names() -> dict[Answer, tuple[str, str]]:
    """Key and name of each answer that is a yes."""
    return {
        Answer.ONCE: ("y", _("yes, once")),
        Answer.TASK: ("t", _("for this task")),
        Answer.ALWAYS: ("a", _("always")),
    }


def _value(text: str, style: str = "") -> Row:
    return [(visible(text).replace("\n", "⏎"), style)]


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode("utf-8", "replace")
