"""The log as the screen reads it: pages, cause and effect, contents, verification. Nothing here writes."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import msgspec

from assistant.audit.chain import role_in
from assistant.audit.query import Query
from assistant.audit.views import LogRow, Page, Views, row_of
from assistant.errors import UsageError

if TYPE_CHECKING:
    from assistant.audit.verification import Progress, Verification


class LogBook:
    """Reads one log. Each method runs in a thread, so that the screen goes on."""

    def __init__(self, views: Views) -> None:
        self._views = views

    def close(self) -> None:
        """Close the log, for whoever opened it to read it alone. A desk closes its own."""
        self._views.close()
        self._views.log.close()

    async def page(self, query: Query, *, before_seq: int | None = None, limit: int = 200) -> Page:
        """Newest first, at most `limit` rows before `before_seq`. Raises UsageError when no task begins as it says."""
        return await asyncio.to_thread(self._page, query, before_seq, limit)

    def _page(self, query: Query, before_seq: int | None, limit: int) -> Page:
        wanted = query.wanted
        if wanted.task:
            found = self._views.find_task(wanted.task, opened=False)
            if not found:
                raise UsageError(f"the log has no task `{wanted.task}`")
            if wanted.task not in found:
                wanted = msgspec.structs.replace(wanted, task=found[0])
        return self._views.page(wanted, search=query.words, before_seq=before_seq, limit=limit)

    async def chain(self, seq: int) -> list[tuple[str, LogRow]]:
        """What led to entry `seq` and what came of it, oldest first, each with its part in it (`audit.chain.role_in`).

        Raises UsageError when there is no such entry.
        """

        def ask() -> list[tuple[str, LogRow]]:
            entries = self._views.chain(seq).entries()
            return [(role_in(entry), row_of(entry, self._views.log)) for entry in entries]

        return await asyncio.to_thread(ask)

    async def contents(self, seq: int) -> list[tuple[str, str | None]]:
        """Name and text of the contents of an entry, safe to show; None for one that was erased."""
        return await asyncio.to_thread(self._views.contents, seq)

    async def of_call(self, task: str, call: str) -> int:
        """The number of the newest entry of a call, 0 when the log has none."""
        return await asyncio.to_thread(self._views.call_seq, task, call)

    async def verify(self, progress: Progress, stop: threading.Event) -> Verification:
        """Verify all of it in a process of its own; `progress` is called from a thread, `stop` ends it early."""
        from assistant.audit.verify_apart import verify_apart

        log = self._views.log
        return await asyncio.to_thread(
            verify_apart, log.paths, database=log.database.path, progress=progress, stop=stop
        )
