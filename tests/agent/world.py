"""One session with its parts in reach: the real log, policies, manifests and loop; a scripted model, a fake room and stage."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from assistant.agent import events
from assistant.agent.session import LocalSession, Services
from assistant.agent.today import Today
from assistant.audit.log import Log
from assistant.config import find_paths
from assistant.errors import UsageError
from assistant.gateway.approver import Unattended
from assistant.gateway.door import Gateway
from assistant.gateway.policies import Policies
from assistant.gateway.registry import Registry
from assistant.models.protocol import Model
from assistant.models.scripted import ScriptedCall, ScriptedModel, Step
from assistant.shipped import shipped
from assistant.types import (
    Autonomy,
    Budgets,
    ModelEvent,
    ModelInfo,
    ModelRequest,
    Task,
)
from tests.support.fake_room import FakeRoom, FakeStage

READ = ScriptedCall("read_file", {"path": "a.txt"})
NO_BUDGETS = Budgets()
TOOLS = ("read_file", "write_file", "run_command", "delete_files")


class World:
    """One session with its parts in reach."""

    def __init__(
        self,
        folder: Path,
        *steps: Step,
        autonomy: Autonomy = Autonomy.CONSULTANT,
        info: ModelInfo | None = None,
        day: Budgets = NO_BUDGETS,
        **task: object,
    ) -> None:
        paths = find_paths()
        self.log = Log.open(paths)
        self.folder = folder
        self.room = FakeRoom()
        self.stage = FakeStage(folder)
        self.task = Task("0000task", str(folder), "scripted/x", tools=TOOLS, autonomy=autonomy, **task)  # type: ignore[arg-type]
        self.policy = Policies(paths, str(folder)).engine().session(self.task)
        self.others: dict[str, Model] = {}
        registry = Registry.load([shipped("tools")])

        async def open_room() -> FakeRoom:
            return self.room

        async def make_model(name: str) -> Model:
            if name not in self.others:
                raise UsageError(f"`{name}` can't be used")
            return self.others[name]

        self.services = Services(
            log=self.log,
            registry=registry,
            policy=self.policy,
            gateway=lambda current, room: Gateway(
                task=current,
                registry=registry,
                log=self.log,
                policy=self.policy,
                approver=Unattended(),
                room=room,
                now_ms=lambda: 0,
            ),
            open_room=open_room,
            stage=lambda: self.stage,
            make_model=make_model,
            reload_policy=lambda _: [],
            fallback=tuple(task.get("fallback", ())),  # type: ignore[arg-type]
            day=day,
            today=Today(self.log),
            max_steps=10,
        )
        self.model = ScriptedModel(list(steps), info)
        self.session = LocalSession(self.task, self.model, self.services)

    async def turn(self, prompt: str = "do it") -> list[events.Event]:
        return [e async for e in self.session.run_turn(prompt)]

    def kinds(self) -> list[str]:
        return [e.kind for e in self.log.entries()]


def end(seen: Sequence[events.Event]) -> events.TurnFinished:
    assert isinstance(seen[-1], events.TurnFinished)
    assert sum(isinstance(e, events.TurnFinished) for e in seen) == 1
    return seen[-1]


def texts(seen: Sequence[events.Event]) -> str:
    return "".join(e.text for e in seen if isinstance(e, events.TextDelta))


class FarAway(ScriptedModel):
    """Runs somewhere else, as a provider's model does."""

    @property
    def info(self) -> ModelInfo:
        return ModelInfo("openai/x", "openai")


class Remembering(ScriptedModel):
    """Keeps what it was asked."""

    def __init__(self, steps: list[Step]) -> None:
        super().__init__(steps)
        self.requests: list[ModelRequest] = []

    def stream(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        self.requests.append(request)
        return super().stream(request)
