"""Export as OpenTelemetry traces (GenAI semantic conventions 1.37 and later) by OTLP/HTTP in JSON.

A task is a trace, a turn an `invoke_agent` span, a model call a `chat` span and a tool call an `execute_tool` span below it.
Only what entries say is sent; contents (prompts, answers, outputs) stay here.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from assistant.audit.entry import Entry
from assistant.audit.log import Log
from assistant.errors import NotTaken, UsageError

BATCH = 500
TIMEOUT_S = 30.0
_GOOD = ("done", "ok")
_OK, _ERROR = 1, 2
_INTERNAL, _CLIENT = 1, 3
"""OTLP numbers for status and kind of a span (opentelemetry-proto, trace.proto)."""


def spans(log: Log, task: str = "") -> Iterator[dict[str, Any]]:
    """The spans of one task, or of all, as OTLP JSON. Every id is made from the log, so sending twice gives the same."""
    open_tasks: dict[str, _Turns] = {}
    for entry in log.entries(task=task):
        if entry.task:
            yield from open_tasks.setdefault(entry.task, _Turns(entry.task)).take(entry)
    for turns in open_tasks.values():
        yield from turns.end(None)


def send(log: Log, url: str, task: str = "") -> int:
    """Send the spans to a collector; returns how many. `url` is its base, or the full path to `/v1/traces`.

    Raises UsageError for an address that is not http(s), or not encrypted outside this machine; NotTaken when the collector
    does not take them.
    """
    import httpx

    target = _target(url)
    sent = 0
    with httpx.Client(timeout=TIMEOUT_S, follow_redirects=False) as client:
        batch: list[dict[str, Any]] = []
        for span in spans(log, task):
            batch.append(span)
            if len(batch) == BATCH:
                sent += _post(client, target, batch)
                batch = []
        return sent + (_post(client, target, batch) if batch else 0)


def _post(client: Any, target: str, batch: list[dict[str, Any]]) -> int:
    import httpx

    try:
        answer = client.post(target, json=envelope(batch))
    except httpx.HTTPError as error:
        raise NotTaken(f"the collector at `{target}` does not answer: {error}") from error
    if not 200 <= answer.status_code < 300:
        raise NotTaken(f"the collector at `{target}` refused with {answer.status_code}: {answer.text[:200].strip()}")
    return len(batch)


def envelope(batch: list[dict[str, Any]]) -> dict[str, Any]:
    """The body of one request: an ExportTraceServiceRequest."""
    from assistant import __version__

    resource = {"attributes": _attributes({"service.name": "assistant", "service.version": __version__})}
    scope = {"name": "assistant.audit", "version": __version__}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": scope, "spans": batch}]}]}


def _target(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"`{url}` is not a collector's address", hint="such as http://127.0.0.1:4318")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise UsageError(f"`{url}` would send the log unencrypted to another machine", hint="use https")
    return url if parts.path.rstrip("/").endswith("/v1/traces") else f"{url.rstrip('/')}/v1/traces"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class _Turns:
    """Builds the spans of one task while its entries go by."""

    def __init__(self, task: str) -> None:
        self.task = task
        self.trace = hashlib.sha256(f"task {task}".encode()).hexdigest()[:32]
        self.begin: Entry | None = None
        self.last: Entry | None = None
        self.model: Entry | None = None
        self.calls: dict[str, dict[str, Entry]] = {}

    def take(self, entry: Entry) -> Iterator[dict[str, Any]]:
        """Take the next entry; yields the spans that it completes."""
        kind, body = entry.kind, entry.body
        if kind == "message" and body.get("role") == "user":
            yield from self.end(None)
            self.begin = entry
        self.last = entry
        if kind == "model.call":
            self.model = entry
        elif kind in ("model.result", "model.failed"):
            yield self._chat(self.model or entry, entry)
            self.model = None
        elif kind in ("intent", "decision", "approval"):
            self.calls.setdefault(str(body.get("call")), {})[kind] = entry
        elif kind == "outcome" or (kind.startswith("stage.") and str(body.get("call")) in self.calls):
            yield self._tool(str(body.get("call")), entry)
        elif kind == "turn.finished":
            yield from self.end(entry)

    def end(self, entry: Entry | None) -> Iterator[dict[str, Any]]:
        """End the turn, here or where the program died."""
        for call in list(self.calls):
            yield self._tool(call, None)
        if self.begin is None or self.last is None:
            return
        reason = str(entry.body.get("reason", "")) if entry else "interrupted"
        attributes = {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": "assistant",
            "gen_ai.conversation.id": self.task,
            "assistant.turn.reason": reason,
        }
        yield self._span(
            "invoke_agent assistant", _INTERNAL, self.begin, entry or self.last, attributes, reason == "done", parent=""
        )
        self.begin = None

    def _chat(self, call: Entry, result: Entry) -> dict[str, Any]:
        body = result.body
        model = str(body.get("model", ""))
        provider, _, name = model.partition("/")
        usage: dict[str, Any] = body.get("usage") or {}
        attributes = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": provider or "assistant",
            "gen_ai.request.model": name or model,
            "gen_ai.response.finish_reasons": [str(body["finish"])] if body.get("finish") else None,
            "gen_ai.usage.input_tokens": usage.get("input"),
            "gen_ai.usage.output_tokens": usage.get("output"),
            "gen_ai.conversation.id": self.task,
            "assistant.cost_uusd": body.get("cost_uusd"),
            "error.type": body.get("kind") if result.kind == "model.failed" else None,
        }
        return self._span(f"chat {name or model}", _CLIENT, call, result, attributes, result.kind == "model.result")

    def _tool(self, call: str, outcome: Entry | None) -> dict[str, Any]:
        entries = self.calls.pop(call, {})
        intent = entries.get("intent")
        decision, approval = entries.get("decision"), entries.get("approval")
        first = intent or decision or outcome or self.last
        assert first is not None  # noqa: S101 - a call has at least one entry
        body = outcome.body if outcome else {}
        tool = str((intent or first).body.get("tool", ""))
        status = str(body.get("status", "done" if outcome else "may_have_happened"))
        attributes = {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": tool,
            "gen_ai.tool.call.id": call,
            "gen_ai.conversation.id": self.task,
            "assistant.decision": decision.body.get("decision") if decision else None,
            "assistant.policies": [str(p) for p in decision.body.get("policies") or ()] if decision else None,
            "assistant.approval": approval.body.get("answer") if approval else None,
            "assistant.action.sha256": first.body.get("digest"),
            "assistant.status": status,
            "process.exit.code": body.get("exit_status"),
            "error.type": None if status in _GOOD else status,
        }
        return self._span(
            f"execute_tool {tool}", _INTERNAL, first, outcome or self.last or first, attributes, status in _GOOD
        )

    def _span(
        self,
        name: str,
        kind: int,
        begin: Entry,
        end: Entry,
        attributes: dict[str, Any],
        ok: bool,
        *,
        parent: str | None = None,
    ) -> dict[str, Any]:
        above = self._id(self.begin) if parent is None and self.begin is not None else parent or ""
        span = {
            "traceId": self.trace,
            "spanId": self._id(begin),
            "name": name,
            "kind": kind,
            "startTimeUnixNano": str(begin.time_ms * 1_000_000),
            "endTimeUnixNano": str(max(end.time_ms, begin.time_ms) * 1_000_000),
            "attributes": _attributes({**attributes, "assistant.log.seq": begin.seq}),
            "status": {"code": _OK if ok else _ERROR},
        }
        return {**span, "parentSpanId": above} if above else span

    def _id(self, entry: Entry) -> str:
        return hashlib.sha256(f"{self.task} {entry.seq}".encode()).hexdigest()[:16]


def _attributes(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in values.items() if value not in (None, "")]


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, list):
        return {"arrayValue": {"values": [_value(item) for item in value]}}  # pyright: ignore[reportUnknownVariableType]  # JSON
    return {"stringValue": str(value)}
