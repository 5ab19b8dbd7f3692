"""The person's attention as a budget: how often they were asked."""

from __future__ import annotations

HOUR_MS = 3_600_000


class Attention:
    """Counts questions of one task. The same question counts once."""

    def __init__(self) -> None:
        self._asked: dict[str, int] = {}

    def asked(self, digest: str, now_ms: int) -> None:
        """A question is put."""
        self._asked.setdefault(digest, now_ms)

    @property
    def asks(self) -> int:
        """Questions of this task so far."""
        return len(self._asked)

    def asks_last_hour(self, now_ms: int) -> int:
        """Questions of the last sixty minutes."""
        return sum(now_ms - at < HOUR_MS for at in self._asked.values())
