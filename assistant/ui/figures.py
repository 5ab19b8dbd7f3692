"""Numbers as a person reads them: money, tokens, sizes, times. One place, so that they look the same everywhere."""

from __future__ import annotations

import time


def money(cost_uusd: int) -> str:
    """Millionths of a US dollar as `$0.0042` or `$1.30`."""
    dollars = cost_uusd / 1_000_000
    if cost_uusd == 0:
        return "$0"
    return f"${dollars:.4f}" if dollars < 0.01 else f"${dollars:.2f}"


def count(number: int) -> str:
    """`950`, `1.2k`, `3.4M`."""
    if number < 1_000:
        return str(number)
    if number < 999_950:
        return f"{number / 1_000:.1f}k".replace(".0k", "k")
    return f"{number / 1_000_000:.1f}M".replace(".0M", "M")


def size(number: int) -> str:
    """Bytes as `12 B`, `1.2 kB`, `3.4 MB` (powers of ten)."""
    if number < 1_000:
        return f"{number} B"
    value = float(number)
    for unit in ("kB", "MB", "GB"):
        value /= 1_000
        if value < 999.95:
            return f"{value:.1f} {unit}".replace(".0 ", " ")
    return f"{value / 1_000:.1f} TB"


def duration(milliseconds: int) -> str:
    """`80 ms`, `1.2 s`, `3 min 20 s`."""
    if milliseconds < 1_000:
        return f"{milliseconds} ms"
    if milliseconds < 60_000:
        return f"{milliseconds / 1_000:.1f} s"
    minutes, seconds = divmod(milliseconds // 1_000, 60)
    if minutes < 60:
        return f"{minutes} min {seconds} s"
    return f"{minutes // 60} h {minutes % 60} min"


def moment(time_ms: int) -> str:
    """Local time: `2026-11-24 05:49:12`."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(time_ms / 1_000))


def price(uusd_per_mtok: int | None) -> str:
    """Price of a million tokens, `$3`, `$0.25`, or `–` when unknown."""
    if uusd_per_mtok is None:
        return "–"
    dollars = uusd_per_mtok / 1_000_000
    return f"${dollars:.2f}".replace(".00", "")


def short_path(path: str, width: int, home: str = "") -> str:
    """`path` with `~` for home, cut from the left to `width` characters."""
    if home and (path == home or path.startswith(home.rstrip("/") + "/")):
        path = "~" + path[len(home.rstrip("/")) :]
    return path if len(path) <= width else "…" + path[-(width - 1) :]
