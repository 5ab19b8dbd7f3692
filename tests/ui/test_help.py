"""Help and the palette know every key and every command, because both are read from where these are bound."""

from __future__ import annotations

from typing import Any

import pytest
from textual.command import CommandList, CommandPalette

from assistant.ui.app import AssistantApp
from assistant.ui.commands import COMMANDS
from assistant.ui.keys import bindings_of, key_names
from assistant.ui.palette import system_commands
from assistant.ui.screens.chat import ChatScreen
from assistant.ui.screens.help import help_content, screens
from assistant.ui.widgets.card import CardView
from tests.ui.fake_desk import FakeDesk, changes


def test_every_key_of_every_screen_is_in_help() -> None:
    shown = help_content().plain
    assert len(screens()) >= 10
    for kind in (ChatScreen, CardView, AssistantApp, *screens()):
        for binding in bindings_of(kind):
            row = next((r for r in shown.split("\n") if binding.description in r and key_names(binding.key) in r), None)
            assert row, f"{kind.__name__}: {binding.key}"


def test_every_command_is_in_help() -> None:
    shown = help_content().plain
    assert all(f"/{command.name}" in shown and command.what in shown for command in COMMANDS)


@pytest.mark.parametrize(
    ("keys", "shown"),
    [
        ("ctrl+up,alt+up", "Ctrl+↑, Alt+↑"),
        ("escape,q", "Esc, q"),
        ("A", "A"),
        ("x,delete", "x, Del"),
        ("f1", "F1"),
        ("ctrl+p", "Ctrl+P"),
    ],
)
def test_keys_are_named_as_on_the_keyboard(keys: str, shown: str) -> None:
    assert key_names(keys) == shown


class TestThePalette:
    async def test_it_has_every_command_and_every_action_of_the_chat(self, open_chat: Any) -> None:
        async with open_chat(FakeDesk()) as chat:
            titles = [command.title for command in system_commands(chat.app, chat.screen)]
            for command in COMMANDS:
                assert any(title.split()[0] == f"/{command.name}" for title in titles), command.name
            for binding in bindings_of(ChatScreen):
                assert binding.description in titles

    async def test_over_another_screen_it_has_that_screens_actions(self, open_chat: Any) -> None:
        async with open_chat(FakeDesk(stage=changes()), size=(100, 30)) as chat:
            chat.screen.open_screen("tools")
            await chat.until(lambda: len(chat.app.screen_stack) == 2)
            await chat.pilot.press("ctrl+p")
            await chat.until(lambda: isinstance(chat.app.screen, CommandPalette))
            await chat.type("state a boundary")
            found = chat.app.screen.query_one(CommandList)
            await chat.until(lambda: found.option_count == 1 and found.highlighted == 0)
            await chat.pilot.press("enter")
            await chat.until(lambda: "What must never happen?" in chat.text())

    async def test_a_command_that_takes_words_is_begun_in_the_prompt_and_nothing_is_lost(self, open_chat: Any) -> None:
        async with open_chat(FakeDesk()) as chat:
            chat.screen.prompt.put("half a thought")
            found = next(c for c in system_commands(chat.app, chat.screen) if c.title.startswith("/never"))
            found.callback()
            await chat.until(lambda: chat.screen.prompt.text == "/never ")
            chat.screen.prompt.load_text("")
            await chat.pilot.press("up")
            await chat.until(lambda: chat.screen.prompt.text == "half a thought")
