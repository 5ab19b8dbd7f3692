"""The last line: task, folder, model, autonomy, staged changes, tokens, what the provider's cache took, cost."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from assistant.types import Data
from assistant.ui import figures
from assistant.ui.language import _, ngettext
from assistant.ui.levels import autonomy_word
from assistant.ui.safe import join, line

if TYPE_CHECKING:
    from assistant.agent.desk import TaskSession


class Status(Data, frozen=True):
    """What the line tells. `others` is how many other open tasks need the person."""

    task: str = ""
    folder: str = ""
    model: str = ""
    autonomy: str = ""
    staged: int = 0
    held: int = 0
    tokens: int = 0
    cache_read: int = 0
    cache_write: int = 0
    cost_uusd: int = 0
    unpriced: bool = False
    others: int = 0
    asks: int = 0
    asks_last_hour: int = 0
    programs: int = 0
    """Long-running programs of the task that run now."""


class StatusLine(Widget):
    """One line that drops its less urgent parts as the terminal gets narrower."""

    DEFAULT_CSS = """
    StatusLine { height: 1; padding: 0 2; color: $quiet; }
    """

    status: reactive[Status] = reactive(Status())

    def set(self, **changes: object) -> None:
        """Change some of the parts."""
        self.status = msgspec.structs.replace(self.status, **changes)

    def show(self, session: TaskSession) -> None:
        """The figures of a session as they stand."""
        totals, task = session.totals, session.task
        self.set(
            task=task.title,
            folder=task.folder,
            model=session.model_info.id,
            autonomy=task.autonomy.value,
            tokens=totals.input_tokens + totals.output_tokens,
            cache_read=totals.cache_read,
            cache_write=totals.cache_write,
            cost_uusd=totals.cost_uusd,
            unpriced=totals.unpriced_calls > 0,
            asks=totals.asks,
            asks_last_hour=totals.asks_last_hour,
            programs=sum(1 for p in session.processes() if p.running),
        )

    def render(self) -> Content:
        """The line at the present width."""
        return status_content(self.status, self.size.width)


def status_content(status: Status, width: int) -> Content:
    """The line for `width` cells: the left end tells where one is, the right end what has been used."""
    right = _right(status, width)
    left = _left(status, max(8, width - right.cell_length - 2))
    gap = width - left.cell_length - right.cell_length
    if gap < 1:
        return right if status.staged or status.others else left
    return join(left, " " * gap, right)


def _right(status: Status, width: int) -> Content:
    parts: list[Content] = []
    if status.others:
        parts.append(
            Content.styled(ngettext("● {n} task needs you", "● {n} tasks need you", status.others), "bold $warning")
        )
    if status.programs:
        parts.append(Content.styled(ngettext("▶ {n} program", "▶ {n} programs", status.programs), "$primary"))
    if status.staged:
        held = _(" ({n} held)").format(n=status.held) if status.held and width >= 60 else ""
        parts.append(Content.styled(_("{n} staged").format(n=status.staged) + held, "$warning"))
    if width >= 50:
        parts.append(line(autonomy_word(status.autonomy)))
    if width >= 100 and status.asks:
        parts.append(Content(_("asked {n}, {m} this hour").format(n=status.asks, m=status.asks_last_hour)))
    if width >= 36 and status.tokens:
        parts.append(Content(figures.count(status.tokens) + (_(" tokens") if width >= 110 else _(" tok"))))
    if width >= 80 and (status.cache_read or status.cache_write):
        read, written = figures.count(status.cache_read), figures.count(status.cache_write)
        short, long = _("cache {read}/{written}"), _("cache {read} read, {written} written")
        parts.append(Content((long if width >= 120 else short).format(read=read, written=written)))
    if width >= 30 and (status.cost_uusd or status.unpriced):
        parts.append(Content(figures.money(status.cost_uusd) + ("+?" if status.unpriced else "")))
    return Content(" · ").join(p for p in parts if p)


def _left(status: Status, width: int) -> Content:
    name = status.model if width >= 60 else status.model.rpartition("/")[2] or status.model
    parts = [line(name, "$secondary").truncate(max(8, min(40, width)), ellipsis=True)] if name else []
    room = width - sum(part.cell_length for part in parts) - 3
    home = os.environ.get("HOME", "")
    if status.folder and room >= 8:
        folder = line(figures.short_path(status.folder, min(room, max(16, width // 2)), home))
        parts.append(folder)
        room -= folder.cell_length + 3
    if status.task and room >= 12:
        parts.append(line(status.task).truncate(min(room, 48), ellipsis=True))
    return Content(" · ").join(parts)
