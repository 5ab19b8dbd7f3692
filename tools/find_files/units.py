"""Sizes and moments as people write them."""

from __future__ import annotations

import re
import time

from _kit.problem import Problem

_SIZES = {"": 1, "b": 1, "k": 1000, "m": 1000**2, "g": 1000**3, "t": 1000**4}
_BINARY = {"ki": 1024, "mi": 1024**2, "gi": 1024**3, "ti": 1024**4}
_SPANS = {"s": 1, "min": 60, "h": 3600, "d": 86400, "w": 7 * 86400, "m": 30 * 86400, "y": 365 * 86400}


def parse_size(text: str) -> int:
    """Bytes of `500`, `10kB`, `1.5 MB`, `2GiB`. Raises Problem(invalid_arguments)."""
    found = re.fullmatch(r"([\d.]+)\s*([kmgt]i?|)b?(?:ytes?)?", text.strip().lower())
    try:
        if found:
            return int(float(found[1]) * {**_SIZES, **_BINARY}[found[2]])
    except ValueError:
        pass
    raise Problem("invalid_arguments", f"`{text}` is no size; write for example 500, 10kB or 1.5GB")


def parse_moment(text: str, now: float) -> float:
    """Unix time of `7d` (ago), `2026-01-31` or `2026-01-31 14:00`. Raises Problem(invalid_arguments)."""
    found = re.fullmatch(r"(\d+)\s*(s|min|h|d|w|m|y)\w*", text.strip().lower())
    if found:
        return now - int(found[1]) * _SPANS[found[2]]
    for form in ("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"):
        try:
            return time.mktime(time.strptime(text.strip(), form))
        except (ValueError, OverflowError):
            continue
    raise Problem("invalid_arguments", f"`{text}` is no time; write for example 2h, 7d or 2026-01-31")
