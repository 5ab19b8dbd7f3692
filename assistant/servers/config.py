"""`mcp.json`: the servers that a person has configured, in the `mcpServers` form that other programs use too.

What only this product knows stands below the key `assistant` of an entry, so that the file stays readable for others.
Keys of other programs are left alone and named; none of them loosens anything (`autoApprove` does nothing here).
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, cast

import msgspec

from assistant.errors import UsageError, nearest_field
from assistant.types import ArgumentSpec, Confidentiality, Data, Effect
from assistant.visible import one_line

FILE = "mcp.json"
PROJECT_FILE = ".mcp.json"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,47}\Z")
MAX_BYTES = 1024 * 1024
"""Of a configuration file. Chosen, far above what any has."""
_VARIABLE = re.compile(r"\$\{(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
_ADDRESS_KEYS = ("url", "httpUrl", "serverUrl")
_KNOWN = frozenset(
    {"command", "args", "env", "cwd", "type", "transport", "headers", "disabled", "assistant", *_ADDRESS_KEYS}
)


class ToolSettings(Data, frozen=True):
    """What a person says of one tool, against the server's own hints."""

    effect: Effect | None = None
    args: Mapping[str, ArgumentSpec] = {}
    off: bool = False


class SignIn(Data, frozen=True):
    """How this server is signed in to, where the usual way (a person in a browser, `grant` `person`) needs help or is not it.

    Secrets are better written as `${NAME}` than as themselves.
    """

    grant: Literal["person", "client_credentials", "identity"] = "person"
    """`client_credentials`: in nobody's name, by `client_secret` or `private_key`. `identity`: by a token of an enterprise's
    identity provider, exchanged there for a grant to this server. Both send what they hold to `issuer` alone."""
    client_id: str = ""
    """`person`: only for an authorization server that registers no clients by itself."""
    client_secret: str = ""
    client_metadata_url: str = ""
    """An address that serves this client's description, which is then its id."""
    scope: str = ""
    issuer: str = ""
    """The authorization server that gave out `client_id`; needed where no person signs in."""
    private_key: str = ""
    """PEM; signs the client's assertion (RFC 7523) instead of a secret."""
    algorithm: str = "RS256"
    """Of `private_key`: RS256, ES256, ..."""
    identity_token: str = ""
    """The ID token of the person at the identity provider."""
    identity_endpoint: str = ""
    """The identity provider's token endpoint (RFC 8693)."""
    identity_client_id: str = ""
    """Who we are to the identity provider."""


_SECRETS = ("client_secret", "private_key", "identity_token")
"""Fields of `SignIn` in which variables are filled in."""

_NEEDED: Mapping[str, tuple[str, ...]] = {
    "person": (),
    "client_credentials": ("client_id", "issuer"),
    "identity": ("client_id", "client_secret", "issuer", "identity_token", "identity_endpoint", "identity_client_id"),
}
"""By grant: what an entry must say."""


class Grants(Data, frozen=True):
    """The key `assistant` of an entry: what this server may have beyond its own program."""

    hosts: tuple[str, ...] = ()
    """`host` or `host:port` that its room lets through. None: no network. A server by address gets its own host."""
    folders: tuple[str, ...] = ()
    """Further folders that it sees, read-only."""
    folder: Literal["none", "read", "stage"] = "none"
    """The task's folder: not at all, read-only as it really is, or through the stage like any other tool."""
    sampling: bool = False
    """Whether it may ask a model, each time judged as `consult`."""
    confidentiality: Confidentiality = Confidentiality.PRIVATE
    """Label of what it says. Its integrity is always `untrusted`."""
    timeout_s: float = 120.0
    oauth: SignIn = SignIn()
    tools: Mapping[str, ToolSettings] = {}


class ServerConfig(Data, frozen=True):
    """One server. `command` for one that is started here, `url` for one by streamable HTTP."""

    name: str
    command: str = ""
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = {}
    cwd: str = ""
    url: str = ""
    headers: Mapping[str, str] = {}
    disabled: bool = False
    grants: Grants = Grants()
    unused: tuple[str, ...] = ()
    """Keys of the entry that mean nothing here."""

    @property
    def sha256(self) -> str:
        """Names how it is started and what it is given: part of what is trusted."""
        plain = msgspec.to_builtins(msgspec.structs.replace(self, disabled=False, unused=()))
        return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def read_config(file: Path) -> dict[str, ServerConfig]:
    """The servers of a file, by name; none when it does not exist.

    Raises UsageError naming the file, the server and the key for anything that does not fit.
    """
    return {name: parse_entry(name, entry, str(file)) for name, entry in read_entries(file).items()}


def read_entries(file: Path) -> dict[str, dict[str, Any]]:
    """The raw entries of a file. Takes `mcpServers` and, as some editors write it, `servers`. Raises UsageError."""
    try:
        with file.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UsageError(f"`{file}` can't be read: {error}") from error
    if len(raw) > MAX_BYTES:
        raise UsageError(f"`{file}` is larger than {MAX_BYTES // 1024} kB, which no configuration is")
    try:
        tree = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"`{file}` is not JSON: {one_line(str(error), 200)}", hint="mend it or move it away"
        ) from error
    found: Any = None
    if isinstance(tree, dict):
        top = cast("dict[str, Any]", tree)
        found = top.get("mcpServers", top.get("servers"))
    if not isinstance(found, dict) or not all(isinstance(v, dict) for v in cast("dict[str, Any]", found).values()):
        raise UsageError(
            f"`{file}` has no object `mcpServers`", hint='write {"mcpServers": {"NAME": {"command": ...}}}'
        )
    return cast("dict[str, dict[str, Any]]", found)


def parse_entry(name: str, entry: Mapping[str, Any], where: str) -> ServerConfig:
    """One entry. Raises UsageError."""
    if not NAME.match(name):
        raise UsageError(f"`{one_line(name, 60)}` in `{where}` can't name a server", hint="letters, digits, . _ -")
    addresses = [entry[key] for key in _ADDRESS_KEYS if entry.get(key)]
    kind = str(entry.get("type", entry.get("transport", ""))).lower()
    if kind == "sse":
        raise UsageError(
            f"server `{name}` in `{where}` speaks the old SSE transport, which is not spoken here",
            hint="most such servers speak streamable HTTP too: try its address with `type` `http`",
        )
    given = {
        "name": name,
        "command": entry.get("command", ""),
        "args": entry.get("args", []),
        "env": entry.get("env", {}),
        "cwd": entry.get("cwd", ""),
        "url": addresses[0] if addresses else "",
        "headers": entry.get("headers", {}),
        "disabled": entry.get("disabled", False),
        "grants": entry.get("assistant", {}),
        "unused": sorted(k for k in entry if k not in _KNOWN),
    }
    try:
        config = msgspec.convert(given, ServerConfig)
    except msgspec.ValidationError as error:
        kinds = (Grants, SignIn, ToolSettings, ArgumentSpec)
        hint = nearest_field(str(error), kinds, "see the README of assistant/servers for the form")
        raise UsageError(f"server `{name}` in `{where}`: {one_line(str(error), 300)}", hint=hint) from error
    if bool(config.command) == bool(config.url):
        raise UsageError(f"server `{name}` in `{where}` needs either `command` or `url`")
    if config.url and not re.match(r"https?://[^/\s@?#]+([/?]\S*)?\Z", config.url):
        raise UsageError(
            f"server `{name}` in `{where}`: `url` must begin with https:// or http:// and hold no password"
        )
    _check_sign_in(config, where)
    return config


def _check_sign_in(config: ServerConfig, where: str) -> None:
    oauth = config.grants.oauth
    missing = [key for key in _NEEDED[oauth.grant] if not getattr(oauth, key)]
    if oauth.grant == "client_credentials" and not (oauth.client_secret or oauth.private_key):
        missing.append("client_secret")
    if missing:
        raise UsageError(
            f"server `{config.name}` in `{where}`: `oauth` with the grant `{oauth.grant}` needs `{missing[0]}`",
            hint="see the README of assistant/servers for the form",
        )


def to_entry(config: ServerConfig) -> dict[str, Any]:
    """The entry as it is written into a file."""
    plain: dict[str, Any] = msgspec.to_builtins(config)
    entry = {k: plain[k] for k in ("command", "args", "env", "cwd", "url", "headers", "disabled") if plain.get(k)}
    if config.url:
        entry["type"] = "http"
    if plain.get("grants"):
        entry["assistant"] = plain["grants"]
    return entry


def write_entry(file: Path, name: str, entry: Mapping[str, Any] | None) -> None:
    """Set or (with None) remove one entry, leaving everything else in the file as it is. Atomic, mode 0600."""
    tree: dict[str, Any] = {}
    if file.exists():
        read_entries(file)
        tree = json.loads(file.read_bytes())
    key = "servers" if "servers" in tree and "mcpServers" not in tree else "mcpServers"
    servers: dict[str, Any] = tree.setdefault(key, {})
    if entry is None:
        servers.pop(name, None)
    else:
        servers[name] = dict(entry)
    write_private(file, json.dumps(tree, indent=2, ensure_ascii=False) + "\n")


def write_private(file: Path, text: str) -> None:
    """Replace a file of the person's own in one step. Raises UsageError."""
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "w") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(file)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise UsageError(f"`{file}` can't be written: {error}") from error


def expanded(config: ServerConfig, environ: Mapping[str, str]) -> ServerConfig:
    """`${NAME}`, `${env:NAME}` and `${NAME:-default}` filled in from the environment, as other programs do.

    Raises UsageError for a variable that is not set.
    """

    def fill(text: str) -> str:
        def value(found: re.Match[str]) -> str:
            fallback: str | None = found[2]
            got = environ.get(found[1], fallback)
            if got is None:
                raise UsageError(
                    f"server `{config.name}` needs the variable `{found[1]}`, which is not set",
                    hint=f"set it before starting, or write ${{{found[1]}:-VALUE}}",
                )
            return got

        return _VARIABLE.sub(value, text)

    return msgspec.structs.replace(
        config,
        command=fill(config.command),
        args=tuple(fill(a) for a in config.args),
        env={k: fill(v) for k, v in config.env.items()},
        cwd=fill(config.cwd),
        url=fill(config.url),
        headers={k: fill(v) for k, v in config.headers.items()},
        grants=msgspec.structs.replace(
            config.grants,
            oauth=msgspec.structs.replace(
                config.grants.oauth, **{name: fill(getattr(config.grants.oauth, name)) for name in _SECRETS}
            ),
        ),
    )
