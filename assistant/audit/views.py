"""What people see of the log: tasks, timeline rows, totals. Each is computed from entries and can be computed anew."""

from __future__ import annotations

from assistant.types import Data, Task


class TaskSummary(Data, frozen=True):
    """One row of the task list."""

    task: Task
    turns: int = 0
    updated_ms: int = 0
    waiting: int = 0
    """Staged changes."""
    cost_uusd: int = 0
    interrupted: bool = False
    """The last turn has no end in the log: the program died in it."""


class LogRow(Data, frozen=True):
    """One row of the log view. `detail` is the entry's body with blobs left out, as indented JSON, safe to show."""

    seq: int
    time_ms: int
    kind: str
    task: str
    summary: str
    detail: str = ""
