"""Tasks: earlier ones and open ones; search over all content, resume, rename, branch, put away."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.content import Content
from textual.widgets import Input, OptionList

from assistant.audit.views import TaskSummary
from assistant.errors import AssistantError
from assistant.ui import figures
from assistant.ui.language import N_, _, ngettext
from assistant.ui.safe import join, line
from assistant.ui.screens.manners import leave
from assistant.ui.screens.panel import PanelScreen, Rows

if TYPE_CHECKING:
    from assistant.ui.screens.chat import ChatScreen


class TasksScreen(PanelScreen):
    """Enter opens the marked task beside the ones that are open."""

    TITLE_TEXT = N_("Tasks")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "rename", N_("rename")),
        Binding("n", "new", N_("new task: folder and tools")),
        Binding("b", "branch", N_("a branch of the marked task, at its end")),
        Binding("a", "archive", N_("put the marked task away, or take it back")),
        Binding("v", "show_all", N_("show those that were put away and replays too, or not")),
        Binding("slash", "search", N_("search")),
    ]

    def __init__(self, chat: ChatScreen) -> None:
        super().__init__()
        if chat.desk is None:
            raise RuntimeError("tasks need an open desk")
        self._chat, self._desk = chat, chat.desk
        self._tasks: dict[str, TaskSummary] = {}
        self._all_too = False

    def parts(self) -> ComposeResult:
        """Search field and list."""
        with Container(classes="search"):
            yield Input(placeholder=_("search in everything that was said · press / to type here"))
        yield Rows()

    def hints(self) -> list[tuple[str, str]]:
        """The keys."""
        away = _("show fewer") if self._all_too else _("show all")
        return [
            ("Enter", _("open")),
            ("n", _("new")),
            ("r", _("rename")),
            ("b", _("branch")),
            ("a", _("put away, take back")),
            ("v", away),
            ("/", _("search")),
        ]

    def on_mount(self) -> None:
        """All tasks."""
        self.query_one(Rows).focus()
        self._reload()

    def _reload(self) -> None:
        self.run_worker(self._read, group="read", exclusive=True, exit_on_error=False)

    async def _read(self) -> None:
        try:
            search = self.query_one(Input).value.strip()
            found = await self._desk.tasks(search, archived=self._all_too, replays=self._all_too)
        except AssistantError as error:
            self.app.notify(str(error), severity="error", markup=False)
            return
        self._tasks = {summary.task.id: summary for summary in found}
        waiting = {c.session.task.id: c.needs_person for c in self.app.chats.values() if c.session is not None}
        self.query_one(Rows).set_rows([(name, task_label(t, waiting.get(name))) for name, t in self._tasks.items()])
        self.say_title(ngettext("{n} task", "{n} tasks", len(found)))

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        summary = self._tasks.get(event.option.id or "")
        if summary is not None:
            leave(self, None)
            self.app.open_chat(Path(summary.task.folder), summary.task.id)

    @on(Input.Changed)
    def _search_changed(self) -> None:
        self._reload()

    @on(Input.Submitted)
    def _searched(self) -> None:
        self.query_one(Rows).focus()

    def action_search(self) -> None:
        """Type in the search field."""
        self.query_one(Input).focus()

    def action_new(self) -> None:
        """A new task: folder and kit."""
        self.run_worker(self._new, group="new", exit_on_error=False)

    async def _new(self) -> None:
        from assistant.ui.screens.new_task import NewTaskScreen

        arrange = self._desk.arrangements
        folder = Path(self._chat.session.task.folder) if self._chat.session else self._chat.opening.folder
        screen = NewTaskScreen(folder, arrange.kits.values(), arrange.settings.kit)
        if (chosen := await self.app.push_screen_wait(screen)) is not None:
            where, kit = chosen
            leave(self, None)
            self.app.open_chat(where, kit=kit)

    def action_branch(self) -> None:
        """A branch of the marked task at its end, opened."""
        if (summary := self._marked()) is not None:
            self.run_worker(partial(self._branch, summary), group="branch", exit_on_error=False)

    async def _branch(self, summary: TaskSummary) -> None:
        try:
            point = await self._desk.branch_point(summary.task.id)
        except AssistantError as error:
            self.app.notify(str(error), severity="warning", markup=False)
            return
        leave(self, None)
        self.app.open_branch(Path(summary.task.folder), point, "")

    def action_archive(self) -> None:
        """Put the marked task away, or take it back."""
        if (summary := self._marked()) is not None:
            self.run_worker(partial(self._archive, summary), group="archive", exit_on_error=False)

    async def _archive(self, summary: TaskSummary) -> None:
        away = not summary.task.archived
        done = _("put away: v shows it again") if away else _("in the list again")
        if await self.attempt(self._desk.archive_task(summary.task.id, away), done):
            self._reload()

    def action_show_all(self) -> None:
        """Those that were put away and replays too, or not."""
        self._all_too = not self._all_too
        self.refresh_keys()
        self._reload()

    def _marked(self) -> TaskSummary | None:
        return self._tasks.get(self.query_one(Rows).highlighted_id)

    def action_rename(self) -> None:
        """Another title for the marked task."""
        if (summary := self._marked()) is not None:
            self.run_worker(partial(self._rename, summary), group="rename", exit_on_error=False)

    async def _rename(self, summary: TaskSummary) -> None:
        from assistant.ui.screens.ask import AskScreen

        title = await self.app.push_screen_wait(AskScreen(_("A title for this task"), summary.task.title))
        if title and await self.attempt(self._desk.rename_task(summary.task.id, title)):
            self._chat.refresh_status()
            self._reload()

    def action_back(self) -> None:
        """From the search field to the list, from the list to the chat."""
        if self.query_one(Input).has_focus:
            self.query_one(Rows).focus()
        else:
            super().action_back()


def open_for(chat: ChatScreen) -> TasksScreen:
    """The screen over `chat`."""
    return TasksScreen(chat)


def task_label(summary: TaskSummary, needs_person: bool | None) -> Content:
    """Two lines: title and state, then where, when and what it used. `needs_person` is None for a task that isn't open."""
    task = summary.task
    head: list[Content | str | tuple[str, str]] = [line(task.title or _("untitled"), "bold", 80)]
    if needs_person:
        head.append(("  " + _("● needs you"), "bold $warning"))
    elif needs_person is not None:
        head.append(("  " + _("open"), "$success"))
    if task.branched_at:
        head.append(("  " + _("branch"), "$secondary"))
    if task.is_replay:
        head.append(("  " + _("replay"), "$quiet"))
    if task.archived:
        head.append(("  " + _("put away"), "$quiet"))
    if summary.interrupted:
        head.append(("  " + _("broke off"), "$error"))
    if summary.waiting:
        head.append(("  " + _("{n} staged").format(n=summary.waiting), "$warning"))
    parts = [
        figures.moment(summary.updated_ms)[:16],
        figures.short_path(task.folder, 40, os.environ.get("HOME", "")),
        ngettext("{n} turn", "{n} turns", summary.turns),
        figures.money(summary.cost_uusd),
        task.model,
    ]
    return join(*head, "\n", line(" · ".join(parts), "$quiet"))
