"""Tasks: earlier ones and open ones; search over all content, resume, rename."""

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
        Binding("n", "new", N_("new task in this folder")),
        Binding("slash", "search", N_("search")),
    ]

    def __init__(self, chat: ChatScreen) -> None:
        super().__init__()
        if chat.desk is None:
            raise RuntimeError("tasks need an open desk")
        self._chat, self._desk = chat, chat.desk
        self._tasks: dict[str, TaskSummary] = {}

    def parts(self) -> ComposeResult:
        """Search field and list."""
        with Container(classes="search"):
            yield Input(placeholder=_("search in everything that was said · press / to type here"))
        yield Rows()

    def hints(self) -> list[tuple[str, str]]:
        """The keys."""
        return [("Enter", _("open")), ("r", _("rename")), ("n", _("new")), ("/", _("search"))]

    def on_mount(self) -> None:
        """All tasks."""
        self.query_one(Rows).focus()
        self._reload()

    def _reload(self) -> None:
        self.run_worker(self._read, group="read", exclusive=True, exit_on_error=False)

    async def _read(self) -> None:
        try:
            found = await self._desk.tasks(self.query_one(Input).value.strip())
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
        """A new task where this one works."""
        leave(self, None)
        self._chat.new_task("")

    def action_rename(self) -> None:
        """Another title for the marked task."""
        summary = self._tasks.get(self.query_one(Rows).highlighted_id)
        if summary is not None:
            self.run_worker(partial(self._rename, summary), group="rename", exit_on_error=False)

    async def _rename(self, summary: TaskSummary) -> None:
        from assistant.gateway.approver import Unattended
        from assistant.ui.screens.ask import AskScreen

        title = await self.app.push_screen_wait(AskScreen(_("A title for this task"), summary.task.title))
        if not title:
            return
        task = summary.task.id
        opened = next((c.session for c in self.app.chats.values() if c.session and c.session.task.id == task), None)
        try:
            session = opened or await self._desk.resume_task(task, approver=Unattended())
        except AssistantError as error:
            self.app.notify(str(error), severity="warning", markup=False)
            return
        await self.attempt(session.rename(title))
        if opened is None:
            await session.aclose()
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
