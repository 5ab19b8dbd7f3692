"""Planted checks: now and then a question that should be refused, to see whether the person still reads. Off by default.

A planted action belongs to a tool that does not exist and a reserved domain (RFC 2606), and is never run, whatever the answer.
"""

from __future__ import annotations

from assistant.types import Action, Answer, Approval, Argument, Effect, Kind, Resource, Role

TOOL = "planted_check"
"""What a planted action's card says. A tool of this name would not be mixed up with it: a check never meets the door."""


class PlantedChecks:
    """Decides when a check is due and counts the answers."""

    def __init__(self, *, enabled: bool = False, every: int = 20) -> None:
        self.enabled = enabled
        self.every = max(2, every)
        self.noticed = 0
        self.missed = 0

    def due(self, draw: float) -> bool:
        """Whether to plant a check beside the next question. `draw` is a fresh random number in [0, 1), from the caller."""
        return self.enabled and draw < 1 / self.every

    def action(self, folder: str) -> Action:
        """The question: to send something to an address that nobody named."""
        arguments = (
            Argument("to", ["planted-check@example.invalid"], Role.DEST, Kind.ADDRESS),
            Argument("body", "A check whether questions are still read. Please refuse.", Role.PAYLOAD),
        )
        return Action(TOOL, Effect.SEND, Resource("account", "planted-check@example.invalid"), arguments, folder)

    def answered(self, approval: Approval) -> bool:
        """Count an answer; whether the person noticed."""
        noticed = approval.answer is Answer.NO
        self.noticed += noticed
        self.missed += not noticed
        return noticed
