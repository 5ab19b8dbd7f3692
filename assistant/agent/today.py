"""What all tasks have used since midnight: a view of the log that is brought up to date once a turn, never rebuilt for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from assistant.models.budgets import Energy, Spent
from assistant.types import Usage

if TYPE_CHECKING:
    from assistant.audit.entry import Entry
    from assistant.audit.log import Log

COUNTED = ("model.result", "turn.finished")


class Today:
    """The running sum. Safe from any thread. The first question of a day reads that day's entries, each further one only
    what was written since."""

    def __init__(self, log: Log, now: Callable[[], datetime] | None = None) -> None:
        self._log = log
        self._now = now or (lambda: datetime.now().astimezone())
        self._lock = threading.Lock()
        self._midnight_ms = 0
        self._read_to = 0
        self._sum = Spent()

    def spent(self) -> Spent:
        """Of all tasks and all processes, as the log has it now. Blocking. Raises LogError."""
        from assistant.audit.page import Filter, find

        with self._lock:
            midnight = int(self._now().replace(hour=0, minute=0, second=0, microsecond=0).timestamp() * 1000)
            if midnight != self._midnight_ms:
                self._midnight_ms, self._read_to, self._sum = midnight, 0, Spent()
            head = self._log.head()
            size = head[0] if head else 0
            wanted = Filter(kinds=COUNTED, from_ms=midnight)
            for entry in find(self._log.database, wanted, after_seq=self._read_to, before_seq=size + 1):
                self._sum += spent_of(entry)
            self._read_to = size
            return self._sum


def spent_of(entry: Entry) -> Spent:
    """What one entry of the log says was used. Anything but an answer of a model and the end of a turn used nothing."""
    body = entry.body
    if entry.kind == "turn.finished":
        return Spent(wall_ms=_whole(body.get("wall_ms")))
    if entry.kind != "model.result":
        return Spent()
    cost = body.get("cost_uusd")
    return Spent().call(usage_of(entry), cost if isinstance(cost, int) else None, _energy(body.get("energy_uwh")))


def usage_of(entry: Entry) -> Usage | None:
    """The tokens of a `model.result`, None when the provider told none."""
    usage: Any = entry.body.get("usage")
    if not isinstance(usage, dict):
        return None
    known = cast("dict[str, Any]", usage)
    names = ("input", "output", "cache_read", "cache_write", "reasoning")
    return Usage(*(_whole(known.get(name)) for name in names), estimated=known.get("estimated") is True)


def energy_body(energy: Energy | None) -> dict[str, Any]:
    """Energy as an entry has it: a range in microwatt-hours, and its upper end in milliwatt-hours for sums."""
    if energy is None:
        return {}
    return {
        "energy_uwh": [int(energy.low_mwh * 1000), int(energy.high_mwh * 1000)],
        "energy_mwh": -int(-energy.high_mwh // 1),
    }


def _energy(value: Any) -> Energy | None:
    match value:
        case [int(low), int(high)]:
            return Energy(low / 1000, high / 1000)
        case _:
            return None


def _whole(value: Any) -> int:
    return value if isinstance(value, int) else 0
