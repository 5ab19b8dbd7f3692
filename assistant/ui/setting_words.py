"""Settings in words: what each means, where its value comes from, when a change takes effect. Knows no Textual."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import msgspec

from assistant.ui.language import N_, _

if TYPE_CHECKING:
    from assistant.config import Paths

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


def overridden(name: str) -> str:
    """What to say when the environment wins over a change in the file, or nothing."""
    if (variable := ENVIRONMENT.get(name)) and os.environ.get(variable):
        return _("{variable} is set and wins over the file until it is unset").format(variable=variable)
    return ""


def file_tree(paths: Paths) -> dict[str, Any]:
    """What stands in the person's own file; nothing when there is none, or it can't be read."""
    import tomllib

    try:
        return tomllib.loads((Path(paths.config) / "config.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
