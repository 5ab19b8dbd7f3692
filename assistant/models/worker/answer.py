"""One answer while it is being put together: pieces of any protocol in, neutral events out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Protocol

from assistant.models.worker.failure import cut
from assistant.models.worker.frames import Frame
from assistant.models.worker.shape import decode
from assistant.types import (
    JSON,
    CallDelta,
    CallDone,
    CallPart,
    Finished,
    ModelEvent,
    ReasoningDelta,
    ReasoningDone,
    ReasoningPart,
    ServerToolUse,
    TextDelta,
    ToolCall,
    Usage,
)

MIN_ID_CHARACTERS = 6
"""Shorter call ids (`0`, `1`) repeat from turn to turn, so they name nothing; such calls get an id of ours."""


class Reader(Protocol):
    """Reads the answers of one protocol. One object an answer."""

    def frame(self, frame: Frame) -> Iterator[ModelEvent]:
        """The events that one message of a stream means. Raises ModelError when the message is an error."""
        ...

    def whole(self, body: JSON) -> Iterator[ModelEvent]:
        """The events of an answer that came in one piece, without the final `Finished`."""
        ...

    def complete(self) -> bool:
        """Whether the answer has said all it must say: nothing after this matters."""
        ...

    def finish(self) -> Iterator[ModelEvent]:
        """The closing events, at the proper end of the body. Raises ModelError `incomplete_stream` when it ended early."""
        ...


class _Call:
    def __init__(self, index: int) -> None:
        self.index = index
        self.id = ""
        self.name = ""
        self.pieces: list[str] = []
        self.opaque: JSON = None
        self.done = False
        self.free = False


class Answer:
    """Calls, finish, usage and refusal of one answer, with the rules that all protocols share.

    A tool call's arguments are the text that the model wrote. No text at all means no arguments (`{}`), except where the
    answer was cut by its length limit: there nothing was said yet, and the text stays empty so that nobody runs it.
    """

    def __init__(self, maker: str) -> None:
        self.maker = maker
        """Who made the opaque parts: the full model name. They go back to this one only."""
        self.finish = ""
        self.usage: Usage | None = None
        self._refusal: list[str] = []
        self._calls: dict[object, _Call] = {}
        self._void = 0

    @property
    def refusal(self) -> str:
        """What was said in place of an answer."""
        return "".join(self._refusal)

    def refuse(self, piece: str) -> None:
        """More words of a refusal."""
        self._refusal.append(piece)

    @property
    def has_calls(self) -> bool:
        """Whether a call has begun."""
        return bool(self._calls)

    def text(self, piece: str) -> Iterator[ModelEvent]:
        """More words."""
        if piece:
            yield TextDelta(piece)

    def thought(self, piece: str) -> Iterator[ModelEvent]:
        """More reasoning."""
        if piece:
            yield ReasoningDelta(piece)

    def thought_done(self, words: str, opaque: JSON = None) -> Iterator[ModelEvent]:
        """A reasoning block, or another opaque block that must be kept in its place, is complete."""
        if words or opaque is not None:
            yield ReasoningDone(ReasoningPart(words, self.maker, opaque))

    def server_tool(self, name: str, detail: JSON) -> Iterator[ModelEvent]:
        """The provider used a tool of its own."""
        yield ServerToolUse(name, detail)

    def call(
        self, key: object, *, id: str = "", name: str = "", arguments: str = "", opaque: JSON = None, free: bool = False
    ) -> Iterator[ModelEvent]:
        """A piece of the call that the protocol knows as `key`; the first piece begins it. `free`: its arguments are any
        text and no JSON by the protocol's own rules (OpenAI's custom tools), so that they can't be malformed."""
        call = self._calls.get(key)
        if call is None:
            call = self._calls[key] = _Call(self._void + len(self._calls))
        call.id = call.id or id
        call.free = call.free or free
        shown = "" if call.name else name
        call.name = call.name or name
        call.opaque = opaque if opaque is not None else call.opaque
        if arguments:
            call.pieces.append(arguments)
        if shown or arguments:
            yield CallDelta(call.index, shown, arguments)

    def whole_arguments(self, key: object, arguments: str) -> Iterator[ModelEvent]:
        """All arguments of an open call at once: the pieces so far were a part of them, or there were none."""
        call = self._calls[key]
        so_far = "".join(call.pieces)
        if arguments and arguments != so_far:
            call.pieces = [arguments]
            yield CallDelta(call.index, "", arguments.removeprefix(so_far))

    def begin_anew(self) -> None:
        """The provider began its message a second time: the calls of the first are void. Words that were said stay said."""
        self._void += len(self._calls)
        self._calls.clear()

    def call_id(self, key: object) -> str:
        """The id under which `key` is known so far."""
        call = self._calls.get(key)
        return call.id if call else ""

    def call_open(self, key: object) -> bool:
        """Whether `key` has begun and is not complete."""
        return key in self._calls and not self._calls[key].done

    def close_calls(self) -> Iterator[ModelEvent]:
        """Every call is complete. Only now it is known whether the length limit cut the last one."""
        for call in self._calls.values():
            if call.done or not call.name:
                continue
            call.done = True
            arguments = "".join(call.pieces)
            if call.free:
                pass
            elif arguments.strip() == "null" or (not arguments.strip() and self.finish != "length"):
                arguments = "{}"  # Llama at Groq writes `null` for tools that take nothing
            id = call.id if len(call.id) >= MIN_ID_CHARACTERS else f"call_{os.urandom(12).hex()}"
            call.pieces = [arguments]
            yield CallDone(CallPart(ToolCall(id, call.name, arguments), self.maker, call.opaque))

    def end(self) -> Iterator[ModelEvent]:
        """Close what is open and say how it ended. Raises ModelError when the provider never said that it ended."""
        yield from self.close_calls()
        named = [call for call in self._calls.values() if call.name]
        finish = self.finish
        if not finish:
            raise cut()
        if named and finish in ("stop", "other"):
            finish = "tool_calls"
        if not named and finish == "tool_calls":
            finish = "stop"
        if finish == "tool_calls" and not all(call.free or _is_object(call.pieces[0]) for call in named):
            finish = "malformed_tool_call"
        yield Finished(finish, self.usage, self.refusal)


def _is_object(arguments: str) -> bool:
    try:
        return isinstance(decode(arguments.encode("utf-8", "replace")), dict)
    except ValueError:
        return False
