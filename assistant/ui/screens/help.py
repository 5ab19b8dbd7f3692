"""Help: every key and every command, read from where they are bound."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from assistant.ui.commands import COMMANDS
from assistant.ui.language import N_, _
from assistant.ui.safe import join
from assistant.ui.screens.panel import PanelScreen

KEYS_OF_PROMPT = (
    ("Enter", N_("send; while a turn runs, it waits in line")),
    ("Shift+Enter, Ctrl+J", N_("new line")),
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
    """All of it."""
    from assistant.ui.screens.chat import ChatScreen
    from assistant.ui.screens.merge import MergeScreen
    from assistant.ui.screens.review import ReviewScreen

    chat, review, merge = (
        [(_keys(b.key), b.description) for b in screen.BINDINGS if isinstance(b, Binding) and b.description]
        for screen in (ChatScreen, ReviewScreen, MergeScreen)
    )
    commands = [(f"/{c.name} {_(c.takes) if c.takes else ''}".rstrip(), c.what) for c in COMMANDS]
    parts = [
        _section(_("Writing"), KEYS_OF_PROMPT),
        _section(_("When you are asked"), KEYS_OF_CARD),
        _section(_("Commands"), commands),
        _section(_("Keys"), chat),
        _section(_("Review"), review),
        _section(_("Conflict"), merge),
    ]
    return Content("\n\n").join(parts)


def _section(title: str, rows: Iterable[tuple[str, str]]) -> Content:
    lines = [Content.styled(title, "bold $secondary")]
    for keys, what in rows:
        name = Content.styled(f"  {keys}", "bold")
        lines.append(join(name, " " * max(2, 26 - name.cell_length), _(what)))
    return Content("\n").join(lines)


def _keys(keys: str) -> str:
    names = {"escape": "Esc", "pageup": "PgUp", "pagedown": "PgDn", "up": "↑", "down": "↓"}
    shown: list[str] = []
    for key in keys.split(","):
        if key.startswith("shift+") and key[6:].upper() in keys.split(","):
            continue  # the same key, as other terminals name it
        parts = [names.get(p, p.upper() if len(p) == 1 else p.capitalize()) for p in key.split("+")]
        shown.append("+".join(parts))
    return ", ".join(shown)
