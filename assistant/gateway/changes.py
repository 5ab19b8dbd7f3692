"""Staged changes as the log and the policies see them. Few imports: a single command that applies something pays for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from assistant.canonical import digest
from assistant.types import JSON, Action, Argument, Change, Effect, Kind, Resource, Role, Task
from assistant.visible import visible

if TYPE_CHECKING:
    from assistant.sandbox.protocol import ApplyReport

_SHOWN = 500
"""An apply Action and an entry list this many changes by name; a digest over all of them stands beside the Action's list."""


def apply_action(task: Task, changes: Sequence[Change], *, held: bool) -> Action:
    """The Action of moving `changes` to the real folder."""
    listed = [f"{c.kind} {c.path}" for c in changes[:_SHOWN]]
    whole = digest([[text_of(c.path), c.kind, c.after_sha256] for c in changes])
    return Action(
        "apply",
        Effect.APPLY,
        Resource("stage", task.id),
        (
            Argument("changes", [text_of(line) for line in listed], Role.TARGET, Kind.TEXT),
            Argument("changes_sha256", whole, Role.PARAM, Kind.TEXT),
        ),
        task.folder,
        {
            "held": held,
            "count": len(changes),
            "deletes": any(c.kind in ("deleted", "renamed") for c in changes),
            "staged": True,
        },
    )


def change_body(change: Change) -> dict[str, JSON]:
    """One change for an entry."""
    return {
        "path": visible(change.path),
        "kind": change.kind,
        "before": change.before_sha256,
        "after": change.after_sha256,
        "held": change.held,
    }


def change_bodies(changes: Sequence[Change]) -> list[dict[str, JSON]]:
    """The first of them for an entry."""
    return [change_body(c) for c in changes[:_SHOWN]]


def applied_body(call: str, digest: str, report: ApplyReport) -> dict[str, JSON]:
    """What an apply did, for its `stage.apply` entry: `call` and `digest` name the `intent` it belongs to."""
    return {
        "call": call,
        "digest": digest,
        "undo_id": report.undo_id,
        "changes": change_bodies(report.applied),
        "count": len(report.applied),
        "conflicts": [text_of(c.path) for c in report.conflicts],
        "failed": [[text_of(path), why] for path, why in report.failed],
    }


def text_of(path: str) -> str:
    """A path of any bytes as text that every encoder takes."""
    return path.encode("utf-8", "backslashreplace").decode()
