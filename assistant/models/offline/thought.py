"""One step of thinking: from a conversation to words, or to the next calls."""

from __future__ import annotations

from datetime import date

from assistant.models.offline.conversation import Turn, memory, turns
from assistant.models.offline.grammar.reference import Memory
from assistant.models.offline.grammar.understand import Understood, understand
from assistant.models.offline.model import MOST_CALLS
from assistant.models.offline.phrases import Say
from assistant.models.offline.plans.sequence import carry_out
from assistant.models.offline.plans.steps import Aid, Call
from assistant.models.offline.replay import Ask, advance
from assistant.models.offline.wish import Intent, Wish
from assistant.types import Data, ModelRequest


class Thought(Data, frozen=True):
    """Words, or calls; never both, never neither."""

    text: str = ""
    calls: tuple[Call, ...] = ()


def think(request: ModelRequest, today: date) -> Thought:
    """What to say or do next. The same request gives the same thought."""
    said = turns(request.messages) or [Turn("")]
    now, earlier = said[-1], said[:-1]
    known = memory(earlier, today)
    understood = understand(now.request, known)
    aid = Aid(understood.language, frozenset(t.name for t in request.tools), today, known.answer)
    if understood.wishes[0].intent is Intent.CONTINUE:
        understood, earlier = _again(earlier, today, understood)
    if len(now.done) >= MOST_CALLS:
        return Thought(Say(aid.language)("too many", n=len(now.done)))
    step = advance(carry_out(understood.wishes, aid, earlier), now.done)
    if isinstance(step, Ask):
        return Thought(calls=step.calls[: MOST_CALLS - len(now.done)])
    return Thought(step.text.strip() or Say(aid.language)("unknown"))


def _again(earlier: list[Turn], today: date, understood: Understood) -> tuple[Understood, list[Turn]]:
    """`Go on` means the last request that was one: what is done already no longer fits its patterns."""
    for at in range(len(earlier) - 1, -1, -1):
        before: Memory = memory(earlier[:at], today)
        last = understand(earlier[at].request, before)
        if earlier[at].done and last.wishes[0].intent not in {Intent.CONTINUE, Intent.UNKNOWN}:
            return Understood(last.wishes, understood.language), earlier
    return Understood((Wish(Intent.CONTINUE),), understood.language), earlier
