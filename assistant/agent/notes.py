"""Takes in what a task's folder says of itself: finds, asks policy, reads, and puts it into the log."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from assistant.canonical import dumps
from assistant.gateway.folder_notes import as_message, find_notes, note_action, read_notes
from assistant.types import JSON, Decision, Message, Task

if TYPE_CHECKING:
    from assistant.audit.log import Log
    from assistant.gateway.door import Gateway


async def read_folder_notes(task: Task, gateway: Gateway, log: Log) -> Message | None:
    """The notes as one labelled message, recorded; None when there are none that may be read. Nobody is asked for them.

    Raises LogError.
    """
    found = await asyncio.to_thread(find_notes, task.folder)
    if not found:
        return None
    may = [p for p in found if gateway.judge(note_action(task.folder, p)).decision is Decision.ALLOW]
    notes = await asyncio.to_thread(read_notes, task.folder, may)
    if not notes:
        return None
    message = as_message(notes)
    body: dict[str, JSON] = {
        "files": [{"path": n.path, "sha256": n.sha256, "cut": n.cut} for n in notes],
        "not_allowed": [p for p in found if p not in may],
    }
    await log.write("context.read", task.id, body, blobs={"message": dumps(message)})
    return message
