"""Writes the entries of one step together: all of them are durable when it returns, or none is."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from assistant.types import JSON

if TYPE_CHECKING:
    from assistant.audit.entry import Entry
    from assistant.audit.log import Log

Record: TypeAlias = tuple[str, Mapping[str, JSON], Mapping[str, bytes]]
"""Kind, body, blobs."""


async def record(log: Log, task: str, records: Sequence[Record]) -> list[Entry]:
    """Append `records` for `task` under one checkpoint. Raises LogError: then nothing that depends on them may happen.

    Shielded: once begun, it is finished also when the caller is cancelled, so that no entry's fate is unknown.
    """
    from assistant.audit.log import Draft

    drafts = [Draft(kind, task, body, blobs) for kind, body, blobs in records]
    return await asyncio.shield(asyncio.to_thread(log.append_many, drafts))
