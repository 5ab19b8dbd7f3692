"""How far Bedrock may cache a request: marks after what never changes, and one at the end that moves on with the conversation.

Bedrock has no field for "all of it" as Anthropic's own API has. The marks are no part of what is cached, so a prefix that was
written by one request is read by the next, whose mark stands further back. A request to a model that can't cache is refused
because of a mark, so only those that are known to are marked (Bedrock user guide, "prompt caching": Claude 3.5 Haiku, Claude
from 3.7 on, Nova). An inference profile of one's own does not say which model it is: no marks.
"""

from __future__ import annotations

import re
from typing import Any

from assistant.models.worker.shape import record, records

_POINT: dict[str, Any] = {"cachePoint": {"type": "default"}}
_CONTROL = {"type": "ephemeral"}
_NOVA = re.compile(r"amazon\.nova-(2-)?(micro|lite|pro|premier)")


def mark_converse(body: dict[str, Any], model: str) -> None:
    """Add the marks to a body of Converse, in place. Nova caches no tools."""
    claude = _is_claude(model)
    if not claude and not _NOVA.search(model):
        return
    if body.get("system"):
        body["system"].append(_POINT)
    if claude and (tools := record(body.get("toolConfig"))):
        tools["tools"].append(_POINT)
    messages = records(body.get("messages"))
    if messages and messages[-1].get("role") == "user":
        messages[-1]["content"].append(_POINT)


def mark_invoke(body: dict[str, Any], model: str) -> None:
    """The same in the words of Anthropic's body: each mark is a field of the block that it follows."""
    if not _is_claude(model):
        return
    if body.get("system"):
        body["system"] = [{"type": "text", "text": body["system"], "cache_control": _CONTROL}]
    messages = records(body.get("messages"))
    if messages and messages[-1].get("role") == "user" and (blocks := records(messages[-1].get("content"))):
        blocks[-1]["cache_control"] = _CONTROL


def _is_claude(model: str) -> bool:
    found = re.search(r"anthropic\.claude-(?:[a-z]+-)?(\d)(?:-(\d)(?!\d))?", model)
    if found is None:
        return False
    return (int(found[1]), int(found[2] or 0)) >= (3, 7) or "claude-3-5-haiku" in model
