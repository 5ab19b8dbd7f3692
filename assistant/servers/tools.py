"""A trusted offer as tools of the product: names, effects, roles. Pure.

A server's hints are its own claims; they count because the person has seen and pinned them, and they can only choose among
`read`, `fetch`, `write` and `act`. What it does not say is `act`.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, cast

from assistant.servers.config import ServerConfig, ToolSettings
from assistant.servers.offer import MAX_TOOL_BYTES, MAX_TOOLS, Offer, OfferedTool
from assistant.types import JSON, ArgumentSpec, Effect, Integrity, Kind, Label, Limits, Role, ToolSpec
from assistant.visible import visible

PROTOCOL = "server"
MAX_NAME = 64
"""What all providers take as a function's name."""
MAX_DESCRIPTION = 2048
"""Characters of a description that a model is given; each request carries them. Chosen."""
_HASH = 6
_NAMES = ("$schema", "$id")
"""Addresses that a validator might look up, and no use to a model."""
_WORDS = ("description", "title")
"""Keys of a schema that are words for the model and nothing else."""


def origin(server: str) -> str:
    """`ToolSpec.origin` of a server's tools."""
    return f"mcp:{server}"


def tools_of(config: ServerConfig, offer: Offer) -> tuple[list[ToolSpec], list[str]]:
    """The tools of a server, and why others of its tools are left out, one line each."""
    made: list[ToolSpec] = []
    problems: list[str] = []
    if len(offer.tools) > MAX_TOOLS:
        problems.append(f"only the first {MAX_TOOLS} of {len(offer.tools)} tools are taken")
    tools = offer.tools[:MAX_TOOLS]
    names = unique_names(config.name, [tool.name for tool in tools])
    for tool, name in zip(tools, names, strict=True):
        settings = config.grants.tools.get(tool.name, ToolSettings())
        if settings.off:
            continue
        problem = tool_problem(tool)
        if problem:
            problems.append(f"{visible(tool.name)[:80]}: {problem}")
            continue
        made.append(_tool(config, tool, name, settings))
    taken = {spec.name for spec in made}
    made += [spec for spec in _own_tools(config, offer) if spec.name not in taken]
    return made, problems


# ---------------------------------------------------------------- names


def slug(text: str) -> str:
    """`text` in [a-z0-9_], beginning with a letter."""
    flat = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    return flat if flat[:1].isalpha() else f"s_{flat}".rstrip("_")


def unique_names(server: str, tools: list[str]) -> list[str]:
    """`server__tool` for each, at most 64 characters, no two alike, whatever order they come in.

    Where two would be alike, or one is too long, the end of each is a hash of its own name.
    """
    plain = [f"{slug(server)[:24]}__{slug(tool)}" for tool in tools]
    short = Counter(name[:MAX_NAME] for name in plain)
    made = [
        name if len(name) <= MAX_NAME and short[name] == 1 else f"{name[: MAX_NAME - _HASH - 1]}_{_mark(server, tool)}"
        for name, tool in zip(plain, tools, strict=True)
    ]
    twice = Counter(made)  # the very same name offered twice: only the place tells them apart
    return [name if twice[name] == 1 else f"{name[: MAX_NAME - 4]}_{place}" for place, name in enumerate(made)]


def _mark(server: str, tool: str) -> str:
    return hashlib.sha256(f"{server}\0{tool}".encode("utf-8", "replace")).hexdigest()[:_HASH]


# ---------------------------------------------------------------- what is taken


def tool_problem(tool: OfferedTool) -> str:
    """Why a tool can't be used; empty when it can."""
    schema = tool.schema
    size = len(tool.description.encode("utf-8", "replace")) + len(str(schema))
    if size > MAX_TOOL_BYTES:
        return f"its description and schema have {size} bytes, more than {MAX_TOOL_BYTES}"
    if schema.get("type", "object") != "object":
        return "its arguments are not an object"
    if not isinstance(schema.get("properties", {}), dict):
        return "the `properties` of its arguments are not an object"
    for key, value in _strings(schema):
        if key in ("$ref", "$dynamicRef", "$recursiveRef") and not value.startswith("#"):
            return "its schema refers to another document"
        if key not in _WORDS and visible(value) != value.replace("\r\n", "\n"):
            return "its schema holds hidden characters"
    return ""


def _strings(value: JSON, key: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a schema with the key it stands at, keys themselves too."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, dict):
        for name, item in cast("dict[str, JSON]", value).items():
            yield "", name
            yield from _strings(item, name)
    elif isinstance(value, list):
        for item in cast("list[JSON]", value):
            yield from _strings(item, key)


def _shown_schema(value: JSON, key: str = "") -> JSON:
    """A schema with its words made visible and capped; everything else as it is."""
    if isinstance(value, dict):
        tree = cast("dict[str, JSON]", value)
        return {name: _shown_schema(item, name) for name, item in tree.items() if name not in _NAMES}
    if isinstance(value, list):
        return [_shown_schema(item) for item in cast("list[JSON]", value)]
    return visible(value)[:MAX_DESCRIPTION] if isinstance(value, str) and key in _WORDS else value


# ---------------------------------------------------------------- effects and roles


def effect_of(tool: OfferedTool, config: ServerConfig) -> Effect:
    """What a tool does, by its hints. Unknown is `act`: any effect in an outside service.

    Reading is `fetch` where the server can reach a network, since what is asked for leaves.
    """
    hints = tool.hints
    networked = bool(config.url or config.grants.hosts)
    if hints.read_only:
        return Effect.FETCH if networked and hints.open_world is not False else Effect.READ
    if hints.read_only is False and hints.destructive is False:
        return Effect.WRITE
    return Effect.ACT


_ROLES: tuple[tuple[str, Role, Kind], ...] = (
    (r"(password|passwd|secret|token|api_?key|credential|private_?key)s?", Role.SECRET, Kind.TEXT),
    (r"(url|link|href|endpoint|webhook|callback)s?", Role.DEST, Kind.URL),
    (r"(host|hostname|domain)s?", Role.DEST, Kind.HOST),
    (
        r"(to|cc|bcc|e?mail|recipient|addressee|invitee|attendee|participant|address|phone|account|iban|channel|"
        r"destination|chat|room|user|owner|assignee|member|repo|repository)(_?(id|name|address|email|number))?s?",
        Role.DEST,
        Kind.ADDRESS,
    ),
    (r"(.*_)?(path|file|filename|folder|directory|dir|source|src)s?", Role.TARGET, Kind.PATH),
    (r"(.*_)?(id|ids|key|keys|name|names|uri|table|branch|title)", Role.TARGET, Kind.TEXT),
    (
        r"(.*_)?(body|content|contents|text|message|messages|subject|query|sql|code|script|command|data|comment|"
        r"description|note|notes|value|values|payload)",
        Role.PAYLOAD,
        Kind.TEXT,
    ),
)
"""What the name of an argument says of it, first match wins: a guess that a person can correct in the configuration."""


def role_of(name: str, schema: JSON, *, effect: Effect, sees_folder: bool) -> ArgumentSpec:
    """The role and kind of one argument by its name and type."""
    kinds = _types(schema)
    if kinds and kinds <= {"number", "integer"}:
        return ArgumentSpec(Role.PARAM, Kind.NUMBER)
    if kinds == {"boolean"}:
        return ArgumentSpec(Role.PARAM, Kind.FLAG)
    word = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().replace("-", "_")
    carried = Role.PARAM if effect is Effect.READ else Role.PAYLOAD
    for pattern, role, kind in _ROLES:
        if re.fullmatch(pattern, word) or (
            role in (Role.DEST, Role.SECRET) and re.fullmatch(pattern, word.rpartition("_")[2])
        ):
            if kinds - {"string", "array", "null"}:
                return ArgumentSpec(role, Kind.VALUE)
            # a path where no folder is seen is one of some service, and stays as it is
            return ArgumentSpec(role, Kind.TEXT if kind is Kind.PATH and not sees_folder else kind)
    return ArgumentSpec(carried, Kind.VALUE if kinds - {"string", "null"} else Kind.TEXT)


def _types(schema: JSON) -> set[str]:
    if not isinstance(schema, dict):
        return set()
    tree = cast("dict[str, Any]", schema)
    given: Any = tree.get("type")
    found = (
        {given}
        if isinstance(given, str)
        else {str(t) for t in cast("list[Any]", given)}
        if isinstance(given, list)
        else set[str]()
    )
    for branch in ("anyOf", "oneOf"):
        for part in tree.get(branch) or ():
            found |= _types(part)
    return found


# ---------------------------------------------------------------- specs


def _tool(config: ServerConfig, tool: OfferedTool, name: str, settings: ToolSettings) -> ToolSpec:
    effect = settings.effect or effect_of(tool, config)
    properties: Mapping[str, JSON] = tool.schema.get("properties", {})
    sees = config.grants.folder != "none"
    args = {n: role_of(n, s, effect=effect, sees_folder=sees) for n, s in properties.items()}
    args |= {n: a for n, a in settings.args.items() if n in properties}
    schema = {**tool.schema, "type": "object", "properties": properties, "additionalProperties": False}
    words = visible(tool.description or tool.title or tool.name).strip()
    return _spec(
        config, name, f"[{config.name}] {words}"[:MAX_DESCRIPTION], effect, ("call", tool.name), _shown_schema(schema), args,
        can=words[:MAX_DESCRIPTION],
    )  # fmt: skip


def _own_tools(config: ServerConfig, offer: Offer) -> Iterator[ToolSpec]:
    """Access to what else a server has: resources and prompts."""
    networked = bool(config.url or config.grants.hosts)
    effect = Effect.FETCH if networked else Effect.READ
    prefix = slug(config.name)[:24]

    def make(
        verb: str, words: str, properties: dict[str, JSON], args: dict[str, ArgumentSpec], required: list[str]
    ) -> ToolSpec:
        schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
        return _spec(
            config, f"{prefix}__{verb}", f"[{config.name}] {words}", effect, (verb, ""), schema, args, can=words
        )

    text = {"type": "string"}
    if offer.resources:
        yield make("list_resources", "List the resources and resource templates of this server.", {}, {}, [])
        uri = {"uri": ArgumentSpec(Role.TARGET, Kind.TEXT)}
        yield make("read_resource", "Read one resource by its URI.", {"uri": text}, uri, ["uri"])
    if offer.prompts:
        yield make("list_prompts", "List the prompts of this server.", {}, {}, [])
        args = {"name": ArgumentSpec(Role.PARAM, Kind.TEXT), "arguments": ArgumentSpec(Role.PARAM, Kind.VALUE)}
        filled = {"type": "object", "additionalProperties": text}
        yield make("get_prompt", "Get one prompt, filled in.", {"name": text, "arguments": filled}, args, ["name"])


def _spec(
    config: ServerConfig,
    name: str,
    summary: str,
    effect: Effect,
    does: tuple[str, str],
    schema: JSON,
    args: Mapping[str, ArgumentSpec],
    *,
    can: str,
) -> ToolSpec:
    return ToolSpec(
        name=name,
        summary=summary,
        effect=effect,
        program=(config.name, *does),
        parameters=schema,
        args=args,
        protocol=PROTOCOL,
        can=can,
        cannot=f"Anything outside its own room: {reach(config)}.",
        output=Label(Integrity.UNTRUSTED, config.grants.confidentiality),
        limits=Limits(wall_s=config.grants.timeout_s),
        origin=origin(config.name),
    )


def reach(config: ServerConfig) -> str:
    """In words what a server's room lets it reach."""
    hosts = ", ".join(config.grants.hosts) or ("its own host only" if config.url else "no network")
    folder = {
        "none": "no file of the task",
        "read": "the task's folder read-only",
        "stage": "the task's folder through the stage",
    }
    more = f", {', '.join(config.grants.folders)} read-only" if config.grants.folders else ""
    return f"{hosts}, {folder[config.grants.folder]}{more}"
