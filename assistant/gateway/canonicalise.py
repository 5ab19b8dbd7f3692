"""Second step: a validated call becomes an Action, the one object that is judged, shown and run.

Paths become absolute and normal; where a link leads out of the folder the fact `outside` says so. The room enforces what
is said here: this step only makes it plain enough to be judged.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from urllib.parse import urlsplit

from assistant.gateway.house import RESOURCES
from assistant.gateway.validate import InvalidCallError
from assistant.types import JSON, Action, Argument, ArgumentSpec, Effect, Kind, Resource, Role, ToolSpec, as_list
from assistant.visible import one_line

SYSTEM = ("/usr/share", "/usr/lib", "/usr/include", "/usr/bin", "/usr/local", "/lib", "/bin")
"""Read-only places with programs and documentation, the same for everyone on the machine."""

_GLOB = frozenset("*?[{")


def make_action(spec: ToolSpec, arguments: dict[str, JSON], folder: str, *, hosts: Sequence[str] = ()) -> Action:
    """The Action of a validated call. `folder` is the real path of the task's folder, `hosts` those that the person's
    settings name for the tool.

    Raises InvalidCallError for a path with a NUL, a URL without a host, and the like.
    """
    facts: dict[str, JSON] = {}
    made: list[Argument] = []
    for name in spec.parameters.get("properties", {}):
        if name not in arguments:
            continue
        meaning = spec.args.get(name, ArgumentSpec())
        value = _canonical(arguments[name], meaning.kind, folder, facts, name)
        made.append(Argument(name, value, meaning.role, meaning.kind))
    if spec.protocol == "server":  # it acts in a service of its own, at once: nothing of that waits on the stage
        facts["count"] = sum(len(as_list(a.value)) for a in made if a.role is Role.TARGET)
        return Action(spec.name, spec.effect, Resource("service", spec.origin), tuple(made), folder, facts)
    if spec.effect in (Effect.WRITE, Effect.DELETE):
        facts["staged"] = not facts.get("outside", False)
    facts["count"] = sum(len(as_list(a.value)) for a in made if a.role is Role.TARGET)
    if spec.hosts or hosts:
        facts["hosts"] = sorted({*facts.get("hosts", []), *spec.hosts, *hosts})
    resource = RESOURCES.get(spec.protocol) or _resource(made, folder)
    return Action(spec.name, spec.effect, resource, tuple(made), folder, facts)


def _canonical(value: JSON, kind: Kind, folder: str, facts: dict[str, JSON], name: str) -> JSON:
    if isinstance(value, list):
        items = as_list(value)
        if kind in (Kind.PATH, Kind.GLOB) and len(items) > 1:
            facts["bulk"] = True
        return [_canonical(v, kind, folder, facts, name) for v in items]
    if not isinstance(value, str):
        return value
    if "\x00" in value and kind is not Kind.TEXT:
        raise InvalidCallError(f"`{name}` holds a NUL character")
    match kind:
        case Kind.PATH:
            return _path(value, folder, facts)
        case Kind.GLOB:
            if _GLOB & set(value):
                facts["bulk"] = True
                return _glob(value, folder, facts)
            slash = "/" if value.endswith("/") and value.strip("/") else ""  # `new/` asks for a folder
            return _path(value, folder, facts) + slash
        case Kind.COMMAND:
            from assistant.policy.shell import parse  # loads tree-sitter, 24 ms: not before the first command

            found = parse(value)
            facts["commands"] = [list(words) for words in found.commands]
            facts["understood"] = found.understood
            return value
        case Kind.URL:
            facts["hosts"] = sorted({*facts.get("hosts", []), host_of(value)})
            return value
        case Kind.HOST:
            host = host_of("//" + value)
            facts["hosts"] = sorted({*facts.get("hosts", []), host})
            return host
        case _:
            return value


def _path(value: str, folder: str, facts: dict[str, JSON]) -> str:
    if not value:
        raise InvalidCallError("a path is empty")
    if len(os.fsencode(value)) > 4096:  # PATH_MAX, limits.h of Linux
        raise InvalidCallError("a path is longer than 4096 bytes")
    expanded = os.path.expanduser(value) if value.startswith("~") else value  # noqa: PTH111  # str paths keep odd bytes
    full = os.path.normpath(os.path.join(folder, expanded))  # noqa: PTH118
    if not (_inside(full, folder) and _inside(os.path.realpath(full), folder)):
        facts["outside"] = True
        facts["system"] = facts.get("system", True) and any(_inside(os.path.realpath(full), place) for place in SYSTEM)
    return full


def _glob(value: str, folder: str, facts: dict[str, JSON]) -> str:
    fixed = os.path.normpath(os.path.join(folder, value))  # noqa: PTH118
    if not _inside(fixed, folder):
        facts["outside"] = True
    return value


def _inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def host_of(url: str) -> str:
    """Host of an address, normal: lower case, no trailing dot, IDNA; with `:port` when one is given.

    Raises InvalidCallError when there is none, or when credentials stand in it.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise InvalidCallError(f"`{one_line(url, 120)}` is not an address") from error
    if not host:
        raise InvalidCallError(f"`{one_line(url, 120)}` names no host")
    if parts.username is not None or parts.password is not None:
        raise InvalidCallError("an address with a user name or password in it is not taken")
    host = host.rstrip(".").lower()
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError as error:
            raise InvalidCallError(f"`{one_line(host, 120)}` is not a host name") from error
    return f"{host}:{port}" if port else host


def _resource(arguments: list[Argument], folder: str) -> Resource:
    kinds = {Kind.PATH: "file", Kind.GLOB: "file", Kind.COMMAND: "command", Kind.URL: "host", Kind.HOST: "host"}
    ranked = sorted(arguments, key=lambda a: (a.role is not Role.TARGET, a.role is not Role.DEST))
    for argument in ranked:
        if argument.kind in kinds:
            value = next(iter(as_list(argument.value)), None)
            if not isinstance(value, str):
                continue
            if (
                argument.kind is Kind.GLOB
            ):  # a rule for a folder must hold for a pattern in it, and a grant for no other folder
                value = os.path.normpath(os.path.join(folder, value))  # noqa: PTH118
            return Resource(kinds[argument.kind], host_of(value) if argument.kind is Kind.URL else value)
    return Resource("folder", folder)
