"""The core of `assistant models complete`: a request as JSON in, a normalised answer as JSON out.

It shows what this product makes of any provider's answer, and is how the readers are measured. It speaks to the
provider itself, with the code that otherwise runs in the worker's room; it runs no tool and writes no log.

In:  {model, api_base, api_key, messages, tools, stream, timeout}, and where a provider wants them api_version,
     max_tokens, reasoning_effort, region, access_key_id, secret_access_key, session_token.
Out: {text, tool_calls: [{name, arguments}], finish, usage: {input, output} | null, error: null | {kind, retryable}}, and
     where there are some reasoning, signatures, refusal, usage_estimated.

`arguments` is the object that the model wrote, or its raw text where that is no JSON object; `finish` then says
`malformed_tool_call`, or `length` where the length limit cut it. After an error, text and calls are what had come, and
`finish` is null.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import aclosing
from typing import Any, cast

from assistant.errors import ModelError
from assistant.models.worker.call import WireCall
from assistant.models.worker.openai_format import messages_from, tools_from
from assistant.models.worker.shape import items, record, text
from assistant.types import JSON, CallDone, Finished, ModelRequest, ReasoningDelta, ReasoningDone, TextDelta

DEFAULT_TIMEOUT_S = 600.0
_EXTRA = ("api_version", "region", "access_key_id", "secret_access_key", "session_token")


def run_complete(lines: bool) -> int:
    """Answer the request on standard input, or with `lines` one request a line, in order. Always returns 0."""
    read: Callable[[], bytes] = sys.stdin.buffer.readline if lines else sys.stdin.buffer.read
    with asyncio.Runner() as runner:
        while line := read():
            if line.strip():
                answer = runner.run(complete(line, explain=not lines))
                sys.stdout.buffer.write(json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
                sys.stdout.buffer.flush()
    return 0


async def complete(line: bytes, *, explain: bool = False) -> dict[str, JSON]:
    """The answer to one request. `explain` says an error's words on standard error. Never raises for a bad request."""
    from assistant.models.worker.ask import ask  # speaks HTTP: 20 ms that other commands need not pay

    out = _Outcome()
    try:
        call = _call(line)
        async with aclosing(ask(call)) as events:
            async for event in events:
                out.take(event)
    except ModelError as error:
        out.error = error
        if explain:
            print(f"assistant: {error}", file=sys.stderr)  # noqa: T201 - the command line's own message
    return out.as_json()


def _call(line: bytes) -> WireCall:
    try:
        asked = record(json.loads(line))
        request = ModelRequest(
            messages_from(asked.get("messages")),
            tools_from(asked.get("tools")),
            max_output_tokens=asked.get("max_tokens") or None,
            reasoning=text(asked.get("reasoning_effort")),
        )
        return WireCall(
            text(asked.get("model")),
            request,
            api_base=text(asked.get("api_base")),
            api_key=text(asked.get("api_key")),
            stream=bool(asked.get("stream")),
            timeout_s=float(asked.get("timeout") or DEFAULT_TIMEOUT_S),
            extra={name: text(asked[name]) for name in _EXTRA if asked.get(name)},
        )
    except (ValueError, TypeError, RecursionError) as error:
        raise ModelError(f"the request can't be read: {error}", kind="bad_request") from error


class _Outcome:
    """What has come of an answer."""

    def __init__(self) -> None:
        self.error: ModelError | None = None
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._signatures: list[str] = []
        self._calls: list[dict[str, JSON]] = []
        self._finished: Finished | None = None

    def take(self, event: object) -> None:
        """Add one event."""
        if isinstance(event, TextDelta):
            self._text.append(event.text)
        elif isinstance(event, ReasoningDelta):
            self._reasoning.append(event.text)
        elif isinstance(event, ReasoningDone):
            self._signatures.extend(_signatures(event.part.opaque))
        elif isinstance(event, CallDone):
            self._calls.append({"name": event.part.call.name, "arguments": _arguments(event.part.call.arguments)})
            self._signatures.extend(_signatures(event.part.opaque))
        elif isinstance(event, Finished):
            self._finished = event

    def as_json(self) -> dict[str, JSON]:
        """The line to print."""
        done = self._finished
        usage = done.usage if done else None
        out: dict[str, JSON] = {
            "text": "".join(self._text),
            "tool_calls": self._calls,
            "finish": done.finish if done else None,
            "usage": {"input": usage.input, "output": usage.output} if usage else None,
            "error": {"kind": self.error.kind, "retryable": self.error.retryable} if self.error else None,
        }
        optional = {
            "reasoning": "".join(self._reasoning),
            "signatures": self._signatures,
            "refusal": done.refusal if done else "",
            "usage_estimated": bool(usage and usage.estimated),
        }
        return out | {name: value for name, value in optional.items() if value}


def _arguments(written: str) -> JSON:
    if not written.strip():
        return {}
    try:
        found: JSON = json.loads(written, strict=False)
    except (ValueError, RecursionError):
        return written
    return cast("JSON", found) if isinstance(found, dict) else written


def _signatures(opaque: JSON) -> Iterator[str]:
    """Every signature or sealed block inside an opaque part. What a provider's own tools returned is none."""
    if text(record(opaque).get("type")).endswith(("tool_use", "tool_result")):
        return
    for name, value in record(opaque).items():
        if name in (
            "signature",
            "thoughtSignature",
            "thought_signature",
            "data",
            "encrypted_content",
            "redactedContent",
        ):
            if isinstance(value, str) and value:
                yield value
        elif isinstance(value, dict):
            yield from _signatures(value)
        else:
            for item in items(value):
                yield from _signatures(item)


__all__: list[Any] = ["complete", "run_complete"]
