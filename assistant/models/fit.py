"""Fitting a conversation into a model's window: when to compact, where to cut, and what stands in place of what was cut.

Pure. The loop asks `cut_point` before each call; when it names one, it has the older part summarised (`summary_request`, or
`plain_summary` when no model may be asked) and goes on with `compacted`. What must never depend on a summary's wording
(grants, boundaries, open questions, staged changes) is given as `pinned` lines by whoever owns it, and the label of the
summary is the label of everything it replaces: a secret does not become public by being summarised.
"""

from __future__ import annotations

from collections.abc import Sequence

from assistant.types import (
    CallPart,
    ImagePart,
    Integrity,
    Label,
    Message,
    ModelRequest,
    Part,
    ReasoningPart,
    ResultPart,
    TextPart,
)
from assistant.visible import one_line

COMPACT_AT = 0.85
"""Share of the window that may be full before older messages are summarised."""

COMPACT_TO = 0.45
"""Share that is left after it. Far below, so that the prompt's prefix changes rarely and caches are hit in between."""

BYTES_PER_TOKEN = 3.6
"""Below the usual 4, so that an estimate errs on the safe side; Chinese text has about 3 bytes a token."""

IMAGE_TOKENS = 1600
"""What the large providers count at most for one picture."""

MESSAGE_TOKENS = 6
"""Framing of one message."""

_ASK = (
    "Summarise the conversation above for yourself, to go on without it. Keep: what the person wants and has decided, in "
    "their words; what was done, with file names and results; what failed; what is open. Leave out greetings and file "
    "contents that can be read again. At most 500 words, no headings."
)


def estimate_tokens(message: Message) -> int:
    """Tokens of one message, rather too many than too few."""
    size, images = 0, 0
    for part in message.parts:
        match part:
            case TextPart(text):
                size += len(text.encode(errors="replace"))
            case ResultPart(result):
                size += len(result.text.encode(errors="replace")) + len(result.code)
            case CallPart(call):
                size += len(call.name) + len(call.arguments.encode(errors="replace")) + 20
            case ReasoningPart(text):
                size += len(text.encode(errors="replace")) + (len(str(part.opaque)) if part.opaque else 0)
            case ImagePart():
                images += 1
    return MESSAGE_TOKENS + int(size / BYTES_PER_TOKEN) + images * IMAGE_TOKENS


def cut_point(
    messages: Sequence[Message],
    window_tokens: int | None,
    *,
    fixed_tokens: int = 1300,
    reserve_tokens: int = 8000,
    scale: float = 1.0,
) -> int | None:
    """The index of the first message to keep, or None when everything fits or nothing can be cut.

    `messages` without the system message; `fixed_tokens` are system message and tool schemas; `reserve_tokens` is room for
    the answer (at most a quarter of the window is reserved); `scale` corrects the estimate by what the provider counted last
    (its tokens divided by ours). A window that is not known (None) never cuts: the provider's
    `context_length` error does, by a call with the window it names or half of what was sent.

    Cuts only where a turn begins, or within the last turn between a finished round of calls and the next answer, so that no
    call is parted from its result.
    """
    if window_tokens is None:
        return None
    sizes = [estimate_tokens(message) * scale for message in messages]
    room = window_tokens - min(reserve_tokens, window_tokens // 4) - fixed_tokens
    if sum(sizes) <= room * COMPACT_AT:
        return None
    kept, turn_start, round_start = 0.0, None, None
    for index in range(len(messages) - 1, 0, -1):
        kept += sizes[index]
        too_much = kept > room * COMPACT_TO
        if too_much and (turn_start or round_start):
            break
        if messages[index].role == "user":
            turn_start = index
        elif messages[index].role == "assistant" and messages[index - 1].role == "tool":
            round_start = index
        if too_much and (turn_start or round_start):
            break
    return turn_start or round_start


def summary_request(messages: Sequence[Message], cut: int) -> ModelRequest:
    """The call that asks a model for the summary of `messages[:cut]`. No tools: it can only answer in words."""
    ask = Message("user", (TextPart(_ASK),), Label(Integrity.TRUSTED))
    return ModelRequest((*messages[:cut], ask), max_output_tokens=1500, timeout_s=120)


def plain_summary(messages: Sequence[Message], cut: int, limit: int = 4000) -> str:
    """A summary without a model: the person's words and the calls made, oldest dropped first when it grows too long."""
    lines: list[str] = []
    for message in messages[:cut]:
        if message.role == "user" and message.text.strip():
            lines.append(f"Person: {one_line(message.text, 400)}")
        for part in message.parts:
            if isinstance(part, CallPart):
                lines.append(f"Called {part.call.name} {one_line(part.call.arguments, 160)}")
            elif isinstance(part, ResultPart) and not part.result.ok:
                lines.append(f"  it failed: {part.result.code} {one_line(part.result.text, 120)}")
    while lines and sum(len(line) + 1 for line in lines) > limit:
        lines.pop(0)
    return "\n".join(lines)


def compacted(messages: Sequence[Message], cut: int, summary: str, pinned: Sequence[str] = ()) -> tuple[Message, ...]:
    """The conversation with `messages[:cut]` replaced by one message.

    It is a user message, since every API accepts one at the beginning, and it carries the joined label of all it replaces,
    never less: if any of that was untrusted, so is the summary.
    """
    label = messages[0].label
    for message in messages[1:cut]:
        label = label.join(message.label)
    text = "Earlier in this conversation, summarised:\n" + summary.strip()
    if pinned:
        text += "\n\nStill in force:\n" + "\n".join(f"- {line}" for line in pinned)
    parts: list[Part] = [TextPart(text)]
    rest = messages[cut:]
    if rest and rest[0].role != "user":  # cut within a turn: what the person asked for in it stays word for word
        prompt = next((m for m in reversed(messages[:cut]) if m.role == "user"), None)
        parts += [TextPart("\n\nThe person's last message:\n"), *prompt.parts] if prompt else []
    return (Message("user", tuple(parts), label), *rest)
