"""Where a plan stands: it is run from its beginning over the calls that were already made.

So the model needs no memory of its own: the conversation is all there is, and a task resumed from the log goes on where
it stopped.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from assistant.models.offline.plans.steps import Call, Steps, Stuck
from assistant.types import Data, ToolResult


class Done(Data, frozen=True):
    """A call of this turn with its result."""

    tool: str
    arguments: str
    result: ToolResult


class Ask(Data, frozen=True):
    """The plan goes on with these calls."""

    calls: tuple[Call, ...]


class Answer(Data, frozen=True):
    """The plan is finished."""

    text: str


def advance(plan: Steps[str], done: Sequence[Done]) -> Ask | Answer:
    """The next calls of a plan, or its answer, given the calls made so far.

    A call that the plan wants and that was made already is not made again; calls that it does not know (another model
    may have begun the turn) are passed over.
    """
    left = [(d.tool, _read(d.arguments), d.result) for d in done]
    results: tuple[ToolResult, ...] | None = None
    while True:
        try:
            wanted = next(plan) if results is None else plan.send(results)
        except StopIteration as stop:
            return Answer(str(stop.value))
        except Stuck as stuck:
            return Answer(stuck.words)
        found: list[ToolResult] = []
        open_calls: list[Call] = []
        for call in wanted:
            at = next((i for i, (t, a, _) in enumerate(left) if t == call.tool and a == dict(call.args)), None)
            if at is None:
                open_calls.append(call)
            else:
                found.append(left.pop(at)[2])
        if open_calls:
            return Ask(tuple(open_calls))
        results = tuple(found)


def _read(arguments: str) -> object:
    try:
        return msgspec.json.decode(arguments)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None
