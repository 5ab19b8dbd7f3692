"""What a server has: its tools for the pin, its resources and prompts when asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from mcp.client.client import Client

from assistant.servers.offer import MAX_TOOLS, Hints, Offer, OfferedTool
from assistant.servers.worker.content import plain_data
from assistant.types import JSON

_PAGES = 50
_ENTRIES = 2000


async def inventory(client: Client) -> Offer:
    """All that the pin covers. One tool more than is taken is listed, so that a person is told."""
    has = client.server_capabilities
    tools: list[Any] = []
    if has.tools is not None:
        tools = await _all(lambda c: client.list_tools(cursor=c), "tools", MAX_TOOLS + 1)
    info = client.server_info
    return Offer(
        server=f"{info.name} {info.version}"[:200] if info else "",
        instructions=client.instructions or "",
        tools=tuple(_tool(t) for t in tools),
        resources=has.resources is not None,
        prompts=has.prompts is not None,
    )


def _tool(tool: Any) -> OfferedTool:
    said = tool.annotations
    hints = Hints()
    if said is not None:
        hints = Hints(said.read_only_hint, said.destructive_hint, said.open_world_hint, said.idempotent_hint)
    title = tool.title or (said.title if said is not None else "") or ""
    return OfferedTool(tool.name, tool.description or "", dict(tool.input_schema), hints, title)


async def listing(client: Client, what: str) -> tuple[str, JSON]:
    """Resources, templates or prompts, as words and as data."""
    has = client.server_capabilities
    if what == "prompts":
        found = await _all(lambda c: client.list_prompts(cursor=c), "prompts", _ENTRIES)
        lines = [f"{p.name}({_names(p.arguments)}) {p.description or ''}".strip() for p in found]
    else:
        found = await _all(lambda c: client.list_resources(cursor=c), "resources", _ENTRIES) if has.resources else []
        lines = [f"{r.uri} {r.name} {r.description or ''}".strip() for r in found]
        more = await _all(lambda c: client.list_resource_templates(cursor=c), "resource_templates", _ENTRIES)
        lines += [f"{t.uri_template} {t.name} {t.description or ''} (a template)".strip() for t in more]
        found += more
    return "\n".join(lines) or "none", [plain_data(item) for item in found]


def _names(arguments: list[Any] | None) -> str:
    return ", ".join(str(a.name) for a in arguments or [])


async def _all(page: Callable[[str | None], Awaitable[Any]], field: str, most: int) -> list[Any]:
    found: list[Any] = []
    cursor: str | None = None
    for _ in range(_PAGES):
        got = await page(cursor)
        found += getattr(got, field)
        cursor = got.next_cursor
        if cursor is None or len(found) >= most:
            break
    return found[:most]
