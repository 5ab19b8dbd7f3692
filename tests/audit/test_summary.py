"""Every kind of entry that the product writes has a sentence for people."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import msgspec
import pytest

import assistant
from assistant.audit import upkeep
from assistant.audit.log import Log
from assistant.audit.sentences import SENTENCES
from assistant.audit.summary import preview, summarise
from assistant.types import Action, Effect, Message, Resource, TextPart

KIND = re.compile(r"[a-z]+(\.[a-z]+)?")
WRITERS = {"write", "append", "_note", "_record", "Draft"}


def written_kinds() -> set[str]:
    """The kinds that stand in calls which write an entry, and in (kind, body, contents) records."""
    found: set[str] = set()
    for file in Path(assistant.__file__).parent.rglob("*.py"):
        if file.parent.name in ("ui", "widgets", "screens"):
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            first: ast.expr | None = None
            if isinstance(node, ast.Call) and len(node.args) >= 2:
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                first = node.args[0] if name in WRITERS else None
            elif isinstance(node, ast.Tuple) and len(node.elts) == 3 and not isinstance(node.elts[1], ast.Constant):
                first = node.elts[0] if isinstance(node.elts[2], (ast.Dict, ast.Name, ast.BinOp)) else None
            if isinstance(first, ast.Constant) and isinstance(first.value, str) and KIND.fullmatch(first.value):
                found.add(first.value)
    return found


def test_every_kind_that_is_written_has_a_sentence() -> None:
    kinds = written_kinds()
    assert {"task.opened", "intent", "outcome", "compacted", "elicitation", "memory.added", "crash.found"} <= kinds
    assert kinds - set(SENTENCES) == set()


LINES = [
    ("task.opened", {"folder": "/home/ada/x", "model": "m", "kit": "look"}, "task opened on /home/ada/x · m · kit look"),
    ("task.opened", {"folder": "/x", "model": "m", "kit": "k", "parent": "t1", "branched_at": 9}, "task opened on /x · m · kit k · as a branch that leaves t1 before entry 9"),
    ("stage.begun", {"from": "t1", "at": 9, "staged": 2, "known": True, "missing": ["p"], "elsewhere": []}, "the stage begins as task t1 was before entry 9: 2 changes · 1 not possible"),
    ("stage.begun", {"from": "t1", "at": 9, "staged": 0, "known": False}, "the stage begins empty: what task t1 had staged before entry 9 is not known"),
    ("task.changed", {"what": "title", "old": "", "new": "the garden"}, "task called “the garden”"),
    ("task.changed", {"what": "model", "old": "a", "new": "b"}, "model: a → b"),
    ("task.changed", {"what": "tools", "old": ["a", "b"], "new": ["b", "c"]}, "tools on: c · tools off: a"),
    ("task.changed", {"what": "budgets", "old": {}, "new": {"calls": 5}}, "budgets: none → calls 5"),
    ("settings.read", {"names": ["autonomy", "kit"], "first": False}, "settings read: other than last time: autonomy, kit"),
    ("settings.read", {"names": [], "first": True}, "settings read: the first time"),
    ("compacted", {"cut": 12, "kept": 4, "by_model": True}, "12 earlier messages replaced by a summary for the model; 4 stay as they were"),
    ("crash.found", {"call": "c1", "tool": "run"}, "the call of run may have happened: the program ended before its outcome was known"),
    ("child.finished", {"task": "t2", "reason": "done", "spent": {"tokens": 9, "cost_uusd": 100}}, "the helper's task t2 ended: done · 9 tokens · $0.0001"),
    ("approval", {"answer": "no", "channel": "unattended"}, "answered no · nobody was there to ask"),
    ("elicitation", {"server": "s", "kind": "form", "answer": "accept", "fields": ["name"]}, "server s asked the person to fill in a form: filled in · name"),
    ("sampling", {"server": "s", "model": "m"}, "server s had m asked a question of its own"),
    ("replayed", {"call": "c", "recorded": False}, "no result of this call is recorded, and it was not run"),
    ("context.read", {"files": [{"path": "AGENTS.md"}], "not_allowed": ["x"]}, "read what the folder says of itself: AGENTS.md · 1 not allowed"),
    ("outcome", {"status": "done", "exit_status": 1, "changes": [{"path": "a"}], "changed": 5, "hosts": [{"host": "h"}], "wall_ms": 3}, "done · exit 1 · changed a and 2 more · reached h · 3 ms"),
    ("stage.apply", {"changes": [{"path": "a"}], "count": 1, "conflicts": ["b"], "failed": []}, "applied 1 change: a · 1 conflict"),
    ("stage.drop", {"changes": [], "count": 0}, "dropped nothing"),
    ("grant.added", {"grant": {"effect": "write", "task": "t", "resource": {"type": "file", "id": "a"}}}, "granted in this task: write file a"),
    ("boundary.added", {"boundary": {"words": "never push"}}, "forbidden in every task: never push"),
    ("memory.forgotten", {"id": 3}, "forgot fact 3"),
    ("key.rotated", {"new_vkey": "k", "lost": True}, "the log is signed with a new key from here on: k · the old key was lost and did not agree"),
    ("tail.accepted", {"first_seq": 5, "count": 1}, "1 entry from 5 on, signed by nobody, were taken in by a person"),
    ("from a newer version", {"a": 1, "b": "x", "c_sha256": "0"}, "a 1 · b x"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "body", "line"), LINES, ids=[f"{kind}-{i}" for i, (kind, _, _) in enumerate(LINES)])
def test_a_line_says_what_happened(log: Log, kind: str, body: dict[str, object], line: str) -> None:
    assert preview(log, log.append(kind, "t", body)) == line


def test_what_lies_apart_is_told_until_it_is_erased(log: Log) -> None:
    said = msgspec.json.encode(Message("user", (TextPart("water the garden"),)))
    action = msgspec.json.encode(Action("run", Effect.EXECUTE, Resource("command", "git push origin"), (), "/x"))
    entries = [
        log.append("message", "t", {"role": "user"}, blobs={"message": said}),
        log.append(
            "decision", "t", {"decision": "ask", "policies": ["p"]}, blobs={"reason": b"it leaves this machine"}
        ),
        log.append(
            "intent", "t", {"tool": "run", "effect": "execute", "resource": "command:git"}, blobs={"action": action}
        ),
        log.append("memory.added", "t", {"id": 1, "source": "you said it"}, blobs={"text": b"likes tea"}),
    ]
    assert [preview(log, entry) for entry in entries] == [
        "the person said “water the garden”",
        "asks the person · it leaves this machine · p",
        "run wants to execute command git push origin",
        "remembered fact 1 “likes tea” · you said it",
    ]
    upkeep.erase_task(log, "t")
    assert all("(erased)" in preview(log, entry) for entry in entries)


@pytest.mark.parametrize("kind", sorted(SENTENCES))
def test_A8_no_body_breaks_a_line_and_nothing_invisible_gets_out(log: Log, kind: str) -> None:
    """A foreign writer may have signed anything."""
    hostile = "a\x1b[31m\u202eb\nc"
    for value in (hostile, [hostile], {"id": hostile}, [{"path": hostile}], 7, None, True):
        names = (
            "folder",
            "what",
            "old",
            "new",
            "changes",
            "hosts",
            "grant",
            "boundary",
            "usage",
            "model",
            "spent",
            "tool",
        )
        entry = log.append(kind, "t", dict.fromkeys(names, value))
        for line in (summarise(entry), preview(log, entry)):
            assert not any(c in line for c in "\x1b\u202e\n")
