"""Waiting for a widget to go, in such a way that the wait can be given up and the widget still goes.

Textual waits for the tasks of removed widgets with `gather`. Who is cancelled in the middle of that wait, a worker whose
screen is being closed for instance, cancels those tasks with it: the widgets stay in the tree without anybody who runs
them, and the cancellation comes back to the application's own loop, which takes it for the end of the program.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Generator
from typing import Any, cast

from textual.await_remove import AwaitRemove


class Removal(AwaitRemove):
    """Textual's AwaitRemove, except that whoever waits may be cancelled without any effect on what is removed."""

    @classmethod
    def of(cls, removal: AwaitRemove) -> Removal:
        """Make `removal` one: the same object, since the application has already put it on its list of things to do."""
        removal.__class__ = cls
        return cast(Removal, removal)

    def when_gone(self, act: Callable[[], object]) -> None:
        """Call `act` whenever one of their tasks has ended, whether somebody waits for that or not."""
        for task in cast("list[asyncio.Task[Any]]", self._tasks):  # pyright: ignore[reportUnknownMemberType]
            task.add_done_callback(lambda _: act())

    def __await__(self) -> Generator[None, None, None]:
        """Wait until they are gone. Raises what their tasks raised; that one was cancelled is an end like any other."""
        return self._gone(asyncio.current_task()).__await__()

    async def _gone(self, waiting: asyncio.Task[Any] | None) -> None:
        running = cast("list[asyncio.Task[Any]]", self._tasks)  # pyright: ignore[reportUnknownMemberType]
        if tasks := [task for task in running if task is not waiting]:
            done, _none = await asyncio.wait(tasks)
            for task in done:
                if not task.cancelled() and (error := task.exception()) is not None:
                    raise error
        if self._post_remove is not None and inspect.isawaitable(more := self._post_remove()):
            await more
