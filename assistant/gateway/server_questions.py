"""What MCP servers ask of us: a person's answer, a sign-in, a model's words, their own tokens.

A server is a stranger. Its question is shown as its own, only what fits its schema goes back, and a secret is bound to its address.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

from assistant.canonical import dumps
from assistant.errors import ToolError, UsageError
from assistant.gateway.approver import ElicitAnswer, Elicitor, ElicitRequest
from assistant.gateway.events import GatewayEvent
from assistant.servers import loopback
from assistant.servers.config import ServerConfig
from assistant.servers.offer import OfferedTool
from assistant.servers.tools import origin, tool_problem
from assistant.types import JSON, Data, Label
from assistant.visible import one_line, visible

Emit = Callable[[GatewayEvent], None]
Note = Callable[[str, Mapping[str, JSON], Mapping[str, bytes]], Awaitable[object]]
"""Writes an entry (kind, body, blobs) to the log."""


class Secrets(Protocol):
    """Where tokens are kept: the keyring of the system. Both block and may wait for the person to unlock it."""

    def get(self, name: str) -> str:
        """The secret, or an empty text."""
        ...

    def set(self, name: str, value: str) -> None:
        """Keep it. Raises UsageError when there is no keyring."""
        ...


class SampleRequest(Data, frozen=True):
    """A server wants a model to answer. `messages` are (role, text) pairs of its own making, labelled `label`."""

    server: str
    call_id: str
    system: str
    messages: tuple[tuple[str, str], ...]
    max_tokens: int
    label: Label


Sampler = Callable[[SampleRequest, Emit], Awaitable[tuple[str, str]]]
"""Judges it as `consult`, asks the task's model and returns (text, model). Raises AssistantError when refused."""


class ServerQuestions:
    """Answers the questions of a task's servers."""

    def __init__(self, elicitor: Elicitor, note: Note, secrets: Secrets) -> None:
        self._elicitor = elicitor
        self._note = note
        self._secrets = secrets
        self.sampler: Sampler | None = None
        """Set once there is a conversation to sample for."""

    async def answer(self, config: ServerConfig, call_id: str, emit: Emit, what: str, body: dict[str, JSON]) -> JSON:
        """See `assistant.servers.process.Host`."""
        match what:
            case "elicit":
                return await self._elicit(config, call_id, body)
            case "elicit_url":
                url = _web_address(str(body["url"]))
                request = ElicitRequest(call_id, config.name, "url", visible(str(body["message"]))[:4000], {}, url)
                answer = await self._put(request)
                return {"action": answer.action}
            case "sample":
                return await self._sample(config, call_id, emit, body)
            case "authorize":
                return await self._authorize(config, call_id, str(body["url"]))
            case "secret_get":
                return await asyncio.to_thread(self._secrets.get, _secret_name(config, str(body["key"])))
            case "secret_set":
                name, value = _secret_name(config, str(body["key"])), str(body["value"])
                await asyncio.to_thread(self._secrets.set, name, value)
                return True
            case _:
                raise ToolError("there is no such question")

    async def _elicit(self, config: ServerConfig, call_id: str, body: dict[str, JSON]) -> JSON:
        schema: dict[str, JSON] = dict(body["schema"])
        message = visible(str(body["message"]))[:4000]
        answer = await self._put(ElicitRequest(call_id, config.name, "form", message, schema))
        if answer.action != "accept":
            return {"action": answer.action}
        content = with_defaults(schema, answer.content)
        problem = await asyncio.to_thread(_misfit, schema, content)
        if problem:
            raise UsageError(f"the answer does not fit: {problem}")
        return {"action": "accept", "content": content}

    async def _put(self, request: ElicitRequest) -> ElicitAnswer:
        """Ask the person; the question and what they did stand in the log, what they filled in does not."""
        answer = await self._elicitor.elicit(request)
        action = answer.action if answer.action in ("accept", "decline", "cancel") else "cancel"
        body = {
            "call": request.call_id,
            "server": request.server,
            "kind": request.kind,
            "answer": action,
            "fields": sorted(one_line(k, 80) for k in answer.content) if action == "accept" else [],
        }
        await self._note(
            "elicitation", body, {"message": request.message.encode(), "schema": dumps(dict(request.schema))}
        )
        return ElicitAnswer(action, answer.content)

    async def _sample(self, config: ServerConfig, call_id: str, emit: Emit, body: dict[str, JSON]) -> JSON:
        if not config.grants.sampling or self.sampler is None or not call_id:
            raise ToolError("the person lets this server ask no model")
        label = Label(confidentiality=config.grants.confidentiality, sources=(origin(config.name),))
        messages = tuple((str(role), str(text)) for role, text in body["messages"])
        most = max(1, min(int(body["max_tokens"]), 32_000))
        request = SampleRequest(config.name, call_id, str(body["system"]), messages, most, label)
        text, model = await self.sampler(request, emit)
        return {"text": text, "model": model}

    async def _authorize(self, config: ServerConfig, call_id: str, url: str) -> JSON:
        address = _web_address(url)
        state = parse_qs(urlsplit(address).query).get("state", [""])[0]
        callback = loopback.Callback(loopback.redirect_uri(config.name), state)
        await callback.open()
        request = ElicitRequest(call_id, config.name, "sign_in", f"sign in to use `{config.name}`", {}, address)
        asking = asyncio.ensure_future(self._put(request))
        coming = asyncio.ensure_future(callback.wait())
        try:
            await asyncio.wait({asking, coming}, return_when=asyncio.FIRST_COMPLETED)
            if not coming.done() and asking.result().action != "accept":
                raise UsageError(f"nobody signed in to `{config.name}`", hint=f"assistant servers check {config.name}")
            came = await coming
        finally:
            for task in (asking, coming):
                task.cancel()
            await asyncio.gather(asking, coming, return_exceptions=True)
            callback.close()
        return {"code": came.code, "state": came.state, "iss": came.iss}


def with_defaults(schema: Mapping[str, JSON], content: Mapping[str, JSON]) -> dict[str, JSON]:
    """`content` with the schema's defaults where a field was left out (MCP SEP-1034), and nothing that it does not name."""
    properties: Mapping[str, JSON] = schema.get("properties") or {}
    defaults: dict[str, JSON] = {}
    for name, of in properties.items():
        if isinstance(of, dict) and "default" in of:
            defaults[name] = of["default"]
    return defaults | {n: v for n, v in content.items() if n in properties}


def _misfit(schema: Mapping[str, JSON], content: Mapping[str, JSON]) -> str:
    if problem := tool_problem(OfferedTool("", schema=dict(schema))):
        return problem
    import jsonschema_rs  # 20 ms: only for those who are asked

    try:
        checker = jsonschema_rs.validator_for({k: v for k, v in schema.items() if k != "$schema"})
        return next((one_line(error.message, 200) for error in checker.iter_errors(dict(content))), "")
    except (ValueError, jsonschema_rs.ValidationError) as error:
        return f"its schema is no schema: {one_line(str(error), 200)}"


def _web_address(url: str) -> str:
    """Raises UsageError for what is no web address a person can be shown: another scheme, hidden characters, a login in it."""
    parts = urlsplit(url)
    if (
        parts.scheme not in ("https", "http")
        or not parts.hostname
        or parts.username
        or visible(url) != url
        or len(url) > 8192
    ):
        raise UsageError("the server asks to open something that is no plain web address")
    return url


def _secret_name(config: ServerConfig, key: str) -> str:
    """Bound to the address: another server under the same name gets nothing of it. Raises ToolError."""
    if key not in ("tokens", "client") or not config.url:
        raise ToolError("there is no such secret")
    return f"mcp/{config.name}/{hashlib.sha256(config.url.encode()).hexdigest()[:12]}/{key}"
