"""Cause and effect around one entry, linked through the task and the call's id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from assistant.audit.entry import Entry
from assistant.audit.page import dicts
from assistant.errors import UsageError
from assistant.types import Data

if TYPE_CHECKING:
    from assistant.audit.views import Views

_OF_CALL = ("intent", "decision", "approval", "call.edited", "outcome", "call.rejected", "replayed")


_ROLES = {
    "message": "prompt",
    "delegated": "prompt",
    "model.call": "model",
    "model.result": "model",
    "model.failed": "model",
    "intent": "action",
    "decision": "decision",
    "approval": "answer",
    "call.edited": "answer",
    "outcome": "outcome",
    "call.rejected": "outcome",
    "replayed": "outcome",
    "stage.apply": "applied",
    "stage.drop": "applied",
    "stage.undo": "applied",
    "stage.edit": "applied",
    "turn.finished": "end",
}


def role_in(entry: Entry) -> str:
    """Which part an entry has in a chain: prompt, model, action, decision, answer, outcome, applied, end; else empty."""
    return _ROLES.get(entry.kind, "")


class Chain(Data, frozen=True):
    """What led to what. `prompt` is None when the person said nothing (a setting, a start); `calls` holds the entries of
    one call, or of every call of the turn when the entry asked for is none of them."""

    at: Entry
    prompt: Entry | None = None
    model_calls: tuple[Entry, ...] = ()
    """The model's calls and answers of the turn up to the call, or of the whole turn."""
    calls: tuple[Entry, ...] = ()
    """intent, decision, approval, outcome, in the order they were written; `call.edited` where the person changed it."""
    applied: tuple[Entry, ...] = ()
    """What moved its changes to the real folder, dropped or undid them."""
    end: Entry | None = None

    def entries(self) -> list[Entry]:
        """All of it in order."""
        parts = [self.prompt, *self.model_calls, *self.calls, *self.applied, self.end, self.at]
        return sorted({e.seq: e for e in parts if e is not None}.values(), key=lambda e: e.seq)


def chain_of(views: Views, seq: int) -> Chain:
    """The chain around entry `seq`. Raises UsageError when there is no such entry."""
    at = views.log.entry(seq)
    if at is None:
        raise UsageError(f"the log has no entry `{seq}`")
    if not at.task:
        return Chain(at)
    turn = _turn_around(views, at)
    call = at.body.get("call") if at.kind in _OF_CALL else None
    calls = [e for e in turn if e.kind in _OF_CALL and (call is None or e.body.get("call") == call)]
    first_call = calls[0].seq if call is not None and calls else turn[-1].seq + 1
    models = [e for e in turn if e.kind in ("model.call", "model.result", "model.failed") and e.seq < first_call]
    if call is not None:
        models = models[-2:]
    return Chain(
        at,
        next((e for e in turn if begins_turn(e)), None),
        tuple(models),
        tuple(calls),
        tuple(_applied(turn, calls if call is not None else None)),
        next((e for e in turn if e.kind == "turn.finished"), None),
    )


def begins_turn(entry: Entry) -> bool:
    """Whether a turn begins with it: a person, or the task that started this one, says something."""
    return entry.kind == "delegated" or (entry.kind == "message" and entry.body.get("role") == "user")


def _turn_around(views: Views, at: Entry) -> list[Entry]:
    """The entries of the turn that `at` belongs to, and what was applied before the next one began."""
    before: list[Entry] = []
    for entry in views.task_entries_back(at.task, at.seq + 1):
        before.append(entry)
        if begins_turn(entry):
            break
    after: list[Entry] = []
    for entry in views.task_entries(at.task, after_seq=at.seq):
        if begins_turn(entry):
            break
        after.append(entry)
    return [*reversed(before), *after] or [at]


def _applied(turn: list[Entry], calls: list[Entry] | None) -> list[Entry]:
    """What applied, dropped or undid the changes of `calls`, and who said yes to that."""
    found = [e for e in turn if e.kind in ("stage.apply", "stage.drop", "stage.undo")]
    if calls is not None:
        names = {e.body.get("call") for e in calls}
        paths = _paths(calls)
        found = [e for e in found if e.body.get("call") in names or paths & _paths([e])]
    asked = {e.body["call"] for e in found if e.body.get("call")}
    return [e for e in turn if e in found or (e.kind in _OF_CALL and e.body.get("call") in asked)]


def _paths(entries: Sequence[Entry]) -> set[str]:
    return {str(change.get("path")) for e in entries for change in dicts(e.body.get("changes"))}
