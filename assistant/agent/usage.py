"""What models have cost, day by day: a view of the log, with the energy estimated when somebody looks.

EcoLogits takes a fifth of a second to import, so no call waits for it: an answer's tokens and time are in the log, and the
estimate is made from their sums, one for each model and day. Where a budget had it made at the time, the log's own counts.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from assistant.agent.today import spent_of
from assistant.models.budgets import Energy, Spent
from assistant.types import Data, ModelInfo, Usage

if TYPE_CHECKING:
    from collections.abc import Callable

    from assistant.audit.entry import Entry
    from assistant.audit.log import Log

DAYS = 14
MOST_DAYS = 366


class Used(Data, frozen=True):
    """One model on one day (local time, `2026-11-30`). Tokens as the provider counted them; cached ones are part of `input`."""

    day: str
    model: str
    spent: Spent = Spent()
    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    unmeasured_ms: int = 0
    """Time of the answers that have no energy in the log, and what they wrote: what an estimate is made from."""
    unmeasured_output: int = 0


def used(log: Log, days: int = DAYS, now: datetime | None = None) -> list[Used]:
    """Every model of the last `days` days, oldest day first. Blocking; reads these days' entries. Raises LogError."""
    from assistant.audit.page import Filter, find

    today = (now or datetime.now().astimezone()).replace(hour=0, minute=0, second=0, microsecond=0)
    since = today - timedelta(days=min(max(days, 1), MOST_DAYS) - 1)
    found: dict[tuple[str, str], Used] = {}
    for entry in find(log.database, Filter(kinds=("model.result",), from_ms=int(since.timestamp() * 1000))):
        day = datetime.fromtimestamp(entry.time_ms / 1000).astimezone().strftime("%Y-%m-%d")
        key = day, str(entry.body.get("model", ""))
        found[key] = _with(found.get(key) or Used(*key), entry)
    return [found[key] for key in sorted(found)]


def _with(so_far: Used, entry: Entry) -> Used:
    usage: dict[str, Any] = entry.body.get("usage") or {}

    def count(name: str) -> int:
        value = usage.get(name)
        return value if isinstance(value, int) else 0

    spent = spent_of(entry)
    open_ms = entry.body.get("duration_ms") if spent.unmeasured_calls else 0
    return Used(
        so_far.day,
        so_far.model,
        so_far.spent + spent,
        so_far.input + count("input"),
        so_far.output + count("output"),
        so_far.cache_read + count("cache_read"),
        so_far.cache_write + count("cache_write"),
        so_far.unmeasured_ms + (open_ms if isinstance(open_ms, int) else 0),
        so_far.unmeasured_output + (count("output") if spent.unmeasured_calls else 0),
    )


def with_energy(rows: list[Used], estimate: Callable[[ModelInfo, Usage | None, float], Energy | None]) -> list[Used]:
    """The rows with the energy of the answers that have none. What can't be estimated stays unmeasured. `estimate` is slow
    when first used: call from a thread."""
    done: list[Used] = []
    for row in rows:
        energy = None
        if row.unmeasured_output:
            info = ModelInfo(row.model, row.model.partition("/")[0])
            energy = estimate(info, Usage(0, row.unmeasured_output), row.unmeasured_ms / 1000)
        if energy is not None:
            spent = msgspec.structs.replace(row.spent + Spent(energy=energy), unmeasured_calls=0)
            row = msgspec.structs.replace(row, spent=spent, unmeasured_ms=0, unmeasured_output=0)  # noqa: PLW2901
        done.append(row)
    return done
