"""Settings: every option, its value, where the value comes from, and what it means. To be read; `config.toml` is edited."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import msgspec
from textual.app import ComposeResult
from textual.content import Content

from assistant.config import Paths, Settings
from assistant.ui.language import N_, _
from assistant.ui.safe import join, line
from assistant.ui.screens.panel import PanelScreen, Rows

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
    "budgets.cost_uusd": N_("most a task may spend, in millionths of a US dollar"),
    "budgets.tokens": N_("most tokens of a task"),
    "budgets.calls": N_("most tool calls of a task"),
    "budgets.wall_s": N_("longest time of a task, in seconds"),
    "budgets.energy_mwh": N_("most energy of a task, in thousandths of a watt hour"),
    "max_steps": N_("model calls in one turn before you are asked to go on"),
}
ENVIRONMENT = {
    "model.default": "ASSISTANT_MODEL",
    "autonomy": "ASSISTANT_AUTONOMY",
    "kit": "ASSISTANT_KIT",
    "look.theme": "ASSISTANT_THEME",
    "look.language": "ASSISTANT_LANGUAGE",
}
"""As `assistant.config.load_settings` reads them."""


class SettingsScreen(PanelScreen):
    """A list to read."""

    TITLE_TEXT = N_("Settings")

    def __init__(self, chat: ChatScreen) -> None:
        super().__init__()
        if chat.desk is None:
            raise RuntimeError("settings need an open desk")
        self._settings, self._paths = chat.desk.settings, chat.desk.paths

    def parts(self) -> ComposeResult:
        """The list."""
        yield Rows()

    def on_mount(self) -> None:
        """As loaded at start."""
        file = Path(self._paths.config) / "config.toml"
        try:
            tree = tomllib.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            tree = {}
        rows = self.query_one(Rows)
        rows.set_rows(
            [
                (name, setting_label(name, value, origin(name, tree, os.environ)))
                for name, value in flatten(self._settings)
            ]
        )
        rows.focus()
        self.say_title(str(file))


def open_for(chat: ChatScreen) -> SettingsScreen:
    """The screen over `chat`."""
    return SettingsScreen(chat)


def flatten(settings: Settings | Paths | Any, prefix: str = "") -> list[tuple[str, Any]]:
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


def setting_label(name: str, value: Any, came_from: str) -> Content:
    """Name, value, origin, meaning."""
    shown = "–" if value is None else msgspec.json.encode(value).decode("utf-8").strip('"')
    head = join(line(name, "bold"), "  ", line(shown, "$primary"), (f"  {came_from}", "$quiet"))
    return join(head, "\n  ", (meaning(name), "$quiet"))


def meaning(name: str) -> str:
    """What a setting does. The limits of a day are those of a task, for all tasks together."""
    if name.startswith("day."):
        return _(WHAT.get("budgets" + name.removeprefix("day"), "")) + _(" (all tasks of a day together)")
    return _(WHAT.get(name, ""))
