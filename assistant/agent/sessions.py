"""The sessions of this desk: each task gets its door, its room and its model here, and those that are open are known here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.agent.parts import Parts, new_task_id, now_ms
from assistant.agent.services import Services
from assistant.agent.session import LocalSession
from assistant.agent.weakness import Weakness
from assistant.errors import UsageError
from assistant.gateway.covered import covered
from assistant.gateway.door import Gateway
from assistant.types import ModelInfo, Task

if TYPE_CHECKING:
    from assistant.agent.child_sessions import ChildSessions
    from assistant.agent.recall import Recalled
    from assistant.agent.task_policies import TaskPolicies
    from assistant.agent.tasks import Tasks
    from assistant.agent.today import Today
    from assistant.audit.views import Views
    from assistant.config import Settings
    from assistant.gateway.approver import Approver
    from assistant.gateway.memory import Memory
    from assistant.gateway.planting import Planting
    from assistant.models.protocol import Model
    from assistant.policy.session import Session as PolicySession
    from assistant.sandbox.protocol import Room


class Sessions:
    """Makes the sessions of a person's tasks, and keeps those that are open."""

    def __init__(
        self,
        parts: Parts,
        views: Views,
        *,
        policies: TaskPolicies,
        tasks: Tasks,
        today: Today,
        memory: Memory,
        settings: Callable[[], Settings],
    ) -> None:
        self._parts = parts
        self._views = views
        self._policies = policies
        self._tasks = tasks
        self._today = today
        self._memory = memory
        self._settings = settings
        self._open: list[LocalSession] = []
        self._planting: Planting | None = None
        self._child_sessions: ChildSessions | None = None

    def make(self, task: Task, model: Model, approver: Approver, policy: PolicySession, past: Recalled) -> LocalSession:
        """A session that goes on from `past`, judged by `policy`; `begin` opens it. May be called from a worker thread."""
        parts = self._parts
        folder = Path(task.folder)
        settings = self._settings()

        def gateway(current: Callable[[], Task], room: Callable[[], Awaitable[Room]]) -> Gateway:
            room = covered(room, policy)
            made = Gateway(
                task=current,
                registry=parts.registry,
                log=parts.log,
                policy=policy,
                approver=approver,
                room=room,
                now_ms=now_ms,
                settings=parts.tool_settings,
                house={"memory": self._memory},
                planting=self._checks() if settings.planted_checks else None,
            )
            if parts.servers.configs:
                made.servers = parts.task_servers(current, room, approver)
            return made

        untold = list(parts.servers.problems)

        def reload_policy(session: PolicySession) -> list[str]:
            told = untold[:]
            untold.clear()
            policies = parts.policies(task.folder)
            if not policies.changed():
                return told
            engine = policies.engine()
            session.use(engine)
            return told + [f"policy: {problem}" for problem in engine.problems]

        def weakness() -> list[str]:
            sandbox = parts.sandbox()
            stage = sandbox.stage(task.id, folder, parts.paths.stages)
            return [text for text in (sandbox.warning, stage.warning) if text]

        services = Services(
            log=parts.log,
            registry=parts.registry,
            policy=policy,
            gateway=gateway,
            open_room=lambda: parts.sandbox().open(task.id, folder, parts.paths.stages),
            stage=lambda: parts.sandbox().stage(task.id, folder, parts.paths.stages),
            make_model=parts.make_model,
            reload_policy=reload_policy,
            fallback=settings.model.fallback,
            usable=lambda name: self._known(name) is not None,
            window=lambda name: info.context_tokens if (info := self._known(name)) else None,
            day=settings.day,
            today=self._today,
            open_child=self._open_child,
            new_task=lambda: (new_task_id(), now_ms()),
            depth=1 if task.parent and not task.branched_at else 0,
            max_steps=settings.max_steps,
            weakness=Weakness(weakness),
        )
        return LocalSession(task, model, services, past)

    def begin(self, session: LocalSession) -> LocalSession:
        """It is open from now on. The servers whose tools are on are started in the background, while the person types."""
        self._open.append(session)
        if (servers := session.gateway.servers) is not None:
            from assistant.agent.sampling import Sampling  # only those with servers pay for it

            servers.questions.sampler = Sampling(session).sample
            servers.warm_up(list(session.enabled_tools()))
        return session

    def opened(self, task: str) -> LocalSession | None:
        """The session of an open task; the latest where there are several."""
        return next((s for s in reversed(self._open) if s.task.id == task), None)

    def require_idle(self, task: str) -> None:
        """Raises UsageError while a turn runs in that task."""
        if any(s.running for s in self._open if s.task.id == task):
            raise UsageError("a turn is running in that task", hint="stop it, or wait for it")

    async def aclose(self) -> None:
        """Close every session."""
        for session in self._open:
            await session.aclose()

    # ------------------------------------------------------------

    def _known(self, model: str) -> ModelInfo | None:
        """What the catalogue knows without asking anybody; None for what no model can be."""
        try:
            return self._parts.catalogue.info(model)
        except UsageError:
            return None

    def _checks(self) -> Planting:
        """The planted checks of all tasks, whose answers are counted together."""
        if self._planting is None:
            from assistant.gateway.planting import Planting  # only those who turned them on pay for it
            from assistant.policy.planted import PlantedChecks

            self._planting = Planting(PlantedChecks(enabled=True))
        return self._planting

    async def _open_child(self, parent: LocalSession, task: Task) -> LocalSession:
        if self._child_sessions is None:
            from assistant.agent.child_sessions import ChildSessions  # only those with helpers pay for it

            self._child_sessions = ChildSessions(
                self._parts, self._views, policies=self._policies, tasks=self._tasks, memory=self._memory
            )
        return await self._child_sessions.open(parent, task)
