"""An open task as a person sees and changes it: what it is, its settings, its stage. Each change is logged before it holds.

`LocalSession` adds the turns. Everything here may be called while one runs, and takes effect from the next call on.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from assistant.agent.reviewing import Review
from assistant.agent.services import Services
from assistant.agent.tasks import as_title
from assistant.errors import UsageError
from assistant.gateway.door import Gateway
from assistant.gateway.processes import Running
from assistant.gateway.settle import Settlement
from assistant.types import JSON, Autonomy, Boundary, Budgets, Change, Channel, Grant, ModelInfo, Task, ToolSpec, plain
from assistant.visible import one_line

if TYPE_CHECKING:
    from assistant.audit.log import Log
    from assistant.models.protocol import Model
    from assistant.sandbox.protocol import ApplyReport, Room

_T = TypeVar("_T")


class Steering:
    """A task's settings, its door, its room and its stage."""

    def __init__(self, task: Task, model: Model, services: Services) -> None:
        self._task = task
        self._model = model
        self._services = services
        self._log = services.log
        self._room: asyncio.Future[Room] | None = None
        self._gateway = services.gateway(lambda: self._task, self.open_room)
        self._settlement = Settlement(lambda: self._task, self._log, self._gateway.judge)
        self._background: set[asyncio.Task[Any]] = set()

    # ------------------------------------------------------------ what it is

    @property
    def task(self) -> Task:
        """As it stands now."""
        return self._task

    @property
    def log(self) -> Log:
        """The log that this task is written to."""
        return self._log

    @property
    def model_info(self) -> ModelInfo:
        """The model that answers now."""
        return self._model.info

    @property
    def refused(self) -> list[tuple[str, str]]:
        """(title, code) of each refused call, oldest first."""
        return self._gateway.refused

    @property
    def services(self) -> Services:
        """What it was given."""
        return self._services

    @property
    def gateway(self) -> Gateway:
        """Its door."""
        return self._gateway

    @property
    def depth(self) -> int:
        """How many ancestors the task has."""
        return self._services.depth

    def model(self) -> Model:
        """The model that answers now."""
        return self._model

    def tools(self) -> Sequence[tuple[ToolSpec, bool]]:
        """Every tool there is, and whether it is on."""
        return [(spec, spec.name in self._task.tools) for spec in self._services.registry.all()]

    def enabled_tools(self) -> Sequence[ToolSpec]:
        """Those that are on, in the task's own order, so that the prompt stays the same from call to call."""
        found = (self._services.registry.find(name) for name in self._task.tools)
        return [spec for spec in found if spec is not None]

    # ------------------------------------------------------------ its room

    async def open_room(self) -> Room:
        """The room, opened when first needed; shared with children. Raises SandboxUnavailable, SandboxError."""
        if self._room is None or (self._room.done() and (self._room.cancelled() or self._room.exception())):
            self._room = asyncio.ensure_future(self._services.open_room())
        return await asyncio.shield(self._room)

    # ------------------------------------------------------------ what a person changes

    async def set_model(self, model: str) -> ModelInfo:
        """Swap the model from the next call on. Raises UsageError for one that is unknown or not usable."""
        new = await self._services.make_model(model)
        await self._change("model", self._task.model, new.info.id)
        old, self._model = self._model, new
        self._task = msgspec.structs.replace(self._task, model=new.info.id)
        self._in_background(old.aclose())
        new.warm_up()
        return new.info

    async def set_tools(self, names: Sequence[str]) -> None:
        """Enable exactly these tools from the next model call on."""
        for name in names:
            if self._services.registry.find(name) is None:
                raise UsageError(f"there is no tool `{one_line(name, 60)}`", hint="see `assistant tools list`")
        kept = [n for n in self._task.tools if n in names]
        tools = tuple(kept + [n for n in names if n not in kept])
        await self._change("tools", list(self._task.tools), list(tools))
        self._task = msgspec.structs.replace(self._task, tools=tools)
        if (servers := self.gateway.servers) is not None:
            servers.warm_up(list(self.enabled_tools()))

    async def use_kit(self, name: str, tools: Sequence[str]) -> None:
        """Go on with the tools of a kit. Those that there are not are left out: a kit may name tools of another machine."""
        there = [n for n in tools if self._services.registry.find(n) is not None]
        await self._change("kit", self._task.kit, name)
        self._task = msgspec.structs.replace(self._task, kit=name)
        self._services.policy.set_task(self._task)
        await self.set_tools(there)

    async def set_autonomy(self, level: Autonomy) -> None:
        """Turn the dial."""
        await self._change("autonomy", str(self._task.autonomy), str(level))
        self._task = msgspec.structs.replace(self._task, autonomy=level)
        self._services.policy.set_task(self._task)

    async def set_budgets(self, budgets: Budgets) -> None:
        """Replace the budgets."""
        await self._change("budgets", plain(self._task.budgets), plain(budgets))
        self._task = msgspec.structs.replace(self._task, budgets=budgets)

    async def archive(self, archived: bool) -> None:
        """Put the task away, so that lists leave it out, or take it back. Nothing else changes."""
        await self._change("archived", self._task.archived, archived)
        self._task = msgspec.structs.replace(self._task, archived=archived)

    async def rename(self, title: str) -> None:
        """Give the task a title."""
        title = as_title(title)
        await self._change("title", self._task.title, title)
        self._task = msgspec.structs.replace(self._task, title=title)

    def grants(self) -> Sequence[Grant]:
        """Standing permissions that hold for this task."""
        return self._services.policy.grants()

    async def revoke(self, grant_id: str) -> None:
        """End a grant at once. Raises UsageError when there is none of that id."""
        if all(g.id != grant_id for g in self.grants()):
            raise UsageError(f"there is no grant `{one_line(grant_id, 40)}`")
        await self._log.write("grant.revoked", self._task.id, {"id": grant_id})
        self._services.policy.remove_grant(grant_id)

    def processes(self) -> Sequence[Running]:
        """Long-running programs that were started and not yet forgotten."""
        return self._gateway.processes.listing()

    async def stop_process(self, process_id: str) -> None:
        """End one long-running program. Raises UsageError when none of that id is known."""
        if all(p.id != process_id for p in self.processes()):
            raise UsageError(f"there is no program `{one_line(process_id, 40)}`")
        await self._log.write("process.stopped", self._task.id, {"id": process_id})
        await self._gateway.processes.end(process_id)

    async def stop_processes(self) -> None:
        """End every process of the task, long-running ones too. A helper's room is its parent's and goes on."""
        if self._services.within:
            await self._gateway.end_programs()
        elif self._room is not None and self._room.done() and not self._room.cancelled() and not self._room.exception():
            await self._room.result().stop()
            await self._gateway.room_ended()

    def boundaries(self) -> Sequence[Boundary]:
        """Standing prohibitions."""
        return self._services.policy.boundaries()

    def propose_boundary(self, words: str) -> Boundary:
        """The forbid policy that `words` would become."""
        from assistant.policy.boundaries import propose

        return propose(words, name=secrets.token_hex(4), folder=self._task.folder, task=self._task.id)

    async def add_boundary(self, boundary: Boundary) -> None:
        """Make it hold."""
        await self._log.write("boundary.added", self._task.id, {"id": boundary.id, "boundary": plain(boundary)})
        self._services.policy.add_boundary(boundary)
        await self._gateway.hide_anew()

    async def remove_boundary(self, boundary_id: str) -> None:
        """Lift it."""
        await self._log.write("boundary.removed", self._task.id, {"id": boundary_id})
        self._services.policy.remove_boundary(boundary_id)

    async def changes(self) -> list[Change]:
        """What is staged."""
        return await asyncio.to_thread(self._services.stage().changes)

    @property
    def review(self) -> Review:
        """Hunks, edits and conflicts of what is staged."""
        return Review(self._settlement, self._services.stage)

    async def diff(self, path: str) -> str:
        """Unified diff of one staged path."""
        return await asyncio.to_thread(self._services.stage().diff, path)

    async def apply(
        self, paths: Sequence[str] | None = None, *, allow_held: bool = False, overwrite_conflicts: bool = False
    ) -> ApplyReport:
        """Apply staged changes as the person's own act."""
        return await self._settlement.by_person(
            self._services.stage(), paths, Channel.KEY, allow_held=allow_held, overwrite_conflicts=overwrite_conflicts
        )

    async def apply_by_command(self, channel: Channel) -> ApplyReport:
        """Apply all that is not held, as the command line said beforehand."""
        return await self._settlement.by_person(self._services.stage(), None, channel)

    async def drop(self, paths: Sequence[str] | None = None) -> list[Change]:
        """Forget staged changes."""
        return await self._settlement.drop(self._services.stage(), paths)

    async def undo(self, undo_id: str = "", *, overwrite_later: bool = False) -> ApplyReport:
        """Take back an applied set."""
        return await self._settlement.undo(self._services.stage(), undo_id, overwrite_later=overwrite_later)

    async def _change(self, what: str, old: JSON, new: JSON) -> None:
        await self._log.write("task.changed", self._task.id, {"what": what, "old": old, "new": new})

    def _in_background(self, work: Coroutine[object, object, _T]) -> asyncio.Task[_T]:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return task
