"""Review as plain lines: what is staged, file by file and hunk by hunk. Knows no Textual."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from assistant.sandbox.protocol import ApplyReport, Hunks
from assistant.types import Change
from assistant.ui.diff import parse
from assistant.ui.language import _, ngettext

if TYPE_CHECKING:
    from assistant.agent.desk import Desk, TaskSession
    from assistant.ui.lines import LineChat


async def review(chat: LineChat, _desk: Desk, session: TaskSession, argument: str) -> None:
    """The list, or one file with its hunks numbered."""
    changes = await session.changes()
    if not changes:
        chat.say(_("Nothing is staged."))
        return
    conflicts = await session.review.conflicts()
    shown = [c for c in changes if argument in ("", c.path)]
    if not shown:
        chat.tell("warning", _("`{path}` is not staged").format(path=argument), "/review")
    for change in shown:
        chat.say(_line(change, conflicts.get(change.path, "")))
    if argument and shown:
        await _show_hunks(chat, session, argument)
    chat.say(_("/review PATH shows one; /apply and /drop take a path and numbers of hunks, or nothing for all"))


def _line(change: Change, conflict: str) -> str:
    was = f" ({_('was')} {change.old_path})" if change.old_path else ""
    held = f" ({_('held')}: {_(change.held)})" if change.held else ""
    clash = f" ({_('conflict')}: {_(conflict)})" if conflict else ""
    return f"{change.kind} {change.path}{was}{held}{clash}"


async def _show_hunks(chat: LineChat, session: TaskSession, path: str) -> None:
    number = 0
    words = {"added": _("added"), "removed": _("removed"), "same": "", "note": ""}
    for row in parse(await session.diff(path)):
        if row.kind == "hunk":
            number += 1
            chat.say(_("hunk {n}").format(n=number))
        else:
            chat.say(f"  {words[row.kind]} {row.text}" if words[row.kind] else f"    {row.text}")


async def apply(chat: LineChat, _desk: Desk, session: TaskSession, argument: str) -> None:
    """Everything that is not held, one file, or hunks of one. What is held is applied only when it is named and agreed to."""
    if not argument:
        _tell(chat, await session.apply())
        return
    path, change, numbers = await _parted(chat, session, argument)
    held = change is not None and bool(change.held)
    if held and change and not await chat.confirm(_("Apply what is held?"), f"{path}: {_(change.held)}"):
        return
    if change is None or not numbers:
        _tell(chat, await session.apply(await _several(session, path), allow_held=held))
    elif (hunks := _hunks(chat, change, numbers)) is not None:
        report = await session.review.apply_hunks(hunks, allow_held=held)
        if report.held and not held:
            part = report.held[0]
            if not await chat.confirm(_("Apply what is held?"), f"{part.path}: {_(part.held)}"):
                return
            report = await session.review.apply_hunks(hunks, allow_held=True)
        _tell(chat, report)


async def drop(chat: LineChat, _desk: Desk, session: TaskSession, argument: str) -> None:
    """Everything, one file, or hunks of one: asked first, since it can't be taken back."""
    if not argument:
        number = len(await session.changes())
        question = ngettext("Drop {n} staged change?", "Drop {n} staged changes?", number).format(n=number)
        if number and await chat.confirm(question):
            chat.say(_("dropped {n}").format(n=len(await session.drop())))
        return
    path, change, numbers = await _parted(chat, session, argument)
    if change is None or not numbers:
        paths = await _several(session, path)
        number = sum(1 for c in await session.changes() if within(c.path, paths))
        question = ngettext("Drop {n} staged change?", "Drop {n} staged changes?", number).format(n=number)
        if number and await chat.confirm(question, "\n".join(paths)):
            chat.say(_("dropped {n}").format(n=len(await session.drop(paths))))
        elif not number:
            chat.tell("warning", _("`{path}` is not staged").format(path=path), "/review")
    elif (hunks := _hunks(chat, change, numbers)) is not None:
        question = _("Drop hunk {n} of `{path}`?").format(n=", ".join(map(str, numbers)), path=path)
        if await chat.confirm(question, _("It leaves the stage. The real file is not touched.")):
            await session.review.drop_hunks(hunks)
            chat.say(_("dropped {n}").format(n=len(numbers)))


async def undo(chat: LineChat, _desk: Desk, session: TaskSession, argument: str) -> None:
    """Take back the last applied set."""
    report = await session.undo(argument)
    chat.say(_("taken back: {n}").format(n=len(report.applied)))
    if report.note:
        chat.say(report.note)


async def _parted(chat: LineChat, session: TaskSession, argument: str) -> tuple[str, Change | None, tuple[int, ...]]:
    """(path, its change, numbers of hunks) of `PATH` or `PATH 1 3`. A path may hold spaces and end in a number."""
    changes = {c.path: c for c in await session.changes()}
    path, numbers = argument, list[int]()
    while path not in changes and (cut := path.rpartition(" "))[0] and cut[2].isdecimal():
        path = cut[0].rstrip()
        numbers.insert(0, int(cut[2]))
    if path in changes:
        return path, changes[path], tuple(dict.fromkeys(numbers))
    return argument, None, ()


async def _several(session: TaskSession, argument: str) -> list[str]:
    """One path, or several with spaces between when each of them is staged."""
    staged = {c.path for c in await session.changes()}
    words = argument.split()
    return words if argument not in staged and all(w in staged for w in words) else [argument.rstrip("/")]


def within(path: str, paths: Sequence[str]) -> bool:
    """Whether `path` is one of `paths`, or lies below one."""
    return any(path == p or path.startswith(p.rstrip("/") + "/") for p in paths)


def _hunks(chat: LineChat, change: Change, numbers: tuple[int, ...]) -> Hunks | None:
    if change.kind != "changed":
        chat.tell("warning", _("only a changed text has hunks; apply or drop all of it"))
        return None
    return Hunks(change.path, numbers, change.before_sha256, change.after_sha256)


def _tell(chat: LineChat, report: ApplyReport) -> None:
    chat.say(
        _("applied {n}, held {held}, conflicts {conflicts}").format(
            n=len(report.applied), held=len(report.held), conflicts=len(report.conflicts)
        )
    )
    for path, why in report.failed:
        chat.say(f"{path}: {why}")
    if report.note:
        chat.say(report.note)
    if report.conflicts:
        chat.say(_("a conflict is solved on the screen, or in your editor: then drop the staged change"))
