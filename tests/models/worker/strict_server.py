"""A provider on loopback that refuses whatever the real one refuses, and answers in the real one's words."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from assistant.models.worker.call import WireCall
from assistant.types import (
    CallDone,
    Finished,
    Message,
    ModelEvent,
    ModelRequest,
    Part,
    ReasoningDone,
    TextDelta,
    TextPart,
    ToolSpec,
)
from tests.models.worker.native_answers import answer
from tests.models.worker.strict_rules import wrong

MODELS = {
    "openai": ("openai/gpt-4.1", ""),
    "mistral": ("mistral/mistral-large-latest", ""),
    "deepseek": ("deepseek/deepseek-chat", ""),
    "groq": ("groq/llama-3.3-70b", ""),
    "openrouter": ("openrouter/anthropic/claude-haiku-4.5", ""),
    "local": ("llamacpp/gemma", ""),
    "responses": ("openai/responses/gpt-5", ""),
    "anthropic": ("anthropic/claude-sonnet-4-5", ""),
    "gemini-2.5": ("gemini/gemini-2.5-flash", "/v1beta"),
    "gemini-3": ("gemini/gemini-3-pro", "/v1beta"),
    "cohere": ("cohere/command-a", "/v2/chat"),
    "cohere-v1": ("cohere/command-r", "/v1/chat"),
    "ollama": ("ollama/qwen3", ""),
    "bedrock": ("bedrock/converse/amazon.nova-pro-v1:0", ""),
    "bedrock-invoke": ("bedrock/invoke/anthropic.claude-sonnet-4-5", ""),
}
"""Model and address of each family."""


class StrictServer:
    """All families on one port; the first part of the path says which."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.what = "text"
        self._turn = 0

    async def __aenter__(self) -> StrictServer:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=2**26)
        self.base = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    def call(
        self, family: str, messages: tuple[Message, ...], what: str, tools: tuple[ToolSpec, ...], **more: Any
    ) -> WireCall:
        """A call of this family's model here; `what` is what it will answer."""
        self.what = what
        model, path = MODELS[family]
        key = "" if "bedrock" in family else "key"
        extra = {"access_key_id": "AKIDEXAMPLE", "secret_access_key": "secret"} if "bedrock" in family else {}
        request = ModelRequest(messages, tools, reasoning=more.pop("reasoning", ""))
        return WireCall(
            model, request, f"{self.base}/{family}{path}", key, stream=False, timeout_s=5, extra=extra, **more
        )

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next(
                    int(line.split(b":")[1])
                    for line in head.split(b"\r\n")
                    if line.lower().startswith(b"content-length")
                )
                body = json.loads(await reader.readexactly(length))
                family = head.split(b" ")[1].decode().split("/")[1]
                self.bodies.append(body)
                found = wrong(family, body)
                self._turn += 1
                status = b"400 Bad Request" if found else b"200 OK"
                content = {"error": {"message": "; ".join(found)}} if found else answer(family, self.what, self._turn)
                data = json.dumps(content).encode()
                writer.write(b"HTTP/1.1 " + status + b"\r\ncontent-type: application/json\r\n")
                writer.write(f"content-length: {len(data)}\r\n\r\n".encode() + data)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


class Collected:
    """An answer as history keeps it."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.finished: Finished | None = None

    def take(self, event: ModelEvent) -> None:
        """Add one event."""
        if isinstance(event, TextDelta):
            if self.parts and isinstance(self.parts[-1], TextPart):
                self.parts[-1] = TextPart(self.parts[-1].text + event.text)
            else:
                self.parts.append(TextPart(event.text))
        elif isinstance(event, (ReasoningDone, CallDone)):
            self.parts.append(event.part)
        elif isinstance(event, Finished):
            self.finished = event

    @property
    def message(self) -> Message:
        """The assistant's message."""
        return Message("assistant", tuple(self.parts))
