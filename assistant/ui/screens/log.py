"""The log: what was done, newest first, a page at a time; filters, search, cause and effect, and whether it is as signed."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from assistant.audit.query import NAMES, narrowed, parse
from assistant.audit.views import LogRow
from assistant.errors import AssistantError
from assistant.ui.language import N_, _, ngettext
from assistant.ui.safe import plain
from assistant.ui.screens.log_rows import LogRows, chain_label, detail_content, row_label, today
from assistant.ui.screens.panel import PanelScreen
from assistant.ui.screens.review import WIDE

if TYPE_CHECKING:
    from assistant.agent.logbook import LogBook
    from assistant.audit.verification import Verification
    from assistant.ui.screens.chat import ChatScreen

PAGE = 200
FILTERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (N_("everything"), ()),
    (N_("effects"), ("intent", "outcome", "stage.apply", "stage.drop", "stage.undo", "stage.edit", "crash.found")),
    (
        N_("decisions"),
        ("decision", "approval", "call.edited", "grant.added", "grant.revoked", "boundary.added", "boundary.removed"),
    ),
    (N_("messages"), ("message", "delegated", "model.result")),
    (N_("models"), ("model.call", "model.result", "model.failed", "sampling", "sampling.result")),
    (N_("failures"), ("failure", "model.failed", "call.rejected", "crash.found")),
    (
        N_("settings"),
        (
            "task.opened",
            "task.changed",
            "setting.changed",
            "settings.read",
            "memory.added",
            "memory.changed",
            "memory.forgotten",
        ),
    ),
)


class LogScreen(PanelScreen):
    """Reads only. The log is changed by what happens, never by looking."""

    TITLE_TEXT = N_("Log")
    CSS_PATH = "log.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "filter", N_("filter by kind")),
        Binding("t", "scope", N_("this task or all tasks")),
        Binding("slash", "search", N_("search and filters")),
        Binding("c", "chain", N_("what led to it, and what came of it")),
        Binding("v", "verify", N_("verify every entry")),
        Binding("m", "more", N_("look further back")),
    ]

    def __init__(self, book: LogBook, task: str = "", *, call: str = "") -> None:
        """`task`: the one that is open, if any is. `call`: begin with what led to this call of it."""
        super().__init__()
        self._book = book
        self._task_id = task
        self._call = call
        self._filter = 0
        self._all_tasks = not task
        self._rows: dict[str, LogRow] = {}
        self._more = True
        self._next = 0
        """Where the next page begins: entries before this number; 0 for the newest."""
        self._chained = 0
        """The entry whose causes and effects are shown, 0 for the timeline."""
        self._came_from = 0
        self._stop: threading.Event | None = None
        """Set to end the verification that runs."""

    def parts(self) -> ComposeResult:
        """Filter line, timeline, detail."""
        with Container(id="filter"):
            yield Static(markup=False)
            yield Input(placeholder=_("words, or {names} · press / to type here").format(names=_names()))
        yield Static(markup=False, id="verdict")
        with Container(id="panes"):
            yield LogRows(id="rows")
            with VerticalScroll(id="detail", can_focus=False):
                yield Static(markup=False)

    def hints(self) -> list[tuple[str, str]]:
        """The keys."""
        verify = _("stop") if self._stop is not None else _("verify")
        if self._chained:
            return [("Enter", _("cause and effect of this")), ("v", verify)]
        scope = [("t", _("this task") if self._all_tasks else _("all tasks"))] if self._task_id else []
        return [("f", _("kind")), *scope, ("/", _("search")), ("Enter", _("cause and effect")), ("v", verify)]

    def on_mount(self) -> None:
        """The first page, or the call that was asked about."""
        self.query_one(LogRows).focus()
        if self._call:
            self.run_worker(self._begin_with_call, group="page", exclusive=True, exit_on_error=False)
        else:
            self._reload()

    def on_unmount(self) -> None:
        """Nobody waits for the verification any more."""
        if self._stop is not None:
            self._stop.set()

    def on_resize(self, event: events.Resize) -> None:
        """Wide terminals show the detail beside the list."""
        self.set_class(event.size.width >= WIDE, "-wide")

    # ------------------------------------------------------------ timeline

    def _reload(self) -> None:
        self._chained = 0
        self.run_worker(partial(self._page, anew=True), group="page", exclusive=True, exit_on_error=False)

    async def _page(self, *, anew: bool) -> None:
        rows = self.query_one(LogRows)
        try:
            query = narrowed(
                parse(self.query_one(Input).value), FILTERS[self._filter][1], "" if self._all_tasks else self._task_id
            )
            page = await self._book.page(query, before_seq=None if anew else self._next, limit=PAGE)
        except AssistantError as error:
            self.say_title(Content.styled(str(error), "$warning"))
            return
        self._more = len(page.rows) == PAGE or page.searched_to > 0
        self._next = page.rows[-1].seq if len(page.rows) == PAGE else page.searched_to
        if anew:
            self._rows.clear()
            rows.clear_options()
        self._rows.update({str(row.seq): row for row in page.rows})
        day = today()
        rows.add_options([Option(row_label(row, day), id=str(row.seq)) for row in page.rows])
        if anew:
            self._mark(rows)
        self._titles()

    def _mark(self, rows: LogRows) -> None:
        """Mark the entry that was looked at before a chain was, or the newest."""
        came_from, self._came_from = str(self._came_from), 0
        if came_from in self._rows:
            rows.highlighted = rows.get_option_index(came_from)
        else:
            rows.highlighted = 0 if self._rows else None
        if not self._rows:
            words = _("nothing found so far: press m to look further back") if self._more else _("no entries")
            self._show(Content(words))

    def _titles(self) -> None:
        if self._chained:
            self.say_title(_("what led to entry {seq}, and what came of it").format(seq=self._chained))
        else:
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
            self._show(detail_content(row))
            self.query_one("#detail", VerticalScroll).scroll_home(animate=False)
            self.run_worker(partial(self._contents, row), group="contents", exclusive=True, exit_on_error=False)
        if self._more and not self._chained and event.option_index >= len(self._rows) - 20:
            self._fetch()

    def _fetch(self) -> None:
        self._more = False  # until this page is here
        self.run_worker(partial(self._page, anew=False), group="page", exclusive=True, exit_on_error=False)

    async def _contents(self, row: LogRow) -> None:
        try:
            contents = await self._book.contents(row.seq)
        except AssistantError as error:
            contents = [(_("its contents can't be read"), str(error))]
        if contents and self.query_one(LogRows).highlighted_id == str(row.seq):
            self._show(detail_content(row, contents))

    def _show(self, content: Content) -> None:
        self.query_one("#detail > Static", Static).update(content)

    # ------------------------------------------------------------ cause and effect

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.action_chain()

    def action_chain(self) -> None:
        """What led to the marked entry, and what came of it."""
        marked = self.query_one(LogRows).highlighted_id
        if marked:
            self._come_from_here()
            self.run_worker(partial(self._chain, int(marked)), group="page", exclusive=True, exit_on_error=False)

    def _come_from_here(self) -> None:
        if not self._chained:
            self._came_from = int(self.query_one(LogRows).highlighted_id or 0)

    async def _begin_with_call(self) -> None:
        seq = await self._book.of_call(self._task_id, self._call)
        if seq:
            self._came_from = seq
            await self._chain(seq)
        else:
            self.app.notify(_("nothing of this call is in the log yet"), markup=False)
            await self._page(anew=True)

    async def _chain(self, seq: int) -> None:
        rows = self.query_one(LogRows)
        try:
            found = await self._book.chain(seq)
        except AssistantError as error:
            self.app.notify(str(error), severity="warning", markup=False)
            return
        self._chained = seq
        self._rows = {str(row.seq): row for _role, row in found}
        rows.clear_options()
        rows.add_options([Option(chain_label(role, row, asked=row.seq == seq), id=str(row.seq)) for role, row in found])
        rows.highlighted = rows.get_option_index(str(seq))
        self._titles()

    # ------------------------------------------------------------ verification

    def action_verify(self) -> None:
        """Verify the whole log, or stop doing so."""
        if self._stop is not None:
            self._stop.set()
            return
        self._stop = threading.Event()
        self._say_verdict(_("verifying …"), "$quiet")
        self.refresh_keys()
        self.run_worker(partial(self._verify, self._stop), group="verify", exit_on_error=False)

    async def _verify(self, stop: threading.Event) -> None:
        def tell(done: int, total: int) -> None:  # from a thread: `call_later` only puts a message into the queue
            self.call_later(self._say_progress, done, total)

        try:
            result = await self._book.verify(tell, stop)
        finally:
            self._stop = None
        if not self.is_attached:
            return
        if stop.is_set():
            self._say_verdict(_("the verification was stopped"), "$quiet")
        else:
            words, style = verdict_words(result)
            self._say_verdict(words, style)
        self.refresh_keys()

    def _say_progress(self, done: int, total: int) -> None:
        if self._stop is not None and not self._stop.is_set():
            percent = done * 100 // max(total, 1)
            self._say_verdict(_("verifying: {percent} % of {n} entries").format(percent=percent, n=total), "$quiet")

    def _say_verdict(self, words: str, style: str) -> None:
        line_ = self.query_one("#verdict", Static)
        line_.update(plain(words, style))
        line_.display = True

    # ------------------------------------------------------------ keys

    @on(Input.Changed)
    def _search_changed(self) -> None:
        self._reload()

    @on(Input.Submitted)
    def _searched(self) -> None:
        self.query_one(LogRows).focus()

    def action_filter(self) -> None:
        """The next filter."""
        self._filter = (self._filter + 1) % len(FILTERS)
        self._reload()

    def action_scope(self) -> None:
        """This task, where one is open, or all."""
        self._all_tasks = not (self._all_tasks and self._task_id)
        self._reload()

    def action_more(self) -> None:
        """The next page, also when looking for it takes long."""
        if self._more and not self._chained:
            self._fetch()

    def action_search(self) -> None:
        """Type in the search field."""
        self.query_one(Input).focus()

    def action_back(self) -> None:
        """From the search field to the list, from cause and effect to the timeline, from there to the chat."""
        if self.query_one(Input).has_focus:
            self.query_one(LogRows).focus()
        elif self._chained and not self._call:
            self._reload()
        else:
            super().action_back()


def verdict_words(result: Verification) -> tuple[str, str]:
    """The outcome of a verification in words, and its style."""
    if result.ok:
        n = ngettext(
            "✓ verified: {n} entry is as it was signed",
            "✓ verified: all {n} entries are as they were signed",
            result.entries,
        )
        return n, "$success"
    words = _("✗ not verified: {verdict}").format(verdict=result.verdict)
    return "\n".join([words, *(problem.words for problem in result.problems[:3])]), "bold $error"


def _names() -> str:
    return " ".join(f"{name}:" for name in NAMES)


def open_for(chat: ChatScreen, call: str = "") -> LogScreen:
    """The screen over `chat`, whose task is open."""
    if chat.desk is None or chat.session is None:
        raise RuntimeError("there is no open task")
    return LogScreen(chat.desk.logbook, chat.session.task.id, call=call)
