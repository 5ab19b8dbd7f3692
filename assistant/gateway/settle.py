"""Eighth step: staged changes are judged once more, as `apply` Actions, and move to the real folder or wait.

Two Actions a settlement, since they are judged apart: the plain changes, and those that are held whatever the autonomy.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from assistant.canonical import digest, dumps
from assistant.errors import LogError, NeedsPerson, StageError
from assistant.gateway.changes import applied_body, apply_action, change_bodies, text_of
from assistant.gateway.events import Applied, GatewayEvent, Notice, StageChanged
from assistant.gateway.record import Record, record
from assistant.sandbox.protocol import ApplyReport, Hunks, Sides
from assistant.types import (
    JSON,
    Action,
    Answer,
    Argument,
    Change,
    Channel,
    Decision,
    Effect,
    Kind,
    Resource,
    Role,
    Task,
    Verdict,
)

if TYPE_CHECKING:
    from assistant.audit.log import Log
    from assistant.sandbox.protocol import Stage

Emit = Callable[[GatewayEvent], None]
Judge = Callable[[Action], Verdict]

_EACH = 1000
_DIFFED = 200
_DIFF_CHARACTERS = 256 * 1024
"""An entry keeps the text diffs of this many changes, up to this size, for the report."""


def path_action(task: Task, path: str, change: Change) -> Action:
    """The Action of moving one path, to ask whether a policy forbids it."""
    return Action(
        "apply",
        Effect.APPLY,
        Resource("file", path),
        (Argument("path", path, Role.TARGET, Kind.PATH),),
        task.folder,
        {"staged": True, "held": bool(change.held), "deletes": change.kind in ("deleted", "renamed"), "count": 1},
    )


class Settlement:
    """Applies, drops and undoes for one task: each judged, recorded before, and recorded after."""

    def __init__(self, task: Callable[[], Task], log: Log, judge: Judge) -> None:
        self._task = task
        self._log = log
        self._judge = judge

    async def end_of_turn(self, stage: Stage, emit: Emit, *, may_apply: bool = True) -> None:
        """Apply what policy allows unasked (when `may_apply`); say what waits."""
        changes = await asyncio.to_thread(stage.changes)
        plain = [c for c in changes if not c.held]
        if plain and may_apply:
            plain, forbidden = self._permitted(plain)
            for change, verdict in forbidden[:5]:
                emit(Notice("warning", f"`{text_of(change.path)}` is not applied: {verdict.reason}"))
        if plain and may_apply:
            action = apply_action(self._task(), plain, held=False)
            verdict = self._judge(action)
            if verdict.decision is Decision.ALLOW:
                try:
                    paths = [c.path for c in plain]
                    report = await self._apply(
                        action, verdict, lambda: _diffs(stage, paths), lambda: stage.apply(paths)
                    )
                except LogError as error:
                    emit(Notice("error", f"nothing was applied, since the log can't be written: {error.message}"))
                else:
                    emit(Applied(report.applied, report.undo_id, report.conflicts))
                    changes = await asyncio.to_thread(stage.changes)
        emit(StageChanged(len(changes), sum(1 for c in changes if c.held)))

    async def by_person(
        self,
        stage: Stage,
        paths: Sequence[str] | None,
        channel: Channel,
        *,
        allow_held: bool = False,
        overwrite_conflicts: bool = False,
    ) -> ApplyReport:
        """Apply what the person chose after seeing it. Raises NeedsPerson when a policy forbids it even with their yes."""
        changes = await asyncio.to_thread(stage.changes)
        chosen = [c for c in changes if _chosen(c, paths) and (allow_held or not c.held)]
        held = tuple(c for c in changes if _chosen(c, paths) and c.held and not allow_held)
        chosen, forbidden = self._permitted(chosen)
        refused = tuple((c.path, f"a policy forbids it: {v.reason}") for c, v in forbidden)
        if not chosen:
            return ApplyReport(held=held, failed=refused)
        action = apply_action(self._task(), chosen, held=any(c.held for c in chosen))
        verdict = self._judge(action)
        if verdict.decision is Decision.DENY:
            raise NeedsPerson(
                f"a policy forbids applying this: {verdict.reason}", hint=f"policies: {', '.join(verdict.policies)}"
            )
        going = [c.path for c in chosen]
        report = await self._apply(
            action,
            verdict,
            lambda: _diffs(stage, going),
            lambda: stage.apply(going, allow_held=allow_held, overwrite_conflicts=overwrite_conflicts),
            channel,
        )
        return ApplyReport(
            report.applied, report.conflicts, report.held + held, report.failed + refused, report.undo_id, report.note
        )

    async def hunks_by_person(
        self, stage: Stage, chosen: Hunks, channel: Channel, *, allow_held: bool = False
    ) -> ApplyReport:
        """Apply some hunks of one file. The Action is the file as it will be with them: judged, recorded, then written.

        Raises NeedsPerson when a policy forbids it even with the person's yes, StageError as `Stage.apply_hunks` does.
        """
        change, diff = await asyncio.to_thread(stage.part, chosen)
        if change.held and not allow_held:
            return ApplyReport(held=(change,))
        free, forbidden = self._permitted([change])
        action = apply_action(self._task(), [change], held=bool(change.held))
        verdict = self._judge(action) if free else forbidden[0][1]
        if verdict.decision is Decision.DENY:
            raise NeedsPerson(
                f"a policy forbids applying this: {verdict.reason}", hint=f"policies: {', '.join(verdict.policies)}"
            )
        return await self._apply(
            action,
            verdict,
            lambda: diff,
            lambda: stage.apply_hunks(chosen, allow_held=allow_held),
            channel,
            {"hunks": list(chosen.numbers)},
        )

    def _permitted(self, changes: list[Change]) -> tuple[list[Change], list[tuple[Change, Verdict]]]:
        """Those that no policy forbids by their path, and those that one does.

        Each path is judged by itself, so that a boundary such as "never touch src/generated" holds however a file was
        changed. Beyond `_EACH` changes it is each folder: 10,000 verdicts would take seconds.
        """
        folder = self._task().folder.rstrip("/")
        verdicts: dict[str, Verdict] = {}
        free: list[Change] = []
        forbidden: list[tuple[Change, Verdict]] = []
        for change in changes:
            path = change.path if len(changes) <= _EACH else change.path.rpartition("/")[0]
            if path not in verdicts:
                verdicts[path] = self._judge(path_action(self._task(), f"{folder}/{text_of(path)}", change))
            verdict = verdicts[path]
            if verdict.decision is Decision.DENY:
                forbidden.append((change, verdict))
            else:
                free.append(change)
        return free, forbidden

    async def drop(self, stage: Stage, paths: Sequence[str] | None) -> list[Change]:
        """Forget staged changes."""
        dropped = await asyncio.to_thread(stage.drop, paths)
        await self._log.write("stage.drop", self._task().id, {"changes": change_bodies(dropped), "count": len(dropped)})
        return dropped

    async def drop_hunks(self, stage: Stage, chosen: Hunks) -> Change:
        """Take hunks out of a staged file."""
        dropped = await asyncio.to_thread(stage.drop_hunks, chosen)
        body: dict[str, JSON] = {"changes": change_bodies([dropped]), "count": 1, "hunks": list(chosen.numbers)}
        await self._log.write("stage.drop", self._task().id, body)
        return dropped

    async def write(self, stage: Stage, seen: Sides, data: bytes, channel: Channel, *, merged: bool = False) -> None:
        """The person's own text in place of a staged file: an edit, or the merge of a conflict. Nothing real is touched."""
        await asyncio.to_thread(lambda: stage.write(seen, data, merged=merged))
        await self._log.write(
            "stage.edit",
            self._task().id,
            {
                "path": text_of(seen.path),
                "before_sha256": hashlib.sha256(seen.staged).hexdigest(),
                "after_sha256": hashlib.sha256(data).hexdigest(),
                "merged": merged,
                "channel": str(channel),
            },
            blobs={"content": data} if len(data) <= _DIFF_CHARACTERS else None,
        )

    async def undo(self, stage: Stage, undo_id: str, *, overwrite_later: bool) -> ApplyReport:
        """Take back an applied set."""
        report = await asyncio.to_thread(lambda: stage.undo(undo_id, overwrite_later=overwrite_later))
        await self._log.write(
            "stage.undo",
            self._task().id,
            {
                "undo_id": undo_id or report.undo_id,
                "changes": change_bodies(report.applied),
                "conflicts": [text_of(c.path) for c in report.conflicts],
            },
        )
        return report

    async def _apply(
        self,
        action: Action,
        verdict: Verdict,
        diff: Callable[[], str],
        apply: Callable[[], ApplyReport],
        channel: Channel | None = None,
        more: dict[str, JSON] | None = None,
    ) -> ApplyReport:
        """Record that it will be done, do it, record what was done. `diff` and `apply` are called in a thread."""
        task, name, call = self._task().id, digest(action), f"apply-{secrets.token_hex(4)}"
        records: list[Record] = [
            (
                "intent",
                {"call": call, "tool": "apply", "effect": "apply", "digest": name, "resource": f"stage:{task}"},
                {"action": dumps(action)},
            ),
            (
                "decision",
                {
                    "call": call,
                    "digest": name,
                    "decision": str(verdict.decision),
                    "policies": list(verdict.policies),
                    "code": verdict.code,
                    "policy_set_sha256": verdict.policy_set_sha256,
                },
                {"reason": verdict.reason.encode()},
            ),
        ]
        if channel is not None:
            records.append(
                (
                    "approval",
                    {"call": call, "digest": name, "answer": str(Answer.ONCE), "channel": str(channel)},
                    {},
                )
            )
        text = await asyncio.to_thread(diff)
        await record(self._log, task, records)
        report = await asyncio.to_thread(apply)
        await self._log.write(
            "stage.apply",
            task,
            {**applied_body(call, name, report), **(more or {})},
            blobs={"diff": text.encode("utf-8", "backslashreplace")} if text else None,
        )
        return report


def _diffs(stage: Stage, paths: Sequence[str]) -> str:
    """What is about to change, as text for the report; the stage knows it only before it is applied."""
    found: list[str] = []
    size = 0
    try:
        for _, text in stage.diffs(paths[:_DIFFED]):
            size += len(text)
            if size > _DIFF_CHARACTERS:
                break
            found.append(text)
    except (StageError, OSError):  # a report without its diffs is better than no apply
        pass
    return "\n".join(found)


def _chosen(change: Change, paths: Sequence[str] | None) -> bool:
    if paths is None:
        return True
    return any(change.path == p.rstrip("/") or change.path.startswith(p.rstrip("/") + "/") for p in paths)
