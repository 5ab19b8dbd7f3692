"""Export as JSON lines with proofs: what a stranger needs to check entries against one signed checkpoint.

The first line is the head, every other an entry; `check_export.py.txt` beside this file (and in each report's appendix) checks
them with nothing but Python's standard library, the signature too.

    {"type":"head","checkpoint":NOTE,"vkeys":[...],"entries":N,"task":ID,"lines":M,"contents":BOOL}
    {"type":"entry","seq":7,"entry":TEXT,"proof":[HEX...],"contents":{NAME:HEX|null}}

`entries` is the size of the log, `lines` how many of its entries follow: all of them unless `task` names one. Nobody signs the
head: in an export of everything the checkpoint tells how many there must be, in that of one task only the head does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from assistant.audit.checkpoint import read_checkpoint
from assistant.audit.entry import read_entry
from assistant.audit.log import Log
from assistant.audit.merkle import prove_inclusion, subtrees_of
from assistant.audit.note import NoteError
from assistant.errors import LogDamaged, UsageError
from assistant.visible import visible_json


def export_lines(log: Log, task: str = "", *, contents: bool = False) -> Iterator[str]:
    """The lines of an export, of one task or of everything; `contents` adds what lies apart (null where it was erased).

    Raises UsageError for an empty log, LogDamaged when what is stored does not give the signed root: a false proof is never
    written. Holds all leaf hashes in memory: 100 MB for a million entries.
    """
    found = log.head()
    if found is None:
        raise UsageError("the log is empty: there is nothing to export")
    try:
        head = read_checkpoint(found[1])
    except NoteError as error:
        raise LogDamaged(f"the last checkpoint is malformed: {error}", hint="run `assistant log verify`") from error
    rows = log.database.pages(
        "SELECT seq, leaf FROM entries WHERE seq>? ORDER BY seq LIMIT ?", 0, head.size, size=20_000
    )
    subtree = subtrees_of([leaf for _, leaf in rows])
    if subtree(0, head.size) != head.root:
        raise LogDamaged("the stored entries don't give the root of the checkpoint", hint="run `assistant log verify`")
    yield _line(
        {
            "type": "head",
            "checkpoint": found[1],
            "vkeys": [str(key) for key in log.trust.pinned()],
            "entries": head.size,
            "task": task,
            "lines": _count(log, task, head.size) if task else head.size,
            "contents": contents,
        }
    )
    for seq, text in log.database.pages("SELECT seq, body FROM entries WHERE seq>? ORDER BY seq LIMIT ?", 0, head.size):
        entry = read_entry(seq, text)
        if task and entry.task != task:
            continue
        proof = [step.hex() for step in prove_inclusion(seq - 1, head.size, subtree)]
        line: dict[str, Any] = {"type": "entry", "seq": seq, "entry": text, "proof": proof}
        if contents and entry.blobs:
            kept = [log.blob(sha256) for sha256 in entry.blob_hashes()]
            line["contents"] = {
                name: None if data is None else data.hex() for name, data in zip(entry.blobs, kept, strict=True)
            }
        yield _line(line)


def _count(log: Log, task: str, size: int) -> int:
    return sum(1 for entry in log.entries(task=task) if entry.seq <= size)


def _line(fields: dict[str, Any]) -> str:
    return visible_json(orjson.dumps(fields).decode())
