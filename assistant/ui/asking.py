"""Questions as plain lines: the same rows as on the card, answered by a word and Enter. Knows no Textual."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from assistant.canonical import digest
from assistant.gateway.approver import ApprovalRequest, ElicitAnswer, ElicitRequest
from assistant.gateway.editing import Edited
from assistant.types import JSON, Answer, Approval, Channel
from assistant.ui.decision import (
    EDIT,
    KEYS,
    LATER,
    Question,
    answer_names,
    card_rows,
    fields_of,
    keys_of,
    scopes_in_words,
)
from assistant.ui.forms import Field, of_action, read
from assistant.ui.language import _
from assistant.visible import one_line

CLEAR = "-"
"""Typed alone in a field: nothing is to stand there."""


class Terminal(Protocol):
    """Where lines are printed and typed."""

    def say(self, text: str) -> None:
        """Print whole lines."""
        ...

    async def read(self, prompt: str) -> str | None:
        """The next line, or None at the end of input."""
        ...

    def forget(self) -> None:
        """Drop what was typed before the question stood."""
        ...


async def ask(terminal: Terminal, request: ApprovalRequest) -> Approval | Edited:
    """The answer to one Action. The end of input is a no, an empty line is no answer."""
    _show(terminal, request, _("decision needed"))
    scopes = scopes_in_words(request)
    for answer, (key, name) in answer_names().items():
        if answer in request.answers:
            terminal.say(f"  {key}: {name}" + (f": {scopes[answer]}" if answer in scopes else ""))
    terminal.say(f"  n: {_('no')}; w {_('and your reason')}: {_('no, and say why')}")
    if request.editable:
        terminal.say(f"  {EDIT}: {_('change it')}")
    terminal.forget()
    while (line := await terminal.read(_("your answer"))) is not None:
        key, _space, reason = line.strip().partition(" ")
        if len(key) != 1 or key not in keys_of(request):
            continue
        if key == EDIT:
            values = await _fill(terminal, of_action(request.action, request.editable))
            if values is not None:
                return Edited(values, Channel.TERMINAL)
            continue
        return Approval(digest(request.action), KEYS[key], Channel.TERMINAL, reason if key in "nw" else "")
    return Approval(digest(request.action), Answer.NO, Channel.TERMINAL)


async def elicit(terminal: Terminal, request: ElicitRequest) -> ElicitAnswer:
    """The answer to a server's question. The end of input closes it without choosing."""
    _show(terminal, request, _("a server asks"))
    fields = fields_of(request)
    yes = _("fill in") if fields else _("I opened it, go on") if request.url else _("yes")
    terminal.say(f"  {EDIT if fields else 'y'}: {yes}; n: {_('decline')}; {LATER}: {_('close without an answer')}")
    terminal.forget()
    while (line := await terminal.read(_("your answer"))) is not None:
        key = line.strip()
        if len(key) != 1 or key not in keys_of(request):
            continue
        if key == EDIT:
            values = await _fill(terminal, fields)
            if values is not None:
                return ElicitAnswer("accept", values)
        elif key in "yn" or key == LATER:
            return ElicitAnswer({"y": "accept", "n": "decline"}.get(key, "cancel"))
    return ElicitAnswer("cancel")


def _show(terminal: Terminal, request: Question, title: str) -> None:
    terminal.say("")
    terminal.say(title)
    for row in card_rows(request, compact=True):
        terminal.say("".join(text for text, _style in row))


async def _fill(terminal: Terminal, fields: Sequence[Field]) -> dict[str, JSON] | None:
    """Field by field; None at the end of input. An empty line keeps what stands there."""
    terminal.say(_("Enter keeps what stands there; {clear} alone empties it").format(clear=CLEAR))
    values: dict[str, JSON] = {}
    for field in fields:
        while True:
            if (line := await terminal.read(_prompt(field))) is None:
                return None
            try:
                value = field.value if not line else read(field, "" if line == CLEAR else line)
            except ValueError as error:
                terminal.say(f"  {error}")
                continue
            if value is None and field.required:
                terminal.say("  " + _("this is needed"))
                continue
            break
        if value is not None:
            values[field.name] = value
    return values


def _prompt(field: Field) -> str:
    choices = ", ".join(f"{n} {words}" for n, (_value, words) in enumerate(field.choices, 1))
    held = one_line(field.shown, 200)
    parts = [
        one_line(field.title, 120) + (" *" if field.required else ""),
        one_line(field.hint, 200),
        one_line(choices, 600),
    ]
    return " · ".join(part for part in parts if part) + (f" [{held}]" if held else "")
