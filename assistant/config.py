"""Settings and the places where the product keeps things.

One tree, frozen after start. Defaults, then the person's `config.toml`, then the environment (`ASSISTANT_*`), then flags.
A project's own file may tighten policy (see `policies/README.md`), never change a setting. Unknown keys are errors that
name the nearest known one.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, cast, get_args, get_origin

import msgspec

from assistant.errors import UsageError, nearest, nearest_field
from assistant.types import Autonomy, Budgets, Data
from assistant.visible import one_line


class Paths(Data, frozen=True):
    """Where things live (XDG base directory specification 0.8). Every folder is made with mode 0700 when first used."""

    config: str
    """`config.toml`, own `policies/`, `tools/`, `kits/`."""
    data: str
    """`log.db`, `blobs/`, `stages/`, `unsent/`."""
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
    def unsent(self) -> Path:
        """What was typed and not sent, one file a task. Below `data`, which no tool ever sees."""
        return Path(self.data) / "unsent"

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

    theme: Literal["auto", "dark", "light", "high-contrast", "no-colour"] = "auto"
    language: Literal["auto", "en", "zh_CN"] = "auto"
    reduced_motion: bool = False
    screen_reader: bool = False
    bell: bool = True
    """Ring the terminal's bell when the person is needed and looks elsewhere."""
    popup: bool = True
    """Show a notification then: of the desktop, or of the terminal where it is known to have them."""


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
    planted_checks: bool = False
    """Now and then, at one question in twenty, also ask something that should be refused, to see whether questions are still
    read. Nothing comes of a yes to it."""
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
_BOOLEANS = {"true": True, "yes": True, "on": True, "是": True, "false": False, "no": False, "off": False, "否": False}


def load_settings(paths: Paths, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings of this person.

    Raises UsageError naming file, key and the nearest known key for anything that does not fit.
    """
    file = Path(paths.config) / "config.toml"
    return _settings_of(_read(file), file, environ)


def _settings_of(tree: dict[str, Any], file: Path, environ: Mapping[str, str] | None) -> Settings:
    for variable, value in _from_environment(environ).items():
        *parents, last = _ENVIRONMENT[variable].split(".")
        node = tree
        for part in parents:
            node = node.setdefault(part, {})
        node[last] = value
    try:
        return msgspec.convert(tree, Settings)
    except msgspec.ValidationError as error:
        kinds = (Settings, ModelSettings, Look, Budgets)
        hint = nearest_field(str(error), kinds, "see `assistant config show` for what each setting may be")
        raise UsageError(f"`{file}`: {error}", hint=hint) from error


def parse_setting(name: str, text: str) -> Any:
    """What a person typed for the setting `name`, as a value of its type; None for an empty text: its default again.

    Lists may be typed with commas, everything else that is not plain text as TOML. Raises UsageError for an unknown name or a
    text that fits no value.
    """
    kind = _type_of(name)
    text = text.strip()
    if not text:
        return None
    if kind is bool and text.lower() in _BOOLEANS:
        return _BOOLEANS[text.lower()]
    if kind is str or (kind is not bool and choices_of(name)):
        return text
    if get_origin(kind) is tuple and not text.startswith("["):
        return [part.strip() for part in text.split(",") if part.strip()]
    import tomllib

    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError as error:
        raise UsageError(
            f"`{name}` can't be `{one_line(text, 60)}`: {error}",
            hint="lists: a, b · numbers: 50 · yes or no: true, false",
        ) from error


def choices_of(name: str) -> tuple[str, ...]:
    """The values that a setting may have, where there are few; none for any other. Raises UsageError for an unknown name."""
    kind = _type_of(name)
    if get_origin(kind) is Literal:
        return tuple(str(value) for value in get_args(kind))
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return tuple(str(value) for value in kind)
    return ("true", "false") if kind is bool else ()


class SettingChange(Data, frozen=True):
    """A change that was checked and not yet made: `text` is the whole file as it would be, `settings` what it would mean."""

    name: str
    old: Any
    new: Any
    settings: Settings
    file: str
    text: str

    def write(self) -> None:
        """Put it into the person's file, in one step. Raises UsageError when the file can't be written."""
        file = Path(self.file).resolve()  # a link to where the person keeps such files stays a link
        fresh = file.with_name(f".{file.name}.{os.getpid()}")
        try:
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "w") as stream:
                stream.write(self.text)
                stream.flush()
                os.fsync(stream.fileno())
            fresh.replace(file)
        except OSError as error:
            fresh.unlink(missing_ok=True)
            raise UsageError(f"`{file}` can't be written: {error}", hint="nothing was changed") from error


def change_setting(paths: Paths, name: str, value: Any, environ: Mapping[str, str] | None = None) -> SettingChange:
    """Check what the person's file would be with `name` set to `value` (None: without it). Comments and order stay.

    Nothing is written; see `SettingChange.write`. Raises UsageError for an unknown name or a value that does not fit.
    """
    import tomllib

    import tomlkit  # 15 ms: only for those who change something
    from tomlkit.items import Table

    _type_of(name)
    file = Path(paths.config) / "config.toml"
    _read(file)  # a file that is broken is mended by hand first
    document = tomlkit.parse(file.read_text(encoding="utf-8") if file.exists() else "")
    *parents, last = name.split(".")
    node: Any = document
    for part in parents:
        if part not in node:
            if value is None:
                break
            node[part] = tomlkit.table()
        node = node[part]
    else:
        if value is not None:
            node[last] = value
        elif last in node:
            del node[last]
            if isinstance(node, Table) and not node:
                del document[parents[0]]
    text = tomlkit.dumps(document)
    before = load_settings(paths, environ)
    after = _settings_of(tomllib.loads(text), file, environ)
    return SettingChange(name, _value_of(before, name), _value_of(after, name), after, str(file), text)


def _value_of(settings: Settings, name: str) -> Any:
    node: Any = settings
    for part in name.split("."):
        node = getattr(node, part)
    return msgspec.to_builtins(node)


def _type_of(name: str) -> Any:
    """The type of a setting by its dotted name. Raises UsageError naming the nearest known one."""
    found = _types(Settings)
    if name not in found:
        raise UsageError(
            f"there is no setting `{one_line(name, 60)}`", hint=nearest(name, sorted(found), "known settings")
        )
    return found[name]


def _types(kind: type[msgspec.Struct], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in msgspec.structs.fields(kind):
        name = f"{prefix}{field.name}"
        of: Any = field.type
        if isinstance(of, type) and issubclass(of, msgspec.Struct):
            found |= _types(of, f"{name}.")
        else:
            found[name] = of
    return found


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
