"""Doing what `fit.py` decided: the older part of a conversation is summarised by the model itself, or without one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from assistant.errors import ModelError
from assistant.models.fit import compacted, plain_summary, summary_request
from assistant.models.protocol import Model
from assistant.types import Data, Finished, Message, TextDelta, Usage

DEADLINE_S = 90.0
"""A summary is not worth waiting longer for: the plain one takes its place."""

MAX_CHARACTERS = 12_000
"""A summary that is longer than this is none."""


class Compaction(Data, frozen=True):
    """The shortened conversation, and how it came about. `usage` is to be counted as any call's; `problem` says why the
    summary was made without a model, or is empty."""

    messages: tuple[Message, ...]
    summary: str
    usage: Usage | None = None
    problem: str = ""


async def compact(
    model: Model, messages: Sequence[Message], cut: int, pinned: Sequence[str] = (), *, deadline_s: float = DEADLINE_S
) -> Compaction:
    """Replace `messages[:cut]` by a summary. Never fails: without the model's, the plain one is taken.

    `messages` without the system message; `cut` from `fit.cut_point`; `pinned` are grants, boundaries, open questions and
    staged changes, a line each. Whether the model may see the messages is for the caller to have judged. What the model
    writes is untrusted text like any other, and cannot change a label, a grant or a boundary.
    """
    usage, problem, words = None, "", list[str]()
    try:
        async with asyncio.timeout(deadline_s):
            async for event in model.stream(summary_request(messages, cut)):
                if isinstance(event, TextDelta):
                    words.append(event.text)
                elif isinstance(event, Finished):
                    usage = event.usage
    except ModelError as error:
        problem = error.message
    except TimeoutError:
        problem = f"the summary took longer than {deadline_s:.0f} s"
    summary = "".join(words).strip()
    if not problem and not 0 < len(summary) <= MAX_CHARACTERS:
        problem = "the model gave no usable summary"
    if problem:
        summary = plain_summary(messages, cut)
    return Compaction(compacted(messages, cut, summary, pinned), summary, usage, problem)
