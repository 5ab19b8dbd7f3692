"""WorkerModel: any provider, asked through its worker process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing

from msgspec.structs import replace

from assistant.errors import ModelError
from assistant.models.worker.call import WireCall
from assistant.models.worker_process import Worker, WorkerDied
from assistant.types import CallDone, ModelEvent, ModelInfo, ModelRequest, ReasoningDone


class WorkerModel:
    """One model of a provider. Cheap; many may share a worker."""

    def __init__(self, info: ModelInfo, worker: Worker) -> None:
        self._info = info
        self._worker = worker

    @property
    def info(self) -> ModelInfo:
        """Its entry in the catalogue."""
        return self._info

    async def stream(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        """Ask once; see `Model.stream`.

        When the worker process dies before anything was delivered, the request is sent once more through a new one: the
        provider may be asked twice, the person is answered once. Afterwards it is an `incomplete_stream`.
        Raises SandboxUnavailable too: without a sandbox no provider is asked.
        """
        call = WireCall(
            self._info.id,
            request,
            timeout_s=request.timeout_s,
            sees_images=self._info.sees_images or self._unknown(),
            window=self._info.context_tokens or 0,
        )
        for attempt in (1, 2):
            delivered = False
            try:
                async with aclosing(self._worker.call(call)) as events:
                    async for event in events:
                        delivered = True
                        yield self._own(event)
                return
            except WorkerDied as death:
                words = f": {death}" if str(death) else ""
                if delivered:
                    raise ModelError(
                        f"the process that speaks to the provider ended in the middle of the answer{words}",
                        kind="incomplete_stream",
                        retryable=True,
                    ) from death
                if attempt == 2:
                    raise ModelError(
                        f"the process that speaks to the provider ended twice before it answered{words}",
                        kind="server",
                        retryable=True,
                    ) from death

    def _unknown(self) -> bool:
        """Nothing is known of it: then it is sent pictures, and the provider says if it can't see them."""
        return not self._info.local and not self._info.context_tokens

    def _own(self, event: ModelEvent) -> ModelEvent:
        """Opaque parts belong to the provider that was asked, whatever a worker claims: history sends them back there."""
        if isinstance(event, (ReasoningDone, CallDone)):
            part = event.part
            if part.opaque is not None and part.provider.partition("/")[0] != self._info.provider:
                return replace(event, part=replace(part, provider="", opaque=None))
        return event

    def warm_up(self) -> None:
        """Start the worker in the background."""
        self._worker.warm_up()

    async def aclose(self) -> None:
        """Nothing of its own: the worker belongs to `Workers` and rests when idle."""
