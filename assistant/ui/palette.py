"""The command palette: every action of the screen in front, and in a chat every command. Read from where they are bound."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.app import SystemCommand
from textual.screen import Screen

from assistant.ui.keys import bindings_of, key_names
from assistant.ui.language import _

if TYPE_CHECKING:
    from assistant.ui.app import AssistantApp
    from assistant.ui.screens.chat import ChatScreen


def system_commands(app: AssistantApp, screen: Screen[Any]) -> Iterable[SystemCommand]:
    """What can be done now: (title, key or explanation, act)."""
    from assistant.ui.screens.chat import ChatScreen

    if isinstance(screen, ChatScreen):
        yield from _commands(app, screen)
    for binding in (*bindings_of(type(screen)), *bindings_of(type(app))):
        act = partial(app.call_later, app.run_action, binding.action, screen)
        yield SystemCommand(_(binding.description), key_names(binding.key), act)


def _commands(app: AssistantApp, chat: ChatScreen) -> Iterable[SystemCommand]:
    from assistant.ui import commands

    for command in commands.COMMANDS:
        text = f"/{command.name}"
        if not command.takes or command.takes.startswith("["):
            yield SystemCommand(text, _(command.what), partial(app.call_later, commands.run, chat, text))
        else:
            title = f"{text} {_(command.takes)}"
            yield SystemCommand(title, _(command.what), partial(app.call_later, _begin, chat, f"{text} "))


def _begin(chat: ChatScreen, text: str) -> None:
    """A command that takes words is begun in the prompt, unless something stands there: that is never lost."""
    if chat.prompt.text:
        chat.prompt.remember(chat.prompt.take())
    chat.prompt.put(text)
    chat.prompt.focus()
