"""Runs a piece of work as a stream of events, one at a time, so that it ends the same way however its reader behaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine

from assistant.agent.events import Event, TurnFinished
from assistant.errors import UsageError

Emit = Callable[[Event], None]

AGAIN_S = 10.0
"""How long cancelled work may take to end before another stop cancels it again. Chosen: in it the outcome of a call and the
end of the turn are written, and an impatient second Esc must not break into that."""


class Driver:
    """At most one running piece of work. It puts events into a queue; the reader may be slow, or leave."""

    def __init__(self) -> None:
        self._runner: asyncio.Task[None] | None = None
        self._begun = asyncio.Event()
        """Set once the work's first line runs: cancelled before, it could not say how it ended."""
        self._ending: asyncio.Task[None] | None = None
        """The stop that is under way."""

    @property
    def running(self) -> bool:
        """Whether something runs."""
        return self._runner is not None

    async def events(self, work: Callable[[Emit], Coroutine[object, object, None]], name: str) -> AsyncGenerator[Event]:
        """What `work` emits, up to its TurnFinished, which it must emit also when it is cancelled: when it ends without one,
        a TurnFinished that says so stands for it.

        Closing the stream cancels the work and waits for its end. Raises UsageError while other work runs.
        """
        if self._runner is not None:
            raise UsageError("a turn is already running in this task", hint="stop it, or wait for it")
        queue: asyncio.Queue[Event] = asyncio.Queue()
        begun = self._begun = asyncio.Event()
        self._ending = None

        async def run() -> None:
            begun.set()
            await work(queue.put_nowait)

        def ended(runner: asyncio.Task[None]) -> None:  # read only when no TurnFinished came before it
            begun.set()
            self._forget(runner)
            reason = "stopped" if runner.cancelled() else "failed"
            why = None if runner.cancelled() else runner.exception()
            message = f"{type(why).__name__}: {why}" if why else "the turn ended without saying how"
            queue.put_nowait(TurnFinished(reason, 130 if reason == "stopped" else 1, message))

        # Owned by this generator: it ends in the `finally` below, whatever the reader does.
        runner = self._runner = asyncio.create_task(run(), name=name)
        runner.add_done_callback(ended)
        try:
            while True:
                event = await queue.get()
                if isinstance(event, TurnFinished):
                    self._forget(runner)
                    yield event
                    return
                yield event
        finally:
            if (
                self._runner is runner
            ):  # the reader may be cancelled twice: the work isn't, or its end could not be written
                await self.stop(_nothing)

    def _forget(self, runner: asyncio.Task[None]) -> None:
        if self._runner is runner:
            self._runner = None

    async def stop(self, first: Callable[[], Awaitable[None]]) -> None:
        """Do `first`, then cancel what runs and wait for its end. Nothing when nothing runs.

        A stop is never lost: it comes to its end though `first` fails and though the caller goes away. Another one joins it,
        or cancels again where it has waited `AGAIN_S` in vain. Raises what `first` raised.
        """
        runner = self._runner
        if runner is None:
            return
        if self._ending is None or self._ending.done():
            self._ending = asyncio.create_task(_end(runner, self._begun, first), name="stop")
            self._ending.add_done_callback(_seen)
        await asyncio.shield(self._ending)


async def _end(runner: asyncio.Task[None], begun: asyncio.Event, first: Callable[[], Awaitable[None]]) -> None:
    await begun.wait()
    if runner.done():
        return
    try:
        await first()
    finally:
        runner.cancel()
        await asyncio.wait([runner], timeout=AGAIN_S)


async def _nothing() -> None:
    """No programs to end first: the cancelled work ends its own."""


def _seen(ending: asyncio.Task[None]) -> None:
    """Whoever waits for the stop is told what failed; when nobody does any more, it is nobody's surprise."""
    if not ending.cancelled():
        ending.exception()
