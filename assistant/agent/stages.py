"""The stages of all tasks, to review, apply, drop and undo without opening the task."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from assistant.agent.parts import Parts, StagedTask, now_ms
from assistant.errors import UsageError
from assistant.gateway.judge import judged
from assistant.gateway.settle import Settlement
from assistant.sandbox.stage.place import recorded_folder
from assistant.types import Action, Task, Verdict
from assistant.visible import one_line

if TYPE_CHECKING:
    from assistant.agent.task_policies import TaskPolicies
    from assistant.audit.views import Views


class Stages:
    """Finds stages on disk. Blocking: call from a worker thread."""

    def __init__(self, parts: Parts, views: Views, policies: TaskPolicies) -> None:
        self._parts = parts
        self._views = views
        self._policies = policies

    def all(self, applied_too: bool = False) -> list[StagedTask]:
        """Those with staged changes (or something to undo), newest first."""
        found: list[StagedTask] = []
        for name in sorted(self._names(), reverse=True):
            staged = self.of(name)
            if staged and (staged.stage.changes() or (applied_too and staged.stage.undoable())):
                found.append(staged)
        return found

    def find(self, beginning: str) -> StagedTask | None:
        """The task whose id begins so, when it has a stage; None when none does. Raises UsageError for several."""
        found = [name for name in self._names() if beginning and name.startswith(beginning)]
        if len(found) > 1:
            raise UsageError(f"several tasks begin with `{one_line(beginning, 40)}`", hint=", ".join(sorted(found)[:5]))
        return self.of(found[0]) if found else None

    def of(self, task_id: str) -> StagedTask | None:
        """None when its folder is gone. A stage of `assistant sandbox exec` belongs to no task of the log."""
        state = self._views.task_state(task_id)
        recorded = recorded_folder(self._parts.paths.stages / task_id)
        if state is not None and state.task.folder:
            task, grants, boundaries = state.task, state.grants, state.boundaries
        elif recorded is not None:
            task, grants, boundaries = Task(task_id, str(recorded), "", title="sandbox exec"), None, ()
        else:
            return None
        folder = Path(task.folder)
        if not folder.is_dir():
            return None
        policy = self._policies.open(task, grants, boundaries)
        stage = self._parts.sandbox().stage(task.id, folder, self._parts.paths.stages)

        def judge(action: Action) -> Verdict:
            return judged(policy, action, now_ms())

        return StagedTask(task, folder, stage, Settlement(lambda: task, self._parts.log, judge))

    def _names(self) -> list[str]:
        folder = self._parts.paths.stages
        return [f.name for f in folder.iterdir() if f.is_dir()] if folder.is_dir() else []
