"""The sessions of helpers: each on its parent's stage and in its room, behind its parent's door as well as its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from assistant.agent.children import Borrowed
from assistant.agent.parts import Parts, now_ms
from assistant.agent.recall import Recalled, recall
from assistant.agent.session import LocalSession
from assistant.canonical import dumps
from assistant.gateway.covered import covered
from assistant.gateway.delegation import child_boundaries, child_grants
from assistant.gateway.door import Gateway
from assistant.types import Boundary, Grant, Task, plain

if TYPE_CHECKING:
    from assistant.agent.task_policies import TaskPolicies
    from assistant.agent.tasks import Tasks
    from assistant.audit.views import Views
    from assistant.gateway.memory import Memory
    from assistant.policy.session import Session as PolicySession
    from assistant.sandbox.protocol import Room


class ChildSessions:
    """Opens the children of sessions, and knows whose children they are."""

    def __init__(self, parts: Parts, views: Views, *, policies: TaskPolicies, tasks: Tasks, memory: Memory) -> None:
        self._parts = parts
        self._views = views
        self._policies = policies
        self._tasks = tasks
        self._memory = memory
        self._lineage: dict[str, tuple[str, ...]] = {}
        """The ancestors of each child that was opened here, oldest first."""

    async def open(self, parent: LocalSession, task: Task) -> LocalSession:
        """A session for the child `task` of `parent`, begun in the log. Raises LogError."""
        parts, services = self._parts, parent.services
        grants = child_grants(services.policy.grants(), task)
        boundaries = child_boundaries(services.policy.boundaries(), task)
        policy = await asyncio.to_thread(self._policy, parent, task, grants, boundaries)
        await self._tasks.record_opening(task)
        for grant in grants:
            await parts.log.write("grant.added", task.id, {"id": grant.id, "grant": plain(grant)})
        for boundary in boundaries:
            await parts.log.write("boundary.added", task.id, {"id": boundary.id, "boundary": plain(boundary)})
        if parent.preface:
            blobs = {"message": dumps(parent.preface)}
            await parts.log.write("context.read", task.id, {"parent": parent.task.id}, blobs=blobs)

        def gateway(current: Callable[[], Task], room: Callable[[], Awaitable[Room]]) -> Gateway:
            made = Gateway(
                task=current,
                registry=parts.registry,
                log=parts.log,
                policy=policy,
                approver=parent.gateway.approver,
                room=covered(room, policy),
                now_ms=now_ms,
                settings=parts.tool_settings,
                house={"memory": self._memory},
                above=parent.gateway,
            )
            made.servers = parent.gateway.servers
            return made

        own = msgspec.structs.replace(
            services,
            policy=policy,
            gateway=gateway,
            open_room=parent.open_room,
            reload_policy=_unchanged,
            depth=parent.depth + 1,
            require_above=parent.require_budgets,
            within=True,
        )
        self._lineage[task.id] = self._ancestors(parent)
        return LocalSession(task, Borrowed(parent.model), own, Recalled([], parent.preface))

    def _ancestors(self, parent: LocalSession) -> tuple[str, ...]:
        return (*self._lineage.get(parent.task.id, ()), parent.task.id)

    def _policy(
        self, parent: LocalSession, task: Task, grants: Sequence[Grant], boundaries: Sequence[Boundary]
    ) -> PolicySession:
        """Knows all that the person has said and the ancestors have read, so that nothing is washed clean on the way."""
        everywhere = [boundary for boundary in parent.boundaries() if not boundary.task]
        policy = self._policies.open(task, boundaries=(*boundaries, *everywhere))
        for grant in grants:
            policy.add_grant(grant)
        for ancestor in self._ancestors(parent):
            recall(self._parts.log, self._views.shared_entries(ancestor), policy)
        return policy


def _unchanged(session: PolicySession) -> list[str]:
    """A turn goes on by the policies that it began with."""
    return []
