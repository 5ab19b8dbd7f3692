"""Makes any history fit any API family: pure functions from neutral messages to neutral messages.

A history may have been written with several models, was perhaps interrupted in the middle of a call, and holds what the
next provider refuses. After `fit`, every message has content, every assistant message with calls is followed by one tool
message with exactly one result a call in the order of the calls, ids and names have the family's form, and parts that
are not for this model are gone. The protocol files only spell it out.

The work is done message by message from the front and depends on nothing behind it but the results of open calls, so
a longer history gives an extension of what the shorter one gave, and prompt caches hold.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from assistant.models.worker.shape import decode, encode
from assistant.types import (
    CallPart,
    ImagePart,
    Message,
    Part,
    ReasoningPart,
    ResultPart,
    TextPart,
    ToolCall,
    ToolResult,
)

NO_OUTPUT = "(no output)"
INTERRUPTED = "(interrupted: no result is known, the call may have had effects)"
NO_IMAGE = "(a picture that this model can't see)"
GO_ON = "Continue."
EARLIER = "(the conversation goes on)"
SEEN = "(seen)"


@dataclass(frozen=True)
class Rules:
    """What one API family accepts. Sources are named where the protocol files set them."""

    call_id: str = r"[A-Za-z0-9_-]{1,64}"
    call_id_length: int = 40
    """Length of the ids made for those that don't fit."""
    tool_name: str = r"[A-Za-z0-9_-]{1,64}"
    system_inside: bool = False
    """Whether a system message may stand in the middle; else it becomes a marked user message."""
    user_after_tool: bool = True
    """Whether a user message may follow a tool message directly."""
    foreign_opaque: bool = False
    """Kept for the protocol file to judge: opaque parts of other makers are passed through."""
    images: bool = True


@dataclass(frozen=True)
class Fitted:
    """A history that fits."""

    system: str
    messages: tuple[Message, ...]


def fit(messages: Sequence[Message], maker: str, rules: Rules) -> Fitted:
    """The history as the family accepts it. `maker` is the full name of the model that is asked (see Answer.maker)."""
    system, rest = _split_system(messages)
    paired = _pair(rest, rules)
    parts = [_clean(message, maker, rules) for message in paired]
    merged = _merge(message for message in parts if message.parts)
    return Fitted(system, tuple(_frame(merged, rules)))


def safe_name(name: str, pattern: str) -> str:
    """`name` if it has the family's form, else the nearest name that has, made unique by a hash of the original."""
    if re.fullmatch(pattern, name):
        return name
    plain = re.sub(r"[^A-Za-z0-9_]", "_", name).lstrip("0123456789_") or "tool"
    return f"{plain[:55]}_{hashlib.sha256(name.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"


def _split_system(messages: Sequence[Message]) -> tuple[str, list[Message]]:
    words: list[str] = []
    at = 0
    while at < len(messages) and messages[at].role == "system":
        words.append(messages[at].text)
        at += 1
    return "\n\n".join(word for word in words if word.strip()), list(messages[at:])


def _pair(messages: Sequence[Message], rules: Rules) -> list[Message]:
    """Give every call its result right behind it, and turn results without a call into words."""
    ids = _Ids(rules)
    taken: set[int] = set()
    out: list[Message] = []
    for at, message in enumerate(messages):
        calls = [part for part in message.parts if isinstance(part, CallPart)] if message.role == "assistant" else []
        if message.role == "tool" or any(isinstance(part, ResultPart) for part in message.parts):
            out.append(_orphans(message, taken))
            continue
        if not calls:
            out.append(message)
            continue
        names = [ids.next(part.call.id) for part in calls]
        found = _results_for(messages, at, [part.call.id for part in calls], taken)
        renamed = iter(names)
        parts = [_renamed(part, next(renamed)) if isinstance(part, CallPart) else part for part in message.parts]
        out.append(msgspec.structs.replace(message, parts=tuple(parts)))
        results = (_result(result, id) for result, id in zip(found, names, strict=True))
        out.append(Message("tool", tuple(ResultPart(result) for result in results)))
    return out


def _renamed(part: CallPart, id: str) -> CallPart:
    return msgspec.structs.replace(part, call=msgspec.structs.replace(part.call, id=id))


def _results_for(messages: Sequence[Message], at: int, ids: Sequence[str], taken: set[int]) -> list[ToolResult | None]:
    """The results of the calls of message `at`, looked for up to the next message that uses the same id again."""
    found: list[ToolResult | None] = [None] * len(ids)
    for later in messages[at + 1 :]:
        if later.role == "assistant" and any(isinstance(p, CallPart) and p.call.id in ids for p in later.parts):
            break
        for part in later.parts:
            if not isinstance(part, ResultPart) or id(part) in taken:
                continue
            for place, wanted in enumerate(ids):
                if found[place] is None and part.result.call_id == wanted:
                    found[place] = part.result
                    taken.add(id(part))
                    break
        if None not in found:
            break
    return found


def _result(result: ToolResult | None, id: str) -> ToolResult:
    if result is None:
        return ToolResult(id, ok=False, text=INTERRUPTED, code="may_have_happened")
    return msgspec.structs.replace(result, call_id=id, text=result.text if result.text.strip() else NO_OUTPUT)


def _orphans(message: Message, taken: set[int]) -> Message:
    """What of a tool message belongs to no call, as words of the user's side."""
    parts: list[Part] = []
    for part in message.parts:
        if isinstance(part, ResultPart):
            if id(part) not in taken:
                parts.append(TextPart(f"(result of an earlier tool call)\n{part.result.text}"))
        elif isinstance(part, (TextPart, ImagePart)):
            parts.append(part)
    return Message("user", tuple(parts))


class _Ids:
    """Call ids in the family's form, each used once. The same history always gives the same ids."""

    def __init__(self, rules: Rules) -> None:
        self._pattern = re.compile(rules.call_id)
        self._length = rules.call_id_length
        self._used: set[str] = set()

    def next(self, id: str) -> str:
        """The id to send for a call that is known as `id`."""
        candidate, turn = id, 0
        while not self._pattern.fullmatch(candidate) or candidate in self._used:
            digest = hashlib.sha256(f"{id}\0{turn}".encode("utf-8", "surrogateescape")).hexdigest()
            candidate, turn = digest[: self._length], turn + 1
        self._used.add(candidate)
        return candidate


def _clean(message: Message, maker: str, rules: Rules) -> Message:
    parts: list[Part] = []
    for part in message.parts:
        if isinstance(part, TextPart):
            if part.text.strip():
                parts.append(part)
        elif isinstance(part, ImagePart):
            seen = rules.images and part.data_b64 and message.role == "user"
            parts.append(part if seen else TextPart(NO_IMAGE))
        elif isinstance(part, ReasoningPart):
            if part.provider == maker or rules.foreign_opaque:
                parts.append(part)
        elif isinstance(part, CallPart):
            parts.append(_clean_call(part, maker, rules))
        else:
            parts.append(part)
    role = message.role
    if role == "system" and not rules.system_inside:
        role = "user"
        parts = [TextPart(f"<system>\n{p.text}\n</system>") if isinstance(p, TextPart) else p for p in parts]
    if role == "assistant" and all(isinstance(part, ReasoningPart) for part in parts):
        parts = []  # thoughts without a word or a call are refused everywhere
    return Message(role, tuple(parts), message.label)


def _clean_call(part: CallPart, maker: str, rules: Rules) -> CallPart:
    call = part.call
    mine = part.provider == maker or rules.foreign_opaque
    return CallPart(
        ToolCall(call.id, safe_name(call.name, rules.tool_name), _object_text(call.arguments)),
        part.provider,
        part.opaque if mine else None,
    )


def _object_text(arguments: str) -> str:
    """Arguments that are a JSON object, since servers parse them; what a model wrote wrong is kept as a string inside."""
    if not arguments.strip():
        return "{}"
    try:
        if isinstance(decode(arguments.encode("utf-8", "replace")), dict):
            return arguments
    except ValueError:
        pass
    return encode({"invalid_arguments": arguments})


def _merge(messages: Iterable[Message]) -> list[Message]:
    """Join neighbours of the same role (templates of local models demand that roles alternate)."""
    out: list[Message] = []
    for message in messages:
        if out and out[-1].role == message.role and message.role in ("user", "assistant") and not _has_calls(out[-1]):
            out[-1] = Message(message.role, out[-1].parts + message.parts, out[-1].label)
        else:
            out.append(message)
    return out


def _has_calls(message: Message) -> bool:
    return any(isinstance(part, CallPart) for part in message.parts)


def _frame(messages: Sequence[Message], rules: Rules) -> Iterable[Message]:
    """Begin and end with the user's side, and keep tool and user messages apart where the family wants it."""
    before = ""
    for message in messages:
        if message.role == "assistant" and before in ("", "system"):
            yield Message("user", (TextPart(EARLIER),))
        if message.role == "user" and before == "tool" and not rules.user_after_tool:
            yield Message("assistant", (TextPart(SEEN),))
        yield message
        before = message.role
    if before not in ("user", "tool"):
        yield Message("user", (TextPart(GO_ON),))


def arguments_of(call: ToolCall) -> Mapping[str, object]:
    """The arguments of a fitted call as an object."""
    return decode(call.arguments.encode("utf-8", "replace"))


def joined(parts: Iterable[Part]) -> str:
    """The words among the parts, as one text with blank lines between what came apart."""
    return "\n\n".join(part.text for part in parts if isinstance(part, TextPart))
