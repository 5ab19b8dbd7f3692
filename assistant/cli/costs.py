"""`assistant models costs`: what models have used, day by day and model by model, with a bar for each day."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from assistant.visible import one_line

if TYPE_CHECKING:
    from assistant.agent.usage import Used

BAR_CELLS = 24
_EIGHTHS = " ▏▎▍▌▋▊▉"


def run_costs(args: argparse.Namespace) -> int:
    """Print them. Raises LogError, UsageError."""
    from assistant.agent.usage import used, with_energy
    from assistant.audit.log import Log
    from assistant.config import find_paths
    from assistant.models.energy import energy

    log = Log.open(find_paths(), read_only=True)
    try:
        rows = with_energy(used(log, args.days), energy)
    finally:
        log.close()
    if args.json:
        for row in rows:
            print(msgspec.json.encode(row).decode())
        return 0
    if not rows:
        print(f"No model has answered in the last {args.days} days.")
        return 0
    _print_days(rows)
    print()
    _print_models(rows)
    return 0


def _print_days(rows: list[Used]) -> None:
    days = {day: [row for row in rows if row.day == day] for day in dict.fromkeys(row.day for row in rows)}
    priced = any(row.spent.cost_uusd for row in rows)
    sizes = {day: sum(r.spent.cost_uusd if priced else r.spent.tokens for r in found) for day, found in days.items()}
    most = max(sizes.values(), default=0)
    print(f"{'day':<11} {'cost' if priced else 'tokens':<{BAR_CELLS}} figures")
    for day, found in days.items():
        print(f"{day:<11} {bar(sizes[day], most):<{BAR_CELLS}} {sentence(found)}")


def _print_models(rows: list[Used]) -> None:
    names = dict.fromkeys(row.model for row in rows)
    width = min(40, max(len(name) for name in names))
    for name in names:
        print(f"{one_line(name, 40):<{width}}  {sentence(row for row in rows if row.model == name)}")


def bar(value: float, most: float, cells: int = BAR_CELLS) -> str:
    """A bar of at most `cells` cells, by eighths of a cell; something that is not nothing is never without one."""
    eighths = round(value / most * cells * 8) if most else 0
    eighths = max(eighths, 1) if value else 0
    return "█" * (eighths // 8) + (_EIGHTHS[eighths % 8] if eighths % 8 else "")


def sentence(rows: Iterable[Used]) -> str:
    """The figures of some rows together: calls, tokens, what came from caches, money, energy as a range."""
    found = list(rows)
    calls, cost = sum(r.spent.calls for r in found), sum(r.spent.cost_uusd for r in found)
    unpriced = sum(r.spent.unpriced_calls for r in found)
    parts = [
        f"{calls} call{'s' if calls != 1 else ''}",
        f"{sum(r.input for r in found):,} tokens in",
        f"{sum(r.output for r in found):,} out",
        f"${cost / 1e6:.4f}" + (f" + {unpriced} of unknown price" if unpriced else ""),
    ]
    if read := sum(r.cache_read for r in found):
        parts.append(f"{read:,} read from caches")
    if written := sum(r.cache_write for r in found):
        parts.append(f"{written:,} written to caches")
    low, high = sum(r.spent.energy.low_mwh for r in found), sum(r.spent.energy.high_mwh for r in found)
    if high:
        parts.append(f"{low / 1000:.2f} to {high / 1000:.2f} Wh")
    return ", ".join(parts)
