"""The person's attention as a budget: how often they were asked, and what was refused since nobody was there."""

from __future__ import annotations

from assistant.types import Action, Data, Verdict

HOUR_MS = 3_600_000


class Refusal(Data, frozen=True):
    """Something that would have been asked, had anybody been there. Enough to take it up again later."""

    digest: str
    action: Action
    verdict: Verdict
    time_ms: int


class Attention:
    """Counts questions of one task. The same question counts once."""

    def __init__(self) -> None:
        self._asked: dict[str, int] = {}
        self._refused: dict[str, Refusal] = {}

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

    def refused(self, refusal: Refusal) -> None:
        """Nobody was there to answer."""
        self._refused[refusal.digest] = refusal

    def waiting(self) -> tuple[Refusal, ...]:
        """What was refused unattended and not taken up since, oldest first."""
        return tuple(self._refused.values())

    def taken_up(self, digest: str) -> None:
        """The person has answered it now."""
        self._refused.pop(digest, None)
