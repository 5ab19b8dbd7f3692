"""Starts a server apart from any task, to see what it offers before it is trusted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from assistant.gateway.server_questions import ServerQuestions
from assistant.gateway.servers import launch_of
from assistant.types import JSON

if TYPE_CHECKING:
    from assistant.gateway.approver import Elicitor
    from assistant.gateway.servers import Servers
    from assistant.servers.config import ServerConfig
    from assistant.servers.launcher import Launcher
    from assistant.servers.offer import Offer

SETTLE_S = 0.5
"""Servers that add tools once they know their client say so right after the start: what is pinned is what they end with."""


async def offered(
    servers: Servers, config: ServerConfig, launcher: Launcher, elicitor: Elicitor
) -> tuple[Offer, float]:
    """What a server offers, and how many seconds it took to say so. Its process is ended again.

    Raises ToolError when it can't be reached, UsageError when it can't be started, SandboxUnavailable.
    """
    host = _Watcher(ServerQuestions(elicitor, _unrecorded, servers.secrets), config)
    from assistant.servers.process import ServerProcess

    process = ServerProcess(*launch_of(config, "", servers.environ), launcher, host)
    started = time.monotonic()
    try:
        host.latest = await process.offer()
        took_s = time.monotonic() - started
        await asyncio.sleep(SETTLE_S)
        return host.latest, took_s
    finally:
        await process.aclose()


class _Watcher:
    """Keeps the latest offer and passes on what the server asks."""

    def __init__(self, questions: ServerQuestions, config: ServerConfig) -> None:
        self._questions = questions
        self._config = config
        self.latest: Offer

    async def answer(self, what: str, body: dict[str, JSON]) -> JSON:
        """See `assistant.servers.process.Host`."""
        return await self._questions.answer(self._config, "", _silent, what, body)

    def offered(self, offer: Offer) -> None:
        """See Host."""
        self.latest = offer

    def said(self, level: str, text: str) -> None:
        """Nobody reads it."""


def _silent(event: object) -> None:
    """Nobody watches."""


async def _unrecorded(kind: str, body: Mapping[str, JSON], blobs: Mapping[str, bytes]) -> None:
    """No task, no entry: the person is at the terminal."""
