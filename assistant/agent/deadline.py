"""Ends a turn in the middle of whatever it does when its time is used up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType

LOOK_S = 0.25
"""How often the time is looked at: budgets may be changed, and time stands still while a person is waited for. Chosen: a
budget is in whole seconds."""


class Deadline:
    """`async with Deadline(...)` around the work of a turn: the task that runs it is cancelled when the time is up.

    `left_s` tells how much there is left, None for as much as one likes; `tell` is called at each look at a time that is
    limited. Before the task is cancelled `first` is awaited: it ends programs, which would otherwise be waited for. `passed`
    tells afterwards whether it was this that cancelled it.
    """

    def __init__(
        self, left_s: Callable[[], float | None], tell: Callable[[], None], first: Callable[[], Awaitable[None]]
    ) -> None:
        self._left_s = left_s
        self._tell = tell
        self._first = first
        self._work: asyncio.Task[object] | None = None
        self._watch: asyncio.Task[None] | None = None
        self.passed = False

    async def __aenter__(self) -> Deadline:
        self._work = asyncio.current_task()
        self._watch = asyncio.create_task(self._look(), name="deadline")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._watch is not None:
            self._watch.cancel()
        if self.passed and self._work is not None:
            self._work.uncancel()

    async def _look(self) -> None:
        while (left_s := self._looked()) is None or left_s > 0:
            await asyncio.sleep(LOOK_S if left_s is None else min(left_s, LOOK_S))
        await self._first()
        if self._work is not None and not self._work.done():
            self.passed = True
            self._work.cancel("its time is up")

    def _looked(self) -> float | None:
        left_s = self._left_s()
        if left_s is not None:
            self._tell()
        return left_s
