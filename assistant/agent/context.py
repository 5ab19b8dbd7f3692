"""What a model is sent: a fixed beginning, then the conversation, only ever longer.

The beginning holds nothing that changes from call to call (no clock, no counts), so that a provider's prompt cache hits.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from assistant.shipped import shipped
from assistant.types import Confidentiality, Integrity, Label, Message, ModelRequest, TextPart, ToolSpec


@cache
def _system_text() -> str:
    return (shipped("data") / "prompts" / "system.md").read_text(encoding="utf-8").strip()


def system_message(folder: str) -> Message:
    """The first message of every request of a task."""
    label = Label(Integrity.TRUSTED, Confidentiality.PRIVATE)
    return Message("system", (TextPart(f"{_system_text()}\nFolder: {folder}"),), label)


def beginning(folder: str, preface: Message | None = None) -> tuple[Message, ...]:
    """What stands before the conversation in every request; `preface` is what the folder says of itself, as data."""
    return (system_message(folder),) if preface is None else (system_message(folder), preface)


def request_for(
    folder: str, history: Sequence[Message], tools: Sequence[ToolSpec], preface: Message | None = None
) -> ModelRequest:
    """One call of the model over the whole conversation."""
    return ModelRequest((*beginning(folder, preface), *history), tuple(tools))
