"""Settings: every option, its value, where the value comes from, what it means, and when a change takes effect.

Enter changes one: those with few values are chosen from, all others are typed. `x` takes it out of the file again.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList

from assistant.config import choices_of, parse_setting
from assistant.errors import AssistantError
from assistant.ui.language import N_, _
from assistant.ui.safe import join, line
from assistant.ui.screens.panel import LongRows, PanelScreen, Rows
from assistant.ui.setting_words import AT_ONCE, file_tree, flatten, meaning, origin, overridden, shown, typed, when

if TYPE_CHECKING:
    from assistant.ui.screens.chat import ChatScreen


class SettingsScreen(PanelScreen):
    """A list to read and to change."""

    TITLE_TEXT = N_("Settings")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "change", N_("change the marked setting")),
        Binding("x,delete", "reset", N_("take the marked setting out of the file: its default again")),
    ]

    def __init__(self, chat: ChatScreen) -> None:
        super().__init__()
        if chat.desk is None:
            raise RuntimeError("settings need an open desk")
        self._chat, self._desk = chat, chat.desk
        self._file = Path(chat.desk.paths.config) / "config.toml"

    def parts(self) -> ComposeResult:
        """The list."""
        yield LongRows()

    def hints(self) -> list[tuple[str, str]]:
        """The keys."""
        return [("Enter", _("change")), ("x", _("default again"))]

    def on_mount(self) -> None:
        """As they stand."""
        self._draw()
        self.query_one(Rows).focus()
        self.say_title(line(str(self._file), "$quiet"))

    def _draw(self) -> None:
        tree = file_tree(self._desk.paths)
        self.query_one(Rows).set_rows(
            [
                (name, setting_label(name, value, origin(name, tree, os.environ)))
                for name, value in flatten(self._desk.settings)
            ]
        )

    # ------------------------------------------------------------ changing

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self._change(event.option.id or "")

    def action_change(self) -> None:
        """The marked one."""
        self._change(self.query_one(Rows).highlighted_id)

    def action_reset(self) -> None:
        """Its default again."""
        if name := self.query_one(Rows).highlighted_id:
            self.run_worker(partial(self._set, name, None), group="act", exit_on_error=False)

    def _change(self, name: str) -> None:
        if name:
            self.run_worker(partial(self._ask, name), group="act", exit_on_error=False)

    async def _ask(self, name: str) -> None:
        choices = self._choices(name)
        if choices:
            from assistant.ui.screens.pick import PickScreen

            text = await self.app.push_screen_wait(PickScreen(name, meaning(name), choices, shown(self._value(name))))
        else:
            from assistant.ui.screens.ask import AskScreen

            hint = f"{meaning(name)}\n{_('lists: a, b · nothing typed: the default')}"
            text = await self.app.push_screen_wait(AskScreen(name, typed(self._value(name)), hint))
        if text is None:
            return
        try:
            value = parse_setting(name, text)
        except AssistantError as error:
            self.app.notify(str(error), severity="warning", markup=False, timeout=8)
            return
        await self._set(name, value)

    async def _set(self, name: str, value: Any) -> None:
        if await self.attempt(self._desk.arrangements.change_setting(name, value), f"{name}: {when(name)}"):
            if name in AT_ONCE:
                self.app.take_look(self._desk.settings.look)
            if told := overridden(name):
                self.app.notify(told, severity="warning", markup=False, timeout=8)
            self._draw()

    def _choices(self, name: str) -> tuple[str, ...]:
        return tuple(self._desk.arrangements.kits) if name == "kit" else choices_of(name)

    def _value(self, name: str) -> Any:
        return dict(flatten(self._desk.settings))[name]


def open_for(chat: ChatScreen) -> SettingsScreen:
    """The screen over `chat`."""
    return SettingsScreen(chat)


def setting_label(name: str, value: Any, came_from: str) -> Content:
    """Name, value, origin, meaning, and when a change takes effect."""
    head = join(line(name, "bold"), "  ", line(shown(value), "$primary"), (f"  {came_from}", "$quiet"))
    return join(head, "\n  ", (f"{meaning(name)} · {when(name)}", "$quiet"))
