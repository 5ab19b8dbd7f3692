"""Takes an Action apart: what is judged by itself (each command of a line, each recipient), with its facts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import msgspec

from assistant.policy import commands, known
from assistant.policy.normal import VALUE_CHARS, host_of, leaves
from assistant.policy.provenance import Provenance
from assistant.policy.request import Facts, Part
from assistant.policy.signs import Signs, of_link
from assistant.types import Action, Confidentiality, Effect, Integrity, Kind, Origin, Resource, Role

MAX_PARTS = 200
"""An action with more parts than this is not judged at all."""

Granted = Callable[[str, Resource, str], bool]
"""Whether a standing grant covers (action, resource, tool)."""

_WORST = ("named", "described", "trusted", "member", "field", "text", "unknown")
"""Classes of targets, best first."""


class TooManyParts(Exception):
    """The action has more than MAX_PARTS parts."""


def parts_of(action: Action, seen: Provenance, granted: Granted) -> list[Part]:
    """All parts of an action. Raises TooManyParts."""
    parts: list[Part] = []
    for part in _parts(action, seen, granted):
        parts.append(part)
        if len(parts) > MAX_PARTS:
            raise TooManyParts
    return parts


def _parts(action: Action, seen: Provenance, granted: Granted) -> Iterator[Part]:
    base = _base_facts(action, seen)
    match action.effect:
        case Effect.EXECUTE:
            yield from _command_parts(action, seen, granted, base)
        case Effect.FETCH | Effect.SEND | Effect.ACT:
            yield from _egress_parts(action, seen, granted, base)
        case Effect.DELETE:
            yield from _deletions(action, seen, granted, base)
        case Effect.WRITE:
            yield from _write_parts(action, seen, granted, base)
        case _:
            for resource in _targets(action):
                yield Part(action.effect.value, resource, base, local=_flag(action, "local"))


def _targets(action: Action) -> tuple[Resource, ...]:
    """What an action is about, each target by itself: a rule or a grant for one file says nothing of the file beside it."""
    if action.resource.type not in ("file", "folder"):
        return (action.resource,)
    found = {action.resource: None}
    for argument in action.arguments:
        if argument.role is Role.TARGET and argument.kind in (Kind.PATH, Kind.GLOB):
            for value in leaves(argument.value):
                path = str(value)
                full = commands.normpath(path if path.startswith("/") else f"{action.folder}/{path}")
                found[Resource(action.resource.type, full)] = None
    return tuple(found)


def _deletions(action: Action, seen: Provenance, granted: Granted, base: Facts) -> Iterator[Part]:
    values = [*_values(action, Role.TARGET)]
    where = _worst(known.target(v, seen)[0] for v in values) or "unknown"
    signs: tuple[str, ...] = ()
    if not granted("delete", action.resource, action.tool) and action.resource.type not in ("file", "folder"):
        signs = Signs(action, "delete", seen).of_nowhere()
    for resource in _targets(action):
        yield Part("delete", resource, _with(base, target=where, signs=signs))


def _base_facts(action: Action, seen: Provenance) -> Facts:
    facts = action.facts
    count = facts.get("count", 1)
    label = seen.label.confidentiality.value
    if action.effect is Effect.CONSULT:
        label = str(facts.get("confidentiality", label))
    return Facts(
        tool=action.tool,
        staged=_flag(action, "staged"),
        outside=_flag(action, "outside"),
        system=_flag(action, "system"),
        bulk=_flag(action, "bulk"),
        held=_flag(action, "held"),
        deletes=_flag(action, "deletes"),
        network=bool(facts.get("hosts")) and action.effect is Effect.EXECUTE,
        understood=facts.get("understood", True) is True,
        count=count if isinstance(count, int) and not isinstance(count, bool) else 1,
        payload=_worst_payload(action, seen),
        confidentiality=label if label in list(Confidentiality) else Confidentiality.SECRET.value,
        integrity=Integrity(seen.label.integrity).value,
    )


def _worst_payload(action: Action, seen: Provenance) -> str:
    """Where the worst of what is carried comes from. Of a long text only the beginning would be compared, so it counts as
    nobody's."""
    found = "none"
    for value in _values(action, Role.PAYLOAD):
        if value.strip():
            origin = Origin.UNKNOWN if len(value) > VALUE_CHARS else seen.find(value).origin
            found = max(found, _PAYLOADS[origin], key=_PAYLOAD_ORDER.index)
    return found


_PAYLOADS = {
    Origin.PROMPT: "said", Origin.TRUSTED: "trusted", Origin.GRANT: "trusted", Origin.FIELD: "field",
    Origin.UNTRUSTED: "text", Origin.UNKNOWN: "unknown",
}  # fmt: skip
_PAYLOAD_ORDER = ("none", "said", "trusted", "field", "text", "unknown")


def _flag(action: Action, name: str) -> bool:
    """A fact as yes or no. Anything but a plain false counts as yes, so that a slip is strict; `staged` and the like,
    which open doors, count only when plainly true."""
    value = action.facts.get(name, False)
    return value is True if name in ("staged", "system", "local") else value is not False


def _with(facts: Facts, **changes: Any) -> Facts:
    return msgspec.structs.replace(facts, **changes)


# ---------------------------------------------------------------- commands


def _command_parts(action: Action, seen: Provenance, granted: Granted, base: Facts) -> Iterator[Part]:
    """Each command by itself, and what the table of known commands says it does besides."""
    argvs = _argvs(action.facts.get("commands"))
    if argvs is None:
        yield Part("execute", Resource("command", str(action.resource.id)), _with(base, understood=False))
        return
    for argv in argvs:
        resource = Resource("command", commands.canonical(argv))
        paths = commands.paths(argv, action.folder)
        yield Part("execute", resource, base, paths=paths)
        for meaning in commands.meanings(argv):
            if meaning.effect == "delete":
                target = _worst(known.target(p, seen)[0] for p in meaning.targets) or "unknown"
                facts = _with(base, target=target, bulk=base.bulk or meaning.bulk, staged=base.staged)
                yield Part("delete", resource, facts, paths=paths)
            elif meaning.hosts:
                signs = Signs(action, meaning.effect, seen)
                for host in meaning.hosts:
                    yield _destination(meaning.effect, Resource("host", host), host, action, seen, granted, base, signs)
            else:
                where = "named" if seen.in_prompt(" ".join(argv[:2])) else "unknown"
                yield Part(meaning.effect, resource, _with(base, destination=where))
    signs = Signs(action, "fetch", seen)
    for host in _strings(action.facts.get("hosts")):
        yield _destination("fetch", Resource("host", host.lower()), host, action, seen, granted, base, signs)


def _argvs(value: object) -> list[list[str]] | None:
    if not isinstance(value, (list, tuple)):
        return None
    found: list[list[str]] = []
    for argv in cast("Sequence[object]", value):
        words = list(_strings(argv))
        if not words:
            return None
        found.append(words)
    return found or None


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, (list, tuple)):
        for item in cast("Sequence[object]", value):
            if isinstance(item, str) and item:
                yield item


# ---------------------------------------------------------------- what leaves


def _egress_parts(action: Action, seen: Provenance, granted: Granted, base: Facts) -> Iterator[Part]:
    kind = str(action.facts.get("kind") or "")
    name = kind if action.effect is Effect.ACT and kind in ("pay", "book", "admin") else action.effect.value
    goes = [*_destinations(action)]
    signs = Signs(action, name, seen, own_data=name == "admin" or not goes)
    for form, value in goes:
        yield _destination(name, resource_of(value, form, action.resource), value, action, seen, granted, base, signs)
    if not goes:
        yield Part(name, action.resource, _with(base, destination="none", signs=signs.of_nowhere()))


def _write_parts(action: Action, seen: Provenance, granted: Granted, base: Facts) -> Iterator[Part]:
    """Files are judged when they are applied; data in a service is changed at once, so its signs count."""
    if action.resource.type not in ("service", "account"):
        yield from (Part("write", resource, base) for resource in _targets(action))
        return
    signs = Signs(action, "write", seen, own_data=True)
    found = False
    for form, value in _destinations(action):
        found = True
        yield _destination(
            "write", resource_of(value, form, action.resource), value, action, seen, granted, base, signs
        )
    if not found:
        yield Part("write", action.resource, _with(base, signs=signs.of_nowhere()))


def _destinations(action: Action) -> Iterator[tuple[Kind, str]]:
    for argument in action.arguments:
        if argument.role is Role.DEST:
            for leaf in leaves(argument.value):
                if isinstance(leaf, (str, int, float)) and not isinstance(leaf, bool) and str(leaf).strip():
                    yield argument.kind, str(leaf)


def _destination(
    name: str,
    resource: Resource,
    value: str,
    action: Action,
    seen: Provenance,
    granted: Granted,
    base: Facts,
    signs: Signs,
) -> Part:
    where, found = known.destination(value, seen)
    if granted(name, resource, action.tool):
        where = "granted"
    odd = (*signs.of_destination(where, value, found), *(of_link(value, where, seen) if name == "fetch" else ()))
    return Part(name, resource, _with(base, destination=where, signs=tuple(dict.fromkeys(odd))))


def resource_of(value: str, kind: Kind, default: Resource) -> Resource:
    """What a destination is for Cedar: the host of a URL, an account for addresses and numbers."""
    host = host_of(value)
    if kind in (Kind.URL, Kind.HOST) or "://" in value or (host and "@" not in value and default.type != "file"):
        return Resource("host", host or value.lower())
    if default.type in ("file", "folder", "model"):
        return default
    return Resource("account", value.strip().lower() if "@" in value else value.strip())


def _values(action: Action, role: Role) -> Iterator[str]:
    for argument in action.arguments:
        if argument.role is role:
            for leaf in leaves(argument.value):
                yield str(leaf)


def _worst(classes: Iterator[str]) -> str:
    return max(classes, key=_WORST.index, default="")
