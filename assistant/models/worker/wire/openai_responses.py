"""OpenAI's Responses API, as OpenAI, Azure, xAI, OpenRouter and others speak it.

Asked without storing (`store: false`): the history is ours, and reasoning comes back to us encrypted. Items that the
provider ran itself (web search, code interpreter, MCP ...) are shown, never run here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from assistant.models.worker.answer import Answer
from assistant.models.worker.call import WireCall
from assistant.models.worker.failure import cut, from_body, is_error, unreadable
from assistant.models.worker.frames import Frame
from assistant.models.worker.history import Rules, fit, safe_name
from assistant.models.worker.shape import decode, encode, number, record, records, text
from assistant.models.worker.target import Target, join
from assistant.models.worker.wire.request import Request, json_request, schema
from assistant.types import (
    JSON,
    CallPart,
    ImagePart,
    Message,
    ModelEvent,
    ReasoningPart,
    ResultPart,
    TextPart,
    ToolSpec,
    Usage,
)

JSON_LINES = False

_OURS = {"function_call", "custom_tool_call"}
"""Items that ask us to run a tool we offered."""
_SILENT = {"message", "reasoning", "compaction", *_OURS}
"""Items that are no use of a tool by the provider."""


def rules(target: Target, call: WireCall) -> Rules:
    """Ids of at most 64 characters (API reference); system messages may stand anywhere."""
    return Rules(r"[\x21-\x7e]{1,64}", 40, system_inside=True, images=call.sees_images)


def build(call: WireCall, target: Target) -> Request:
    """The request."""
    own = rules(target, call)
    fitted = fit(call.request.messages, target.maker, own)
    body: dict[str, Any] = {"model": target.model}
    if fitted.system:
        body["instructions"] = fitted.system
    body["input"] = [item for message in fitted.messages for item in _items(message)]
    if call.request.tools:
        body["tools"] = [_tool(tool, own.tool_name) for tool in call.request.tools]
    body |= {"stream": call.stream, "store": False, "include": ["reasoning.encrypted_content"]}
    if call.request.max_output_tokens:
        body["max_output_tokens"] = max(16, call.request.max_output_tokens)  # the API's own minimum
    if call.request.reasoning:
        body["reasoning"] = {"effort": call.request.reasoning, "summary": "auto"}
    return json_request(join(target.url, "/responses"), target.headers, body)


def _tool(tool: ToolSpec, pattern: str) -> dict[str, Any]:
    # strict is this API's default and refuses most schemas
    named = {"type": "function", "name": safe_name(tool.name, pattern), "description": tool.summary}
    return {**named, "parameters": schema(tool), "strict": False}


def _items(message: Message) -> Iterator[dict[str, Any]]:
    content: list[dict[str, Any]] = []
    for part in message.parts:
        if isinstance(part, TextPart):
            content.append({"type": "output_text" if message.role == "assistant" else "input_text", "text": part.text})
            continue
        if isinstance(part, ImagePart):
            url = f"data:{part.media_type};base64,{part.data_b64}"
            content.append({"type": "input_image", "image_url": url})
            continue
        if content:
            yield {"type": "message", "role": message.role, "content": content}
            content = []
        if isinstance(part, ResultPart):
            yield {"type": "function_call_output", "call_id": part.result.call_id, "output": part.result.text}
        elif isinstance(part, CallPart):
            named = {"type": "function_call", "call_id": part.call.id, "name": part.call.name}
            yield {**named, "arguments": part.call.arguments}
        else:
            yield from _reasoning_item(part)
    if content:
        yield {"type": "message", "role": message.role, "content": content}


def _reasoning_item(part: ReasoningPart) -> Iterator[dict[str, Any]]:
    """Only what is encrypted is understood by a provider that stored nothing."""
    item = record(record(part.opaque).get("item"))
    if item.get("encrypted_content"):
        yield {
            "type": "reasoning",
            "summary": item.get("summary") or [],
            "encrypted_content": item["encrypted_content"],
        }


class Reader:
    """Reads a response object, or the events that build one."""

    def __init__(self, target: Target) -> None:
        self.answer = Answer(target.maker)
        self._ended = False
        self._texts: dict[object, list[str]] = {}
        self._spoken: set[object] = set()
        self._thoughts: dict[object, bool] = {}
        self._seen: set[object] = set()
        self._ids: set[str] = set()
        self._places: dict[str, object] = {}

    def frame(self, frame: Frame) -> Iterator[ModelEvent]:
        """See `answer.Reader`."""
        if frame.data.strip() == b"[DONE]":
            return
        event = record(decode(frame.data))
        kind = text(event.get("type")) or frame.kind
        if kind == "error" or (is_error(event) and not event.get("response") and "output" not in event):
            raise from_body(event if isinstance(event.get("error"), dict) else {"error": event})
        handler = self._HANDLERS.get(kind)
        if handler is not None:
            yield from handler(self, event)
        elif kind == "response" or event.get("object") == "response":
            yield from self.whole(event)

    def whole(self, body: JSON) -> Iterator[ModelEvent]:
        """See `answer.Reader`."""
        content = record(body)
        if "output" not in content and not content.get("status"):
            raise from_body(content) if is_error(content) else unreadable("no output in it")
        yield from self._end(content)

    def complete(self) -> bool:
        """See `answer.Reader`."""
        return self._ended

    def finish(self) -> Iterator[ModelEvent]:
        """See `answer.Reader`."""
        if not self._ended:
            raise cut()
        yield from self.answer.end()

    def _text_delta(self, event: Mapping[str, Any]) -> Iterator[ModelEvent]:
        key = (self._place(event), event.get("content_index"))
        piece = text(event.get("delta"))
        self._texts.setdefault(key, []).append(piece)
        self._spoken.add(self._place(event))
        yield from self.answer.text(piece)

    def _text_done(self, event: Mapping[str, Any]) -> Iterator[ModelEvent]:
        """The whole text once more: what the pieces left out (all of it, with some servers) comes now."""
        key = (self._place(event), event.get("content_index"))
        whole, so_far = text(event.get("text")), "".join(self._texts.get(key, []))
        if whole.startswith(so_far) and len(whole) > len(so_far):
            yield from self._text_delta({**event, "delta": whole[len(so_far) :]})

    def _refusal(self, event: Mapping[str, Any]) -> Iterator[ModelEvent]:
        self.answer.refuse(text(event.get("delta")))
        self._spoken.add(self._place(event))
        yield from ()

    def _refusal_done(self, event: Mapping[str, Any]) -> Iterator[ModelEvent]:
        if self._place(event) not in self._spoken:
            yield from self._refusal({**event, "delta": event.get("refusal")})

    def _thought_delta(self, event: Mapping[str, Any]) -> Iterator[ModelEvent]:
        self._thoughts[self._place(event)] = True
        yield from self.answer.thought(text(event.get("delta")))

    def _call_delta(self, event: Mapping[str, Any]) -> Iterator[ModelEvent]:
        key = self._place(event)
        if self.answer.call_open(key):
            yield from self.answer.call(key, arguments=text(event.get("delta")))

    def _call_done(self, event: Mapping[str, Any]) -> Iterator[ModelEvent]:
        key, whole = self._place(event), text(event.get("arguments")) or text(event.get("input"))
        if whole and self.answer.call_open(key):
            yield from self.answer.whole_arguments(key, whole)

    def _added(self, event: Mapping[str, Any]) -> Iterator[ModelEvent]:
        item = record(event.get("item"))
        if item.get("type") in _OURS and not _ran_there(item):
            id, name = text(item.get("call_id")) or text(item.get("id")), text(item.get("name"))
            yield from self.answer.call(self._place(event), id=id, name=name, free=item.get("type") != "function_call")

    def _done(self, event: Mapping[str, Any]) -> Iterator[ModelEvent]:
        yield from self._item(record(event.get("item")), self._place(event))

    def _item(self, item: Mapping[str, Any], index: object) -> Iterator[ModelEvent]:
        """A complete item. Its content counts where no pieces of it came before."""
        name = text(item.get("id"))
        if index in self._seen or name in self._ids:
            return
        self._seen.add(index)
        if name:
            self._ids.add(name)
        kind = text(item.get("type"))
        if kind == "message" and index not in self._spoken:
            yield from self._message(item)
        elif kind == "reasoning":
            yield from self._reasoning(item, index)
        elif kind in _OURS and not _ran_there(item):
            yield from self._call(item, index)
        elif kind and (kind not in _SILENT or kind in _OURS):
            yield from self.answer.server_tool(text(item.get("name")) or kind, dict(item))

    def _message(self, item: Mapping[str, Any]) -> Iterator[ModelEvent]:
        content = item.get("content")
        if isinstance(content, str):
            yield from self.answer.text(content)
        for part in records(content):
            if part.get("type") == "refusal":
                self.answer.refuse(text(part.get("refusal")))
            else:
                yield from self.answer.text(text(part.get("text")))

    def _reasoning(self, item: Mapping[str, Any], index: object) -> Iterator[ModelEvent]:
        parts = records(item.get("summary")) or records(item.get("content"))
        words = "\n\n".join(text(part.get("text")) for part in parts)
        if words and index not in self._thoughts:
            yield from self.answer.thought(words)
        yield from self.answer.thought_done(words, {"item": dict(item)})

    def _call(self, item: Mapping[str, Any], index: object) -> Iterator[ModelEvent]:
        arguments = item.get("arguments") if item.get("type") == "function_call" else item.get("input")
        written = arguments if isinstance(arguments, str) else "" if arguments is None else encode(arguments)
        if self.answer.call_open(index):
            yield from self.answer.whole_arguments(index, written)
            return
        id = text(item.get("call_id")) or text(item.get("id"))
        free = item.get("type") != "function_call"
        yield from self.answer.call(index, id=id, name=text(item.get("name")), arguments=written, free=free)

    def _end(self, response: Mapping[str, Any]) -> Iterator[ModelEvent]:
        status = text(response.get("status"))
        for index, item in enumerate(records(response.get("output"))):
            name = text(item.get("id"))
            named = name in self._spoken or self.answer.call_open(name)  # the stream told its items apart by name
            yield from self._item(item, name if named else index)
        self.answer.usage = _usage(record(response.get("usage"))) or self.answer.usage
        if status == "failed" or (is_error(response) and status not in ("completed", "incomplete")):
            raise from_body(response)
        if status == "cancelled":
            raise cut("the provider cancelled it")
        reason = text(record(response.get("incomplete_details")).get("reason"))
        if status == "incomplete":
            limits = ("max_output_tokens", "max_tokens", "")
            self.answer.finish = "length" if reason in limits else reason if reason == "content_filter" else "other"
        elif status in ("queued", "in_progress"):
            self.answer.finish = "other"  # to be fetched later, which was never asked for
        else:
            self.answer.finish = "stop"
        self._ended = True

    def _place(self, event: Mapping[str, Any]) -> object:
        """Which item an event belongs to: its index, or its name with servers that leave the index out, always or here
        and there."""
        index = event.get("output_index")
        name = text(event.get("item_id")) or text(record(event.get("item")).get("id"))
        if index is not None:
            self._places.setdefault(name, index)
            return index
        return self._places.get(name, name) if name else None

    def _response(self, event: Mapping[str, Any]) -> Iterator[ModelEvent]:
        yield from self._end(record(event.get("response")))

    _HANDLERS = {
        "response.output_text.delta": _text_delta,
        "response.output_text.done": _text_done,
        "response.refusal.delta": _refusal,
        "response.refusal.done": _refusal_done,
        "response.reasoning_summary_text.delta": _thought_delta,
        "response.reasoning_text.delta": _thought_delta,
        "response.function_call_arguments.delta": _call_delta,
        "response.custom_tool_call_input.delta": _call_delta,
        "response.function_call_arguments.done": _call_done,
        "response.custom_tool_call_input.done": _call_done,
        "response.output_item.added": _added,
        "response.output_item.done": _done,
        "response.completed": _response,
        "response.incomplete": _response,
        "response.failed": _response,
        "response.cancelled": _response,
        "response.done": _response,
    }


def _ran_there(item: Mapping[str, Any]) -> bool:
    """Whether a call was made by the provider for itself: xAI shows the steps of its search as calls of custom tools."""
    return text(item.get("call_id")).startswith("xs_call")


def _usage(raw: Mapping[str, Any]) -> Usage | None:
    if not raw:
        return None
    inward, outward = record(raw.get("input_tokens_details")), record(raw.get("output_tokens_details"))
    return Usage(
        number(raw.get("input_tokens")),
        number(raw.get("output_tokens")),
        number(inward.get("cached_tokens")),
        number(inward.get("cache_write_tokens")),
        number(outward.get("reasoning_tokens")),
    )
