"""What a conversation says: the person's request, what was done for it so far, and what went before."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

import msgspec

from assistant.models.offline.grammar.reference import Memory
from assistant.models.offline.replay import Done
from assistant.types import CallPart, Data, Message, ResultPart, ToolCall, ToolResult

LOOK_BACK = 8
"""Earlier requests that are looked at for what `it` means."""


class Turn(Data, frozen=True):
    """One request of the person, the calls made for it and the words said about it."""

    request: str
    done: tuple[Done, ...] = ()
    said: str = ""


def turns(messages: Sequence[Message]) -> list[Turn]:
    """The turns of a conversation, the current one last. A call without a result counts as stopped."""
    found: list[Turn] = []
    request: str | None = None
    calls: list[ToolCall] = []
    results: dict[str, ToolResult] = {}
    words: list[str] = []

    def close() -> None:
        if request is not None:
            done = (
                Done(c.name, c.arguments, results.get(c.id) or ToolResult(c.id, False, "", "stopped")) for c in calls
            )
            found.append(Turn(request, tuple(done), "\n".join(words)))

    for message in messages:
        if message.role == "user":
            close()
            request, calls, results, words = message.text, [], {}, []
        elif message.role == "assistant":
            if message.text:
                words.append(message.text)
            calls += [p.call for p in message.parts if isinstance(p, CallPart)]
        for part in message.parts:
            if isinstance(part, ResultPart):
                results[part.result.call_id] = part.result
    close()
    return found


def memory(earlier: Sequence[Turn], today: date) -> Memory:
    """What the earlier turns mean for the next request.

    What the person named comes first; a file that only an answer of ours named can be looked at and not changed.
    """
    from assistant.models.offline.grammar.understand import remembered, understand
    from assistant.models.offline.wish import Intent

    known = Memory(today)
    for turn in earlier[-LOOK_BACK:]:
        for wish in understand(turn.request, known).wishes:
            known = remembered(known, wish)
        shown = re.search(r"(?<!`)`([^`\n]{1,200})`(?!`)", turn.said)
        known = msgspec.structs.replace(
            known,
            shown=(shown[1] if shown else "") if turn.done else known.shown,
            answer=turn.said,
            asked="",
            pending="",
        )
        last = understand(turn.request, known).wishes[-1]
        if last.missing and not turn.done:
            known = msgspec.structs.replace(known, asked=last.missing, pending=turn.request)
        if turn.done and last.intent in {Intent.LIST, Intent.FIND} and shown:
            # The person asked for a list: `it` is now what the list begins with, not what was named before.
            known = msgspec.structs.replace(known, file="" if not last.paths else known.file)
    return known
