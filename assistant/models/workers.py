"""All worker processes of this program, one a connection."""

from __future__ import annotations

import asyncio

from assistant.models.connection import Connection
from assistant.models.launcher import Launcher
from assistant.models.worker_model import WorkerModel
from assistant.models.worker_process import IDLE_S, Worker
from assistant.types import ModelInfo


class Workers:
    """Makes them when first asked for, ends them together."""

    def __init__(self, launcher: Launcher, *, idle_s: float = IDLE_S) -> None:
        self._launcher = launcher
        self._idle_s = idle_s
        self._workers: dict[tuple[object, ...], Worker] = {}

    def model(self, info: ModelInfo, connection: Connection) -> WorkerModel:
        """The model, ready to be asked, as `Catalogue.open` gave its two parts."""
        return WorkerModel(info, self.of(connection))

    def of(self, connection: Connection) -> Worker:
        """The worker of this connection; made when first asked for, started when first used."""
        worker = self._workers.get(connection.key)
        if worker is None:
            worker = self._workers[connection.key] = Worker(self._launcher, connection, idle_s=self._idle_s)
        return worker

    async def aclose(self) -> None:
        """End all of them, at once."""
        workers, self._workers = list(self._workers.values()), {}
        async with asyncio.TaskGroup() as group:
            for worker in workers:
                group.create_task(worker.aclose())
