"""What ends a turn early. Each limit is one small class that sees the turn before every model call.

A limit knows nothing of models or tools, and the loop knows nothing of prices.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

from assistant.errors import BudgetSpent
from assistant.types import Data


class Pause(Data, frozen=True):
    """Why the turn ends here. reason: steps, budget, repeating."""

    reason: str
    message: str


class Limit(Protocol):
    """Asked before each model call of a turn."""

    def before_step(self, step: int) -> Pause | None:
        """None to go on. `step` counts from 1 within the turn."""
        ...

    def saw_call(self, name: str, arguments: str) -> None:
        """A call that the model made."""
        ...


class StepLimit:
    """At most `most` model calls a turn, then the person is asked to go on by saying so."""

    def __init__(self, most: int) -> None:
        self._most = most

    def before_step(self, step: int) -> Pause | None:
        """Ends the turn after the last allowed step."""
        if step > self._most:
            return Pause("steps", f"stopped after {self._most} model calls in one turn; say `go on` to continue")
        return None

    def saw_call(self, name: str, arguments: str) -> None:
        """Not counted: one step may hold several calls."""


class RepetitionLimit:
    """The same call, letter for letter, `most` times in a row is a loop that a person should see."""

    def __init__(self, most: int = 5) -> None:
        self._recent: deque[tuple[str, str]] = deque(maxlen=most)

    def before_step(self, step: int) -> Pause | None:
        """Ends the turn when the last calls were all the same."""
        if len(self._recent) == self._recent.maxlen and len(set(self._recent)) == 1:
            return Pause("repeating", f"stopped: the model made the same `{self._recent[0][0]}` call again and again")
        return None

    def saw_call(self, name: str, arguments: str) -> None:
        """Remember it."""
        self._recent.append((name, arguments))


class BudgetLimit:
    """Ends the turn when a budget is used up. `require` raises BudgetSpent then."""

    def __init__(self, require: Callable[[], None]) -> None:
        self._require = require

    def before_step(self, step: int) -> Pause | None:
        """Asks what was spent by now."""
        try:
            self._require()
        except BudgetSpent as error:
            return Pause("budget", str(error))
        return None

    def saw_call(self, name: str, arguments: str) -> None:
        """Calls cost nothing by themselves."""
