"""What people see of the log: tasks, timeline rows, totals. Each is computed from entries and can be computed anew."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from assistant.errors import LogError
from assistant.types import Data, Grant, Message, Task
from assistant.visible import visible

if TYPE_CHECKING:
    from assistant.audit.chain import Chain
    from assistant.audit.entry import Entry
    from assistant.audit.index import TaskFacts
    from assistant.audit.log import Log
    from assistant.audit.page import Filter
    from assistant.audit.task_view import TaskState


STEP_S = 0.05
"""Length of one step of indexing, and of the pause behind it: half a core at most."""

IDLE_S = 2.0
"""Pause when everything is indexed."""

CALL_S = 0.3
"""Most that is spent on looking for a call outside its task."""


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


class Page(Data, frozen=True):
    """A page of the log, newest first. `searched_to` is the oldest entry looked at when time ran out, else 0."""

    rows: tuple[LogRow, ...]
    searched_to: int = 0


class Views:
    """Answers questions about the log. Safe from any thread; everything is as of the moment of asking."""

    def __init__(self, log: Log) -> None:
        from assistant.audit.index import Index

        self.log = log
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        own = log.database.path == log.paths.log_db  # the index of another log would only throw ours away
        self.index = Index(log.database, Path(log.paths.cache) / "log-index.db" if own else None)

    def close(self) -> None:
        """Stop indexing and close the index."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self.index.close()

    def start_indexing(self) -> None:
        """Keep the index up to date in a thread of its own, in small steps: searches then find everything at once."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._keep_indexed, name="log-index", daemon=True)
            self._thread.start()

    def _keep_indexed(self) -> None:
        while True:
            try:
                done = self.index.fill(STEP_S)
            except (LogError, sqlite3.Error):
                done = True  # whoever searches next is told; this thread only tries again
            if self._stop.wait(IDLE_S if done else STEP_S):
                return

    # ---------------------------------------------------------------- tasks

    def tasks(
        self, search: str = "", limit: int = 200, *, archived: bool = False, replays: bool = False
    ) -> list[TaskSummary]:
        """The tasks that were active last, newest first; with `search`, those with an entry or a content that matches.

        Those that the person put away are left out, unless `archived`; replays and comparisons unless `replays`.
        """
        found: list[TaskSummary] = []
        wanted = self._tasks_with(search) if search else None
        for task_id, facts in self.index.tasks(None):
            if wanted is not None and task_id not in wanted and search.lower() not in task_id:
                continue
            task = self._task(task_id, facts) if facts.opened_seq else None
            if task is not None and (archived or not task.archived) and (replays or not task.is_replay):
                found.append(
                    TaskSummary(
                        task,
                        turns=facts.turns + facts.open_turn,
                        updated_ms=facts.updated_ms,
                        cost_uusd=facts.cost_uusd,
                        interrupted=bool(facts.open_turn),
                    )
                )
            if len(found) == limit:
                break
        return found

    def find_task(self, prefix: str = "", *, opened: bool = True) -> list[str]:
        """Ids of the tasks that begin with `prefix`, the one active last first; only those that were `opened` here."""
        return [task_id for task_id, facts in self.index.tasks(None, prefix) if facts.opened_seq or not opened]

    def latest_task(self) -> str:
        """The id of the task that was active last and that a person goes on with: no replay. Empty when there is none."""
        own = (i for i, facts in self.index.tasks(None) if facts.opened_seq)
        return next((i for i in own if (task := self.task(i)) is not None and not task.is_replay), "")

    def task_state(self, task: str) -> TaskState | None:
        """A task as it stands, with what was granted and forbidden, and what it used; None when the log has no such task."""
        from assistant.audit.task_view import state_of

        standing = (e for seq in self.index.standing() if (e := self.log.entry(seq)) is not None)
        return state_of(self.log, self.task_entries(task), standing)

    def task(self, task_id: str) -> Task | None:
        """A task's settings as they stand; None when the log has no such task. Costs a few entries, however long the task."""
        facts = dict(self.index.tasks(None, task_id)).get(task_id)
        return self._task(task_id, facts) if facts is not None and facts.opened_seq else None

    def standing_grants(self) -> tuple[Grant, ...]:
        """Grants that hold for every task, not revoked."""
        from assistant.audit.task_view import standing_of

        standing = (e for seq in self.index.standing() if (e := self.log.entry(seq)) is not None)
        return standing_of(self.log, standing, "")[0]

    def every_grant(self) -> tuple[Grant, ...]:
        """Grants of any task and for all tasks, not revoked."""
        from assistant.audit.task_view import grants_of

        return grants_of(self.log, (e for seq in self.index.standing() if (e := self.log.entry(seq)) is not None))

    def conversation(self, task: str) -> list[Message]:
        """All messages of a task, oldest first; erased ones say so."""
        from assistant.audit.task_view import messages_of

        return list(messages_of(self.log, self.shared_entries(task)))

    def task_entries(self, task: str, after_seq: int = 0) -> Iterator[Entry]:
        """The entries of a task behind number `after_seq`, oldest first."""
        from assistant.audit.page import Filter, find

        for start, end in self._chunks_of(task):
            if end > after_seq + 1:
                found = find(self.log.database, Filter(task=task), after_seq=max(start, after_seq), before_seq=end)
                yield from reversed(list(found))

    def task_entries_back(self, task: str, before_seq: int) -> Iterator[Entry]:
        """The entries of a task before number `before_seq`, newest first."""
        from assistant.audit.page import Filter, find

        for start, end in reversed(self._chunks_of(task)):
            if start + 1 < before_seq:
                yield from find(self.log.database, Filter(task=task), after_seq=start, before_seq=min(end, before_seq))

    def _chunks_of(self, task: str) -> list[tuple[int, int]]:
        """Pairs of numbers, both excluded, ascending, between which entries of the task lie."""
        from assistant.audit.index import CHUNK

        return [(chunk * CHUNK, (chunk + 1) * CHUNK + 1) for chunk in self.index.chunks(task)]

    def call_seq(self, task: str, call: str) -> int:
        """The number of the newest entry of a call of `task`, or else of a task that it started; 0 when there is none."""
        from assistant.audit.page import Deadline, Filter, find

        for entry in self.task_entries_back(task, 2**62):
            if entry.body.get("call") == call:
                return entry.seq
        for entry in find(self.log.database, Filter(text=call), deadline=Deadline(CALL_S)):
            if entry.body.get("call") == call:
                return entry.seq
        return 0

    def shared_entries(self, task: str, before_seq: int | None = None) -> Iterator[Entry]:
        """The entries of a task's conversation, oldest first: of a branch, those that it shares with the task it left come first."""
        own = self.task(task)
        if own is not None and own.branched_at and (before_seq is None or own.branched_at < before_seq):
            yield from self.shared_entries(own.parent, own.branched_at)
        for entry in self.task_entries(task):
            if before_seq is not None and entry.seq >= before_seq:
                return
            yield entry

    def _task(self, task_id: str, facts: TaskFacts) -> Task | None:
        from assistant.audit.task_view import task_of

        about = [self.log.entry(seq) for seq in (facts.opened_seq, *map(int, facts.changes.split()))]
        return task_of(self.log, (entry for entry in about if entry is not None and entry.task == task_id))

    def _tasks_with(self, search: str) -> set[str]:
        from assistant.audit.search import search_entries

        return {entry.task for entry in search_entries(self, search, limit=2000).entries}

    # ---------------------------------------------------------------- timeline

    def page(
        self, wanted: Filter | None = None, *, search: str = "", before_seq: int | None = None, limit: int = 200
    ) -> Page:
        """Newest first, at most `limit` rows before `before_seq` that fit `wanted`; `search` looks into contents too."""
        from assistant.audit.page import Filter
        from assistant.audit.search import search_entries

        found = search_entries(self, search, wanted or Filter(), before_seq=before_seq, limit=limit)
        return Page(tuple(row_of(entry, self.log) for entry in found.entries), found.searched_to)

    def chain(self, seq: int) -> Chain:
        """Cause and effect around an entry: prompt → model call → action → decision → approval → outcome → apply."""
        from assistant.audit.chain import chain_of

        return chain_of(self, seq)

    def contents(self, seq: int) -> list[tuple[str, str | None]]:
        """Name and text of the contents of an entry, safe to show; None for one that was erased."""
        from assistant.audit.summary import whole_content

        entry = self.log.entry(seq)
        if entry is None:
            return []
        found: list[tuple[str, str | None]] = []
        for name, sha256 in zip(entry.blobs, entry.blob_hashes(), strict=True):
            data = self.log.blob(sha256)
            found.append((visible(name), None if data is None else visible(whole_content(name, data))))
        return found


def row_of(entry: Entry, log: Log) -> LogRow:
    """An entry as a row."""
    from assistant.audit.summary import preview

    detail = visible(msgspec.json.format(msgspec.json.encode(entry.body), indent=2).decode())
    return LogRow(entry.seq, entry.time_ms, visible(entry.kind), visible(entry.task), preview(log, entry), detail)
