"""The Desk on this machine: owns the log, the tools, the policies, the sandbox engine and the models; opens tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from assistant.agent.arrangements import Arrangements
from assistant.agent.branching import Branching, BranchPoint, left_applied
from assistant.agent.events import Notice
from assistant.agent.folder import check_folder
from assistant.agent.kits import Kit, find_kit
from assistant.agent.parts import Parts, StagedTask, new_task_id, now_ms
from assistant.agent.pictures import Shown
from assistant.agent.recall import Recalled, recall
from assistant.agent.session import LocalSession
from assistant.agent.sessions import Sessions
from assistant.agent.settings_seen import note_settings
from assistant.agent.stages import Stages
from assistant.agent.standing import Standing
from assistant.agent.task_policies import TaskPolicies
from assistant.agent.tasks import Tasks
from assistant.agent.today import Today
from assistant.audit.page import Filter
from assistant.audit.views import LogRow, TaskSummary, Views
from assistant.errors import UsageError
from assistant.gateway.approver import Approver
from assistant.gateway.delegation import child_boundaries
from assistant.gateway.memory import Memory
from assistant.models.catalogue import OFFLINE
from assistant.store.facts import Facts
from assistant.types import JSON, Autonomy, Budgets, ImagePart, ModelInfo, Task, plain
from assistant.visible import one_line

if TYPE_CHECKING:
    from assistant.agent.comparing import Comparison, Replays
    from assistant.agent.logbook import LogBook
    from assistant.agent.replaying import Replayed
    from assistant.agent.usage import Used
    from assistant.audit.log import Log
    from assistant.audit.task_view import TaskState
    from assistant.config import Paths, Settings
    from assistant.gateway.servers import Servers
    from assistant.gateway.thumbnails import Thumbnail
    from assistant.models.protocol import Model


class LocalDesk:
    """See `assistant.agent.desk.Desk`."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.arrangements = Arrangements(parts)
        """Settings, kits and servers of this person, to be changed."""
        self._views = Views(parts.log)
        self._tasks = Tasks(parts.log, self._views)
        self._today = Today(parts.log)
        self._policies = TaskPolicies(parts.log, self._views, parts.policies, lambda: self.settings)
        self.standing = Standing(parts.log, self._views, self._policies.resume)
        self._shown = Shown(parts.sandbox, parts.log)
        self._replaying: Replays | None = None
        self.memory = Memory(Facts(parts.paths.memory_db), parts.log)
        self._sessions = Sessions(
            parts,
            self._views,
            policies=self._policies,
            tasks=self._tasks,
            today=self._today,
            memory=self.memory,
            settings=lambda: self.settings,
        )
        self._stages = Stages(parts, self._views, self._policies)
        self._branching = Branching(parts.log, self._views, self._stages.of)

    @property
    def paths(self) -> Paths:
        """Where things live."""
        return self._parts.paths

    @property
    def settings(self) -> Settings:
        """As they stand now: a change counts for tasks that are opened from then on."""
        return self.arrangements.settings

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
        settings = self.settings
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
            budgets=(budgets or Budgets()).over(settings.budgets),
            created_ms=now_ms(),
        )
        answering = await self._parts.make_model(task.model)
        policy = await asyncio.to_thread(
            self._policies.open, task
        )  # 80 ms, in which the model's worker starts on this loop
        first = self._parts.log.trust.last_seen() is None
        await asyncio.to_thread(note_settings, self._parts.log, settings)
        await self._tasks.record_opening(msgspec.structs.replace(task, model=answering.info.id))
        past = Recalled([], notices=self._welcome() if first else ())
        return self._sessions.begin(self._sessions.make(task, answering, approver, policy, past))

    def _welcome(self) -> tuple[Notice, ...]:
        """Said once, when the log is new: where the key lies that signs it."""
        return (
            Notice("info", f"everything is written to a signed log; its key lies in {self._parts.log.key_place()}"),
        )

    def keep_indexed(self) -> None:
        """Keep the index for searches up to date in the background: for a program that stays open."""
        self._views.start_indexing()

    async def resume_task(self, task: str, *, approver: Approver, model: str = "") -> LocalSession:
        """An earlier task, with `model` from now on when one is named. When the model it had can't be used now, the default
        one answers, and a notice says so. Raises UsageError when there is no such task, or more than one begins so.
        """
        return await self._resume(await asyncio.to_thread(self._tasks.find, task), approver, model, ())

    async def branch_point(self, task: str, seq: int = 0) -> BranchPoint:
        """Where a branch would leave `task`: before the person's message `seq`, or at the end. Raises UsageError."""
        return await asyncio.to_thread(self._branching.point, task, seq)

    async def branch_task(self, point: BranchPoint, *, approver: Approver, take_back: bool = False) -> LocalSession:
        """A new task that goes on from `point`, its stage as it was then; `take_back` first undoes what was applied since.

        What the person forbade for the other task holds here too; what was allowed for it is asked about anew. Raises
        UsageError while a turn runs there.
        """
        self._sessions.require_idle(point.task)
        state = await asyncio.to_thread(self._tasks.find, point.task)
        old = state.task
        notices: list[Notice] = []
        for one in point.applied if take_back else ():
            if (staged := await asyncio.to_thread(self._stages.of, one.task)) is not None:
                report = await staged.settlement.undo(staged.stage, one.undo_id, overwrite_later=False)
                if report.conflicts:
                    names = ", ".join(one_line(c.path, 80) for c in report.conflicts[:5])
                    notices.append(Notice("warning", f"changed since, and so not taken back: {names}"))
        if not take_back and (notice := left_applied(point)):
            notices.append(notice)
        first = not point.at_end and not any(e.kind == "message" for e in self._views.shared_entries(old.id, point.seq))
        new = msgspec.structs.replace(
            old,
            id=new_task_id(),
            title="" if first else old.title,
            parent=old.id,
            branched_at=point.seq,
            created_ms=now_ms(),
            archived=False,
        )
        await self._tasks.record_opening(new)
        for boundary in child_boundaries(state.boundaries, new):
            body: dict[str, JSON] = {"id": boundary.id, "boundary": plain(boundary)}
            await self._parts.log.write("boundary.added", new.id, body)
        stage = self._parts.sandbox().stage(new.id, Path(new.folder), self._parts.paths.stages)
        begun, told = await asyncio.to_thread(self._branching.begin, point, stage)
        await self._parts.log.write("stage.begun", new.id, begun)
        state = await asyncio.to_thread(self._tasks.find, new.id)
        return await self._resume(state, approver, "", (*notices, *told))

    async def rename_task(self, task: str, title: str) -> None:
        """Give a task a title, whether it is open or not. Raises LogError."""
        if session := self._sessions.opened(task):
            await session.rename(title)
        else:
            await self._tasks.rename(task, title)

    async def archive_task(self, task: str, archived: bool = True) -> None:
        """Put a task away, so that lists leave it out, or take it back. Raises LogError."""
        if session := self._sessions.opened(task):
            await session.archive(archived)
        else:
            await self._tasks.archive(task, archived)

    async def _resume(
        self, state: TaskState, approver: Approver, model: str, notices: tuple[Notice, ...]
    ) -> LocalSession:
        check_folder(Path(state.task.folder), broad_ok=True)
        answering, notice = await self._usable_model(model or state.task.model, named=bool(model))
        if (old := state.task.model) != (new := answering.info.id):
            why = {"why": notice.text.encode()} if notice else None
            await self._tasks.record_change(state.task.id, "model", old, new, blobs=why)
            state = msgspec.structs.replace(state, task=msgspec.structs.replace(state.task, model=new))
        session = await asyncio.to_thread(
            self._recalled, state, answering, approver, (*notices, notice) if notice else notices
        )
        return self._sessions.begin(session)

    async def replay(self, task: str, model: str, *, approver: Approver) -> Replayed:
        """Play a recorded task again with another model, its tools' results served from the log.

        Raises UsageError for an unknown task or model, NeedsPerson when the model may not see the conversation, LogError.
        """
        return await self._replays().whole(await asyncio.to_thread(self._tasks.find, task), model, approver)

    async def compare(self, task: str, model: str, *, approver: Approver) -> Comparison:
        """Let another model answer what was asked last in a task, too, its calls served from the log.

        Raises UsageError for an unknown task or model, where nothing was asked yet, or while a turn runs; LogError.
        """
        state = await asyncio.to_thread(self._tasks.find, task)
        self._sessions.require_idle(state.task.id)
        return await self._replays().compare(state, model, approver)

    def _replays(self) -> Replays:
        if self._replaying is None:
            from assistant.agent.comparing import Replays  # only those who compare pay for it

            self._replaying = Replays(
                self._parts,
                self._views,
                self._today,
                settings=lambda: self.settings,
                policies=self._policies,
                tasks=self._tasks,
            )
        return self._replaying

    async def _usable_model(self, wanted: str, *, named: bool) -> tuple[Model, Notice | None]:
        """The model that a task had, or else the default, or else the built-in one, with what to say about it."""
        try:
            return await self._parts.make_model(wanted), None
        except UsageError as error:
            if named:
                raise
            why = error
        instead = await self._parts.catalogue.default()
        try:
            model = await self._parts.make_model(instead)
        except UsageError:
            model = await self._parts.make_model(OFFLINE.id)
        text = f"the model of this task can't be used now, so {model.info.id} answers: {why.message}"
        return model, Notice("warning", text, why.hint or "choose another with `/model`")

    def task_id(self, beginning: str) -> str:
        """The id of the one task that begins so. Raises UsageError when none or several do."""
        return self._tasks.find(beginning).task.id

    def _recalled(
        self, state: TaskState, model: Model, approver: Approver, notices: tuple[Notice, ...] = ()
    ) -> LocalSession:
        policy = self._policies.resume(state)
        entries = self._views.shared_entries(state.task.id)
        past = recall(self._parts.log, entries, policy, told=True, task=state.task.id)
        past.notices = notices
        return self._sessions.make(state.task, model, approver, policy, past)

    async def tasks(
        self, search: str = "", limit: int = 200, *, archived: bool = False, replays: bool = False
    ) -> list[TaskSummary]:
        """Newest first; those that were put away only when `archived`, replays only when `replays`."""
        return await asyncio.to_thread(lambda: self._views.tasks(search, limit, archived=archived, replays=replays))

    async def staged_tasks(self, *, applied_too: bool = False) -> list[StagedTask]:
        """Tasks with staged changes (or something to undo), newest first."""
        return await asyncio.to_thread(self._stages.all, applied_too)

    async def staged_task(self, beginning: str) -> StagedTask | None:
        """The task whose id begins so, when it has a stage; None when none does. Raises UsageError for several."""
        return await asyncio.to_thread(self._stages.find, beginning)

    async def models(self) -> list[ModelInfo]:
        """The catalogue."""
        return await self._parts.catalogue.models()

    async def usage(self, days: int = 14) -> list[Used]:
        """By day and model; the energy is estimated now, off the event loop."""
        from assistant.agent.usage import used, with_energy  # for those who look

        def look() -> list[Used]:
            from assistant.models.energy import energy

            return with_energy(used(self._parts.log, days), energy)

        return await asyncio.to_thread(look)

    async def log_page(
        self,
        *,
        task: str = "",
        kinds: Sequence[str] = (),
        search: str = "",
        before_seq: int | None = None,
        limit: int = 200,
        wanted: Filter | None = None,
    ) -> list[LogRow]:
        """Newest first."""
        chosen = wanted or Filter()
        chosen = msgspec.structs.replace(chosen, task=task or chosen.task, kinds=tuple(kinds) or chosen.kinds)
        return await asyncio.to_thread(
            lambda: list(self._views.page(chosen, search=search, before_seq=before_seq, limit=limit).rows)
        )

    async def thumbnail(self, image: ImagePart, columns: int, rows: int) -> Thumbnail | None:
        """See `assistant.agent.desk.Desk`."""
        return await self._shown.thumbnail(image, columns, rows)

    @property
    def logbook(self) -> LogBook:
        """The log as the log screen reads it."""
        from assistant.agent.logbook import LogBook  # only when somebody looks

        return LogBook(self._views)

    async def aclose(self) -> None:
        """Close every session, then what they share, then the log."""
        await self._shown.aclose()
        if self._replaying is not None:
            await self._replaying.aclose()
        await self._sessions.aclose()
        await self._parts.close()
        self._views.close()
        self._parts.log.close()
