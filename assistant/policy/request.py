"""One question to Cedar: who, which effect, on what, under which facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from assistant.types import Data, Resource

CEDAR_TYPES: Mapping[str, str] = {
    "file": "File",
    "folder": "Folder",
    "command": "Command",
    "host": "Host",
    "model": "Model",
    "service": "Service",
    "account": "Account",
    "stage": "Stage",
    "task": "Task",
}
"""`Resource.type` to the schema's entity types. Anything else has no type, so nothing can permit it."""


ACTION_PARENTS: Mapping[str, tuple[str, ...]] = {"pay": ("act",), "book": ("act",), "admin": ("act",)}
"""Action groups of the schema. Requests are made without it, so the groups go along as entities; a test compares them."""

ACTION_ENTITIES: tuple[dict[str, Any], ...] = tuple(
    {"uid": {"type": "Action", "id": name}, "attrs": {}, "parents": [{"type": "Action", "id": p} for p in parents]}
    for name, parents in ACTION_PARENTS.items()
)


class Facts(Data, frozen=True):
    """What the request's context holds besides `approved`; the schema says what each means."""

    tool: str = ""
    staged: bool = False
    outside: bool = False
    system: bool = False
    bulk: bool = False
    held: bool = False
    deletes: bool = False
    network: bool = False
    understood: bool = True
    count: int = 1
    destination: str = "none"
    target: str = "none"
    payload: str = "none"
    signs: tuple[str, ...] = ()
    confidentiality: str = "public"
    integrity: str = "trusted"


class Part(Data, frozen=True):
    """One part of an Action that is judged by itself. `action` is a name of the schema."""

    action: str
    resource: Resource
    facts: Facts
    local: bool = False
    """For a model: it runs on this computer."""
    paths: tuple[str, ...] = ()
    """For a command: absolute paths among its arguments, which it then is `in`."""


CONTEXT = frozenset({
    "approved", "tool", "staged", "outside", "system", "bulk", "held", "deletes", "network", "understood", "count",
    "destination", "target", "payload", "signs", "sign_count", "confidentiality", "integrity",
})  # fmt: skip
"""Attributes of the schema's `Call`; a test compares them."""


def context(facts: Facts, *, approved: bool) -> dict[str, Any]:
    """The whole context of a request; `signs` stay a tuple."""
    return {
        "approved": approved,
        "tool": {"__entity": {"type": "Tool", "id": facts.tool}},
        "staged": facts.staged,
        "outside": facts.outside,
        "system": facts.system,
        "bulk": facts.bulk,
        "held": facts.held,
        "deletes": facts.deletes,
        "network": facts.network,
        "understood": facts.understood,
        "count": facts.count,
        "destination": facts.destination,
        "target": facts.target,
        "payload": facts.payload,
        "signs": facts.signs,
        "sign_count": len(facts.signs),
        "confidentiality": facts.confidentiality,
        "integrity": facts.integrity,
    }


def resource_entity(part: Part) -> dict[str, Any]:
    """The resource as an entity with all its ancestors as parents, so that `in` needs no further entities."""
    kind = CEDAR_TYPES.get(part.resource.type, "Unknown")
    return {
        "uid": {"type": kind, "id": part.resource.id},
        "attrs": {"local": part.local} if kind == "Model" else {},
        "parents": [{"type": t, "id": i} for t, i in parents(part)],
    }


def parents(part: Part) -> list[tuple[str, str]]:
    """All that a part's resource is in, as (type, id)."""
    found = dict.fromkeys(ancestors(part.resource))
    for path in part.paths:
        found["File", path] = found["Folder", path] = None
        found.update(dict.fromkeys(ancestors(Resource("file", path))))
    return list(found)


def ancestors(resource: Resource) -> Iterator[tuple[str, str]]:
    """What a resource is `in`, nearest first: folders of a path, words of a command, parents of a host."""
    name = resource.id
    match resource.type:
        case "file" | "folder":
            path = name.rstrip("/")
            while "/" in path:
                path = path.rpartition("/")[0]
                yield "Folder", path or "/"
        case "command":
            words = name.split(" ")[:9]
            for end in range(len(words) - 1, 0, -1):
                yield "Command", " ".join(words[:end])
        case "host":
            yield from _host_parents(name)
        case "account":
            host = name.rpartition("@")[2] if "@" in name else ""
            if host:
                yield "Host", host
                yield from _host_parents(host)
        case "model":
            if "/" in name:
                yield "Provider", name.partition("/")[0]
        case _:
            return


def _host_parents(host: str) -> Iterator[tuple[str, str]]:
    if host.replace(".", "").isdigit() or ":" in host:
        return  # an IP address has no parents
    while "." in host:
        host = host.partition(".")[2]
        yield "Host", host
