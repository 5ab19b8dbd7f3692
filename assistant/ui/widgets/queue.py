"""Prompts that wait until the running turn is over."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.widgets import Static

from assistant.ui.language import _
from assistant.ui.safe import join, line

ROWS = 3


class Queue(Static):
    """Hidden while nothing waits."""

    DEFAULT_CSS = """
    Queue { height: auto; padding: 0 3; color: $quiet; display: none; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def __init__(self) -> None:
        super().__init__(markup=False)

    def show(self, texts: Sequence[str], *, opening: bool = False) -> None:
        """Draw the line of waiting prompts, oldest first. `opening`: it is the task they wait for, not a turn."""
        self.display = bool(texts)
        rows = [join(("» ", "$primary"), line(text, limit=200)) for text in texts[:ROWS]]
        if len(texts) > ROWS:
            rows.append(Content(f"  … {len(texts) - ROWS}"))
        if rows:
            when = _("sent when the task is open") if opening else _("sent when this turn is over")
            rows.append(Content.styled(f"  {when} · {_('Up takes the last one back')}", "italic"))
        self.update(Content("\n").join(rows))
