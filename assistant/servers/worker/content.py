"""What a server gave, as text and plain data within bounds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from assistant.servers.lines import Image
from assistant.types import JSON

MAX_TEXT_BYTES = 2 * 2**20
"""Far above what a model is given of one call; the core caps again."""


MAX_IMAGES = 8
"""Of one answer; further ones are left out. Chosen."""
MAX_IMAGE_CHARACTERS = 5 * 2**20
"""Of base64, all together: with the text it stays below the 8 MiB of a line. One picture that models take has at most 5 million."""


def text_of(blocks: Iterable[Any]) -> tuple[str, bool]:
    """The words of content blocks, with other content named in brackets, and whether some was cut."""
    kept: list[str] = []
    left = MAX_TEXT_BYTES
    for block in blocks:
        words = _words(block)
        size = len(words.encode("utf-8", "replace"))
        if size > left:
            kept.append(words.encode("utf-8", "replace")[:left].decode("utf-8", "ignore"))
            return "\n".join(kept), True
        kept.append(words)
        left -= size
    return "\n".join(kept), False


def images_of(blocks: Iterable[Any]) -> tuple[Image, ...]:
    """The pictures among content blocks, and in resources that they embed: a few, within what fits a line."""
    found: list[Image] = []
    left = MAX_IMAGE_CHARACTERS
    for block in blocks:
        inner = block.resource if getattr(block, "type", "") == "resource" else block
        data = str(getattr(inner, "data", None) or getattr(inner, "blob", None) or "")
        media_type = str(getattr(inner, "mime_type", None) or "")
        if media_type.startswith("image/") and 0 < len(data) <= left and len(found) < MAX_IMAGES:
            found.append(Image(media_type, data))
            left -= len(data)
    return tuple(found)


def plain_data(value: Any) -> JSON:
    """A model of the SDK as JSON types."""
    return value.model_dump(mode="json", by_alias=True, exclude_none=True) if hasattr(value, "model_dump") else value


def _words(block: Any) -> str:
    kind = getattr(block, "type", "")
    if kind in ("image", "audio"):
        return f"[{kind}, {block.mime_type}, {len(block.data) * 3 // 4} bytes]"
    if kind == "resource_link":
        return f"[resource {block.name}: {block.uri}]"
    if kind == "resource":
        return _words(block.resource)
    if getattr(block, "text", None) is not None:
        return str(block.text)
    if getattr(block, "blob", None) is not None:
        return (
            f"[{getattr(block, 'mime_type', None) or 'binary'} resource {block.uri}, {len(block.blob) * 3 // 4} bytes]"
        )
    return f"[{kind or 'unknown'} content]"
