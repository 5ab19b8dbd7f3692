"""A page of the log for a screen or a list: newest first, filtered.

There is no index to be stale or tampered with: SQLite looks for the exact bytes that canonical JSON gives each field
(0.2 s for a million entries in the worst case, when nothing matches), and what it finds is decoded and checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from assistant.audit.entry import Entry, read_entry
from assistant.errors import LogDamaged
from assistant.store.database import Database
from assistant.types import Data


class Filter(Data, frozen=True):
    """What to show; everything that is set must hold. Times are Unix milliseconds, `to_ms` excluded."""

    task: str = ""
    kinds: tuple[str, ...] = ()
    tool: str = ""
    """Entries that name the tool, and all entries of its calls."""
    verdict: str = ""
    """allow, ask or deny."""
    model: str = ""
    """A model; or its name without the provider's, or that alone: `offline` and `builtin` find `builtin/offline`."""
    host: str = ""
    """A host, or the end of one: `example.com` finds `api.example.com`."""
    path: str = ""
    """Part of a path that was changed, asked for or opened."""
    from_ms: int | None = None
    to_ms: int | None = None
    text: str = ""
    """Words that must all occur in the entry itself (contents are searched by `search`)."""


PAGE = 256

UNREADABLE = "unreadable"
"""Kind of what a page shows for an entry that can't be read; no such entry is ever written."""


def find(
    database: Database,
    wanted: Filter,
    *,
    before_seq: int | None = None,
    after_seq: int = 0,
    deadline: Deadline | None = None,
    windows: Sequence[tuple[int, int]] | None = None,
) -> Iterator[Entry]:
    """Entries that fit, newest first. Ends early when `deadline` passes; it then says up to where it looked.

    `windows` are pairs of numbers, both excluded, ascending: where to look, when an index knows it.
    """
    after, before = _bounds(database, wanted, before_seq, after_seq)
    if windows is not None:
        for low, high in reversed(windows):
            if high > after + 1 and low < before - 1:
                yield from find(database, wanted, before_seq=min(high, before), after_seq=max(low, after))
        return
    conditions, values = _needles(wanted)
    where = "".join(f" AND {c}" for c in conditions)
    sql = f"SELECT seq, body FROM entries WHERE seq<? AND seq>?{where} ORDER BY seq DESC LIMIT {PAGE}"  # noqa: S608 - fixed text
    step = before - after if deadline is None else deadline.step
    while before > after + 1:
        low = max(after, before - step)
        rows = database.read(sql, (before, low, *values))
        for seq, text in rows:
            entry = _read_or_mark(seq, text)
            if fits(entry, wanted):
                yield entry
        before = rows[-1][0] if len(rows) == PAGE else _next_below(database, low)
        if deadline is not None and deadline.passed(before):
            return


def _read_or_mark(seq: int, text: Any) -> Entry:
    """The entry, or one of kind UNREADABLE in its place: whoever looks for what happened to a log must see the rest of it."""
    try:
        return read_entry(seq, text)
    except LogDamaged:
        return Entry(seq=seq, time_ms=0, kind=UNREADABLE, task="", body={})


def _next_below(database: Database, low: int) -> int:
    """One more than the next number at or below `low` that is there: a forged one may stand far above all others."""
    return (database.read("SELECT max(seq) FROM entries WHERE seq<=?", (low,))[0][0] or 0) + 1


class Deadline:
    """Stops a search in time. `stopped_at` is the number of the oldest entry looked at, 0 when all were."""

    step = 50_000

    def __init__(self, seconds: float) -> None:
        import time

        self._now = time.monotonic
        self._end = self._now() + seconds
        self.stopped_at = 0

    def passed(self, before: int) -> bool:
        """Whether it is time to stop; remembers where."""
        if self._now() < self._end or before <= 1:
            return False
        self.stopped_at = max(self.stopped_at, before)
        return True


def fits(entry: Entry, wanted: Filter) -> bool:
    """Whether an entry fits a filter exactly."""
    body = entry.body
    return (
        (not wanted.task or entry.task == wanted.task)
        and (not wanted.kinds or entry.kind in wanted.kinds)
        and (not wanted.tool or body.get("tool") == wanted.tool)
        and (not wanted.verdict or body.get("decision") == wanted.verdict)
        and (not wanted.model or any(_is_model(model, wanted.model) for model in _models(body)))
        and (wanted.from_ms is None or entry.time_ms >= wanted.from_ms)
        and (wanted.to_ms is None or entry.time_ms < wanted.to_ms)
        and (not wanted.host or any(_is_host(h, wanted.host) for h in _hosts(body)))
        and (not wanted.path or any(wanted.path in p for p in _paths(body)))
        and (not wanted.text or _has_words(entry, wanted.text))
    )


def _needles(wanted: Filter) -> tuple[list[str], list[str]]:
    """SQL conditions that every fitting entry meets, and their values."""
    conditions: list[str] = []
    values: list[str] = []

    def must_hold(*needles: str) -> None:
        # A `%` or `_` in a needle finds too much, never too little. Without the opening quote, which every body is full
        # of, SQLite looks twice as fast.
        conditions.append("(" + " OR ".join(["body LIKE ?"] * len(needles)) + ")")
        values.extend(f"%{needle.removeprefix(chr(34))}%" for needle in needles)

    if wanted.task:
        must_hold(f'"task":{_json(wanted.task)}')
    if wanted.kinds:
        must_hold(*(f'"kind":{_json(kind)}' for kind in wanted.kinds))
    if wanted.tool:
        must_hold(f'"tool":{_json(wanted.tool)}')
    if wanted.verdict:
        must_hold(f'"decision":{_json(wanted.verdict)}')
    if wanted.model:
        must_hold(_json(wanted.model)[1:-1])
    for inner in (wanted.host, wanted.path, *wanted.text.split()):
        if inner:
            must_hold(_json(inner)[1:-1])
    return conditions, values


def _json(text: str) -> str:
    return msgspec.json.encode(text.encode(errors="replace").decode()).decode()


def _bounds(database: Database, wanted: Filter, before_seq: int | None, after_seq: int) -> tuple[int, int]:
    """Numbers (excluded) between which entries may fit, found by halving: time goes up with the number.

    A clock that was set back can hide entries at the edges of a time range, never invent one.
    """
    last: int = database.read("SELECT max(seq) FROM entries")[0][0] or 0
    before = last + 1 if before_seq is None else min(before_seq, last + 1)
    after = after_seq
    if wanted.to_ms is not None:
        before = min(before, _first_at(database, wanted.to_ms, last))
    if wanted.from_ms is not None:
        after = max(after, _first_at(database, wanted.from_ms, last) - 1)
    return after, before


def _first_at(database: Database, time_ms: int, last: int) -> int:
    low, high = 1, last + 1
    while low < high:
        middle = (low + high) // 2
        at = _next_readable(database, middle, high)
        if at is not None and at.time_ms < time_ms:
            low = at.seq + 1
        else:
            high = middle
    return low


def _next_readable(database: Database, low: int, high: int) -> Entry | None:
    """The first of the entries `low` to `high` (excluded) that can be read; None when none of the next few can."""
    for count in (1, PAGE):
        sql = "SELECT seq, body FROM entries WHERE seq>=? AND seq<? ORDER BY seq LIMIT ?"
        for row in database.read(sql, (low, high, count)):
            entry = _read_or_mark(*row)
            if entry.kind != UNREADABLE:
                return entry
    return None


def _has_words(entry: Entry, text: str) -> bool:
    whole = msgspec.json.encode(entry).decode().lower()
    return all(_json(word)[1:-1].lower() in whole for word in text.split())


def _is_host(host: str, wanted: str) -> bool:
    return host == wanted or host.endswith("." + wanted)


def _models(body: dict[str, Any]) -> Sequence[Any]:
    changed = "model" in (body.get("what"), body.get("name"))
    return [body.get("model"), *([body.get("old"), body.get("new")] if changed else ())]


def _is_model(model: Any, wanted: str) -> bool:
    return isinstance(model, str) and f"/{wanted}/" in f"/{model}/"


def _hosts(body: dict[str, Any]) -> Sequence[str]:
    found = [str(use.get("host", "")) for use in dicts(body.get("hosts"))]
    return [*found, str(body.get("host", ""))]


def _paths(body: dict[str, Any]) -> Sequence[str]:
    found = [str(change.get(name, "")) for change in dicts(body.get("changes")) for name in ("path", "old_path")]
    return [*found, *(str(body[name]) for name in ("path", "folder", "resource") if name in body)]


def dicts(value: Any) -> list[dict[str, Any]]:
    """The objects in a list; nothing for what is no list, as a foreign writer may have signed."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []  # pyright: ignore[reportUnknownVariableType]  # JSON
