"""What the arguments of a server's tools mean: guessed from their names, corrected by the person once, kept in their entry."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assistant.errors import UsageError
from assistant.gateway.servers import Servers
from assistant.servers.config import ServerConfig, read_entries, write_entry
from assistant.servers.offer import Offer
from assistant.servers.tools import tools_of
from assistant.types import ArgumentSpec, Effect, Kind, Role, ToolSpec
from assistant.visible import one_line

WORDS: Mapping[Role, str] = {
    Role.DEST: "where something goes (an address, a host, an account)",
    Role.TARGET: "what is changed or deleted",
    Role.PAYLOAD: "what is carried",
    Role.SECRET: "a password or a key",
    Role.PARAM: "how it is done",
}


def guessed(config: ServerConfig, offer: Offer) -> list[tuple[str, str, ArgumentSpec]]:
    """(tool by the server's own name, argument, what it is taken for) where nobody has said it, of tools that do not just read."""
    found: list[tuple[str, str, ArgumentSpec]] = []
    for spec in _called(config, offer):
        said = config.grants.tools.get(spec.program[2])
        if spec.effect is not Effect.READ:
            found += [(spec.program[2], n, a) for n, a in spec.args.items() if said is None or n not in said.args]
    return found


def parse(words: str, config: ServerConfig, offer: Offer) -> tuple[str, str, Role]:
    """`TOOL.ARGUMENT=ROLE`, the tool by its own name or by ours. Raises UsageError naming what there is."""
    place, _, role = words.partition("=")
    if role not in tuple(Role):
        raise UsageError(f"`{one_line(role, 40)}` is no role", hint=f"roles are {', '.join(Role)}: TOOL.ARGUMENT=ROLE")
    for spec in _called(config, offer):
        for argument in spec.args:
            if place in (f"{spec.program[2]}.{argument}", f"{spec.name}.{argument}"):
                return spec.program[2], argument, Role(role)
    known = ", ".join(f"{s.program[2]}.{a}" for s in _called(config, offer) for a in s.args)
    raise UsageError(
        f"there is no argument `{one_line(place, 80)}`", hint=f"there are {one_line(known, 400) or 'none'}"
    )


def correct(
    servers: Servers, file: Path, name: str, offer: Offer, changes: list[tuple[str, str, Role]]
) -> ServerConfig:
    """Write the person's words into the entry, and read it again. Raises UsageError."""
    config = servers.configs[name]
    specs = {spec.program[2]: spec for spec in _called(config, offer)}
    entry: dict[str, Any] = dict(read_entries(file)[name])
    own: dict[str, Any] = entry.setdefault("assistant", {})
    for tool, argument, role in changes:
        kind = _kind(specs[tool].args[argument].kind, role)
        args = own.setdefault("tools", {}).setdefault(tool, {}).setdefault("args", {})
        args[argument] = {"role": str(role), "kind": str(kind)}
    write_entry(file, name, entry)
    servers.load()
    return servers.configs[name]


def _kind(guess: Kind, role: Role) -> Kind:
    """A destination is compared as an address, and what is none is no address."""
    if role is Role.DEST:
        return Kind.ADDRESS if guess is Kind.TEXT else guess
    return Kind.TEXT if guess is Kind.ADDRESS else guess


def _called(config: ServerConfig, offer: Offer) -> list[ToolSpec]:
    return [spec for spec in tools_of(config, offer)[0] if spec.program[1] == "call"]
