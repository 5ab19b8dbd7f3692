"""Settings and the places where the product keeps things.

One tree, frozen after start. Defaults, then the person's `config.toml`, then the environment (`ASSISTANT_*`), then flags.
A project's own file may tighten policy (see `policies/README.md`), never change a setting. Unknown keys are errors that
name the nearest known one.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import msgspec

from assistant.errors import UsageError
from assistant.types import Autonomy, Budgets, Data


class Paths(Data, frozen=True):
    """Where things live (XDG base directory specification 0.8). Every folder is made with mode 0700 when first used."""

    config: str
    """`config.toml`, own `policies/`, `tools/`, `kits/`."""
    data: str
    """`log.db`, `blobs/`, `stages/`."""
    trust: str
    """Pinned public key and last checkpoint seen: outside the database's folder on purpose."""
    cache: str
    runtime: str
    """Sockets and locks of running processes; emptied by a reboot."""

    @property
    def log_db(self) -> Path:
        """The log's database."""
        return Path(self.data) / "log.db"

    @property
    def memory_db(self) -> Path:
        """The database of remembered facts."""
        return Path(self.data) / "memory.db"

    @property
    def models(self) -> Path:
        """Model files (GGUF) for the embedded engine."""
        return Path(self.data) / "models"

    @property
    def stages(self) -> Path:
        """One folder a task."""
        return Path(self.data) / "stages"


def find_paths(environ: Mapping[str, str] | None = None) -> Paths:
    """The paths for this person. `ASSISTANT_HOME` puts everything below one folder (portable use, tests).

    Raises UsageError when neither HOME nor ASSISTANT_HOME is set.
    """
    env = os.environ if environ is None else environ
    root = env.get("ASSISTANT_HOME")
    if root:
        base = Path(root).expanduser().absolute()
        return Paths(*(str(base / name) for name in ("config", "data", "trust", "cache", "run")))
    home = env.get("HOME")
    if not home:
        raise UsageError("HOME is not set", hint="set HOME or ASSISTANT_HOME to a folder of yours")

    def xdg(name: str, default: str) -> Path:
        given = env.get(name, "")
        return (Path(given) if given.startswith("/") else Path(home) / default) / "assistant"

    runtime = env.get("XDG_RUNTIME_DIR", "")
    cache = xdg("XDG_CACHE_HOME", ".cache")
    return Paths(
        config=str(xdg("XDG_CONFIG_HOME", ".config")),
        data=str(xdg("XDG_DATA_HOME", ".local/share")),
        trust=str(xdg("XDG_STATE_HOME", ".local/state") / "trust"),
        cache=str(cache),
        runtime=str(Path(runtime) / "assistant") if runtime and os.access(runtime, os.W_OK) else str(cache / "run"),
    )


class Look(Data, frozen=True):
    """How the screen looks."""

    theme: str = "auto"
    """`auto`, `dark`, `light`, `high-contrast`, `no-colour`."""
    language: str = "auto"
    """`auto`, `en`, `zh_CN`."""
    reduced_motion: bool = False
    screen_reader: bool = False


class ModelSettings(Data, frozen=True):
    """Which model a new task gets."""

    default: str = "auto"
    """`provider/name`, or `auto`: the first usable one, else `builtin/offline`."""
    fallback: tuple[str, ...] = ()
    api_base: Mapping[str, str] = {}
    """Address by provider name, for OpenAI-compatible servers and proxies."""


class Settings(Data, frozen=True):
    """Everything that a person can set. Times in seconds, sizes in bytes."""

    autonomy: Autonomy = Autonomy.CONSULTANT
    kit: str = "write"
    model: ModelSettings = ModelSettings()
    look: Look = Look()
    budgets: Budgets = Budgets()
    """Of each new task."""
    day: Budgets = Budgets()
    """Of all tasks together, from midnight to midnight."""
    me: tuple[str, ...] = ()
    """The person's own addresses and accounts: sending there is sending home."""
    tools: Mapping[str, Mapping[str, Any]] = {}
    """Per tool, as its manifest says: `[tools.web_search] provider = "searxng"`. `hosts` are hosts that it may always reach. A key is
    never written here: `key_env` names the variable it is read from."""
    max_steps: int = 50
    """Model calls in one turn before the person is asked to go on."""


_ENVIRONMENT = {
    "ASSISTANT_MODEL": "model.default",
    "ASSISTANT_AUTONOMY": "autonomy",
    "ASSISTANT_KIT": "kit",
    "ASSISTANT_THEME": "look.theme",
    "ASSISTANT_LANGUAGE": "look.language",
}
"""Variables that set a setting, by the setting's dotted name."""


def load_settings(paths: Paths, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings of this person.

    Raises UsageError naming file, key and the nearest known key for anything that does not fit.
    """
    file = Path(paths.config) / "config.toml"
    tree = _read(file)
    for variable, value in _from_environment(environ).items():
        *parents, last = _ENVIRONMENT[variable].split(".")
        node = tree
        for part in parents:
            node = node.setdefault(part, {})
        node[last] = value
    try:
        return msgspec.convert(tree, Settings)
    except msgspec.ValidationError as error:
        raise UsageError(f"`{file}`: {error}", hint=_nearest(str(error))) from error


def explain_settings(paths: Paths, environ: Mapping[str, str] | None = None) -> list[tuple[str, Any, str]]:
    """(dotted name, value, where it comes from) of every setting, sorted by name."""
    file = Path(paths.config) / "config.toml"
    given = _flat(_read(file))
    variables = {_ENVIRONMENT[v]: v for v in _from_environment(environ)}
    values = _flat(plain_with_defaults(load_settings(paths, environ)))
    return [
        (name, value, variables.get(name) or (str(file) if name in given else "default"))
        for name, value in sorted(values.items())
    ]


def plain_with_defaults(settings: Settings) -> dict[str, Any]:
    """All settings as JSON types, those at their default too."""
    out: dict[str, Any] = {}
    for field in msgspec.structs.fields(settings):
        value = getattr(settings, field.name)
        if isinstance(value, msgspec.Struct):
            out[field.name] = {
                f.name: msgspec.to_builtins(getattr(value, f.name)) for f in msgspec.structs.fields(value)
            }
        else:
            out[field.name] = msgspec.to_builtins(value)
    return out


def _read(file: Path) -> dict[str, Any]:
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"`{file}` can't be read: {error}", hint="mend it or move it away") from error
    import tomllib  # 4 ms that only who has such a file pays

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"`{file}` can't be read: {error}", hint="mend it or move it away") from error


def _from_environment(environ: Mapping[str, str] | None) -> dict[str, str]:
    env = os.environ if environ is None else environ
    return {name: env[name] for name in _ENVIRONMENT if env.get(name)}


def _flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, dict) and value and prefix == "":
            out |= _flat(cast("dict[str, Any]", value), f"{key}.")
        else:
            out[prefix + key] = value
    return out


def _nearest(message: str) -> str:
    import difflib
    import re

    found = re.search(r"unknown field `([^`]+)`", message)
    if not found:
        return "see `assistant config show` for what each setting may be"
    known = [f.name for kind in (Settings, ModelSettings, Look, Budgets) for f in msgspec.structs.fields(kind)]
    close = difflib.get_close_matches(found[1], known, n=1)
    return f"did you mean `{close[0]}`?" if close else f"known settings: {', '.join(sorted(set(known)))}"
