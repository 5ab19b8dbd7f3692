"""A task as the log tells it: its settings as they stand, its conversation, what it used, what may have happened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from assistant.audit.apart import FOR, is_erased, told
from assistant.audit.entry import Entry
from assistant.audit.log import Log
from assistant.errors import LogDamaged
from assistant.types import Boundary, Data, Grant, Label, Message, Task, TextPart

ERASED = "[this content was erased]"


class Totals(Data, frozen=True):
    """What a task has used. `cost_uusd` counts known prices; `unpriced_calls` says how many calls had none."""

    input_tokens: int = 0
    output_tokens: int = 0
    calls: int = 0
    """Answers of models."""
    cost_uusd: int = 0
    unpriced_calls: int = 0
    energy_mwh: int = 0
    asks: int = 0
    """Times a person was asked."""


class TaskState(Data, frozen=True):
    """Everything that resuming a task needs besides its messages."""

    task: Task
    grants: tuple[Grant, ...] = ()
    """Of this task and for every task, not revoked. Ends by time or use are for the caller to judge: the log has no clock."""
    boundaries: tuple[Boundary, ...] = ()
    totals: Totals = Totals()
    turns: int = 0
    open_turn: bool = False
    """The last turn has no end: it runs now, or the program died in it."""


def task_of(log: Log, entries: Iterable[Entry]) -> Task | None:
    """The task that `task.opened` and `task.changed` entries tell of, in order; None without an opening.

    A title or folder that was erased is empty.
    """
    fields: dict[str, Any] | None = None
    for entry in entries:
        if entry.kind == "task.opened":
            known = {
                name: value for name, value in told(log, entry).items() if name in _TASK_FIELDS and value is not None
            }
            fields = {**known, "id": entry.task, "created_ms": entry.time_ms}
        elif entry.kind == "task.changed" and fields is not None and str(entry.body.get("what")) in _TASK_FIELDS:
            fields[str(entry.body["what"])] = told(log, entry).get("new")
    return _as_task(fields) if fields else None


def _as_task(fields: dict[str, Any]) -> Task:
    """Unknown or ill-formed values, as another version may have written, fall back to the defaults rather than hide the task."""
    good: dict[str, Any] = {"folder": "", "model": ""}
    for field in msgspec.structs.fields(Task):
        if field.name in fields:
            try:
                good[field.name] = msgspec.convert(fields[field.name], field.type, strict=True)
            except msgspec.ValidationError:
                continue
    return Task(**good)


_TASK_FIELDS = frozenset(field.name for field in msgspec.structs.fields(Task))


def state_of(log: Log, entries: Iterable[Entry], standing: Iterable[Entry]) -> TaskState | None:
    """The state that a task's entries tell of; `standing` are the entries about what holds for every task too.

    Raises LogDamaged when a boundary that holds can't be read.
    """
    adding = _Adding()
    about: list[Entry] = []
    for entry in entries:
        if entry.kind in ("task.opened", "task.changed"):
            about.append(entry)
        adding.add(entry)
    task = task_of(log, about)
    if task is None:
        return None
    grants, boundaries = standing_of(log, standing, task.id)
    return TaskState(task, grants, boundaries, adding.totals(), adding.turns + adding.open_turn, adding.open_turn)


class _Adding:
    """Adds up a task's entries."""

    def __init__(self) -> None:
        self.numbers = dict.fromkeys(("input", "output", "calls", "cost", "unpriced", "energy", "asks"), 0)
        self.turns = 0
        self.open_turn = False

    def add(self, entry: Entry) -> None:
        """Count one entry."""
        kind, body = entry.kind, entry.body
        if kind == "model.result":
            self._add_result(body)
        elif kind == "decision" and body.get("decision") == "ask":
            self.numbers["asks"] += 1
        elif kind == "turn.finished":
            self.turns += 1
            self.open_turn = False
        if kind in ("model.call", "intent") or (kind == "message" and body.get("role") == "user"):
            self.open_turn = True

    def _add_result(self, body: dict[str, Any]) -> None:
        usage: dict[str, Any] = body.get("usage") or {}
        cost = body.get("cost_uusd")
        self.numbers["calls"] += 1
        self.numbers["input"] += int(usage.get("input") or 0)
        self.numbers["output"] += int(usage.get("output") or 0)
        self.numbers["energy"] += int(body.get("energy_mwh") or 0)
        self.numbers["cost"] += cost if isinstance(cost, int) else 0
        self.numbers["unpriced"] += cost is None

    def totals(self) -> Totals:
        """The sums."""
        n = self.numbers
        return Totals(n["input"], n["output"], n["calls"], n["cost"], n["unpriced"], n["energy"], n["asks"])


def standing_of(log: Log, entries: Iterable[Entry], task: str) -> tuple[tuple[Grant, ...], tuple[Boundary, ...]]:
    """Grants and boundaries that hold for `task`, not taken back. An erased grant holds no more.

    Raises LogDamaged for a boundary that can't be read: what it forbids is not known, so nothing may run.
    """
    entries = list(entries)
    boundaries: dict[str, Entry] = {}
    for entry in entries:
        if entry.kind == "boundary.added":
            boundaries[_id_of(log, entry)] = entry
        elif entry.kind == "boundary.removed":
            boundaries.pop(str(entry.body.get("id")), None)
    found = [b for entry in boundaries.values() if (b := _boundary(log, entry, task)) is not None]
    return tuple(g for g in grants_of(log, entries) if g.task in ("", task)), tuple(found)


def grants_of(log: Log, entries: Iterable[Entry]) -> tuple[Grant, ...]:
    """Grants of any task, not taken back."""
    grants: dict[str, Grant] = {}
    for entry in entries:
        if entry.kind == "grant.added":
            grant = _convert(told(log, entry).get("grant"), Grant)
            if grant is not None:
                grants[grant.id] = grant
        elif entry.kind == "grant.revoked":
            grants.pop(str(entry.body.get("id")), None)
    return tuple(grants.values())


def _id_of(log: Log, entry: Entry) -> str:
    """A boundary's id stands in the body; in entries of the first versions, only in the boundary itself."""
    if "id" in entry.body:
        return str(entry.body["id"])
    boundary = _convert(told(log, entry).get("boundary"), Boundary)
    return boundary.id if boundary is not None else ""


def _boundary(log: Log, entry: Entry, task: str) -> Boundary | None:
    """The boundary of an entry when it binds `task`, else None."""
    boundary = _convert(told(log, entry).get("boundary"), Boundary)
    if boundary is not None:
        return boundary if boundary.task in ("", task) else None
    if entry.body.get(FOR, "") not in ("", task):
        return None
    what = "was erased" if is_erased(log, entry) else "can't be read"
    raise LogDamaged(
        f"a boundary that was never lifted {what} (entry {entry.seq}), so nobody knows what it forbids",
        first_bad_seq=entry.seq,
        hint="this task can't go on: begin a new one",
    )


def _convert(value: Any, kind: type[Any]) -> Any:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return None


def messages_of(log: Log, entries: Iterable[Entry]) -> Iterator[Message]:
    """The conversation: contents of `message` and `model.result` entries, in order; the same one twice in a row counts once."""
    last = ""
    for entry in entries:
        sha256 = str(entry.body.get("message_sha256", ""))
        if entry.kind not in ("message", "model.result") or not sha256 or sha256 == last:
            continue
        last = sha256
        data = log.blob(sha256)
        if data is None:
            role = "assistant" if entry.kind == "model.result" else str(entry.body.get("role", "user"))
            yield Message(role, (TextPart(ERASED),), _convert(entry.body.get("label"), Label) or Label())
        else:
            yield msgspec.json.decode(data, type=Message)


def open_intents_of(entries: Iterable[Entry]) -> list[Entry]:
    """Intents without an outcome: each may have happened. Those that a `crash.found` entry has already told stay in.

    The outcome of an apply, a drop or an undo is the `stage.*` entry that carries its call.
    """
    waiting: dict[str, Entry] = {}
    for entry in entries:
        if entry.kind == "intent":
            waiting[str(entry.body.get("call"))] = entry
        elif entry.kind == "outcome" or entry.kind.startswith("stage."):
            waiting.pop(str(entry.body.get("call")), None)
    return list(waiting.values())
