"""The proxy for a command that has no event loop of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable

from assistant.sandbox.egress import EgressProxy
from assistant.types import HostUse


class EgressThread:
    """Serves until closed. Raises UsageError for a grant that is not a host."""

    def __init__(self, hosts: Iterable[str], fd: int) -> None:
        self._proxy = EgressProxy(hosts)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="egress", daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._proxy.serve(fd), self._loop).result(5.0)

    def environment(self, port: int) -> dict[str, str]:
        """Variables by which the command finds it."""
        return self._proxy.environment(port)

    def used(self) -> tuple[HostUse, ...]:
        """What each host was used for so far."""
        return self._proxy.used()

    def close(self) -> None:
        """End it."""
        self._loop.call_soon_threadsafe(self._proxy.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(2.0)
