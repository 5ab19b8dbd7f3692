"""One call of one model, complete in itself: what to ask, where, and with which key."""

from __future__ import annotations

from collections.abc import Mapping

from assistant.types import Data, ModelRequest


class WireCall(Data, frozen=True):
    """What the worker needs to make one HTTP request. See `providers.py` for how `model` and `api_base` are read."""

    model: str
    """`provider/name` as a person types it, for example `anthropic/claude-sonnet-4-5` or `openai/responses/gpt-5`."""
    request: ModelRequest
    api_base: str = ""
    """Address to use in place of the provider's own; empty means the provider's own."""
    api_key: str = ""
    """Empty means the key of the handshake (see `lines.py`). Never logged, never part of an error message."""
    stream: bool = True
    timeout_s: float = 600.0
    """Longest silence: until connected, until the answer's head, and between bytes; also the longest time in which only
    signs of life come (`pace.py`). A stream that goes on has no end of its own."""
    sees_images: bool = True
    """False for a model that reads text only: pictures become a word in their place."""
    window: int = 0
    """Tokens that the caller counts with; for servers that set their window by request (Ollama). 0 leaves it to them."""
    extra: Mapping[str, str] = {}
    """What single providers want besides: `api_version` (Azure), `region`, `access_key_id`, `secret_access_key`,
    `session_token` (AWS)."""
