"""What a server offers, as it said it: the thing that is pinned when a person trusts it."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Iterator

from assistant.types import JSON, Data
from assistant.visible import visible

MAX_TOOLS = 256
MAX_TOOL_BYTES = 64 * 1024
"""Of one tool's description and schema together. The largest of the common servers have 6 KiB."""


class Hints(Data, frozen=True):
    """What the server says of a tool's effect (MCP `ToolAnnotations`). None: it says nothing."""

    read_only: bool | None = None
    destructive: bool | None = None
    open_world: bool | None = None
    idempotent: bool | None = None


class OfferedTool(Data, frozen=True):
    """One tool, exactly as the server described it."""

    name: str
    description: str = ""
    schema: dict[str, JSON] = {}
    hints: Hints = Hints()
    title: str = ""


class Offer(Data, frozen=True):
    """Everything about a server that the pin covers."""

    server: str = ""
    """Name and version as it gives them; shown, and not part of the pin: versions change without tools changing."""
    instructions: str = ""
    tools: tuple[OfferedTool, ...] = ()
    resources: bool = False
    prompts: bool = False

    @property
    def sha256(self) -> str:
        """Names the set of tools with their descriptions, schemas and hints, and the instructions."""
        return hashlib.sha256("\n".join(pinned_lines(self)).encode()).hexdigest()


def pinned_lines(offer: Offer) -> Iterator[str]:
    """What the pin covers, one fact a line, in an order that does not depend on the server's."""
    yield f"instructions {_json(offer.instructions)}"
    yield f"resources {_json(offer.resources)} prompts {_json(offer.prompts)}"
    for tool in sorted(offer.tools, key=lambda t: (t.name, t.description)):
        hints = tool.hints
        yield f"tool {_json(tool.name)} title {_json(tool.title)}"
        yield f"  description {_json(tool.description)}"
        yield f"  hints {_json([hints.read_only, hints.destructive, hints.open_world, hints.idempotent])}"
        yield f"  schema {_json(tool.schema)}"


def difference(old: Offer, new: Offer) -> list[str]:
    """What changed, as lines of a diff that are safe to show: every hidden character is made visible."""
    before, after = _shown(old), _shown(new)
    return list(difflib.unified_diff(before, after, "trusted", "offered now", lineterm="", n=2))


def _shown(offer: Offer) -> list[str]:
    lines = [f"instructions: {offer.instructions}", f"resources: {offer.resources}, prompts: {offer.prompts}"]
    for tool in sorted(offer.tools, key=lambda t: (t.name, t.description)):
        lines += [f"tool {tool.name}" + (f" ({tool.title})" if tool.title else "")]
        lines += [f"  {line}" for line in tool.description.splitlines()]
        lines += [f"  hints: {_json([tool.hints.read_only, tool.hints.destructive, tool.hints.open_world])}"]
        lines += [
            f"  {line}" for line in json.dumps(tool.schema, indent=1, sort_keys=True, ensure_ascii=False).splitlines()
        ]
    return [visible(line).replace("\n", "⏎") for line in lines]


def _json(value: JSON) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
