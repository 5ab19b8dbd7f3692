"""The `/` commands as plain lines. The table of the screen (`commands.py`) says which there are; each does here the same in
lines, or says in one sentence what to use instead. Knows no Textual.

    line_commands.py    this table, and what is short
    line_review.py      /review /apply /drop /undo
    line_tasks.py       /tasks /new /edit /branch /compare
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from assistant.config import parse_setting
from assistant.types import Autonomy, ModelInfo
from assistant.ui import commands, figures, line_review, line_tasks, spent, standing
from assistant.ui.conversation import Answer, Said
from assistant.ui.language import N_, _, ngettext, pick
from assistant.ui.levels import AUTONOMY, autonomy_word
from assistant.ui.reach import state_words
from assistant.ui.setting_words import file_tree, flatten, meaning, origin, overridden, shown, when
from assistant.visible import one_line

if TYPE_CHECKING:
    from assistant.agent.desk import Desk, TaskSession
    from assistant.ui.lines import LineChat

Run = Callable[["LineChat", "Desk", "TaskSession", str], Awaitable[None]]

OWN = (
    ("apply", N_("[path [hunks]]"), N_("apply staged changes: all, one, or hunks of one")),
    ("drop", N_("[path [hunks]]"), N_("drop staged changes: all, one, or hunks of one")),
    ("stop", N_("ID"), N_("end a program that runs")),
)
"""What has keys on the screen and a command only here: name, what it takes, what it does."""

LISTED = 40
"""Rows of a list that are said; what is more is counted."""


async def run(chat: LineChat, text: str) -> None:
    """Run `/name argument`. Raises AssistantError."""
    name, _space, argument = text.strip().removeprefix("/").partition(" ")
    command = RUN.get(commands.ALSO.get(name, name))
    if command is None:
        commands.unknown(chat, name, RUN)
    elif chat.desk is not None and chat.session is not None:
        await command(chat, chat.desk, chat.session, argument.strip())


async def _help(chat: LineChat, _desk: Desk, _session: TaskSession, _argument: str) -> None:
    rows = sorted([*((c.name, c.takes, c.what) for c in commands.COMMANDS), *OWN])
    for name, takes, what in rows:
        chat.say(f"/{name}" + (f" {_(takes)}" if takes else "") + f": {_(what)}")
    chat.say(_("! before a line runs it as your own command; Ctrl+C stops what runs"))


async def _model(chat: LineChat, desk: Desk, session: TaskSession, argument: str) -> None:
    if argument:
        await chat.change(lambda s: s.set_model(argument), _("model"), argument)
        return
    info, known = session.model_info, await desk.models()
    known = known if any(m.id == info.id for m in known) else [info, *known]
    found = sorted(known, key=lambda m: (m.id != info.id, not m.usable, not m.local, m.id))
    for model in found[:LISTED]:
        chat.say(_model_line(model, now=model.id == info.id))
    _more(chat, len(found))
    chat.say(_("/model NAME changes it"))


def _model_line(model: ModelInfo, *, now: bool) -> str:
    price = f"{figures.price(model.input_uusd_per_mtok)} → {figures.price(model.output_uusd_per_mtok)}"
    parts = [
        one_line(model.id, 80),
        _("answers now") if now else "",
        _("context {n}").format(n=figures.count(model.context_tokens)) if model.context_tokens else "",
        _("on this machine") if model.local else price,
        "" if model.usable else one_line(model.why_not, 200),
    ]
    return ", ".join(part for part in parts if part)


async def _tools(chat: LineChat, _desk: Desk, session: TaskSession, argument: str) -> None:
    state, _space, name = argument.partition(" ")
    if state in ("on", "off") and name:
        known = {spec.name: on for spec, on in session.tools()}
        if name not in known:
            chat.tell("warning", _("there is no tool `{name}`").format(name=one_line(name, 60)))
            return
        names = [tool for tool, on in known.items() if (state == "on" if tool == name else on)]
        await chat.change(lambda s: s.set_tools(names), one_line(name, 60), _("on") if state == "on" else _("off"))
        return
    for spec, on in session.tools():
        chat.say(f"{spec.name}: {_('on') if on else _('off')}. {spec.can}")
    for boundary in session.boundaries():
        chat.say(f"{_('boundary')}: {boundary.words}")
    chat.say(_("/tools on NAME, /tools off NAME; /grants lists what you allowed"))


async def _kits(chat: LineChat, desk: Desk, session: TaskSession, argument: str) -> None:
    arrange = desk.arrangements
    verb, _space, name = argument.partition(" ")
    name = name.strip()
    if verb == "use" and (kit := arrange.kits.get(name)) is not None:
        await chat.change(lambda s: s.use_kit(name, kit.tools), _("kit"), name)
    elif verb == "save" and name:
        question = _("Replace your kit `{name}`?").format(name=one_line(name, 60))
        if name not in arrange.kits or not arrange.is_own(name) or await chat.confirm(question):
            await arrange.save_kit(name, [spec.name for spec, on in session.tools() if on])
            chat.say(_("saved: {kit}").format(kit=name))
    elif verb == "delete" and name in arrange.kits:
        if not arrange.is_own(name):
            chat.tell("warning", _("`{name}` came with the program and stays").format(name=name))
        elif await chat.confirm(_("Delete your kit `{name}`?").format(name=name), ", ".join(arrange.kits[name].tools)):
            await arrange.delete_kit(name)
            chat.say(_("deleted"))
    elif verb:
        chat.tell("warning", _("there is no such kit, or this is no form of the command"), "/kits")
    else:
        for kit in arrange.kits.values():
            own = f" ({_('your own')})" if arrange.is_own(kit.name) else ""
            chat.say(f"{kit.name}{own}: {pick(kit.title)}. {', '.join(kit.tools)}")
        chat.say(_("/kits use NAME, /kits save NAME keeps the tools that are on now, /kits delete NAME"))


async def _servers(chat: LineChat, desk: Desk, _session: TaskSession, _argument: str) -> None:
    states = desk.arrangements.servers()
    for state in states:
        chat.say(f"{state.config.name}: {state_words(state)[0]}")
        if state.tools:
            told = ngettext("{n} tool", "{n} tools", len(state.tools)).format(n=len(state.tools))
            chat.say(f"  {told}: {', '.join(spec.name for spec in state.tools)}")
        if state.problem:
            chat.say(f"  {state.problem}")
    if not states:
        chat.say(_("none is configured: assistant servers add NAME …"))
    chat.say(_("to read what a server offers and trust it: assistant servers trust NAME, in another terminal"))


async def _log(chat: LineChat, desk: Desk, session: TaskSession, argument: str) -> None:
    rows = await desk.log_page(task=session.task.id, search=argument, limit=LISTED // 2)
    for row in reversed(rows):
        chat.say(f"{row.seq} {figures.moment(row.time_ms)[:16]} {row.kind}: {one_line(row.summary, 300)}")
    chat.say(_("/log WORDS searches; all of it: assistant log list, assistant log show NUMBER"))


async def _running(chat: LineChat, _desk: Desk, session: TaskSession, _argument: str) -> None:
    for program in session.processes():
        chat.say(f"{program.id} {_('runs') if program.running else _('ended')}: {program.command}")
    if not session.processes():
        chat.say(_("nothing runs"))
    chat.say(_("/stop ID ends one"))


async def _stop(chat: LineChat, _desk: Desk, session: TaskSession, argument: str) -> None:
    if not argument:
        chat.tell("warning", _("/stop ID ends one"), "/running")
        return
    await session.stop_process(argument)
    chat.say(_("stopped"))


async def _rename(chat: LineChat, _desk: Desk, _session: TaskSession, argument: str) -> None:
    if argument:
        await chat.change(lambda s: s.rename(argument), _("title"), argument)
    else:
        chat.tell("warning", _("give the title after the command"), "/rename …")


async def _never(chat: LineChat, _desk: Desk, session: TaskSession, argument: str) -> None:
    if not argument:
        chat.tell("info", _("say what must never happen"), "/never push")
        return
    boundary = session.propose_boundary(argument)
    if await chat.confirm(_("Make this boundary hold?"), f"{boundary.words}\n{boundary.policy}"):
        await chat.change(lambda s: s.add_boundary(boundary), _("boundary"), boundary.words)


async def _grants(chat: LineChat, _desk: Desk, _session: TaskSession, argument: str) -> None:
    await standing.grants(chat, argument)


async def _waiting(chat: LineChat, _desk: Desk, _session: TaskSession, _argument: str) -> None:
    await standing.waiting(chat)


async def _autonomy(chat: LineChat, _desk: Desk, session: TaskSession, argument: str) -> None:
    found = next((a for a in Autonomy if argument.lower() in (a.value, autonomy_word(a.value))), None)
    if found is not None:
        await chat.change(lambda s: s.set_autonomy(found), _("autonomy"), autonomy_word(found.value))
        return
    if argument:
        chat.tell("warning", _("there is no level `{level}`").format(level=one_line(argument, 60)))
    for level in Autonomy:
        now = f" ({_('now')})" if level is session.task.autonomy else ""
        chat.say(f"{autonomy_word(level.value)}{now}: {_(AUTONOMY[level])}")


async def _find(chat: LineChat, _desk: Desk, _session: TaskSession, argument: str) -> None:
    words = argument or await chat.read(_("search for")) or ""
    if not words.strip():
        return
    found = 0
    for item in chat.conversation.items:
        if not isinstance(item, Said | Answer):
            continue
        who = _("you") if isinstance(item, Said) else _("answer")
        for line in item.text.split("\n"):
            if words.casefold() in line.casefold():
                found += 1
                if found <= LISTED:
                    chat.say(f"{who}: {one_line(line, 300)}")
    chat.say(ngettext("{n} line found", "{n} lines found", found).format(n=found))


async def _settings(chat: LineChat, desk: Desk, _session: TaskSession, argument: str) -> None:
    name, _space, text = argument.partition(" ")
    values: Mapping[str, Any] = dict(flatten(desk.settings))
    if name and name not in values:
        chat.tell("warning", _("there is no setting `{name}`").format(name=one_line(name, 60)), "/settings")
    elif text.strip():
        value = None if text.strip() == "-" else parse_setting(name, text.strip())
        await desk.arrangements.change_setting(name, value)
        chat.say(f"{name}: {shown(dict(flatten(desk.settings))[name])}, {when(name)}")
        if told := overridden(name):
            chat.tell("warning", told)
    else:
        tree = file_tree(desk.paths)
        for one, value in values.items():
            if name in ("", one):
                chat.say(f"{one} = {shown(value)} ({origin(one, tree, _environ())}): {meaning(one)}")
        chat.say(_("/settings NAME VALUE changes one, /settings NAME - gives it its default again"))


def _environ() -> Mapping[str, str]:
    import os

    return os.environ


async def _costs(chat: LineChat, desk: Desk, _session: TaskSession, _argument: str) -> None:
    rows = await desk.usage(spent.DAYS)
    days = ngettext("the last {n} day", "the last {n} days", spent.DAYS).format(n=spent.DAYS)
    chat.say(days if rows else _("no model has answered in {days}").format(days=days))
    for name in spent.names_of(rows):
        chat.say(f"{one_line(name)}: {', '.join(spent.facts_of([row for row in rows if row.model == name]))}")


async def _copy(chat: LineChat, _desk: Desk, _session: TaskSession, _argument: str) -> None:
    chat.say(_("plain lines are copied by the terminal itself: select them there"))


async def _theme(chat: LineChat, _desk: Desk, _session: TaskSession, _argument: str) -> None:
    chat.say(_("plain lines have no colours; /settings look.theme NAME sets those of the screen"))


async def _quit(chat: LineChat, _desk: Desk, _session: TaskSession, _argument: str) -> None:
    chat.leave()


def _more(chat: LineChat, number: int) -> None:
    if number > LISTED:
        chat.say(_("… and {n} more").format(n=number - LISTED))


RUN: Mapping[str, Run] = {
    "help": _help,
    "model": _model,
    "compare": line_tasks.compare,
    "costs": _costs,
    "tools": _tools,
    "kits": _kits,
    "servers": _servers,
    "review": line_review.review,
    "apply": line_review.apply,
    "drop": line_review.drop,
    "undo": line_review.undo,
    "log": _log,
    "tasks": line_tasks.tasks,
    "running": _running,
    "stop": _stop,
    "new": line_tasks.new,
    "edit": line_tasks.edit,
    "branch": line_tasks.branch,
    "rename": _rename,
    "never": _never,
    "grants": _grants,
    "waiting": _waiting,
    "autonomy": _autonomy,
    "find": _find,
    "copy": _copy,
    "settings": _settings,
    "theme": _theme,
    "quit": _quit,
    "exit": _quit,
}
