"""Tasks as plain lines: earlier ones, a new one, an earlier message sent anew, two answers one after the other. Knows no
Textual. There is one open task at a time: another one takes its place, and the old one stays in the log."""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.agent import events
from assistant.errors import NeedsPerson
from assistant.ui import figures
from assistant.ui.conversation import Said
from assistant.ui.language import _, ngettext
from assistant.visible import one_line

if TYPE_CHECKING:
    from assistant.agent.branching import BranchPoint
    from assistant.agent.desk import Desk, TaskSession
    from assistant.models.budgets import Spent
    from assistant.ui.lines import LineChat

LISTED = 20


async def tasks(chat: LineChat, desk: Desk, session: TaskSession, argument: str) -> None:
    """List those that fit the words, or go to one: `open ID`."""
    verb, _space, wanted = argument.partition(" ")
    if verb == "open" and wanted.strip() == session.task.id:
        chat.say(_("that task is open here"))
        return
    if verb == "open" and wanted:
        await _enter(chat, await desk.resume_task(wanted.strip(), approver=chat))
        return
    for row in await desk.tasks(argument, LISTED):
        here = f" ({_('open')})" if row.task.id == session.task.id else ""
        turns = ngettext("{n} turn", "{n} turns", row.turns).format(n=row.turns)
        title = one_line(row.task.title or _("untitled"), 80)
        chat.say(f"{row.task.id}{here}: {title}, {turns}, {one_line(row.task.folder, 80)}")
    chat.say(_("/tasks WORDS searches, /tasks open ID goes there"))


async def new(chat: LineChat, desk: Desk, session: TaskSession, argument: str) -> None:
    """A new task, here or in another folder. A whole home is asked about first."""
    folder = Path(session.task.folder) / Path(argument).expanduser()
    try:
        opened = await desk.open_task(folder, approver=chat)
    except NeedsPerson as error:  # a whole home
        if not await chat.confirm(_("Work in this folder all the same?"), error.message):
            return
        meant: dict[str, Any] = {"broad_ok": True}
        opened = await desk.open_task(folder, approver=chat, **meant)
    await _enter(chat, opened)


async def branch(chat: LineChat, desk: Desk, session: TaskSession, _argument: str) -> None:
    """A copy of this task that goes its own way."""
    point = await desk.branch_point(session.task.id)
    await _enter(chat, await desk.branch_task(point, approver=chat))


async def edit(chat: LineChat, desk: Desk, session: TaskSession, argument: str) -> None:
    """The last message, or the third last by `3`, written anew and sent in a branch. Its pictures go along."""
    own = [item for item in chat.conversation.items if isinstance(item, Said) and item.seq]
    number = int(argument) if argument.isdecimal() else 1
    if not 1 <= number <= len(own):
        chat.tell("info", _("there is no such message to edit"), _("/edit 2 edits the last but one"))
        return
    item = own[-number]
    before = chat.pictures.again(item.text, item.images) if item.images else item.text
    chat.say(_("you said: {words}").format(words=before))
    chat.say(_("type it anew; an empty line leaves everything as it is"))
    chat.forget()
    text = await chat.read(_("instead"))
    if not text or not text.strip():
        return
    if item.images and await chat.confirm(_("Send its pictures again too?")):
        marks = "".join(f"{mark} " for mark in chat.pictures.marks(before) if mark not in text)
        text = marks + text
    point = await desk.branch_point(session.task.id, item.seq)
    take_back = await _take_back(chat, point) if point.applied else False
    if take_back is None:
        return
    await _enter(chat, await desk.branch_task(point, approver=chat, take_back=take_back))
    await chat.turn(text)


async def _take_back(chat: LineChat, point: BranchPoint) -> bool | None:
    files = sum(one.files for one in point.applied)
    chat.say(
        ngettext(
            "{n} change was applied to your folder since then. Take it back first?",
            "{n} changes were applied to your folder since then. Take them back first?",
            files,
        )
    )
    chat.say(_("The folder is one for all tasks: kept changes are seen by the branch too."))
    chat.forget()
    never = _("don't branch")
    said = await chat.read(f"t: {_('take back')}, k: {_('keep them')}, n: {never}")
    return {"t": True, "k": False}.get((said or "").strip())


async def compare(chat: LineChat, desk: Desk, session: TaskSession, argument: str) -> None:
    """The last answer, and after it that of another model. Ctrl+C stops the other model."""
    if not argument:
        chat.tell("info", _("name the other model: /compare NAME"), "/model")
        return
    compared = await desk.compare(session.task.id, argument, approver=chat)
    chat.say(_("you asked: {words}").format(words=one_line(compared.prompt, 300)))
    chat.say(f"{_('recorded')}, {compared.then_model or _('no model')}:")
    for event in compared.past():
        chat.show(event)
    chat.say(_spent(compared.then))
    chat.say(f"{_('now')}, {compared.now_model}:")
    chat.stopping = compared.stop
    try:
        async with aclosing(compared.run()) as told:
            async for event in told:
                if not isinstance(event, events.TurnStarted):
                    chat.show(event)
    finally:
        chat.stopping = None
        await compared.stop()
    chat.say(_spent(compared.now))
    chat.say(_("/model {name} goes on with it").format(name=compared.now_model))


def _spent(spent: Spent) -> str:
    money = figures.money(spent.cost_uusd) + ("+?" if spent.unpriced_calls else "")
    parts = [_("{n} tokens").format(n=figures.count(spent.tokens)), money, figures.duration(spent.wall_ms)]
    return ", ".join(part for part in parts if part)


async def _enter(chat: LineChat, session: TaskSession) -> None:
    old = chat.session
    chat.enter(session)
    if old is not None and old is not session:
        await old.aclose()
