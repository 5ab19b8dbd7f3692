"""What policy is told of a result: its text, its labelled leaves, and by which values it was asked for."""

from __future__ import annotations

import os

from assistant.policy.provenance import Field, Observation
from assistant.types import Action, Kind, Label, Role, as_list


def observation_of(action: Action, text: str, label: Label, fields: tuple[Field, ...]) -> Observation:
    """The Observation of the result that `action` gave. The live loop and a resumed task both make it here."""
    source = f"{action.tool}:{action.resource.id}"
    return Observation(source, action.tool, text, label, fields, asked_for(action))


def asked_for(action: Action) -> tuple[str, ...]:
    """The values that chose this source: paths as a person writes them, addresses, queries. Payloads and flags chose nothing."""
    found: list[str] = []
    for argument in action.arguments:
        if argument.role in (Role.PAYLOAD, Role.SECRET) or argument.kind in (Kind.FLAG, Kind.NUMBER, Kind.COMMAND):
            continue
        for value in as_list(argument.value):
            if not isinstance(value, str) or not value:
                continue
            if argument.kind in (Kind.PATH, Kind.GLOB) and value.startswith("/"):
                relative = os.path.relpath(value, action.folder)
                found += [relative, os.path.basename(value)]  # noqa: PTH119  # str paths keep odd bytes
            else:
                found.append(value)
    return tuple(dict.fromkeys(f for f in found if f not in ("", ".")))
