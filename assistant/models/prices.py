"""Prices and windows of models: a dated table (`data/prices/table.json`), and what a call cost by it.

An unknown price is None and stays None: nothing here guesses. Money is in millionths of a US dollar (`uusd`), prices are
for a million tokens. The table's source, date and licence stand in `data/prices/README.md`.
"""

from __future__ import annotations

from functools import cache

import msgspec

from assistant.shipped import shipped
from assistant.types import Data, ModelInfo, Usage


class Rates(msgspec.Struct, frozen=True, array_like=True):
    """uusd for a million tokens. None where the source names no price."""

    input: int | None = None
    output: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None


class Tier(msgspec.Struct, frozen=True, array_like=True):
    """Other rates for a call whose input is longer than `above_tokens`; they hold for the whole call."""

    above_tokens: int
    rates: Rates


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """One model of the table."""

    rates: Rates
    context_tokens: int | None = None
    max_output_tokens: int | None = None
    flags: str = ""
    """`i` sees images, `t` calls tools, `r` reasons."""
    tiers: tuple[Tier, ...] = ()


class Table(Data, frozen=True):
    """The whole table. `date` is when its source was published."""

    source: str
    licence: str
    date: str
    models: dict[str, Entry]


@cache
def table() -> Table:
    """The shipped table (read once, about 2 ms)."""
    return msgspec.json.decode((shipped("data") / "prices" / "table.json").read_bytes(), type=Table)


def describe(info: ModelInfo) -> ModelInfo:
    """`info` with what the table knows about its id. Local models cost nothing."""
    entry = table().models.get(info.id)
    if info.local:
        return msgspec.structs.replace(
            info, input_uusd_per_mtok=0, output_uusd_per_mtok=0, cache_read_uusd_per_mtok=0, cache_write_uusd_per_mtok=0
        )
    if entry is None:
        return info
    rates = entry.rates
    return msgspec.structs.replace(
        info,
        context_tokens=info.context_tokens or entry.context_tokens,
        max_output_tokens=info.max_output_tokens or entry.max_output_tokens,
        input_uusd_per_mtok=rates.input,
        output_uusd_per_mtok=rates.output,
        cache_read_uusd_per_mtok=rates.cache_read,
        cache_write_uusd_per_mtok=rates.cache_write,
        sees_images="i" in entry.flags,
        calls_tools="t" in entry.flags,
        price_date=table().date if rates.input is not None else "",
    )


def cost_uusd(info: ModelInfo, usage: Usage | None) -> int | None:
    """What a call cost, rounded up; None when usage or price is unknown.

    Cached tokens are part of `usage.input`. Where the source names no price for them they count as ordinary input,
    which is the most that they can cost to read.
    """
    if usage is None:
        return None
    rates = _rates(info, usage.input)
    if rates.input is None or rates.output is None:
        return None
    read, write = usage.cache_read, usage.cache_write
    plain = max(0, usage.input - read - write)
    total = (
        plain * rates.input
        + read * (rates.input if rates.cache_read is None else rates.cache_read)
        + write * (rates.input if rates.cache_write is None else rates.cache_write)
        + usage.output * rates.output
    )
    return -(-total // 1_000_000)


def _rates(info: ModelInfo, input_tokens: int) -> Rates:
    rates = Rates(
        info.input_uusd_per_mtok,
        info.output_uusd_per_mtok,
        info.cache_read_uusd_per_mtok,
        info.cache_write_uusd_per_mtok,
    )
    entry = None if info.local else table().models.get(info.id)
    for tier in entry.tiers if entry else ():
        if input_tokens > tier.above_tokens:
            rates = tier.rates
    return rates
