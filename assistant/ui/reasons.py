"""The reasons of a verdict in the person's language. Those of the shipped policies and warning signs stand in the catalogues;
what a person wrote into a policy of their own stays as it is."""

from __future__ import annotations

from assistant.ui.language import _
from assistant.visible import one_line


def grounds(reason: str) -> list[str]:
    """Each ground on a line of its own, made visible."""
    return [one_line(_(ground), 1_000) for line in reason.split("\n") for ground in line.split("; ") if ground]
