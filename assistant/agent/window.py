"""Keeps a conversation within the window of the model that is asked: the older part gives way to a summary.

The whole past stays in the log. A `compacted` entry says where it was cut and holds the message that took its place, so
that the log gives back exactly what the model saw.
"""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from assistant.agent.events import Event, Notice
from assistant.agent.today import energy_body
from assistant.canonical import dumps
from assistant.gateway.consent import scope_words
from assistant.gateway.record import record
from assistant.models.compact import compact
from assistant.models.fit import BYTES_PER_TOKEN, cut_point, estimate_tokens
from assistant.types import JSON, Answer, Boundary, Change, Grant, Message, ToolSpec, Usage, plain
from assistant.visible import one_line

if TYPE_CHECKING:
    from assistant.agent.spending import Spending
    from assistant.audit.log import Log
    from assistant.errors import ModelError
    from assistant.models.protocol import Model

SURELY_FITS = 0.6
"""Share of the window below which `cut_point` never cuts, whatever it reserves: then nothing is measured message by message."""

_NAMED = re.compile(r"(?i)(?:maximum|limit|window|at most)\D{0,60}?(\d[\d,_]{2,9})")
"""How providers name their window in a `context_length` error: `maximum context length is 8192 tokens`."""


class Window:
    """Measures what is sent and shortens it. One for each session."""

    def __init__(self, log: Log, task: str, spending: Spending) -> None:
        self._log = log
        self._task = task
        self._spending = spending
        self._sum = 0
        self._counted = 0
        self._scale = 1.0

    def answered(
        self, history: Sequence[Message], fixed: Sequence[Message], tools: Sequence[ToolSpec], usage: Usage | None
    ) -> None:
        """Learn from what the provider counted how far the estimate is off. `history` as it was sent."""
        ours = self._total(history) + fixed_tokens(fixed, tools)
        if usage and not usage.estimated and usage.input > 200 and ours > 200:
            self._scale = min(3.0, max(0.3, usage.input / ours))

    async def fit(
        self,
        model: Model,
        history: list[Message],
        fixed: Sequence[Message],
        tools: Sequence[ToolSpec],
        pinned: Callable[[], Awaitable[list[str]]],
        emit: Callable[[Event], None],
        refused: ModelError | None = None,
    ) -> bool:
        """Shorten `history` in place when it does not fit, or when the model has just `refused` it as too long.

        `fixed` is what stands before the history in every request. Returns whether it was shortened. Whether the model may
        see the conversation is for the caller to have judged. Raises LogError.
        """
        window = model.info.context_tokens
        constant = fixed_tokens(fixed, tools)
        sent = self._total(history) * self._scale + constant
        if refused is not None:
            window = _named_window(refused, sent)
        if window is None or (refused is None and sent <= window * SURELY_FITS):
            return False
        cut = cut_point(history, window, fixed_tokens=constant, scale=self._scale)
        if cut is None:
            return False
        lines = [*await pinned(), *_open_question(history, cut)]
        await self._compact(model, history, cut, lines, emit)
        self._sum = self._counted = 0
        return True

    async def _compact(
        self, model: Model, history: list[Message], cut: int, pinned: list[str], emit: Callable[[Event], None]
    ) -> None:
        info = model.info
        await self._log.write("model.call", self._task, {"model": info.id, "step": 0, "purpose": "summary"})
        started = time.monotonic()
        done = await compact(model, history, cut, pinned)
        seconds = time.monotonic() - started
        charge = await self._spending.call(info, done.usage, seconds)
        result: dict[str, JSON] = {
            "model": info.id,
            "purpose": "summary",
            "finish": "stop" if not done.problem else "other",
            "usage": dict(plain(done.usage)) if done.usage else None,
            "cost_uusd": charge.cost_uusd,
            "duration_ms": int(seconds * 1000),
        }
        message = done.messages[0]
        entry: dict[str, JSON] = {"cut": cut, "kept": len(history) - cut, "by_model": not done.problem}
        blobs = {"message": dumps(message)} | ({"problem": done.problem.encode()} if done.problem else {})
        await record(
            self._log,
            self._task,
            [("model.result", result | energy_body(charge.energy), {}), ("compacted", entry, blobs)],
        )
        history[:] = done.messages
        why = f"; without the model's own summary: {one_line(done.problem, 200)}" if done.problem else ""
        emit(
            Notice(
                "info",
                f"{cut} earlier messages were summarised, since the conversation no longer fits {info.id}{why}",
                "nothing is lost: the log has every word",
            )
        )
        for notice in charge.notices:
            emit(notice)

    def _total(self, history: Sequence[Message]) -> int:
        """Estimated tokens; each message is measured once."""
        if len(history) < self._counted:
            self._sum = self._counted = 0
        for message in history[self._counted :]:
            self._sum += estimate_tokens(message)
        self._counted = len(history)
        return self._sum


def still_in_force(
    boundaries: Sequence[Boundary],
    grants: Sequence[Grant],
    refused: Sequence[tuple[str, str]],
    changes: Sequence[Change],
) -> list[str]:
    """What must not depend on a summary's wording, a line each."""
    lines = [f"the person forbids: {one_line(b.words, 200)}" for b in boundaries]
    lines += [f"allowed: {scope_words([g], Answer.TASK)}" for g in grants]
    lines += [f"refused ({code}): {title}" for title, code in refused[-10:]]
    names = [one_line(c.path, 120) for c in changes]
    if names:
        more = f" and {len(names) - 20} more" if len(names) > 20 else ""
        lines.append(f"staged changes wait for review: {', '.join(names[:20])}{more}")
    return lines


def fixed_tokens(fixed: Sequence[Message], tools: Sequence[ToolSpec]) -> int:
    """Estimated tokens of what stands before the conversation in every request: first messages and tool schemas."""
    schemas = sum(len(t.name) + len(t.summary) + len(dumps(dict(t.parameters))) + 40 for t in tools)
    return sum(estimate_tokens(m) for m in fixed) + int(schemas / BYTES_PER_TOKEN)


def _named_window(error: ModelError, sent: float) -> int:
    """The window that the provider names, or half of what was sent."""
    found = _NAMED.search(error.message)
    named = int(re.sub(r"\D", "", found[1])) if found else 0
    half = int(sent / 2)
    return named if half < named < sent else half


def _open_question(history: Sequence[Message], cut: int) -> list[str]:
    """A question of the model's that the first message which is kept answers."""
    before = history[cut - 1] if cut else None
    if before is None or before.role != "assistant" or history[cut].role != "user":
        return []
    last = before.text.rstrip().rsplit("\n", 1)[-1]
    return [f"you had asked the person: {one_line(last, 300)}"] if last.endswith(("?", "？")) else []
