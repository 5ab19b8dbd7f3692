"""Tells a person, before anything runs, where this machine contains programs less well than a room of namespaces does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from assistant.agent.events import Notice
from assistant.errors import AssistantError


class Weakness:
    """Said once a task, by whichever asks first: the screen when it opens, or the task's first turn."""

    def __init__(self, find: Callable[[], Sequence[str]] = tuple) -> None:
        """`find` gives the warnings of engine and stage. Blocking; raises AssistantError when nothing holds here."""
        self._find = find
        self._told = False

    async def tell(self) -> list[Notice]:
        """What was not told yet. Takes as long as finding an engine, some milliseconds."""
        if self._told:
            return []
        self._told = True
        try:
            return [
                Notice("warning", text, "`assistant doctor` says how to mend it")
                for text in await asyncio.to_thread(self._find)
            ]
        except AssistantError as error:
            return [Notice("error", error.message, error.hint)]
