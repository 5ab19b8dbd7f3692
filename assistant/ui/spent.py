"""What a model has come to, in figures (knows no Textual)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from assistant.ui import figures
from assistant.ui.language import _, ngettext

if TYPE_CHECKING:
    from assistant.agent.usage import Used

DAYS = 14
"""How far back costs are shown. Chosen: two weeks, which fit into 80 columns."""


def facts_of(rows: Sequence[Used]) -> list[str]:
    """Of one model's days: calls, tokens in and out, money, energy as a range, what came from caches; unknown ones left out."""
    calls, read = sum(r.spent.calls for r in rows), sum(r.cache_read for r in rows)
    written = sum(r.cache_write for r in rows)
    given = sum(r.input for r in rows)
    low, high = sum(r.spent.energy.low_mwh for r in rows), sum(r.spent.energy.high_mwh for r in rows)
    unpriced = sum(r.spent.unpriced_calls for r in rows)
    cached = _("cache {read} read, {written} written").format(read=figures.count(read), written=figures.count(written))
    facts = [
        ngettext("{n} call", "{n} calls", calls).format(n=calls),
        f"{figures.count(given)} → {figures.count(sum(r.output for r in rows))}",
        figures.money(sum(r.spent.cost_uusd for r in rows)) + ("+?" if unpriced else ""),
        f"{low / 1000:.2f} – {high / 1000:.2f} Wh" if high else "",
        cached if read or written else "",
    ]
    return [fact for fact in facts if fact]


def names_of(rows: Sequence[Used]) -> list[str]:
    """The models of `rows`, the most expensive first, then the most used."""
    names = list(dict.fromkeys(row.model for row in rows))
    return sorted(names, key=lambda name: -sum(r.spent.cost_uusd + r.spent.tokens for r in rows if r.model == name))
