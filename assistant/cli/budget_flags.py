"""The limits of one task on the command line: money, tokens, calls, time, energy. They take the place of the configured
ones for this task; what no flag names stays as it is configured."""

from __future__ import annotations

import argparse
import math

from assistant.types import Budgets

MOST = 1e9
"""Dollars, watt hours: beyond this a limit is a slip of the keyboard, and in millionths it would leave the log's integers."""


def add(parser: argparse.ArgumentParser) -> None:
    """One flag for each field of Budgets, in the unit that its name says."""
    flags = parser.add_argument_group("limits of the task", "said at 80 %, and a stop at 100 % (exit 5)")
    flags.add_argument("--max-usd", type=_amount, metavar="X", help="what it may cost, in US dollars")
    flags.add_argument("--max-tokens", type=_whole, metavar="N", help="tokens in and out, cached ones counted")
    flags.add_argument("--max-calls", type=_whole, metavar="N", help="calls of models")
    flags.add_argument("--max-seconds", type=_whole, metavar="S", help="time that it works; waiting for you is free")
    flags.add_argument("--max-wh", type=_amount, metavar="X", help="energy in watt hours, upper end of the estimate")


def chosen(args: argparse.Namespace) -> Budgets | None:
    """What the flags say; None when there is none of them."""
    found = Budgets(
        cost_uusd=_scaled(args.max_usd, 1_000_000),
        tokens=args.max_tokens,
        calls=args.max_calls,
        wall_s=args.max_seconds,
        energy_mwh=_scaled(args.max_wh, 1_000),
    )
    return None if found == Budgets() else found


def _scaled(amount: float | None, scale: int) -> int | None:
    return None if amount is None else max(1 if amount else 0, round(amount * scale))


def _amount(written: str) -> float:
    try:
        value = float(written)
    except ValueError:
        value = math.nan
    if not 0 <= value < MOST:
        raise argparse.ArgumentTypeError(f"`{written}` is no limit: give a number of 0 or more")
    return value


def _whole(written: str) -> int:
    value = int(written) if written.isascii() and written.isdecimal() and len(written) < 16 else -1
    if value < 0:
        raise argparse.ArgumentTypeError(f"`{written}` is no limit: give a whole number of 0 or more")
    return value
