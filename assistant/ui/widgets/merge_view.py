"""A merge being decided: the file as it will be, and for each clash the sides to choose from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from textual import events
from textual.content import Content
from textual.message import Message

from assistant.sandbox.stage.merge import Region
from assistant.ui.language import _, ngettext
from assistant.ui.safe import join
from assistant.ui.widgets.line_view import LineView, cut, shown

Choice = Literal["", "mine", "staged", "both"]
WIDE = 100
"""Columns from which the sides of a clash stand beside each other."""
_AROUND = 3
"""Settled lines shown around a clash."""

Line = tuple[int, str, tuple[str, ...]]
"""(clash, kind, texts): kind is `head`, `names`, `sides`, `settled`, `folded`, or the one side `mine`, `base`, `staged`."""


class MergeView(LineView):
    """Shows every clash with some lines around it; one is marked, and is what keys choose for."""

    class ClashMarked(Message):
        """Another clash is marked, or chosen differently."""

    def __init__(self, regions: Sequence[Region], *, with_base: bool) -> None:
        super().__init__()
        self._regions = list(regions)
        self._with_base = with_base
        self.clashes = [r for r in self._regions if r.settled is None]
        self.choices: list[Choice] = [""] * len(self.clashes)
        self.clash = 0
        """The marked clash, from 0."""
        self._lines: list[Line] = []
        self._starts: list[int] = []

    def choose(self, choice: Choice, *, everywhere: bool = False) -> None:
        """Settle the marked clash, or all; then on to the next that is open."""
        for index in range(len(self.choices)):
            if everywhere or index == self.clash:
                self.choices[index] = choice
        later = [*range(self.clash + 1, len(self.choices)), *range(self.clash)]
        self.mark(next((i for i in later if not self.choices[i]), self.clash))

    def mark(self, clash: int) -> None:
        """Mark a clash and bring it into sight."""
        if 0 <= clash < len(self.clashes):
            self.clash = clash
            self.redraw()
            self.reveal(self._starts[clash])
            self.post_message(self.ClashMarked())

    def on_click(self, event: events.Click) -> None:
        """A click marks a clash."""
        index = self.scroll_offset.y + event.y
        if index < len(self._lines) and self._lines[index][0] >= 0:
            self.mark(self._lines[index][0])

    def on_resize(self) -> None:
        """Beside each other or below each other."""
        self._lay_out()
        self.redraw()

    def _lay_out(self) -> None:
        self._lines, self._starts = [], []
        clash = -1
        for at, region in enumerate(self._regions):
            if region.settled is not None:
                self._settled(region.settled, first=at == 0, last=at == len(self._regions) - 1)
                continue
            clash += 1
            self._starts.append(len(self._lines))
            self._lines.append((clash, "head", ()))
            sides = [("mine", region.mine), ("base", region.base), ("staged", region.staged)]
            if not self._with_base:
                del sides[1]
            if self.size.width >= WIDE:
                self._lines.append((clash, "names", tuple(name for name, _lines in sides)))
                for row in range(max(len(lines) for _name, lines in sides)):
                    texts = tuple(lines[row] if row < len(lines) else "" for _name, lines in sides)
                    self._lines.append((clash, "sides", texts))
            else:
                for name, lines in sides:
                    self._lines.append((clash, "names", (name,)))
                    self._lines += [(clash, name, (text,)) for text in lines]

    def _settled(self, lines: tuple[str, ...], *, first: bool, last: bool) -> None:
        before, after = (0 if first else _AROUND), (0 if last else _AROUND)
        if len(lines) <= before + after + 1:
            self._lines += [(-1, "settled", (text,)) for text in lines]
            return
        self._lines += [(-1, "settled", (text,)) for text in lines[:before]]
        self._lines.append((-1, "folded", (str(len(lines) - before - after),)))
        self._lines += [(-1, "settled", (text,)) for text in lines[len(lines) - after :]]

    def line_count(self) -> int:
        """See LineView."""
        return len(self._lines)

    def line_at(self, index: int) -> Content:
        """See LineView."""
        clash, kind, texts = self._lines[index]
        marked = clash == self.clash and clash >= 0
        bar = ("▌" if marked else " ", "$primary")
        width = max(20, self.size.width - 3)
        if kind == "head":
            words = _("clash {n} of {all}").format(n=clash + 1, all=len(self.clashes))
            choice = self.choices[clash]
            told = {"": _("not chosen yet"), "mine": _("yours"), "staged": _("the staged one"), "both": _("both")}[
                choice
            ]
            return join(bar, (words, "bold $primary"), (f"  {told}", "bold $warning" if not choice else "$success"))
        if kind == "folded":
            count = int(texts[0])
            return join(
                bar, (ngettext("… {n} line that is settled", "… {n} lines that are settled", count), "italic $quiet")
            )
        if kind == "settled":
            return join(bar, ("  " + cut(shown(texts[0]), 0, width - 2), "$quiet"))
        if kind == "names":
            return join(bar, *self._columns([self._side_name(clash, name) for name in texts], width, "bold"))
        if kind == "sides":
            return join(bar, *self._columns([shown(text) for text in texts], width, ""))
        return join(bar, ("  " + cut(shown(texts[0]), 0, width - 2), ""))

    def _side_name(self, clash: int, side: str) -> str:
        words = {"mine": _("yours (the real file)"), "base": _("before"), "staged": _("staged by the task")}[side]
        chosen = self.choices[clash] in (side, "both") and side != "base"
        return f"{'●' if chosen else '○' if side != 'base' else ' '} {words}"

    def _columns(self, texts: Sequence[str], width: int, style: str) -> list[tuple[str, str]]:
        each = (width - 3 * (len(texts) - 1)) // len(texts)
        parts: list[tuple[str, str]] = []
        for text in texts:
            if parts:
                parts.append((" │ ", "$border-blurred"))
            parts.append((cut(text, 0, each), style))
        return parts
