"""The Desk on this machine: owns the log, the tools, the policies, the sandbox engine and the models; opens tasks."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from assistant.agent.folder import check_folder
from assistant.agent.kits import Kit, find_kit
from assistant.agent.recall import Recalled, recall
from assistant.agent.session import LocalSession, Services
from assistant.audit.page import Filter
from assistant.audit.views import LogRow, TaskSummary, Views
from assistant.errors import UsageError
from assistant.gateway.approver import Approver
from assistant.gateway.door import Gateway
from assistant.gateway.judge import judged
from assistant.gateway.settle import Settlement
from assistant.models.budgets import Spent
from assistant.sandbox.stage.place import recorded_folder
from assistant.types import Action, Autonomy, Budgets, Grant, ModelInfo, Task, Verdict, plain
from assistant.visible import one_line

if TYPE_CHECKING:
    from assistant.audit.log import Log
    from assistant.audit.task_view import TaskState
    from assistant.config import Paths, Settings
    from assistant.gateway.policies import Policies
    from assistant.gateway.registry import Registry
    from assistant.gateway.servers import Servers, TaskServers
    from assistant.models.catalogue import Catalogue
    from assistant.models.protocol import Model
    from assistant.policy.session import Session as PolicySession
    from assistant.sandbox.protocol import Room, Sandbox, Stage


class Parts(msgspec.Struct, frozen=True):
    """The concrete pieces, picked by `assistant.compose`."""

    paths: Paths
    settings: Settings
    log: Log
    registry: Registry
    kits: dict[str, Kit]
    policies: Callable[[str], Policies]
    """The policies for a folder; the same object for the same folder."""
    sandbox: Callable[[], Sandbox]
    """Found when first needed: probing costs, and a chat without tools needs none."""
    catalogue: Catalogue
    make_model: Callable[[str], Awaitable[Model]]
    servers: Servers
    """The MCP servers of this person; the tools of trusted ones stand in the registry."""
    task_servers: Callable[[Callable[[], Task], Callable[[], Awaitable[Room]], Approver], TaskServers]
    close: Callable[[], Awaitable[None]]


class StagedTask(msgspec.Struct, frozen=True):
    """A task's stage with what may act on it, without opening the task."""

    task: Task
    folder: Path
    stage: Stage
    settlement: Settlement


class LocalDesk:
    """See `assistant.agent.desk.Desk`."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._views = Views(parts.log)
        self._sessions: list[LocalSession] = []

    @property
    def paths(self) -> Paths:
        """Where things live."""
        return self._parts.paths

    @property
    def settings(self) -> Settings:
        """As loaded at start."""
        return self._parts.settings

    @property
    def log(self) -> Log:
        """The action log."""
        return self._parts.log

    @property
    def kits(self) -> dict[str, Kit]:
        """By name."""
        return self._parts.kits

    @property
    def servers(self) -> Servers:
        """The MCP servers: `states()` for a list, `problems` for what the person should know."""
        return self._parts.servers

    async def open_task(
        self,
        folder: Path,
        *,
        model: str = "",
        kit: str = "",
        tools: Sequence[str] | None = None,
        autonomy: Autonomy | None = None,
        budgets: Budgets | None = None,
        approver: Approver,
        broad_ok: bool = False,
    ) -> LocalSession:
        """A new task. Raises FolderError, NeedsPerson (a whole home, not confirmed), UsageError (unknown kit, tool, model)."""
        real = check_folder(folder, broad_ok=broad_ok)
        settings = self._parts.settings
        chosen = find_kit(self._parts.kits, kit or settings.kit)
        wanted = tuple(tools) if tools is not None else tuple(t for t in chosen.tools if self._parts.registry.find(t))
        if tools is None and wanted:  # a person's trusted servers come with every kit that has tools
            wanted += tuple(s.name for s in self._parts.registry.all() if s.protocol == "server")
        for name in wanted:
            if self._parts.registry.find(name) is None:
                raise UsageError(f"there is no tool `{one_line(name, 60)}`", hint="see `assistant tools list`")
        task = Task(
            id=new_task_id(),
            folder=str(real),
            model=model or await self._parts.catalogue.default(),
            kit=chosen.name,
            tools=wanted,
            autonomy=autonomy or settings.autonomy,
            budgets=budgets or settings.budgets,
            created_ms=now_ms(),
        )
        answering = await self._parts.make_model(task.model)
        policy = await asyncio.to_thread(self._policy, task)  # 80 ms, in which the model's worker starts on this loop
        session = self._session(task, answering, approver, policy)
        await self._parts.log.write(
            "task.opened",
            task.id,
            {
                "folder": task.folder,
                "model": session.model_info.id,
                "kit": task.kit,
                "tools": list(task.tools),
                "autonomy": str(task.autonomy),
                "budgets": plain(task.budgets),
                "parent": task.parent,
            },
        )
        self._sessions.append(session)
        return session

    async def resume_task(self, task: str, *, approver: Approver) -> LocalSession:
        """An earlier task. Raises UsageError when there is none, or more than one begins so."""
        state = await asyncio.to_thread(self._find, task)
        check_folder(Path(state.task.folder), broad_ok=True)
        answering = await self._parts.make_model(state.task.model)
        session = await asyncio.to_thread(self._recalled, state, answering, approver)
        self._sessions.append(session)
        return session

    def _find(self, beginning: str) -> TaskState:
        """Raises UsageError when no task begins so, or several do; an empty beginning means the latest."""
        found = self._views.find_task(beginning)
        if beginning and len(found) > 1 and beginning not in found:
            raise UsageError(f"several tasks begin with `{one_line(beginning, 40)}`", hint=", ".join(found[:5]))
        state = self._views.task_state(beginning if beginning in found else found[0]) if found else None
        if state is None:
            what = f"no task begins with `{one_line(beginning, 40)}`" if beginning else "there is no task yet"
            raise UsageError(what, hint="see `assistant tasks`")
        return state

    def _recalled(self, state: TaskState, model: Model, approver: Approver) -> LocalSession:
        policy = self._policy(state.task, state.grants)
        for boundary in state.boundaries:
            policy.add_boundary(boundary)
        past = recall(self._parts.log, self._views.task_entries(state.task.id), policy)
        used = state.totals
        spent = Spent(
            cost_uusd=used.cost_uusd,
            unpriced_calls=used.unpriced_calls,
            tokens=used.input_tokens + used.output_tokens,
            calls=used.calls,
        )
        return self._session(state.task, model, approver, policy, past, spent)

    async def tasks(self, search: str = "", limit: int = 200) -> list[TaskSummary]:
        """Newest first."""
        return await asyncio.to_thread(self._views.tasks, search, limit)

    async def staged_tasks(self, *, applied_too: bool = False) -> list[StagedTask]:
        """Tasks with staged changes (or something to undo), newest first."""

        def find() -> list[StagedTask]:
            found: list[StagedTask] = []
            for folder in sorted(_folders(self._parts.paths.stages), reverse=True):
                staged = self._staged(folder.name)
                if staged and (staged.stage.changes() or (applied_too and staged.stage.undoable())):
                    found.append(staged)
            return found

        return await asyncio.to_thread(find)

    async def staged_task(self, beginning: str) -> StagedTask | None:
        """The task whose id begins so, when it has a stage; None when none does. Raises UsageError for several."""
        found = [f.name for f in _folders(self._parts.paths.stages) if beginning and f.name.startswith(beginning)]
        if len(found) > 1:
            raise UsageError(f"several tasks begin with `{one_line(beginning, 40)}`", hint=", ".join(sorted(found)[:5]))
        return await asyncio.to_thread(self._staged, found[0]) if found else None

    def _staged(self, task_id: str) -> StagedTask | None:
        """None when its folder is gone. A stage of `assistant sandbox exec` belongs to no task of the log."""
        state = self._views.task_state(task_id)
        recorded = recorded_folder(self._parts.paths.stages / task_id)
        if state is not None:
            task, grants, boundaries = state.task, state.grants, state.boundaries
        elif recorded is not None:
            task, grants, boundaries = Task(task_id, str(recorded), "", title="sandbox exec"), None, ()
        else:
            return None
        folder = Path(task.folder)
        if not folder.is_dir():
            return None
        policy = self._policy(task, grants)
        for boundary in boundaries:
            policy.add_boundary(boundary)
        stage = self._parts.sandbox().stage(task.id, folder, self._parts.paths.stages)

        def judge(action: Action) -> Verdict:
            return judged(policy, action, now_ms())

        return StagedTask(task, folder, stage, Settlement(lambda: task, self._parts.log, judge))

    async def models(self) -> list[ModelInfo]:
        """The catalogue."""
        return await self._parts.catalogue.models()

    async def log_page(
        self,
        *,
        task: str = "",
        kinds: Sequence[str] = (),
        search: str = "",
        before_seq: int | None = None,
        limit: int = 200,
    ) -> list[LogRow]:
        """Newest first."""
        return await asyncio.to_thread(
            lambda: list(
                self._views.page(
                    Filter(task=task, kinds=tuple(kinds)), search=search, before_seq=before_seq, limit=limit
                ).rows
            )
        )

    async def aclose(self) -> None:
        """Close every session, then what they share, then the log."""
        for session in self._sessions:
            await session.aclose()
        await self._parts.close()
        self._views.close()
        self._parts.log.close()

    # ------------------------------------------------------------

    def _policy(self, task: Task, grants: Sequence[Grant] | None = None) -> PolicySession:
        session = self._parts.policies(task.folder).engine().session(task)
        for grant in self._views.standing_grants() if grants is None else grants:
            session.add_grant(grant)
        return session

    def _session(
        self,
        task: Task,
        model: Model,
        approver: Approver,
        policy: PolicySession | None = None,
        past: Recalled | None = None,
        spent: Spent | None = None,
    ) -> LocalSession:
        parts = self._parts
        folder = Path(task.folder)
        policy = policy or self._policy(task)

        def gateway(current: Callable[[], Task], room: Callable[[], Awaitable[Room]]) -> Gateway:
            made = Gateway(
                task=current,
                registry=parts.registry,
                log=parts.log,
                policy=policy,
                approver=approver,
                room=room,
                now_ms=now_ms,
            )
            if parts.servers.configs:
                made.servers = parts.task_servers(current, room, approver)
            return made

        def reload_policy(session: PolicySession) -> list[str]:
            policies = parts.policies(task.folder)
            if not policies.changed():
                return []
            engine = policies.engine()
            session.use(engine)
            return [f"policy: {problem}" for problem in engine.problems]

        services = Services(
            log=parts.log,
            registry=parts.registry,
            policy=policy,
            gateway=gateway,
            open_room=lambda: parts.sandbox().open(task.id, folder, parts.paths.stages),
            stage=lambda: parts.sandbox().stage(task.id, folder, parts.paths.stages),
            make_model=parts.make_model,
            reload_policy=reload_policy,
            fallback=parts.settings.model.fallback,
            max_steps=parts.settings.max_steps,
        )
        return LocalSession(task, model, services, past, spent)


def _folders(parent: Path) -> list[Path]:
    return [f for f in parent.iterdir() if f.is_dir()] if parent.is_dir() else []


def now_ms() -> int:
    """Unix time in milliseconds."""
    return time.time_ns() // 1_000_000


def new_task_id() -> str:
    """Sorts by time, says nothing of its content: 11 characters of time, 5 of chance, in base 32 (Crockford's letters)."""
    letters = "0123456789abcdefghjkmnpqrstvwxyz"
    stamp = now_ms()
    time_part = "".join(letters[(stamp >> shift) & 31] for shift in range(45, -1, -5))
    return time_part + "".join(secrets.choice(letters) for _ in range(6))
