"""`/grants` and `/waiting`: what the person allowed, and what was refused while nobody was there, as notes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from assistant.errors import AssistantError
from assistant.gateway.consent import grants_words
from assistant.ui import figures
from assistant.ui.language import _, ngettext
from assistant.visible import one_line

if TYPE_CHECKING:
    from assistant.agent.standing import Waiting
    from assistant.types import Grant
    from assistant.ui.commands import Chat

SHOWN = 20
"""Refusals that are listed, the newest; the rest is counted."""


async def grants(chat: Chat, argument: str) -> None:
    """List what holds in this task, or end one: `revoke ID`."""
    session = chat.session
    if session is None:
        chat.tell("info", _("one moment: the task is still being opened"))
        return
    verb, _space, grant_id = argument.partition(" ")
    grant_id = grant_id.strip()
    if verb == "revoke" and grant_id:
        await chat.change(lambda open_task: open_task.revoke(grant_id), _("revoked"), one_line(grant_id, 40))
    elif verb:
        chat.tell("warning", _("this is no form of the command"), "/grants   /grants revoke ID")
    elif held := session.grants():
        told = ngettext("{n} grant holds here", "{n} grants hold here", len(held)).format(n=len(held))
        chat.tell("info", "\n".join([told, *map(grant_line, held)]), _("/grants revoke ID ends one"))
    else:
        chat.tell("info", _("no grant holds here"), _("`t` or `a` on a card gives one"))


def grant_line(grant: Grant) -> str:
    """Id, what may be done, where, until when, how often."""
    return f"{one_line(grant.id, 40)}  {'  '.join(grant_words(grant))}"


def grant_words(grant: Grant) -> tuple[str, str]:
    """What a grant allows, and until when and how often."""
    until = (
        figures.moment(grant.expires_ms)[:16]
        if grant.expires_ms
        else _("until the task ends")
        if grant.task
        else _("always")
    )
    return grants_words([grant], _), until + (f" · {grant.uses}×" if grant.uses else "")


async def waiting(chat: Chat) -> None:
    """List what was refused unattended in this task and not answered since."""
    desk, session = chat.desk, chat.session
    if desk is None or session is None:
        chat.tell("info", _("one moment: the task is still being opened"))
        return
    task = session.task.id
    try:
        found = await asyncio.to_thread(lambda: desk.standing.waiting(task))
    except AssistantError as error:
        chat.tell("warning", error.message, error.hint)
        return
    if not found:
        chat.tell("info", _("nothing waits: nothing was refused while nobody was there"))
        return
    told = ngettext("{n} action waits for a yes", "{n} actions wait for a yes", len(found)).format(n=len(found))
    shown = [waiting_lines(one) for one in found[-SHOWN:]]
    hint = _("to agree to one: assistant policy waiting --yes ID; it runs once when the task is opened again")
    chat.tell("info", "\n".join([told, *shown]), hint)


def waiting_lines(one: Waiting) -> str:
    """When, what, and why it was asked."""
    head = f"{one.digest[:12]}  {figures.moment(one.time_ms)[:16]}  {one_line(one.sentence, 300)}"
    return f"{head}\n    {one_line(one.reason, 300)}" if one.reason else head
