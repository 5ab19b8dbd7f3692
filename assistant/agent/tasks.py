"""The tasks of the log, open or not: found by how their id begins, opened, renamed, put away."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from assistant.errors import UsageError
from assistant.types import JSON, Task, plain
from assistant.visible import one_line

if TYPE_CHECKING:
    from assistant.audit.log import Log
    from assistant.audit.task_view import TaskState
    from assistant.audit.views import Views

MOST_TITLE = 120
"""Characters of a title. Chosen: more than a line of a wide screen shows."""


class Tasks:
    """Finds tasks, and writes what becomes of them as a whole. What is open is told by its own session instead."""

    def __init__(self, log: Log, views: Views) -> None:
        self._log = log
        self._views = views

    def find(self, beginning: str) -> TaskState:
        """The one task whose id begins so; an empty beginning means the latest that is no replay. Blocking.

        Raises UsageError when no task begins so, when several do, and when what the task needs to go on was erased.
        """
        found = self._views.find_task(beginning) if beginning else [i for i in (self._views.latest_task(),) if i]
        if beginning and len(found) > 1 and beginning not in found:
            raise UsageError(f"several tasks begin with `{one_line(beginning, 40)}`", hint=", ".join(found[:5]))
        state = self._views.task_state(beginning if beginning in found else found[0]) if found else None
        if state is not None and not state.task.folder:
            raise UsageError(
                f"task {state.task.id} can't go on: its contents were erased from the log", hint="begin a new task"
            )
        if state is None:
            what = f"no task begins with `{one_line(beginning, 40)}`" if beginning else "there is no task yet"
            raise UsageError(what, hint="see `assistant tasks`")
        return state

    async def record_opening(self, task: Task) -> None:
        """The first entry of a task. Raises LogError."""
        body: dict[str, JSON] = {
            "folder": task.folder,
            "model": task.model,
            "kit": task.kit,
            "tools": list(task.tools),
            "autonomy": str(task.autonomy),
            "budgets": plain(task.budgets),
            "parent": task.parent,
        }
        if task.branched_at:
            body["branched_at"] = task.branched_at
        if task.purpose:
            body["purpose"] = task.purpose
        if task.title:
            body["title"] = task.title
        await self._log.write("task.opened", task.id, body)

    async def record_change(
        self, task: str, what: str, old: JSON, new: JSON, *, blobs: Mapping[str, bytes] | None = None
    ) -> None:
        """That one of a task's settings is another now. Raises LogError."""
        await self._log.write("task.changed", task, {"what": what, "old": old, "new": new}, blobs=blobs)

    async def rename(self, task: str, title: str) -> None:
        """Give a task that is not open a title. Raises LogError."""
        old = await asyncio.to_thread(self._views.task, task)
        await self.record_change(task, "title", old.title if old else "", as_title(title))

    async def archive(self, task: str, archived: bool) -> None:
        """Put a task that is not open away, so that lists leave it out, or take it back. Raises LogError."""
        await self.record_change(task, "archived", not archived, archived)


def as_title(text: str) -> str:
    """What a person typed, as the title of a task: one line of at most MOST_TITLE characters."""
    return one_line(text.strip(), MOST_TITLE)
