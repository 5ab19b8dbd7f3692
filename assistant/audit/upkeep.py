"""What a person may do to a log: erase a content, rotate the key, take in entries that nobody signed. Each is an entry."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

from assistant.audit import keys
from assistant.audit.apart import FOR
from assistant.audit.index import Index
from assistant.audit.log import Draft, Log
from assistant.audit.note import new_signing_key
from assistant.audit.page import Filter, find
from assistant.errors import LogError, UsageError
from assistant.store.rows import delete_blob

_SHA256 = re.compile(r"[0-9a-f]{64}\Z")


def erase(log: Log, hashes: list[str], reason: str = "") -> int:
    """Erase contents for good, also from the search index and SQLite's WAL; returns how many there were.

    The entries that name them stay, so the log still verifies; an `erased` entry tells what went. Raises UsageError for a
    hash that the log has no content of, or of a boundary that binds every task and was not lifted; LogError when it can't be
    written.
    """
    kept = _standing_everywhere(log)
    for sha256 in hashes:
        if not _SHA256.match(sha256):
            raise UsageError(
                f"`{sha256}` is not a SHA-256", hint="`assistant log show SEQ` gives the hashes of its contents"
            )
        if log.blob(sha256) is None:
            raise UsageError(f"the log has no content `{sha256}`", hint="it may have been erased already")
        if sha256 in kept:
            raise UsageError(
                f"`{sha256}` is a boundary that binds every task",
                hint="lift it first: nothing may run when it can't be read",
            )

    def remove(connection: sqlite3.Connection) -> None:
        for sha256 in hashes:
            delete_blob(connection, sha256)

    log.append_many([Draft("erased", "", {"sha256": sha256, "reason": reason}) for sha256 in hashes], also=remove)
    Index(log.database, Path(log.paths.cache) / "log-index.db").forget()
    if not log.database.settle():
        raise LogError(
            "the contents are erased, but another window still reads the log, so their bytes may be in its WAL for a while",
            hint="close the other windows; the next one to write clears them",
        )
    return len(hashes)


def erase_entry(log: Log, seq: int, reason: str = "") -> int:
    """Erase all contents of one entry. Errors as `erase`."""
    entry = log.entry(seq)
    if entry is None:
        raise UsageError(f"the log has no entry `{seq}`")
    there = [sha256 for sha256 in entry.blob_hashes() if log.blob(sha256) is not None]
    if not there:
        raise UsageError(f"entry `{seq}` has no content to erase")
    return erase(log, there, reason)


def erase_task(log: Log, task: str, reason: str = "") -> int:
    """Erase all contents of a task's entries: what was said, done and shown in it, its title and folder.

    A content that other tasks hold too (the same file read twice) goes there as well. The task can't be resumed afterwards.
    Raises UsageError when there is none left, else as `erase`.
    """
    named = {sha256: None for entry in log.entries(task=task) for sha256 in entry.blob_hashes()}
    kept = _standing_everywhere(log)
    there = [sha256 for sha256 in named if sha256 not in kept and log.blob(sha256) is not None]
    if not there:
        raise UsageError(f"task `{task}` has no content to erase")
    return erase(log, there, reason)


def _standing_everywhere(log: Log) -> set[str]:
    """The contents of boundaries that bind every task and were not lifted: erasing one would stop all of them."""
    standing: dict[str, set[str]] = {}
    for entry in reversed([*find(log.database, Filter(kinds=("boundary.added", "boundary.removed")))]):
        if entry.kind == "boundary.removed":
            standing.pop(str(entry.body.get("id")), None)
        elif not entry.body.get(FOR):
            standing[str(entry.body.get("id"))] = set(entry.blob_hashes())
    return {sha256 for hashes in standing.values() for sha256 in hashes}


def rotate_key(log: Log, *, lost: bool = False) -> str:
    """Make a new signing key and rotate to it; returns its verifier key.

    The new key is kept and pinned before the log tells of it: after a crash in between, the log still signs with the old
    one. Raises UsageError for an empty log, LogError when the key can't be kept or the log not be written.
    """
    pinned = log.trust.pinned()
    if not pinned or log.head() is None:
        raise UsageError("the log is empty: its first key is made with its first entry")
    new = new_signing_key(pinned[0].name)
    keys.save(log.paths, new)
    log.trust.pin(new.verifier)
    log.rotate(new, lost=lost)
    for old in pinned:
        keys.forget(log.paths, old)
    return str(new.verifier)


def accept_tail(log: Log) -> int:
    """Sign entries at the end that no checkpoint covers; returns how many. See `Log.accept_tail`."""
    return log.accept_tail()
