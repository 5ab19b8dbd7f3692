"""Costs: money, tokens, caches and energy of the last days, each day a column, and each model a row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from assistant.errors import AssistantError
from assistant.ui import figures, spent
from assistant.ui.language import N_, _, ngettext
from assistant.ui.safe import join, line
from assistant.ui.screens.panel import PanelScreen, Rows
from assistant.ui.spent import DAYS

if TYPE_CHECKING:
    from assistant.agent.usage import Used
    from assistant.ui.screens.chat import ChatScreen

CELLS = 3
"""Width of a day's column: all of them fit into 80 cells beside their name."""
_STEPS = " ▁▂▃▄▅▆▇█"


class CostsScreen(PanelScreen):
    """Energy is an estimate, made when this is opened."""

    TITLE_TEXT = N_("Costs")

    def __init__(self, chat: ChatScreen) -> None:
        super().__init__()
        if chat.desk is None:
            raise RuntimeError("costs need a desk")
        self._desk = chat.desk

    def parts(self) -> ComposeResult:
        """The plots, and a row for each model."""
        yield Static("", markup=False, id="plots")
        yield Rows()

    def on_mount(self) -> None:
        """Read the log in the background."""
        self.query_one("#plots", Static).styles.padding = (0, 2, 1, 2)
        self.query_one("#plots", Static).styles.height = "auto"
        self.query_one(Rows).focus()
        self.say_title(_("looking …"))
        self.run_worker(self._read, group="read", exit_on_error=False)

    async def _read(self) -> None:
        try:
            rows = await self._desk.usage(DAYS)
        except AssistantError as error:
            self.app.notify(str(error), severity="error", markup=False)
            rows = []
        self.query_one("#plots", Static).update(plots(rows))
        names = spent.names_of(rows)
        self.query_one(Rows).set_rows([(name, model_row([r for r in rows if r.model == name])) for name in names])
        days = ngettext("the last {n} day", "the last {n} days", DAYS).format(n=DAYS)
        self.say_title(days if rows else _("no model has answered in {days}").format(days=days))


def plots(rows: Sequence[Used], today: date | None = None) -> Content:
    """Three small plots over the same days, with the sum and the highest day in figures."""
    if not rows:
        return Content("")
    last = today or date.today()  # noqa: DTZ011 - the person's own days
    days = [(last - timedelta(days=back)).isoformat() for back in range(DAYS - 1, -1, -1)]
    drawn = [
        _plot(_("money"), days, rows, lambda row: row.spent.cost_uusd, lambda n: figures.money(int(n))),
        _plot(_("tokens"), days, rows, lambda row: row.spent.tokens, lambda n: figures.count(int(n))),
        _plot(_("energy"), days, rows, lambda row: row.spent.energy.high_mwh, lambda n: f"≤ {n / 1000:.2f} Wh"),
    ]
    scale = "".join(f"{int(day[8:]):<{CELLS}}" for day in days)
    return Content("\n").join([*drawn, join(" " * 10, (scale, "$quiet"))])


def _plot(
    name: str, days: Sequence[str], rows: Sequence[Used], value: Callable[[Used], float], say: Callable[[float], str]
) -> Content:
    sums = {day: sum(value(row) for row in rows if row.day == day) for day in days}
    most = max(sums.values())
    columns = "".join(column(sums[day], most) * (CELLS - 1) + " " for day in days)
    title = name + " " * max(1, 10 - Content(name).cell_length)
    return join((title, "bold"), (columns, "$primary"), " ", say(sum(sums.values())))


def column(value: float, most: float) -> str:
    """A column of one cell by eighths; something that is not nothing is never without one."""
    step = round(value / most * 8) if most else 0
    return _STEPS[max(step, 1) if value else 0]


def model_row(rows: Sequence[Used]) -> Content:
    """Name; below it calls, tokens in and out, what came from caches, money, energy as a range."""
    name = line(rows[0].model, "bold")
    return join(name, "\n  ", (" · ".join(spent.facts_of(rows)), "$quiet"))


def open_for(chat: ChatScreen) -> CostsScreen:
    """The screen over `chat`."""
    return CostsScreen(chat)
