"""Ask one model once: from a `WireCall` to a stream of neutral events."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from assistant.errors import ModelError
from assistant.models.worker.call import WireCall
from assistant.types import ModelEvent


async def ask(call: WireCall) -> AsyncGenerator[ModelEvent]:
    """Make the request and yield what comes back, as it comes; exactly one `Finished` as the last event.

    Raises ModelError (see its `kind`) at any point; what was yielded before stays valid. No retries. Closing the
    generator closes the connection.
    """
    raise ModelError(f"`{call.model}` can't be asked yet", kind="bad_request")
    yield  # pyright: ignore[reportUnreachable]  # makes this a generator
