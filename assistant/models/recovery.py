"""What to do after a failed model call: try again, go on with another model, or stop. Pure; the loop does it.

The same request is sent again only where nothing of the answer was delivered: words that were shown, or calls that may
already run, are not asked for twice.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import TypeAlias

from assistant.errors import ModelError
from assistant.models.failures import RETRYABLE, SWAPPABLE, Explanation, explain
from assistant.types import Data


class RetryPolicy(Data, frozen=True):
    """How often and how long. Full jitter (each wait is uniform between zero and the step) keeps many clients apart."""

    attempts: int = 4
    """Requests in all to one model."""
    first_s: float = 1.0
    """The step before the second request; it doubles each time."""
    longest_s: float = 20.0
    patience_s: float = 60.0
    """A provider that asks for more than this is not waited for."""


class Again(Data, frozen=True, tag="again"):
    """Send the same request again after `wait_s`."""

    wait_s: float
    explanation: Explanation


class Swap(Data, frozen=True, tag="swap"):
    """Send the request to `model` instead, from now on."""

    model: str
    explanation: Explanation


class GiveUp(Data, frozen=True, tag="give_up"):
    """Stop the turn, keep what came."""

    explanation: Explanation


NextStep: TypeAlias = Again | Swap | GiveUp


class Recovery:
    """Decides for one turn. Holds how often each model was tried.

    `fallback` is the person's list, in order; `usable` says whether a model can be asked now (a key is there); `window`
    gives a model's context in tokens, or None when unknown.
    """

    def __init__(
        self,
        model: str,
        fallback: Sequence[str] = (),
        *,
        usable: Callable[[str], bool] = lambda _: True,
        window: Callable[[str], int | None] = lambda _: None,
        policy: RetryPolicy | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._model = model
        self._rest = [name for name in dict.fromkeys(fallback) if name != model]
        self._usable = usable
        self._window = window
        self._policy = policy or RetryPolicy()
        self._jitter = jitter
        self._failures = 0

    def succeeded(self) -> None:
        """The model answered: the next failure starts counting anew."""
        self._failures = 0

    def after(self, error: ModelError, *, delivered: bool) -> NextStep:
        """What to do about `error`. `delivered`: whether any event of this answer was passed on."""
        explanation = explain(error, self._model)
        if delivered:
            return GiveUp(explanation)
        self._failures += 1
        wait = self._wait(error)
        if wait is not None:
            return Again(wait, explanation)
        if error.kind in SWAPPABLE and (model := self._next_model(error)):
            self._model, self._failures = model, 0
            return Swap(model, explanation)
        return GiveUp(explanation)

    def _wait(self, error: ModelError) -> float | None:
        policy = self._policy
        if error.kind not in RETRYABLE or self._failures >= policy.attempts:
            return None
        if error.retry_after_s is not None:
            if error.retry_after_s > policy.patience_s:
                return None
            return error.retry_after_s + self._jitter() * 0.25  # never earlier than asked
        step = min(policy.longest_s, policy.first_s * 2 ** (self._failures - 1))
        return self._jitter() * step

    def _next_model(self, error: ModelError) -> str | None:
        before = self._window(self._model)
        while self._rest:
            name = self._rest.pop(0)
            window = self._window(name)
            too_small = error.kind == "context_length" and before and window and window <= before
            if self._usable(name) and not too_small:
                return name
        return None
