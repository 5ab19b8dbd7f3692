"""A person's consent, bound to the digest of the Action that was shown, and how long it holds."""

from __future__ import annotations

from assistant.canonical import digest
from assistant.types import Action, Answer, Approval, Channel, Effect

TRUSTED_CHANNELS = frozenset({Channel.KEY, Channel.TERMINAL, Channel.ACP, Channel.COMMAND})
"""Where an answer may come from. Text of the conversation is no channel, and nobody's answer is a no."""

REPEATABLE = frozenset({Effect.READ, Effect.WRITE, Effect.EXECUTE, Effect.CONSULT})
"""Effects for which one yes holds for the very same action until the task ends: doing it again changes nothing that the
person did not agree to. Anything that leaves, deletes or is applied needs a yes each time."""


def flaw(action: Action, approval: Approval) -> str:
    """Why the approval does not allow this action, or empty when it does."""
    if approval.digest != digest(action):
        return "the consent was given to another action than the one that would run"
    if approval.channel not in TRUSTED_CHANNELS:
        return f"an answer over `{approval.channel}` is no consent"
    if approval.answer not in (Answer.ONCE, Answer.TASK, Answer.ALWAYS):
        return "the person said no"
    return ""


class Consents:
    """What was agreed to and refused in one task, by digest. An identical question is asked once."""

    def __init__(self) -> None:
        self._yes: dict[str, bool] = {}
        self._no: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._yes or self._no)

    def add(self, action: Action, approval: Approval) -> str:
        """Take in an answer; returns the flaw when it is not a yes for this action."""
        found = flaw(action, approval)
        name = digest(action)
        if not found:
            self._yes[name] = action.effect in REPEATABLE
            self._no.discard(name)
        elif approval.digest == name and approval.answer is Answer.NO:
            self._yes.pop(name, None)
            if approval.channel in TRUSTED_CHANNELS:
                self._no.add(name)
        return found

    def take(self, name: str) -> bool:
        """Whether a yes holds for the digest; a yes for a single use is used up by this."""
        repeatable = self._yes.get(name)
        if repeatable is False:
            del self._yes[name]
        return repeatable is not None

    def holds(self, name: str) -> bool:
        """Whether a yes holds, without using it."""
        return name in self._yes

    def refused(self, name: str) -> bool:
        """Whether the person said no to exactly this since they last spoke."""
        return name in self._no

    def person_spoke(self) -> None:
        """A new prompt may change the person's mind: earlier refusals are asked again."""
        self._no.clear()
