"""Runs a piece of work as a stream of events, one at a time, so that it ends the same way however its reader behaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine

from assistant.agent.events import Event, TurnFinished
from assistant.errors import UsageError

Emit = Callable[[Event], None]


class Driver:
    """At most one running piece of work. It puts events into a queue; the reader may be slow, or leave."""

    def __init__(self) -> None:
        self._runner: asyncio.Task[None] | None = None
        self._stopping = False

    @property
    def running(self) -> bool:
        """Whether something runs."""
        return self._runner is not None

    async def events(self, work: Callable[[Emit], Coroutine[object, object, None]], name: str) -> AsyncGenerator[Event]:
        """What `work` emits, up to its TurnFinished, which it must emit also when it is cancelled.

        Closing the stream cancels the work and waits for its end. Raises UsageError while other work runs.
        """
        if self._runner is not None:
            raise UsageError("a turn is already running in this task", hint="stop it, or wait for it")
        queue: asyncio.Queue[Event] = asyncio.Queue()
        self._stopping = False
        # Owned by this generator: it ends in the `finally` below, whatever the reader does.
        self._runner = asyncio.create_task(work(queue.put_nowait), name=name)
        try:
            while True:
                event = await queue.get()
                if isinstance(event, TurnFinished):
                    self._runner = None
                    yield event
                    return
                yield event
        finally:
            if self._runner is not None:
                self._runner.cancel()
                await asyncio.wait([self._runner])
                self._runner = None

    async def stop(self, first: Callable[[], Awaitable[None]]) -> None:
        """Do `first`, then cancel what runs and wait for its end. Nothing when nothing runs, or it is being stopped."""
        runner = self._runner
        if runner is None or self._stopping:
            return
        self._stopping = True
        await first()
        runner.cancel()
        await asyncio.wait([runner])
