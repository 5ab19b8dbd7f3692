"""The `/` commands: name, what it takes, what it does. One table; help, completion and the palette read it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Protocol

from assistant.types import Data
from assistant.ui.language import N_, _
from assistant.visible import one_line

if TYPE_CHECKING:
    from assistant.agent.desk import Desk, TaskSession
    from assistant.ui.screens.chat import ChatScreen


class Chat(Protocol):
    """What a command needs that works the same on the screen and as plain lines (`line_commands.py`)."""

    @property
    def desk(self) -> Desk | None:
        """None while it is being built."""
        ...

    @property
    def session(self) -> TaskSession | None:
        """The open task."""
        ...

    def tell(self, level: str, text: str, hint: str = "") -> None:
        """Say something to the person."""
        ...

    async def change(self, act: Callable[[TaskSession], Awaitable[object]], what: str, value: str) -> bool:
        """Do `act` on the session and say so, or say why not."""
        ...


class Command(Data, frozen=True):
    """One command. `what` is translated where it is shown."""

    name: str
    takes: str
    what: str
    run: Callable[[ChatScreen, str], Awaitable[None]]


async def _help(chat: ChatScreen, _argument: str) -> None:
    chat.open_screen("help")


async def _model(chat: ChatScreen, argument: str) -> None:
    if argument:
        await chat.change(lambda session: session.set_model(argument), _("model"), argument)
    else:
        chat.open_screen("models")


async def _compare(chat: ChatScreen, argument: str) -> None:
    from assistant.ui import acting

    acting.compare(chat, argument)


async def _grants(chat: ChatScreen, argument: str) -> None:
    from assistant.ui import standing

    await standing.grants(chat, argument)


async def _waiting(chat: ChatScreen, _argument: str) -> None:
    from assistant.ui import standing

    await standing.waiting(chat)


async def _tools(chat: ChatScreen, _argument: str) -> None:
    chat.open_screen("tools")


async def _kits(chat: ChatScreen, _argument: str) -> None:
    chat.open_screen("kits")


async def _servers(chat: ChatScreen, _argument: str) -> None:
    chat.open_screen("servers")


async def _costs(chat: ChatScreen, _argument: str) -> None:
    chat.open_screen("costs")


async def _log(chat: ChatScreen, _argument: str) -> None:
    chat.open_screen("log")


async def _review(chat: ChatScreen, _argument: str) -> None:
    chat.open_screen("review")


async def _running(chat: ChatScreen, _argument: str) -> None:
    chat.open_screen("running")


async def _tasks(chat: ChatScreen, _argument: str) -> None:
    chat.open_screen("tasks")


async def _settings(chat: ChatScreen, _argument: str) -> None:
    chat.open_screen("settings")


async def _new(chat: ChatScreen, argument: str) -> None:
    from assistant.ui import acting

    acting.new_task(chat, argument)


async def _edit(chat: ChatScreen, argument: str) -> None:
    from assistant.ui import editing

    editing.edit_earlier(chat, argument)


async def _branch(chat: ChatScreen, _argument: str) -> None:
    from assistant.ui import editing

    await editing.branch_here(chat)


async def _undo(chat: ChatScreen, argument: str) -> None:
    from assistant.ui import acting

    await acting.undo(chat, argument)


async def _never(chat: ChatScreen, argument: str) -> None:
    from assistant.ui import acting

    await acting.never(chat, argument)


async def _autonomy(chat: ChatScreen, argument: str) -> None:
    from assistant.ui import acting

    await acting.set_autonomy(chat, argument)


async def _rename(chat: ChatScreen, argument: str) -> None:
    if not argument:
        chat.tell("warning", _("give the title after the command"), "/rename …")
        return
    await chat.change(lambda session: session.rename(argument), _("title"), argument)


async def _theme(chat: ChatScreen, argument: str) -> None:
    from assistant.ui import acting

    acting.set_theme(chat, argument)


async def _find(chat: ChatScreen, argument: str) -> None:
    from assistant.ui import acting

    acting.find(chat, argument)


async def _copy(chat: ChatScreen, _argument: str) -> None:
    from assistant.ui import acting

    acting.copy_answer(chat)


async def _quit(chat: ChatScreen, _argument: str) -> None:
    await chat.app.run_action("quit")


COMMANDS = (
    Command("help", "", N_("all keys and commands"), _help),
    Command("model", N_("[name]"), N_("change the model, or see all"), _model),
    Command("compare", N_("model"), N_("the last answer beside another model's"), _compare),
    Command("costs", "", N_("what models have cost: money, tokens, energy"), _costs),
    Command("tools", "", N_("tools, permissions, boundaries, budgets"), _tools),
    Command("kits", "", N_("sets of tools: use one, save your own"), _kits),
    Command("servers", "", N_("MCP servers: what they offer, what changed"), _servers),
    Command("review", "", N_("staged changes: look, apply, drop"), _review),
    Command("undo", "", N_("take back what was applied last"), _undo),
    Command("log", "", N_("everything that was done, and why"), _log),
    Command("tasks", "", N_("earlier and open tasks"), _tasks),
    Command("running", "", N_("programs and helpers that run, and how to stop them"), _running),
    Command("new", N_("[folder]"), N_("start a new task"), _new),
    Command("edit", N_("[number]"), N_("edit what you said, and go on from there in a branch"), _edit),
    Command("branch", "", N_("a copy of this task that goes its own way"), _branch),
    Command("rename", N_("title"), N_("give this task a title"), _rename),
    Command("never", N_("what"), N_("state a boundary that always holds"), _never),
    Command("grants", N_("[revoke ID]"), N_("what you allowed, and how to end it"), _grants),
    Command("waiting", "", N_("what was refused while nobody was there"), _waiting),
    Command("autonomy", N_("[level]"), N_("how much may be done alone"), _autonomy),
    Command("find", N_("[words]"), N_("search in this conversation"), _find),
    Command("copy", "", N_("copy the last answer"), _copy),
    Command("settings", "", N_("every setting: look and change"), _settings),
    Command("theme", N_("[name]"), N_("auto, dark, light, high-contrast, no-colour"), _theme),
    Command("quit", "", N_("leave; the task stays in the log"), _quit),
)
_BY_NAME = {command.name: command for command in COMMANDS}

ALSO = {
    "?": "help", "commands": "help", "models": "model", "cost": "costs", "usage": "costs", "permissions": "tools",
    "mcp": "servers", "diff": "review", "changes": "review", "history": "log", "resume": "tasks", "sessions": "tasks",
    "clear": "new", "rewind": "edit", "fork": "branch", "search": "find", "config": "settings", "themes": "theme",
    "exit": "quit", "q": "quit",
}  # fmt: skip
"""What other terminal assistants call the same: fingers need not learn it anew."""


def beginning(start: str) -> list[Command]:
    """The commands that fit what was typed of a name, first those that are called so here."""
    own = [command for command in COMMANDS if command.name.startswith(start)]
    meant = {ALSO[name] for name in ALSO if start and name.startswith(start)}
    return [*own, *(command for command in COMMANDS if command.name in meant and command not in own)]


async def run(chat: ChatScreen, text: str) -> None:
    """Run `/name argument`. An unknown name is answered with the nearest one, and the text stays in the prompt."""
    name, _space, argument = text.strip().removeprefix("/").partition(" ")
    command = _BY_NAME.get(ALSO.get(name, name))
    if command is None:
        unknown(chat, name, _BY_NAME)
        chat.prompt.give_back(text)
        return
    await command.run(chat, argument.strip())


def unknown(chat: Chat, name: str, names: Iterable[str]) -> None:
    """Say that there is no such command, and which is the nearest."""
    import difflib  # only for a slip of the finger

    close = difflib.get_close_matches(name, names, n=1)
    hint = _("did you mean `/{name}`?").format(name=close[0]) if close else _("type / to see all commands")
    chat.tell("warning", _("there is no command `/{name}`").format(name=one_line(name, 60)), hint)
