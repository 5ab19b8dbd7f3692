"""Opens the task of one chat, once its first frame is drawn, and tells what a person should know of it."""

from __future__ import annotations

import asyncio
import importlib
import sys
from typing import TYPE_CHECKING

from assistant.agent import events
from assistant.errors import AssistantError
from assistant.ui import collecting
from assistant.ui.conversation import Said
from assistant.ui.language import _
from assistant.ui.messages import DeskFailed, DeskReady, TurnEvent
from assistant.ui.widgets.welcome import Welcome

if TYPE_CHECKING:
    from assistant.agent.desk import Desk, TaskSession
    from assistant.ui.screens.chat import ChatScreen

ANSWER = "assistant.ui.widgets.answer"
"""Markdown and its highlighter: 110 ms to load, which the first answer would wait for, and whoever types then."""
AHEAD_S = 1.0
"""How long after the task is open they are loaded ahead, in a thread. Chosen: the first keys are not slowed by it."""


class Opener:
    """The beginning of one chat. `open` and `look_round` wait, so they are workers; they post what they find."""

    def __init__(self, chat: ChatScreen) -> None:
        self._chat = chat
        self._wanted = ""
        """The screen that was asked for before there was a task to show in it."""

    async def open(self) -> None:
        """Build the desk and open the task: DeskReady, or DeskFailed, whatever breaks."""
        chat = self._chat
        try:
            desk = await chat.app.desk()
            session = await self._session(desk)
        except AssistantError as error:
            chat.post_message(DeskFailed(error.message, error.hint))
        except Exception as error:  # the screen must stay usable and say it, whatever broke below
            chat.log.error(error)
            chat.post_message(DeskFailed(f"{type(error).__name__}: {error}"))
        else:
            if session is not None:
                chat.post_message(DeskReady(desk, session))
            else:
                hint = _("start in another folder: assistant --folder DIR")
                chat.post_message(DeskFailed(_("no task was opened"), hint))

    async def _session(self, desk: Desk) -> TaskSession | None:
        """None when the person does not want a task in so wide a folder."""
        chat, opening = self._chat, self._chat.opening
        approver = chat.questions.approver
        if opening.branch is not None:
            return await desk.branch_task(opening.branch, approver=approver, take_back=opening.take_back)
        if opening.resume is not None:
            return await desk.resume_task(opening.resume, approver=approver)
        options = opening.options
        if opening.asks_first:
            if not await chat.app.confirm_folder(opening.folder):
                return None
            options = {**options, "broad_ok": True}
        return await desk.open_task(opening.folder, approver=approver, **options)

    async def show(self, session: TaskSession) -> None:
        """The task is open: draw its past, and what was noticed on the way."""
        chat, said = self._chat, [""]
        session.warm_up()
        if past := session.past():
            await chat.query(Welcome).remove()
            chat.conversation.load(past)
            said += [item.text for item in chat.conversation.items if isinstance(item, Said)]
            chat.prompt.set_history(said[1:])
            await chat.transcript.show_end()
        chat.refresh_status()
        if chat.desk is not None:
            await chat.unsent.bring_back(chat.desk.paths.unsent / f"{session.task.id}.json", said[-1])
        for notice in session.notices():
            await chat.turns.show(notice)
        collecting.settle()

    # ------------------------------------------------------------ screens asked for too early

    def open_screen(self, name: str) -> None:
        """Without a task: help at once, any other screen as soon as it is open. The last one asked for counts alone."""
        chat, asked_before = self._chat, self._wanted
        self._wanted = ""
        if name == "help":
            chat.app.open_help()
        elif chat.turns.broken and name == "log":
            chat.run_worker(self._show_log, group="log", exclusive=True, exit_on_error=False)
        elif chat.turns.broken:
            chat.tell("info", _("no task is open here"), _("sending something tries again"))
        else:
            self._wanted = name
            if name != asked_before:
                chat.app.notify(_("opens as soon as the task is open · Esc forgets it"), markup=False, timeout=3)

    async def _show_log(self) -> None:
        """A log that can't be written, so that no task opens, may still be read."""
        from assistant.ui.screens.log import LogScreen

        chat = self._chat
        try:
            book = await chat.app.logbook()
        except AssistantError as error:
            chat.tell("warning", error.message, error.hint)
            return
        if chat.app.screen is chat:
            chat.app.push_screen(LogScreen(book))

    def open_wanted(self) -> None:
        """The task is open: show what was asked for, unless the person has gone elsewhere meanwhile."""
        name, self._wanted = self._wanted, ""
        if name and self._chat.app.screen is self._chat:
            self._chat.open_screen(name)

    def forget_wanted(self) -> bool:
        """Open nothing. False when nothing was to be opened."""
        name, self._wanted = self._wanted, ""
        return bool(name)

    async def look_round(self) -> None:
        """What is staged, how well programs are contained, and on the first run which models were found."""
        chat = self._chat
        desk, session = chat.desk, chat.session
        if desk is None or session is None:
            return
        for notice in await session.weakness():
            await chat.turns.show(notice)
        try:
            changes = await session.changes()
            chat.post_message(TurnEvent(events.StageChanged(len(changes), sum(1 for c in changes if c.held))))
            if chat.app.models_told:
                return
            chat.app.models_told = True
            first = len(await desk.tasks(limit=2)) <= 1
            if not session.history() and (first or session.model_info.provider == "builtin"):
                from assistant.ui.first_run import found_models

                found = found_models(await desk.models(), session.model_info)
                await chat.turns.idle.wait()  # a note in the middle would cut the first answer in two
                chat.post_message(TurnEvent(found))
        except AssistantError as error:
            chat.post_message(TurnEvent(events.Notice("warning", error.message, error.hint)))

    async def load_ahead(self) -> None:
        """Load what the first answer will need."""
        await asyncio.sleep(AHEAD_S)
        if ANSWER not in sys.modules:
            await asyncio.to_thread(importlib.import_module, ANSWER)
        collecting.settle()
