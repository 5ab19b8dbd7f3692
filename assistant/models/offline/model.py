"""The built-in model as the loop sees it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import date, datetime

from assistant.types import (
    CallDelta,
    CallDone,
    CallPart,
    Finished,
    ModelEvent,
    ModelInfo,
    ModelRequest,
    TextDelta,
    ToolCall,
    Usage,
)

MOST_CALLS = 60
"""Calls for one request: beyond it the model stops by itself."""
WARM_UP_S = 1.0
"""Compiling takes 0.15 s of one core; a person types for longer than this before asking."""
PIECE = 48
"""Signs of one streamed piece, about what a provider sends."""

INFO = ModelInfo(
    id="builtin/offline",
    provider="builtin",
    local=True,
    context_tokens=None,
    input_uusd_per_mtok=0,
    output_uusd_per_mtok=0,
    cache_read_uusd_per_mtok=0,
    cache_write_uusd_per_mtok=0,
    calls_tools=True,
)


class OfflineModel:
    """A model of rules: deterministic, without weights, network or files of its own.

    What it knows of the task's folder it learns from tools, like any other model. The same request and the same
    conversation always give the same events. `today` is where it learns the date for questions about days.
    """

    def __init__(self, today: Callable[[], date] | None = None) -> None:
        self._today = today or (lambda: datetime.now().astimezone().date())

    @property
    def info(self) -> ModelInfo:
        """Its entry in the catalogue: free, local, calls tools."""
        return INFO

    async def stream(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        """Ask once: the words of an answer, or the next calls of the plan. Never raises ModelError."""
        import asyncio  # 18 ms at import time, and loaded by whoever runs this

        from assistant.models.offline.thought import think  # the grammar: 30 ms that no start-up should pay

        # In a thread: a long text is summarised or compared in some tens of milliseconds, too long for the screen's loop.
        thought = await asyncio.to_thread(think, request, self._today())
        limit = (request.max_output_tokens or 1 << 40) * 4
        words, cut = (thought.text[:limit], True) if len(thought.text) > limit else (thought.text, False)
        for piece in _pieces(words):
            yield TextDelta(piece)
            await asyncio.sleep(0)
        taken = {p.call.id for m in request.messages for p in m.parts if isinstance(p, CallPart)}
        size = len(words)
        for index, call in enumerate(thought.calls):
            arguments = call.arguments
            size += len(call.tool) + len(arguments)
            made = ToolCall(_id(call.tool, arguments, taken), call.tool, arguments)
            yield CallDelta(index, call.tool, arguments)
            yield CallDone(CallPart(made, provider=INFO.provider))
        usage = Usage(input=_tokens(request), output=(size + 3) // 4, estimated=True)
        yield Finished("length" if cut else "tool_calls" if thought.calls else "stop", usage)

    def warm_up(self) -> None:
        """Load and compile the grammar a second from now: at once would hold up the first frame, which is drawn meanwhile."""
        import threading

        timer = threading.Timer(WARM_UP_S, _load)
        timer.daemon = True
        timer.start()

    async def aclose(self) -> None:
        """Nothing to give back."""


def _load() -> None:
    from assistant.models.offline.grammar.reference import Memory
    from assistant.models.offline.grammar.understand import understand

    # A request that no rule fits compiles every pattern.
    understand("qqq", Memory(date.min))


def _pieces(text: str) -> Iterator[str]:
    at = 0
    while at < len(text):
        end = at + PIECE
        # A piece ends after a space where there is one, so that words arrive whole.
        cut = max(text.rfind(" ", at, end), text.rfind("\n", at, end)) + 1 if end < len(text) else 0
        end = cut if cut > at else end
        yield text[at:end]
        at = end


def _id(tool: str, arguments: str, taken: set[str]) -> str:
    """A name for a call that no other call of the conversation has, and that is the same each time."""
    import hashlib

    name = ""
    for count in range(len(taken) + 1):
        digest = hashlib.sha256("\0".join((str(count), tool, arguments)).encode("utf-8", "surrogatepass")).hexdigest()
        name = f"call_{digest[:16]}"
        if name not in taken:
            break
    taken.add(name)
    return name


def _tokens(request: ModelRequest) -> int:
    # Four signs a token is what providers give as a rule of thumb; a model of rules has no tokens of its own.
    from assistant.types import ResultPart, TextPart

    size = 0
    for message in request.messages:
        for part in message.parts:
            if isinstance(part, TextPart):
                size += len(part.text)
            elif isinstance(part, CallPart):
                size += len(part.call.name) + len(part.call.arguments)
            elif isinstance(part, ResultPart):
                size += len(part.result.text)
    return (size + 3) // 4
