"""Help: every key and every command, read from where they are bound."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from typing import Any, cast

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from assistant.ui import screens as package
from assistant.ui.commands import COMMANDS
from assistant.ui.keys import bindings_of, key_names
from assistant.ui.language import N_, _
from assistant.ui.safe import join
from assistant.ui.screens.panel import PanelScreen

KEYS_OF_PROMPT = (
    ("Enter", N_("send; while a turn runs, it waits in line")),
    ("Shift+Enter, Ctrl+J", N_("new line")),
    ("Ctrl+_, Ctrl+Y", N_("take back the last change, make it again")),
    ("↑ ↓", N_("history, at the first and last line")),
    ("/", N_("commands, at the start of the prompt")),
    ("@", N_("files of the folder")),
    ("!", N_("your own command, run in the task's room")),
)
KEYS_OF_CARD = (
    ("y", N_("yes, once")),
    ("t", N_("yes, for this task, within what is spelled out")),
    ("a", N_("always, pressed twice")),
    ("n", N_("no")),
    ("w", N_("no, and say why")),
    ("e", N_("change the call, or fill in what a server asks; a changed call is asked about anew")),
    ("x c", N_("a server's question: close it, copy its address")),
    ("← →", N_("to the other questions that wait")),
    ("Tab", N_("to the card and back; Enter never approves")),
)


class HelpScreen(PanelScreen):
    """Keys and commands."""

    TITLE_TEXT = N_("Help")

    def parts(self) -> ComposeResult:
        """One page."""
        with VerticalScroll():
            yield Static(help_content(), markup=False)

    CSS = """
    HelpScreen > VerticalScroll { height: 1fr; padding: 0 2; scrollbar-size-vertical: 1; }
    HelpScreen > VerticalScroll > Static { height: auto; }
    """


def open_for(chat: Any) -> HelpScreen:
    """The screen over `chat`."""
    del chat
    return HelpScreen()


def help_content() -> Content:
    """All of it: a screen or a key that is added anywhere stands here by itself."""
    from assistant.ui.app import AssistantApp
    from assistant.ui.screens.chat import ChatScreen
    from assistant.ui.widgets.card import CardView

    commands = [(f"/{c.name} {_(c.takes) if c.takes else ''}".rstrip(), c.what) for c in COMMANDS]
    everywhere = [(key_names(AssistantApp.COMMAND_PALETTE_BINDING), N_("every action of the screen, to search in"))]
    parts = [
        _section(_("Writing"), KEYS_OF_PROMPT),
        _section(_("When you are asked"), KEYS_OF_CARD),
        _section(_("Commands"), commands),
        _section(_("Keys"), _rows(ChatScreen)),
        _section(_("On a card"), _rows(CardView)),
        _section(_("Everywhere"), [*everywhere, *_rows(AssistantApp), *_rows(PanelScreen)]),
    ]
    common = {b.key for b in bindings_of(PanelScreen)}
    for screen in screens():
        rows = [(key_names(b.key), b.description) for b in bindings_of(screen) if b.key not in common]
        if rows:
            parts.append(_section(_title(screen), rows))
    return Content("\n\n").join(parts)


def screens() -> list[type[Screen[Any]]]:
    """Every screen that is opened over the chat and has keys of its own, by name of its module."""
    from assistant.ui.screens.chat import ChatScreen

    found: list[type[Screen[Any]]] = []
    for info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        own = [k for k in vars(module).values() if isinstance(k, type) and k.__module__ == module.__name__]
        found += [
            cast("type[Screen[Any]]", k) for k in own if issubclass(k, Screen) and k not in (ChatScreen, PanelScreen)
        ]
    return [kind for kind in found if bindings_of(kind)]


def _title(kind: type[Screen[Any]]) -> str:
    """A screen's title; those that are opened from another screen have none of their own."""
    others = {"MergeScreen": N_("Conflict"), "FormScreen": N_("Form")}
    return _(str(getattr(kind, "TITLE_TEXT", "")) or others.get(kind.__name__, kind.__name__))


def _rows(kind: type[Any]) -> list[tuple[str, str]]:
    return [(key_names(binding.key), binding.description) for binding in bindings_of(kind)]


def _section(title: str, rows: Iterable[tuple[str, str]]) -> Content:
    lines = [Content.styled(title, "bold $secondary")]
    for keys, what in rows:
        name = Content.styled(f"  {keys}", "bold")
        lines.append(join(name, " " * max(2, 26 - name.cell_length), _(what)))
    return Content("\n").join(lines)
