"""Blocking work beside the event loop, without loose ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


async def in_thread(work: Callable[[], T], undo: Callable[[T], object] | None = None) -> T:
    """As asyncio.to_thread, but a cancellation waits for the work's end before it travels on.

    A thread can't be stopped. Left alone it would go on making folders and processes for somebody who is gone. `undo` then
    gives back, in a thread too, what the work made.
    """
    running = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await _whatever_comes(running)
        if undo is not None and not running.cancelled() and running.exception() is None:
            await _whatever_comes(asyncio.ensure_future(asyncio.to_thread(undo, running.result())))
        raise


async def _whatever_comes(running: asyncio.Future[Any]) -> None:
    """Until it is done, through any number of further cancellations: the first one travels on afterwards."""
    while not running.done():
        try:
            await asyncio.wait([running])
        except asyncio.CancelledError:
            continue
