"""Tools that are answered by the house itself: no program of theirs runs, but they pass the door like any other.

A manifest names one by its protocol, and what is asked of it by its `program`. Such a tool has a fixed effect and a fixed
resource, so that no manifest can call a write a read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from assistant.gateway.output import Reading
from assistant.types import Action, Data, Effect, Label, Resource

if TYPE_CHECKING:
    from assistant.policy.provenance import Provenance

VERBS: Mapping[str, Mapping[str, Effect]] = {
    "memory": {"remember": Effect.ACT, "recall": Effect.READ},
    "delegate": {"start": Effect.DELEGATE},
}
"""By protocol: what may be asked, and the effect it has."""

RESOURCES: Mapping[str, Resource] = {
    "memory": Resource("service", "memory"),
    "delegate": Resource("task", "child"),
}


class Served(Data, frozen=True):
    """What the house answers: `reading` as of any tool, `label` of its text, `source` for the person."""

    reading: Reading
    label: Label
    source: str


class House(Protocol):
    """Answers the calls of one protocol."""

    async def serve(self, verb: str, call_id: str, action: Action, task: str, seen: Provenance) -> Served:
        """Do what a judged action says. `seen` is all that the conversation has said and read.

        Raises ToolError for what can't be done, LogError. Cancelling ends what it has started, then travels on.
        """
        ...
