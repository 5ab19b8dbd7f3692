"""Ask one model once: from a `WireCall` to a stream of neutral events."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from contextlib import aclosing
from typing import Any, Protocol

import msgspec

from assistant.errors import ModelError
from assistant.models.worker.answer import Reader
from assistant.models.worker.call import WireCall
from assistant.models.worker.failure import cut, from_response, unreadable
from assistant.models.worker.frames import MAX_MESSAGE_BYTES, AwsEventStream, EventStream, FrameReader, JsonLines
from assistant.models.worker.history import Rules, safe_name
from assistant.models.worker.http import MAX_BODY_BYTES, Response, post
from assistant.models.worker.pace import Pace
from assistant.models.worker.shape import decode
from assistant.models.worker.target import Target, find_target
from assistant.models.worker.wire.request import Request
from assistant.types import CallDelta, CallDone, ModelEvent, ToolSpec

MAX_ERROR_BYTES = 2**20
_ANSWERED = (200, 201, 203)
"""Proxies and gateways make a 203 of a 200, some servers say that they created an answer."""
DRAIN_S = 0.05
"""How long the end of a body that is already understood is waited for, to keep its connection."""


class Wire(Protocol):
    """What each file of `wire/` offers."""

    JSON_LINES: bool

    def Reader(self, target: Target) -> Reader: ...  # noqa: D102, N802 - a class in each file

    def build(self, call: WireCall, target: Target) -> Request: ...  # noqa: D102
    def rules(self, target: Target, call: WireCall) -> Rules: ...  # noqa: D102


async def ask(call: WireCall) -> AsyncGenerator[ModelEvent]:
    """Make the request and yield what comes back, as it comes; exactly one `Finished` as the last event.

    Raises ModelError (see its `kind`) at any point; what was yielded before stays valid. No retries. Closing the
    generator closes the connection.
    """
    try:
        target = find_target(call)
        # one module a protocol, and only the one that is asked for: each costs a start-up some milliseconds
        wire: Any = importlib.import_module(f"assistant.models.worker.wire.{target.protocol}")
        source = wire.ask(call) if target.protocol == "any_other" else _direct(call, target, wire)
        async with aclosing(source) as events:
            async for event in events:
                yield event
    except ModelError as error:
        raise without_key(error, call.api_key) from error.__cause__
    except Exception as error:  # reading is guarded already: what is left went wrong while the request was made
        words = f"the request can't be made: {type(error).__name__}: {error}"
        raise without_key(ModelError(words, kind="bad_request"), call.api_key) from error


async def _direct(call: WireCall, target: Target, wire: Wire) -> AsyncGenerator[ModelEvent]:
    request = wire.build(call, target)
    reader = wire.Reader(target)
    names = _names(call.request.tools, wire.rules(target, call).tool_name)
    async with post(request.url, request.headers, request.body, timeout_s=call.timeout_s) as response:
        if response.status not in _ANSWERED:
            raise await _failure(response)
        pace = Pace(call.timeout_s)
        async with aclosing(_answer(response, reader, pace, json_lines=wire.JSON_LINES)) as events:
            async for event in events:
                yield _own_name(event, names)


def without_key(error: ModelError, key: str) -> ModelError:
    """The error with the key taken out of its words: some providers repeat it, and errors are logged."""
    if len(key) < 4 or key not in error.message:
        return error
    error.message = error.message.replace(key, "(key)")
    error.args = (error.message,)
    return error


async def _failure(response: Response) -> ModelError:
    if response.status < 400:
        return ModelError(
            f"the provider answered HTTP {response.status} instead of an answer",
            kind="bad_request",
            hint="the address may be wrong: redirects are not followed, since they would take the key along",
        )
    try:
        body = await response.all(MAX_ERROR_BYTES)
    except ModelError:
        body = b""  # the status says enough
    return from_response(response.status, response.headers, body)


async def _answer(response: Response, reader: Reader, pace: Pace, *, json_lines: bool) -> AsyncGenerator[ModelEvent]:
    frames: FrameReader | None = None
    head, size = bytearray(), 0
    whole = False
    body = response.body()
    async for received in body:
        piece = received
        size += len(piece)
        if size > MAX_BODY_BYTES:
            raise unreadable("it has no end")
        pace.came(len(piece))
        if frames is None:
            head += piece
            if len(head) > MAX_MESSAGE_BYTES:
                raise unreadable("it is one message without end")
            if not whole and head.startswith(_BOM):
                del head[: len(_BOM)]
            if not whole and not head.strip():
                head.clear()  # blanks that keep the connection open
            if whole or _says_nothing(head):
                continue
            frames = _framing(response.headers.get("content-type", ""), bytes(head), json_lines=json_lines)
            if frames is None:
                whole = True
                continue
            piece = bytes(head)
        for event in _guarded(_fed(frames, reader, piece, pace)):
            yield event
        if reader.complete():
            break
    if frames is None:
        for event in _guarded(_whole(bytes(head), reader)):
            yield event
    elif not reader.complete():
        for event in _guarded(_rest(frames, reader)):
            yield event
    for event in _guarded(reader.finish()):
        yield event
    try:
        async with asyncio.timeout(DRAIN_S):
            async for _ in body:
                pass
    except (ModelError, TimeoutError):
        pass


_BOM = b"\xef\xbb\xbf"
_STARTS = (b"data:", b"event:", b":", b"id:", b"retry:")
"""What an event stream begins with."""


def _says_nothing(head: bytearray) -> bool:
    """Whether so little has come that it may still become anything: nothing, or a part of a mark."""
    start = bytes(head).lstrip()
    return not start or any(mark != start and mark.startswith(start) for mark in (*_STARTS, _BOM))


def _framing(content_type: str, head: bytes, *, json_lines: bool) -> FrameReader | None:
    """How the body is cut into messages, by what it begins with: headers of proxies and recorders are often wrong.

    None means one JSON document. Raises ModelError `server` for what is neither.
    """
    start = head.lstrip()
    if start[:1] in (b"{", b"["):
        return JsonLines() if json_lines and start[:1] == b"{" else None
    if start.startswith(_STARTS) or "event-stream" in content_type:
        return EventStream()
    if "eventstream" in content_type or head[:1] == b"\0":
        return AwsEventStream()
    raise unreadable(f"it begins with {head[:40]!r}")


def _fed(frames: FrameReader, reader: Reader, piece: bytes, pace: Pace) -> Iterator[ModelEvent]:
    for frame in frames.feed(piece):
        pace.got_on()
        yield from reader.frame(frame)


def _rest(frames: FrameReader, reader: Reader) -> Iterator[ModelEvent]:
    for frame in frames.rest():
        try:
            events = list(reader.frame(frame))
        except ValueError as error:
            raise cut("its last message is not whole") from error
        yield from events


def _whole(body: bytes, reader: Reader) -> Iterator[ModelEvent]:
    if not body.strip():
        raise cut("it is empty")
    try:
        content = decode(body)
    except ValueError as error:
        raise cut("its JSON is not whole") from error
    yield from reader.whole(content)


def _guarded(events: Iterable[ModelEvent]) -> Iterator[ModelEvent]:
    """Whatever a hostile answer does to a reader, the caller gets a ModelError."""
    try:
        yield from events
    except (ModelError, GeneratorExit):
        raise
    except Exception as error:
        raise unreadable(f"{type(error).__name__}: {error}") from error


def _names(tools: tuple[ToolSpec, ...], pattern: str) -> Mapping[str, str]:
    """Our own name of each tool by the name it was sent under, where these differ."""
    sent = {safe_name(tool.name, pattern): tool.name for tool in tools}
    return {name: own for name, own in sent.items() if name != own}


def _own_name(event: ModelEvent, names: Mapping[str, str]) -> ModelEvent:
    if not names:
        return event
    if isinstance(event, CallDelta) and event.name in names:
        return msgspec.structs.replace(event, name=names[event.name])
    if isinstance(event, CallDone) and event.part.call.name in names:
        call = msgspec.structs.replace(event.part.call, name=names[event.part.call.name])
        return CallDone(msgspec.structs.replace(event.part, call=call))
    return event
