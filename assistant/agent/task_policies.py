"""What judges a task: the policies of its folder, with the grants and boundaries that hold for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from assistant.agent.standing import uses_left
from assistant.types import Boundary, Grant, Task

if TYPE_CHECKING:
    from assistant.audit.log import Log
    from assistant.audit.task_view import TaskState
    from assistant.audit.views import Views
    from assistant.config import Settings
    from assistant.gateway.policies import Policies
    from assistant.policy.session import Session


class TaskPolicies:
    """Opens a policy session for a task. Blocking, about 80 ms for the first one of a folder: call from a worker thread."""

    def __init__(
        self, log: Log, views: Views, of_folder: Callable[[str], Policies], settings: Callable[[], Settings]
    ) -> None:
        self._log = log
        self._views = views
        self._of_folder = of_folder
        self._settings = settings

    def open(self, task: Task, grants: Sequence[Grant] | None = None, boundaries: Sequence[Boundary] = ()) -> Session:
        """A session with these grants, as far as they are not used up, and these boundaries; None: the standing grants."""
        session = self._of_folder(task.folder).engine().session(task)
        session.owner(self._settings().me)
        for grant in self._views.standing_grants() if grants is None else grants:
            left = uses_left(self._log, grant)
            if left is None or left > 0:
                session.add_grant(msgspec.structs.replace(grant, uses=left))
        for boundary in boundaries:
            session.add_boundary(boundary)
        return session

    def resume(self, state: TaskState) -> Session:
        """A session with all that holds for a task of the log."""
        return self.open(state.task, state.grants, state.boundaries)
