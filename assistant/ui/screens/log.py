"""The log: what was done, newest first, a page at a time; filter, search, and every entry's detail."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from assistant.audit.views import LogRow
from assistant.errors import AssistantError
from assistant.ui import figures
from assistant.ui.language import N_, _
from assistant.ui.safe import join, line, plain
from assistant.ui.screens.panel import PanelScreen, Rows
from assistant.ui.screens.review import WIDE

if TYPE_CHECKING:
    from assistant.ui.screens.chat import ChatScreen

PAGE = 200
FILTERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (N_("everything"), ()),
    (N_("effects"), ("intent", "outcome", "stage.apply", "stage.drop", "stage.undo", "stage.edit", "crash.found")),
    (
        N_("decisions"),
        ("decision", "approval", "call.edited", "grant.added", "grant.revoked", "boundary.added", "boundary.removed"),
    ),
    (N_("messages"), ("message",)),
    (N_("models"), ("model.call", "model.result", "model.failed")),
    (N_("failures"), ("failure", "model.failed", "crash.found")),
)
_STYLES = {
    "decision": "$accent",
    "approval": "$warning",
    "outcome": "$success",
    "failure": "$error",
    "model.failed": "$error",
}


class LogScreen(PanelScreen):
    """Reads only. The log is changed by what happens, never by looking."""

    TITLE_TEXT = N_("Log")
    CSS_PATH = "log.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "filter", N_("filter by kind")),
        Binding("t", "scope", N_("this task or all tasks")),
        Binding("slash", "search", N_("search")),
    ]

    def __init__(self, chat: ChatScreen) -> None:
        super().__init__()
        if chat.desk is None or chat.session is None:
            raise RuntimeError("the log needs an open desk")
        self._desk = chat.desk
        self._task_id = chat.session.task.id
        self._filter = 0
        self._all_tasks = False
        self._rows: dict[str, LogRow] = {}
        self._more = True

    def parts(self) -> ComposeResult:
        """Filter line, timeline, detail."""
        with Container(id="filter"):
            yield Static(markup=False)
            yield Input(placeholder=_("search · press / to type here"))
        with Container(id="panes"):
            yield Rows(id="rows")
            with VerticalScroll(id="detail", can_focus=False):
                yield Static(markup=False)

    def hints(self) -> list[tuple[str, str]]:
        """The keys."""
        return [("f", _("filter")), ("t", _("this task") if self._all_tasks else _("all tasks")), ("/", _("search"))]

    def on_mount(self) -> None:
        """The first page."""
        self.query_one(Rows).focus()
        self._reload()

    def on_resize(self, event: events.Resize) -> None:
        """Wide terminals show the detail beside the list."""
        self.set_class(event.size.width >= WIDE, "-wide")

    def _reload(self) -> None:
        self.run_worker(partial(self._page, anew=True), group="page", exclusive=True, exit_on_error=False)

    async def _page(self, *, anew: bool) -> None:
        rows = self.query_one(Rows)
        before = None if anew or not self._rows else min(row.seq for row in self._rows.values())
        try:
            page = await self._desk.log_page(
                task="" if self._all_tasks else self._task_id,
                kinds=FILTERS[self._filter][1],
                search=self.query_one(Input).value.strip(),
                before_seq=before,
                limit=PAGE,
            )
        except AssistantError as error:
            self.app.notify(str(error), severity="error", markup=False)
            return
        self._more = len(page) == PAGE
        if anew:
            self._rows.clear()
            rows.clear_options()
        self._rows.update({str(row.seq): row for row in page})
        rows.add_options([Option(row_label(row), id=str(row.seq)) for row in page])
        if anew:
            rows.highlighted = 0 if page else None
            if not page:
                self.query_one("#detail > Static", Static).update(Content(_("no entries")))
        self._titles()

    def _titles(self) -> None:
        scope = _("all tasks") if self._all_tasks else _("this task")
        shown = _("{n} entries").format(n=f"{len(self._rows)}{'+' if self._more else ''}")
        self.say_title(f"{scope} · {shown}")
        self.query_one("#filter > Static", Static).update(Content(_(FILTERS[self._filter][0])))
        self.refresh_keys()

    @on(OptionList.OptionHighlighted)
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        row = self._rows.get(event.option.id or "")
        if row is not None:
            self.query_one("#detail > Static", Static).update(detail_content(row))
            self.query_one("#detail", VerticalScroll).scroll_home(animate=False)
        if self._more and event.option_index >= len(self._rows) - 20:
            self._more = False  # until this page is here
            self.run_worker(partial(self._page, anew=False), group="page", exclusive=True, exit_on_error=False)

    @on(Input.Changed)
    def _search_changed(self) -> None:
        self._reload()

    @on(Input.Submitted)
    def _searched(self) -> None:
        self.query_one(Rows).focus()

    def action_filter(self) -> None:
        """The next filter."""
        self._filter = (self._filter + 1) % len(FILTERS)
        self._reload()

    def action_scope(self) -> None:
        """This task, or all."""
        self._all_tasks = not self._all_tasks
        self._reload()

    def action_search(self) -> None:
        """Type in the search field."""
        self.query_one(Input).focus()

    def action_back(self) -> None:
        """From the search field to the list, from the list to the chat."""
        if self.query_one(Input).has_focus:
            self.query_one(Rows).focus()
        else:
            super().action_back()


def open_for(chat: ChatScreen) -> LogScreen:
    """The screen over `chat`."""
    return LogScreen(chat)


def row_label(row: LogRow) -> Content:
    """One line of the timeline."""
    return join(
        (f"{row.seq:>6}  {figures.moment(row.time_ms)[11:]}  ", "$quiet"),
        line(f"{row.kind:<14}", _STYLES.get(row.kind, "$secondary"), 20),
        "  ",
        line(row.summary),
    )


def detail_content(row: LogRow) -> Content:
    """All of one entry."""
    head = join(
        (f"#{row.seq} ", "bold $primary"),
        line(row.kind, "bold"),
        (f"  {figures.moment(row.time_ms)} · {row.task}", "$quiet"),
    )
    return Content("\n").join([head, plain(row.summary), Content(""), plain(row.detail, "$secondary")])
