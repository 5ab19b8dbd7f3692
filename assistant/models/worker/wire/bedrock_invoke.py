"""Amazon Bedrock's invoke: each model family's own body in AWS's envelope.

Written for Anthropic's models (their Messages API) and Amazon's Nova (the body of Converse); read for the older families
too: Titan, Llama, Mistral, Cohere, AI21 and OpenAI-like endpoints.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from assistant.models.worker.answer import Answer
from assistant.models.worker.answer import Reader as AnyReader
from assistant.models.worker.call import WireCall
from assistant.models.worker.failure import cut, from_body, unreadable
from assistant.models.worker.frames import Frame
from assistant.models.worker.history import Rules, fit
from assistant.models.worker.shape import decode, encode, number, record, records, text
from assistant.models.worker.target import Target
from assistant.models.worker.wire import anthropic, bedrock_converse, openai_chat
from assistant.models.worker.wire.bedrock_cache import mark_invoke
from assistant.models.worker.wire.request import Request
from assistant.types import JSON, ModelEvent, Usage

JSON_LINES = False

_FINISH = {
    "finish": "stop",
    "complete": "stop",
    "stop": "stop",
    "endoftext": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "max_tokens": "length",
    "content_filtered": "content_filter",
    "error_toxic": "content_filter",
}


def rules(target: Target, call: WireCall) -> Rules:
    """As Converse."""
    return bedrock_converse.rules(target, call)


def build(call: WireCall, target: Target) -> Request:
    """The request, signed."""
    method = "invoke-with-response-stream" if call.stream else "invoke"
    if "anthropic" in target.model:
        body: dict[str, Any] = {"anthropic_version": "bedrock-2023-05-31", **anthropic.content(call, target)}
        mark_invoke(body, target.model)
    elif "nova" in target.model:
        asked = record(decode(bedrock_converse.build(call, target).body))
        body = {"schemaVersion": "messages-v1", **asked}
    else:
        body = _prompt(call, target)
    return bedrock_converse.signed(call, target, method, body)


def _prompt(call: WireCall, target: Target) -> dict[str, Any]:
    """The old families take one text."""
    fitted = fit(call.request.messages, target.maker, rules(target, call))
    lines = [fitted.system, *(f"{message.role.title()}: {message.text}" for message in fitted.messages), "Assistant:"]
    words = "\n\n".join(line for line in lines if line)
    return {"inputText": words} if "titan" in target.model else {"prompt": words}


class Reader:
    """Finds out from the first body or chunk which family it is, and hands over to that family's reader."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._inner: AnyReader | None = None
        self._metrics: Mapping[str, Any] = {}

    def frame(self, frame: Frame) -> Iterator[ModelEvent]:
        """See `answer.Reader`."""
        if frame.fault:
            raise from_body(decode(frame.data) if frame.data[:1] == b"{" else {}, name=frame.fault)
        chunk = record(bedrock_converse.unwrap(frame.data))
        inner = self._of(chunk)
        if isinstance(inner, anthropic.Reader):
            yield from inner.event(chunk)
        elif isinstance(inner, bedrock_converse.Reader):
            for kind, event in chunk.items():
                yield from inner.event(kind, record(event))
        elif isinstance(inner, openai_chat.Reader):
            yield from inner.frame(Frame("", encode(chunk).encode()))
            self._metrics = record(chunk.get("amazon-bedrock-invocationMetrics")) or self._metrics
        elif isinstance(inner, _Plain):
            yield from inner.chunk(chunk)

    def whole(self, body: JSON) -> Iterator[ModelEvent]:
        """See `answer.Reader`."""
        yield from self._of(record(body)).whole(body)

    def complete(self) -> bool:
        """See `answer.Reader`."""
        return self._inner is not None and self._inner.complete()

    def finish(self) -> Iterator[ModelEvent]:
        """See `answer.Reader`."""
        if self._inner is None:
            raise cut()
        if isinstance(self._inner, openai_chat.Reader) and self._metrics:  # AWS's own last word, in place of `[DONE]`
            self._inner.ended()
            counted = number(self._metrics.get("inputTokenCount")), number(self._metrics.get("outputTokenCount"))
            self._inner.answer.usage = self._inner.answer.usage or Usage(*counted)
        yield from self._inner.finish()

    def _of(self, content: Mapping[str, Any]) -> AnyReader:
        if self._inner is None:
            if "message" in text(content.get("type")) or "content_block" in text(content.get("type")):
                self._inner = anthropic.Reader(self._target)
            elif {"output", "messageStart", "contentBlockDelta"} & content.keys():
                self._inner = bedrock_converse.Reader(self._target)
            elif any({"message", "delta"} & choice.keys() for choice in records(content.get("choices"))):
                self._inner = openai_chat.Reader(self._target)
            else:
                self._inner = _Plain(self._target)
        return self._inner


class _Plain:
    """The old families: one text, one reason, perhaps two counts."""

    def __init__(self, target: Target) -> None:
        self.answer = Answer(target.maker)
        self._reason = ""
        self._given = self._written = 0

    def frame(self, frame: Frame) -> Iterator[ModelEvent]:
        """See `answer.Reader`."""
        yield from self.chunk(record(decode(frame.data)))

    def chunk(self, chunk: Mapping[str, Any]) -> Iterator[ModelEvent]:
        """One piece of a stream has the fields of the whole."""
        yield from self._take(chunk)

    def whole(self, body: JSON) -> Iterator[ModelEvent]:
        """See `answer.Reader`."""
        content = record(body)
        if not {*_LISTS, *_TEXTS, "data"} & _first(content).keys():
            raise unreadable("no text in it")
        yield from self._take(content)
        self._reason = self._reason or "stop"

    def complete(self) -> bool:
        """See `answer.Reader`. Counts may follow the reason: only the end of the body is the end."""
        return False

    def finish(self) -> Iterator[ModelEvent]:
        """See `answer.Reader`."""
        if not self._reason:
            raise cut()
        if self._given or self._written:
            self.answer.usage = Usage(self._given, self._written)
        self.answer.finish = _FINISH.get(self._reason.lower(), "other")
        yield from self.answer.end()

    def _take(self, content: Mapping[str, Any]) -> Iterator[ModelEvent]:
        first = _first(content)
        first |= record(first.get("data"))
        for name in _TEXTS:
            yield from self.answer.text(text(first.get(name)))
        for name in ("completionReason", "stop_reason", "finish_reason", "finishReason"):
            said = first.get(name)
            self._reason = text(said) or text(record(said).get("reason")) or self._reason
        if content.get("amazon-bedrock-guardrailAction") == "INTERVENED" and _blocked(content):
            self._reason = "content_filtered"
        metrics = record(content.get("amazon-bedrock-invocationMetrics"))
        usage = record(content.get("usage"))
        self._given = (
            number(first.get("inputTextTokenCount"))
            or number(first.get("prompt_token_count"))
            or number(usage.get("prompt_tokens"))
            or number(metrics.get("inputTokenCount"))
            or self._given
        )
        self._written = (
            number(first.get("tokenCount"))
            or number(first.get("totalOutputTextTokenCount"))
            or number(first.get("generation_token_count"))
            or number(usage.get("completion_tokens"))
            or number(metrics.get("outputTokenCount"))
            or self._written
        )


_LISTS = ("results", "outputs", "generations", "choices", "completions")
"""Where the answers of the old families stand; the first counts."""
_TEXTS = ("outputText", "generation", "text", "completion")


def _first(content: Mapping[str, Any]) -> dict[str, Any]:
    pieces: list[dict[str, Any]] = []
    for name in _LISTS:
        pieces = pieces or records(content.get(name))
    kept = {name: value for name, value in content.items() if name not in _LISTS or not pieces}
    return {**kept, **(pieces[0] if pieces else {})}


def _blocked(content: Mapping[str, Any]) -> bool:
    """Whether a guardrail put its own words in place of the answer, which then has no reason to end; what it only masks goes on."""
    trace = record(record(content.get("amazon-bedrock-trace")).get("guardrail"))
    return "blocked" in text(trace.get("actionReason")).lower()
