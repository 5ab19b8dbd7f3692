"""Search and filters over a log of any size, newest first, in bounded time.

An entry matches when every word of the query occurs in the entry itself (any part of a word) or in its contents (from the
beginning of a word, through the index). Contents that the index has not reached yet are read one by one until time is up.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from assistant.audit.entry import Entry
from assistant.audit.index import CHUNK
from assistant.audit.page import Deadline, Filter, find, fits
from assistant.audit.words import text_of
from assistant.types import Data

if TYPE_CHECKING:
    from assistant.audit.views import Views

INDEX_S = 0.05
"""Spent on indexing new contents at each search."""

LOOK_S = 0.3
"""Spent on looking through entries and contents that are not indexed."""


class Found(Data, frozen=True):
    """Entries, newest first; `searched_to` is the oldest one looked at when time ran out, 0 when all were."""

    entries: tuple[Entry, ...]
    searched_to: int = 0


def search_entries(
    views: Views,
    query: str,
    wanted: Filter | None = None,
    *,
    before_seq: int | None = None,
    limit: int = 200,
    patient: bool = False,
) -> Found:
    """The newest entries that match `query` and fit `wanted`. `patient` looks through everything, however long it takes."""
    wanted = wanted or Filter()
    database = views.log.database
    if not query.strip() and not wanted.tool:
        deadline = Deadline(1e9 if patient else LOOK_S)
        found = _take(
            find(database, wanted, before_seq=before_seq, deadline=deadline, windows=_windows(views, wanted)), limit
        )
        return Found(tuple(found), deadline.stopped_at if len(found) < limit else 0)
    if not query.strip():
        return _of_tool(views, wanted, before_seq, limit)
    before = before_seq if before_seq is not None else 2**62
    index_s, look_s = (1e9, 1e9) if patient else (INDEX_S, LOOK_S)
    seqs, indexed_to = views.index.find_words(query, before, limit, index_s)
    matches = {seq: entry for seq in seqs if (entry := views.log.entry(seq)) is not None and fits(entry, wanted)}
    deadline = Deadline(look_s)
    text = msgspec.structs.replace(wanted, text=query)
    for entry in _take(
        find(database, text, before_seq=before_seq, deadline=deadline, windows=_windows(views, wanted)), limit
    ):
        matches[entry.seq] = entry
    for entry in _unindexed(views, query, wanted, indexed_to, before_seq, deadline):
        matches[entry.seq] = entry
    newest = sorted(matches, reverse=True)[:limit]
    return Found(tuple(matches[seq] for seq in newest), deadline.stopped_at if len(newest) < limit else 0)


def _take(entries: Iterator[Entry], limit: int) -> list[Entry]:
    found: list[Entry] = []
    for entry in entries:
        found.append(entry)
        if len(found) >= limit:
            break
    return found


def _windows(views: Views, wanted: Filter) -> list[tuple[int, int]] | None:
    """Where the entries of the wanted task are, when the index knows."""
    chunks = views.index.chunks_if_ready(wanted.task, None) if wanted.task else None
    return None if chunks is None else [(n * CHUNK, (n + 1) * CHUNK + 1) for n in chunks]


def _unindexed(
    views: Views, query: str, wanted: Filter, indexed_to: int, before_seq: int | None, deadline: Deadline
) -> Iterator[Entry]:
    words = query.lower().split()
    for entry in find(views.log.database, wanted, before_seq=before_seq, after_seq=indexed_to, deadline=deadline):
        if entry.blobs and _content_has(views, entry, words):
            yield entry
        if entry.blobs and deadline.passed(entry.seq):
            return


def _content_has(views: Views, entry: Entry, words: list[str]) -> bool:
    text = "\n".join(
        text_of(data) for sha256 in entry.blob_hashes() if (data := views.log.blob(sha256)) is not None
    ).lower()
    return all(word in text for word in words)


def _of_tool(views: Views, wanted: Filter, before_seq: int | None, limit: int) -> Found:
    """All entries of the calls of a tool: those that name it, and those that carry the call of one that does."""
    database = views.log.database
    rest = msgspec.structs.replace(wanted, tool="")
    matches: dict[int, Entry] = {}
    naming = Filter(tool=wanted.tool, task=wanted.task, from_ms=wanted.from_ms, to_ms=wanted.to_ms)
    deadline = Deadline(LOOK_S)
    for entry in _take(find(database, naming, before_seq=before_seq, deadline=deadline), limit):
        call = entry.body.get("call")
        if fits(entry, rest):
            matches[entry.seq] = entry
        if not isinstance(call, str):
            continue
        near = msgspec.structs.replace(rest, task=entry.task, text=call)
        for other in find(database, near, after_seq=entry.seq, before_seq=entry.seq + CALL_SPAN):
            if other.body.get("call") == call and (before_seq is None or other.seq < before_seq):
                matches[other.seq] = other
    newest = sorted(matches, reverse=True)[:limit]
    return Found(tuple(matches[seq] for seq in newest), deadline.stopped_at if len(newest) < limit else 0)


CALL_SPAN = 2000
"""How far behind an intent its decision, approval and outcome are looked for, in entries of all tasks."""
