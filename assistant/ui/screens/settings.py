"""Settings: every option, its value, where the value comes from, what it means, and when a change takes effect.

Enter changes one: those with few values are chosen from, all others are typed. `x` takes it out of the file again.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

import msgspec
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

if TYPE_CHECKING:
    from assistant.ui.screens.chat import ChatScreen

WHAT = {
    "autonomy": N_("how much a new task may do alone"),
    "kit": N_("the tools and permissions a new task starts with"),
    "model.default": N_("the model of a new task; auto takes the first usable one"),
    "model.fallback": N_("models to try when the first one fails"),
    "model.api_base": N_("addresses of OpenAI-compatible servers, by provider"),
    "look.theme": N_("auto, dark, light, high-contrast, no-colour"),
    "look.language": N_("auto, en, zh_CN"),
    "look.reduced_motion": N_("nothing spins or slides"),
    "look.screen_reader": N_("plain lines instead of a screen"),
    "look.bell": N_("the terminal rings when you are needed and look elsewhere"),
    "look.popup": N_("a notification when you are needed and look elsewhere"),
    "budgets.cost_uusd": N_("most a task may spend, in millionths of a US dollar"),
    "budgets.tokens": N_("most tokens of a task"),
    "budgets.calls": N_("most model calls of a task"),
    "budgets.wall_s": N_("longest time of a task, in seconds"),
    "budgets.energy_mwh": N_("most energy of a task, in thousandths of a watt hour"),
    "me": N_("your own addresses and accounts: sending there is sending home"),
    "tools": N_("settings of single tools, as their manifests say"),
    "planted_checks": N_("now and then a question that should be refused, to see whether you still read them"),
    "max_steps": N_("model calls in one turn before you are asked to go on"),
}
AT_ONCE = ("look.theme", "look.reduced_motion", "look.bell", "look.popup")
AT_START = ("look.language", "look.screen_reader", "model.default", "model.fallback", "model.api_base", "tools")
"""Read when the program starts; everything that stands in neither holds from the next task on."""
ENVIRONMENT = {
    "model.default": "ASSISTANT_MODEL",
    "autonomy": "ASSISTANT_AUTONOMY",
    "kit": "ASSISTANT_KIT",
    "look.theme": "ASSISTANT_THEME",
    "look.language": "ASSISTANT_LANGUAGE",
}
"""As `assistant.config.load_settings` reads them."""


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
        try:
            tree = tomllib.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            tree = {}
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
            if (variable := ENVIRONMENT.get(name)) and os.environ.get(variable):
                told = _("{variable} is set and wins over the file until it is unset").format(variable=variable)
                self.app.notify(told, severity="warning", markup=False, timeout=8)
            self._draw()

    def _choices(self, name: str) -> tuple[str, ...]:
        return tuple(self._desk.arrangements.kits) if name == "kit" else choices_of(name)

    def _value(self, name: str) -> Any:
        return dict(flatten(self._desk.settings))[name]


def open_for(chat: ChatScreen) -> SettingsScreen:
    """The screen over `chat`."""
    return SettingsScreen(chat)


def flatten(settings: msgspec.Struct, prefix: str = "") -> list[tuple[str, Any]]:
    """`(dotted name, value)` of every setting."""
    out: list[tuple[str, Any]] = []
    for field in msgspec.structs.fields(settings):
        value = getattr(settings, field.name)
        name = f"{prefix}{field.name}"
        out += flatten(value, f"{name}.") if isinstance(value, msgspec.Struct) else [(name, value)]
    return out


def origin(name: str, tree: Mapping[str, Any], environ: Mapping[str, str]) -> str:
    """Where a value comes from: the environment, the file, or the default."""
    if (variable := ENVIRONMENT.get(name)) and environ.get(variable):
        return variable
    node: Any = tree
    for part in name.split("."):
        if not isinstance(node, Mapping) or part not in node:
            return _("default")
        node = cast("Mapping[str, Any]", node)[part]
    return "config.toml"


def shown(value: Any) -> str:
    """A value as the list shows it."""
    return "–" if value is None else msgspec.json.encode(value).decode("utf-8").strip('"')


def typed(value: Any) -> str:
    """A value as a person would type it: lists with commas, tables as TOML has them, nothing for none."""
    if value is None:
        return ""
    if isinstance(value, (list, tuple)):
        return ", ".join(str(item) for item in cast("tuple[object, ...]", value))
    if isinstance(value, Mapping):
        return _toml(cast("Mapping[str, Any]", msgspec.to_builtins(value)))
    return shown(value)


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        table = cast("Mapping[str, Any]", value)
        pairs = (f"{msgspec.json.encode(key).decode()} = {_toml(of)}" for key, of in table.items())
        return "{ " + ", ".join(pairs) + " }" if table else ""
    return msgspec.json.encode(value).decode()  # of texts, numbers, lists and booleans, JSON is TOML too


def setting_label(name: str, value: Any, came_from: str) -> Content:
    """Name, value, origin, meaning, and when a change takes effect."""
    head = join(line(name, "bold"), "  ", line(shown(value), "$primary"), (f"  {came_from}", "$quiet"))
    return join(head, "\n  ", (f"{meaning(name)} · {when(name)}", "$quiet"))


def when(name: str) -> str:
    """When a change of this setting takes effect."""
    if name in AT_ONCE:
        return _("at once")
    return _("at the next start") if name in AT_START else _("from the next task on")


def meaning(name: str) -> str:
    """What a setting does. The limits of a day are those of a task, for all tasks together."""
    if name.startswith("day."):
        return _(WHAT.get("budgets" + name.removeprefix("day"), "")) + _(" (all tasks of a day together)")
    return _(WHAT.get(name, ""))
