"""What was rendered for widgets that are gone is let go at once.

A widget is part of many cycles, so it waits until the collector comes by, with every line that was rendered for it; and
Textual keeps the rendered lines of the last 1,024 widgets alive, by an `lru_cache` on a method of `StylesCache`. A long
answer makes forty widgets a second: their lines are most of what is alive then, and most of what is collected.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from textual.widget import Widget


def forget(gone: Iterable[Widget]) -> None:
    """Let go what was rendered and measured for these."""
    for widget in gone:
        kept = cast(Any, widget)
        kept._styles_cache.clear()
        kept._render_cache = kept._render_cache._replace(lines=[])
        kept._arrangement_cache.clear()
        kept._box_model_cache.clear()
        kept._layout_cache.clear()
