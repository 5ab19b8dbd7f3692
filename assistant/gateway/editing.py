"""The person changes a call before it runs: the change makes another Action, judged and recorded like any other.

What the person typed is theirs; what they left as it was stays whose it was. So policy is told only the words that are new.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

import msgspec

from assistant.types import JSON, Action, Channel, Data, Role, as_list
from assistant.visible import one_line

if TYPE_CHECKING:
    from assistant.gateway.validate import Validator
    from assistant.types import ToolSpec

NOTE_CHARACTERS = 2_000
"""Of the new arguments that the model is told."""
_WORDS = re.compile(r"\S+")


class Edited(Data, frozen=True):
    """A person's answer that is neither yes nor no: these are the arguments that they want instead.

    `arguments` holds every argument of the Action that was shown, by name. It is no consent: the new Action is judged, and
    asked about when policy says so.
    """

    arguments: Mapping[str, JSON]
    channel: Channel


def editable(action: Action) -> tuple[str, ...]:
    """The arguments that a person may change on the card. A secret is not shown, so it can't be changed either."""
    return tuple(a.name for a in action.arguments if a.role is not Role.SECRET)


def edited_arguments(validator: Validator, spec: ToolSpec, action: Action, edited: Edited) -> dict[str, JSON]:
    """The whole arguments after the change. Raises InvalidCallError for what does not fit the tool."""
    kept = {a.name: a.value for a in action.arguments}
    changed = {name: value for name, value in edited.arguments.items() if name in editable(action)}
    return validator.check(spec, msgspec.json.encode(kept | changed).decode())


def new_words(before: Action, after: Action) -> str:
    """What the person typed: the words of the changed arguments that the same argument did not have before."""
    typed: list[str] = []
    for argument in after.arguments:
        old, new = _text(before.argument(argument.name)), _text(argument.value)
        if old != new:
            had = set(_WORDS.findall(old))
            typed += [word for word in _WORDS.findall(new) if word not in had]
    return " ".join(typed)


def note(before: Action, after: Action) -> str:
    """What the model is told in front of the result, on one line."""
    changed = {a.name: a.value for a in after.arguments if a.value != before.argument(a.name)}
    shown = msgspec.json.encode(changed).decode("utf-8", "replace")
    return f"[the person changed this call before it ran: {one_line(shown, NOTE_CHARACTERS)}]\n"


def _text(value: JSON) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "\n".join(_text(item) for item in as_list(value))
    if isinstance(value, dict):
        return "\n".join(_text(item) for item in cast("dict[str, JSON]", value).values())
    return "" if value is None else str(value)
