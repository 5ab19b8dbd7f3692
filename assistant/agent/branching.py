"""Where a branch of a task leaves it, and what becomes of the stage there.

A branch is a task of its own. Its conversation begins with the entries that it shares with the task it left, and its stage holds
what that one's stage held then. Changes that were applied since lie in the real folder, which a branch shares with everybody:
they are named, and can be taken back first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from assistant.agent.events import Notice
from assistant.errors import StageError, UsageError
from assistant.gateway.changes import text_of
from assistant.types import Data, Message
from assistant.visible import one_line

if TYPE_CHECKING:
    from assistant.agent.parts import StagedTask
    from assistant.audit.log import Log
    from assistant.audit.views import Views
    from assistant.sandbox.protocol import Stage
    from assistant.sandbox.stage.moments import Moment


class AppliedSet(Data, frozen=True):
    """Changes that a task has applied and could take back."""

    task: str
    undo_id: str
    files: int


class BranchPoint(Data, frozen=True):
    """A place in a task's conversation."""

    task: str
    """Whose entry it is: the task itself, or one that it branched from."""
    seq: int
    """The branch shares what was said before this entry."""
    prompt: str = ""
    """What the person said there; empty at the end of the conversation."""
    at_end: bool = False
    staged: bool = False
    """Whether the stage of then is known."""
    applied: tuple[AppliedSet, ...] = ()
    """What was applied since, newest first."""


class Branching:
    """Finds branch points and begins the stages of branches. Blocking: call from a worker thread."""

    def __init__(self, log: Log, views: Views, staged: Callable[[str], StagedTask | None]) -> None:
        self._log = log
        self._views = views
        self._staged = staged

    def point(self, task: str, seq: int = 0) -> BranchPoint:
        """The point before the person's message `seq`, or the end of the conversation when that is 0.

        Raises UsageError for an entry that is no message of the person's in this conversation.
        """
        if not seq:
            last = max((entry.seq for entry in self._views.task_entries(task)), default=0)
            return BranchPoint(task, last + 1, at_end=True, staged=True)
        entry = self._log.entry(seq)
        lineage = self._lineage(task, seq)
        if entry is None or entry.kind != "message" or entry.task != lineage[-1] or entry.body.get("role") != "user":
            raise UsageError(
                f"entry {seq} is not a message of yours in this task", hint="choose one in the conversation"
            )
        raw = self._log.blob(str(entry.body.get("message_sha256", "")))
        if raw is None:
            raise UsageError("that message was erased, so it can't be edited", hint="write it anew")
        applied = [one for name in lineage for one in self._applied(name, seq)]
        kept = self._moment(entry.task, seq) is not None
        return BranchPoint(
            entry.task,
            seq,
            msgspec.json.decode(raw, type=Message).text,
            staged=kept,
            applied=tuple(sorted(applied, key=lambda one: one.undo_id, reverse=True)),
        )

    def begin(self, point: BranchPoint, stage: Stage) -> tuple[dict[str, object], list[Notice]]:
        """Make `stage`, which is a branch's and empty, as it was at `point`; returns an entry's body and what to tell."""
        if point.at_end:
            self._keep_now(point)
        moment = self._moment(point.task, point.seq)
        if moment is None:
            text = "the stage of that time is not known any more, so this branch begins with an empty one"
            hint = "what is staged in the other task is still there, see /tasks"
            return {"from": point.task, "at": point.seq, "staged": 0, "known": False}, [Notice("warning", text, hint)]
        report = stage.begin_as(moment)
        told: list[Notice] = []
        if report.staged:
            number = "1 staged change is" if report.staged == 1 else f"{report.staged} staged changes are"
            told.append(Notice("info", f"the stage is as it was then: {number} back"))
        if report.missing:
            told.append(Notice("warning", f"these could not be staged again: {_some(report.missing)}"))
        if report.elsewhere:
            text = f"these files were changed meanwhile, and will be conflicts when applied: {_some(report.elsewhere)}"
            told.append(Notice("warning", text))
        body: dict[str, object] = {
            "from": point.task,
            "at": point.seq,
            "staged": report.staged,
            "known": True,
            "missing": [text_of(path) for path in report.missing[:50]],
            "elsewhere": [text_of(path) for path in report.elsewhere[:50]],
        }
        return body, told

    def _keep_now(self, point: BranchPoint) -> None:
        if (staged := self._staged(point.task)) is not None:
            try:
                staged.stage.keep_moment(str(point.seq))
            except StageError:
                return  # `begin` says that it is not known

    def _moment(self, task: str, seq: int) -> Moment | None:
        staged = self._staged(task)
        return staged.stage.moment(str(seq)) if staged is not None else None

    def _lineage(self, task: str, seq: int) -> list[str]:
        """The tasks from `task` up to the one whose own part of the conversation holds entry `seq`."""
        found = [task]
        while (one := self._views.task(found[-1])) is not None and one.branched_at > seq:
            found.append(one.parent)
        return found

    def _applied(self, task: str, seq: int) -> list[AppliedSet]:
        """What this task has applied since entry `seq` and not taken back."""
        files: dict[str, int] = {}
        for entry in self._views.task_entries(task):
            name = str(entry.body.get("undo_id", ""))
            if entry.seq <= seq or not name:
                continue
            if entry.kind == "stage.apply":
                files[name] = int(entry.body.get("count", 0))
            elif entry.kind == "stage.undo":
                files.pop(name, None)
        staged = self._staged(task) if files else None
        possible = {name for name, _, _ in staged.stage.undoable()} if staged is not None else set[str]()
        return [AppliedSet(task, name, count) for name, count in files.items() if name in possible]


def left_applied(point: BranchPoint) -> Notice | None:
    """What to tell of changes that were applied after `point` and stay."""
    if not point.applied:
        return None
    files = sum(one.files for one in point.applied)
    text = f"{files} change{'s' if files != 1 else ''} applied since then stay in the folder: this branch sees them"
    return Notice("warning", text, "open the task it branched from, and take them back there with /undo")


def _some(paths: tuple[str, ...], most: int = 5) -> str:
    more = f" and {len(paths) - most} more" if len(paths) > most else ""
    return ", ".join(one_line(path, 80) for path in paths[:most]) + more
