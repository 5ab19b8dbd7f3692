"""What the loop needs of a model. Everything else about providers stays below this line."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from assistant.types import ModelEvent, ModelInfo, ModelRequest


class Model(Protocol):
    """One model, ready to be asked.

    Implementations: `WorkerModel` (any provider, through the worker process), `OfflineModel` (built in),
    `ScriptedModel` (tests and docs). All pass `tests/conformance/model_suite.py`.
    """

    @property
    def info(self) -> ModelInfo:
        """Its entry in the catalogue."""
        ...

    def stream(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        """Ask once. Yields deltas as they arrive and exactly one `Finished` as the last event.

        Raises ModelError (see its `kind`) at any point; what was yielded before stays valid. No retries of its own.
        Closing the iterator or cancelling the caller ends the request at the provider within 200 ms.
        """
        ...

    def warm_up(self) -> None:
        """Start whatever is slow to start, without waiting for it. Never raises; a failure shows at `stream`."""
        ...

    async def aclose(self) -> None:
        """Give back processes and memory. May be called twice."""
        ...
