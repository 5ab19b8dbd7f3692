"""What a helper (a child task) is doing, grown from its events. Knows no screen. Bounded, however long the helper works."""

from __future__ import annotations

from collections import deque

import msgspec

from assistant.agent import events
from assistant.types import Decision

STEPS = 200
"""Steps of one helper that are kept for the screen; the log has all of them."""
WORDS_CHARS = 4_000
"""The end of what it says that is kept."""


class HelperStep(msgspec.Struct, eq=False):
    """One thing a helper did. status as of a card (running, asking, done, failed, refused, stopped), or `note`."""

    key: str
    title: str
    status: str = "running"
    depth: int = 0
    """How many helpers it is below the one that the card is of."""
    duration_ms: int = 0


class Helper(msgspec.Struct, eq=False):
    """One helper and all below it."""

    task: str
    steps: deque[HelperStep] = msgspec.field(default_factory=lambda: deque(maxlen=STEPS))
    words: str = ""
    ended: str = ""
    """How its turn ended; empty while it runs."""
    dropped: int = 0
    """Steps that are no longer kept."""

    @property
    def running(self) -> bool:
        """Whether it still works."""
        return not self.ended

    @property
    def doing(self) -> HelperStep | None:
        """What runs or asks now."""
        return next((s for s in reversed(self.steps) if s.status in ("running", "asking")), None)

    def feed(self, event: events.Event, depth: int = 0) -> bool:
        """Take one of its events in; whether anything changed that is worth drawing."""
        match event:
            case events.ChildEvent(event=inner):
                return self.feed(inner, depth + 1)
            case events.TextDelta(text=text):
                if depth == 0:
                    self.words = (self.words + text)[-WORDS_CHARS:]
                return depth == 0
            case events.CallStarted(call_id=call, tool=tool, title=title):
                self._add(HelperStep(f"{depth} {call}", title or tool, depth=depth))
            case events.CallEdited(call_id=call, title=title):
                self._set(depth, call, title=title)
            case events.CallJudged(call_id=call, verdict=verdict):
                words = {Decision.ASK: "asking", Decision.DENY: "refused"}
                self._set(depth, call, status=words.get(verdict.decision, "running"))
            case events.CallApproved(call_id=call, approval=approval):
                self._set(depth, call, status="refused" if approval.answer == "no" else "running")
            case events.CallFinished(call_id=call, result=result, duration_ms=ms):
                refused = result.code in ("refused", "needs_person")
                failed = "stopped" if result.code == "stopped" else "refused" if refused else "failed"
                self._set(depth, call, status="done" if result.ok else failed, duration_ms=ms)
            case events.Notice(text=text):
                self._add(HelperStep("", text, "note", depth))
            case events.TurnFinished(reason=reason):
                for step in self.steps:
                    if step.depth >= depth and step.status in ("running", "asking"):
                        step.status = "stopped"
                if depth == 0:
                    self.ended = reason
            case _:
                return False
        return True

    def _add(self, step: HelperStep) -> None:
        self.dropped += len(self.steps) == STEPS
        self.steps.append(step)

    def _set(self, depth: int, call: str, **fields: object) -> None:
        key = f"{depth} {call}"
        step = next((s for s in reversed(self.steps) if s.key == key), None)
        if step is not None:
            for name, value in fields.items():
                setattr(step, name, value)
