"""What the longer `/` commands do: begin a task, take back, forbid, turn the dial, change the look, search, copy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from assistant.agent import events as turn_events
from assistant.errors import AssistantError
from assistant.types import Autonomy
from assistant.ui.language import _
from assistant.ui.levels import autonomy_word
from assistant.ui.messages import StagedChanged, TurnEvent
from assistant.visible import visible

if TYPE_CHECKING:
    from assistant.ui.screens.chat import ChatScreen


def new_task(chat: ChatScreen, folder: str) -> None:
    """Another task, here or in `folder`, beside this one."""
    here = chat.opening.folder
    chat.app.open_chat(here / Path(folder).expanduser() if folder else here)


async def undo(chat: ChatScreen, undo_id: str) -> None:
    """Take back the last applied set."""
    if chat.session is None:
        return
    try:
        report = await chat.session.undo(undo_id)
    except AssistantError as error:
        chat.tell("warning", error.message, error.hint)
        return
    chat.post_message(TurnEvent(turn_events.Applied(report.applied, report.undo_id, report.conflicts, undone=True)))
    if report.note:
        chat.tell("info", report.note)
    chat.post_message(StagedChanged())


async def never(chat: ChatScreen, words: str) -> None:
    """State a boundary: shown as the policy it becomes, and confirmed, before it holds."""
    if chat.session is None or not words:
        chat.tell("info", _("say what must never happen"), "/never push")
        return
    try:
        boundary = chat.session.propose_boundary(words)
    except AssistantError as error:
        chat.tell("warning", error.message, error.hint)
        return
    session = chat.session

    async def confirm() -> None:
        if await chat.app.confirm(_("Make this boundary hold?"), f"{boundary.words}\n\n{boundary.policy}"):
            await chat.change(lambda _session: session.add_boundary(boundary), _("boundary"), boundary.words)

    chat.run_worker(confirm, group="never", exit_on_error=False)


async def set_autonomy(chat: ChatScreen, level: str) -> None:
    """Turn the dial, or open the panel with it."""
    if not level:
        chat.open_screen("tools")
        return
    found = next((a for a in Autonomy if level.lower() in (a.value, autonomy_word(a.value))), None)
    if found is None:
        chat.tell(
            "warning",
            _("there is no level `{level}`").format(level=level),
            ", ".join(autonomy_word(a.value) for a in Autonomy),
        )
        return
    await chat.change(lambda session: session.set_autonomy(found), _("autonomy"), autonomy_word(found.value))


def compare(chat: ChatScreen, model: str) -> None:
    """The last answer beside the one of `model`; without one, the list to choose it from."""
    if not model or chat.desk is None or chat.session is None:
        chat.open_screen("models")
        return
    from assistant.ui.screens.compare import CompareScreen  # not before somebody asks

    chat.app.push_screen(CompareScreen(chat, model))


def set_theme(chat: ChatScreen, name: str) -> None:
    """Change the look for this run."""
    from assistant.ui import themes

    if name not in themes.NAMES:
        chat.tell("info", _("themes: {names}").format(names=", ".join(themes.NAMES)))
        return
    chat.app.take_look(msgspec.structs.replace(chat.app.look, theme=name))


def find(chat: ChatScreen, words: str) -> None:
    """Open the search line, filled with `words`; nothing when it is open."""
    from assistant.ui.widgets.find import FindBar

    if not chat.query(FindBar):
        chat.mount(FindBar(chat.transcript, words), before="#below")


def copy_answer(chat: ChatScreen) -> None:
    """The last answer as Markdown, to the clipboard of the terminal (OSC 52)."""
    if answer := chat.conversation.last_answer():
        chat.app.copy_to_clipboard(visible(answer))
        chat.app.notify(_("copied"), markup=False, timeout=2)
