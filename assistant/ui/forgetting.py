"""What was rendered for widgets that are gone is let go at once.

A widget is part of many cycles, so it waits until the collector comes by, with every line that was rendered for it. A long
answer makes forty widgets a second: their lines are most of what is alive then, and most of what is collected.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from textual._styles_cache import StylesCache
from textual.widget import Widget

# `StylesCache.get_inner_outer(cls, …)` has an `lru_cache` and lacks its `classmethod` (Textual 8.2): each widget misses what
# another has worked out, and the cache keeps the rendered lines of the last 1,024 widgets alive.
cast(Any, StylesCache).get_inner_outer = classmethod(cast(Any, StylesCache.get_inner_outer))


def forget(gone: Iterable[Widget]) -> None:
    """Let go what was rendered and measured for these."""
    for widget in gone:
        kept = cast(Any, widget)
        kept._styles_cache.clear()
        kept._render_cache = kept._render_cache._replace(lines=[])
        kept._arrangement_cache.clear()
        kept._box_model_cache.clear()
        kept._layout_cache.clear()
