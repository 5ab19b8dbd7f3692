"""Proofs about stored entries, in the form that the calculator and anyone's own code can check."""

from __future__ import annotations

from typing import Any

from assistant.audit.checkpoint import Checkpoint, read_checkpoint
from assistant.audit.entry import read_entry
from assistant.audit.log import Log
from assistant.audit.merkle import leaf_hash, prove_consistency, prove_inclusion
from assistant.audit.note import NoteError
from assistant.audit.stored_tree import StoredTree
from assistant.errors import LogDamaged, UsageError


def inclusion(log: Log, seq: int, size: int | None = None) -> dict[str, Any]:
    """Proof that entry `seq` is in the log of `size` entries (default: the last checkpoint's).

    Raises UsageError when there is no such entry or checkpoint, LogDamaged when what is stored does not give the signed root.
    """
    note, head = _checkpoint(log, size)
    if not 1 <= seq <= head.size:
        raise UsageError(f"entry `{seq}` is not among the {head.size} entries of that checkpoint")
    with log.database.reading() as connection:
        body: str = connection.execute("SELECT body FROM entries WHERE seq=?", (seq,)).fetchone()[0]
        tree = StoredTree(connection)
        proof = prove_inclusion(seq - 1, head.size, tree)
        root = tree(0, head.size)
    _check_root(root, head)
    read_entry(seq, body)
    return {
        "seq": seq,
        "entry": body.encode().hex(),
        "leaf_hash": leaf_hash(body.encode()).hex(),
        "index": seq - 1,
        "size": head.size,
        "proof": [step.hex() for step in proof],
        "root": root.hex(),
        "checkpoint": note,
    }


def consistency(log: Log, first: int, first_root: bytes | None = None) -> dict[str, Any]:
    """Proof that the log as it was with `first` entries is the beginning of what it is now.

    Raises UsageError when it never was of that size, LogDamaged when the root it had then (`first_root`) was another.
    """
    note, head = _checkpoint(log, None)
    if not 1 <= first <= head.size:
        raise UsageError(f"the log never had `{first}` entries: it has {head.size}")
    with log.database.reading() as connection:
        tree = StoredTree(connection)
        old_root, root = tree(0, first), tree(0, head.size)
        proof = prove_consistency(first, head.size, tree)
    _check_root(root, head)
    if first_root is not None and first_root != old_root:
        raise LogDamaged(f"the log's first {first} entries are not those of the older checkpoint")
    return {
        "first": first,
        "second": head.size,
        "first_root": old_root.hex(),
        "second_root": root.hex(),
        "proof": [step.hex() for step in proof],
        "checkpoint": note,
    }


def _checkpoint(log: Log, size: int | None) -> tuple[str, Checkpoint]:
    found = log.head() if size is None else log.checkpoint_at(size)
    if found is None:
        raise UsageError("the log is empty" if size is None else f"there is no checkpoint of `{size}` entries")
    try:
        return found[1], read_checkpoint(found[1])
    except NoteError as error:
        raise LogDamaged(f"the checkpoint of {found[0]} entries is malformed: {error}") from error


def _check_root(root: bytes, head: Checkpoint) -> None:
    if root != head.root:
        raise LogDamaged("the stored entries don't give the root of the checkpoint", hint="run `assistant log verify`")
