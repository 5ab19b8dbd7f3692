"""A task with servers: everything real (log, policies, rooms), the model left out."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from assistant.audit.log import Log
from assistant.compose import ServerRooms
from assistant.config import Paths
from assistant.gateway.approver import ApprovalRequest, ElicitAnswer, ElicitRequest, elicitor_of
from assistant.gateway.checking import offered
from assistant.gateway.door import Gateway
from assistant.gateway.events import CallOutput, GatewayEvent, Notice
from assistant.gateway.policies import Policies
from assistant.gateway.registry import Registry
from assistant.gateway.servers import Servers, TaskServers
from assistant.sandbox.engine import find_sandbox
from assistant.sandbox.protocol import Room
from assistant.servers.config import FILE, write_entry
from assistant.servers.offer import Offer
from assistant.shipped import shipped
from assistant.types import JSON, Answer, Approval, Channel, Task, ToolCall, ToolResult

SERVER = str(Path(__file__).with_name("server.py"))


_OFFERS: dict[str, Offer] = {}


class Says:
    """Approves every action, and answers a server's questions with `elicited`."""

    def __init__(self, answer: Answer = Answer.ONCE, elicited: ElicitAnswer | None = None) -> None:
        self.answer = answer
        self.elicited = elicited or ElicitAnswer("decline")
        self.asked: list[ApprovalRequest] = []
        self.questions: list[ElicitRequest] = []

    async def ask(self, request: ApprovalRequest) -> Approval:
        self.asked.append(request)
        return Approval(request.digest, self.answer, Channel.KEY)

    async def elicit(self, request: ElicitRequest) -> ElicitAnswer:
        self.questions.append(request)
        return self.elicited


class MemorySecrets:
    """A keyring that forgets."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def get(self, name: str) -> str:
        return self.kept.get(name, "")

    def set(self, name: str, value: str) -> None:
        self.kept[name] = value


class World:
    """One person with servers, and one task."""

    def __init__(self, paths: Paths, folder: Path, approver: Says | None = None) -> None:
        self.paths = paths
        self.folder = folder
        self.approver = approver or Says()
        self.registry = Registry.load([shipped("tools")])
        self.secrets = MemorySecrets()
        self.servers = Servers(paths, self.registry, self.secrets, {})
        self.log = Log.open(paths)
        self.sandbox = find_sandbox(paths)
        self.events: list[GatewayEvent] = []
        self.task = Task("0000task", str(folder), "builtin/offline")
        self._room: Room | None = None
        self.policy = Policies(paths, str(folder)).engine().session(self.task)
        self.policy.said("please do what I ask")
        self.gateway = Gateway(
            task=lambda: self.task,
            registry=self.registry,
            log=self.log,
            policy=self.policy,
            approver=self.approver,
            room=self.room,
            now_ms=lambda: 1_700_000_000_000,
        )

    async def room(self) -> Room:
        if self._room is None:
            self._room = await self.sandbox.open(self.task.id, self.folder, self.paths.stages)
        return self._room

    @property
    def rooms(self) -> ServerRooms:
        return ServerRooms(lambda: self.sandbox, self.room)

    def configure(self, name: str, entry: Mapping[str, JSON]) -> None:
        write_entry(Path(self.paths.config) / FILE, name, entry)
        self.servers.load()

    def test_server(self, name: str = "test", env: Mapping[str, str] | None = None, **grants: JSON) -> None:
        entry = {"command": sys.executable, "args": [SERVER], "env": dict(env or {}), "assistant": grants}
        self.configure(name, entry)

    async def trust(self, name: str = "test", *, fresh: bool = False) -> None:
        """As `assistant servers trust` does, and switch all of its tools on.

        The same server is asked what it offers once a run, unless `fresh`.
        """
        config = self.servers.configs[name]
        key = str((config.command, config.args, config.env, config.grants.sampling, fresh))
        if fresh or key not in _OFFERS:
            _OFFERS[key], _ = await offered(self.servers, config, self.rooms, self.approver)
        offer = _OFFERS[key]
        self.servers.trust.trust(config, offer)
        self.open()

    def open(self) -> None:
        """As a new task would."""
        self.servers.load()
        names = tuple(s.name for s in self.registry.all() if s.protocol == "server")
        self.task = Task("0000task", str(self.folder), "builtin/offline", tools=names)

        async def note(kind: str, body: Mapping[str, JSON], blobs: Mapping[str, bytes]) -> object:
            return await self.log.write(kind, self.task.id, body, blobs=blobs)

        self.gateway.servers = TaskServers(
            self.servers, lambda: self.task, self.rooms, elicitor_of(self.approver), note
        )

    async def call(self, tool: str, **arguments: object) -> ToolResult:
        call = ToolCall(f"call-{len(self.events)}", tool, json.dumps(arguments))
        return await self.gateway.call(call, self.events.append)

    def kinds(self) -> list[str]:
        return [e.kind for e in self.log.entries()]

    def shown(self) -> str:
        return "".join(e.text for e in self.events if isinstance(e, CallOutput))

    def notices(self) -> str:
        return "\n".join(f"{e.text} {e.hint}" for e in self.events if isinstance(e, Notice))

    async def aclose(self) -> None:
        if self.gateway.servers is not None:
            await self.gateway.servers.stop()
        if self._room is not None:
            await self._room.aclose()
        self.log.close()
