"""The one place that picks concrete classes. Everything above it sees protocols; nothing below it knows its neighbours.

Nothing slow happens here: what costs is built when first used (the sandbox engine, policies, the model's worker).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from assistant.agent.kits import load_kits
from assistant.agent.local import LocalDesk
from assistant.agent.parts import Parts
from assistant.audit.log import Log
from assistant.config import Paths, Settings, find_paths, load_settings
from assistant.errors import SandboxError, SandboxUnavailable
from assistant.gateway.approver import Approver, elicitor_of
from assistant.gateway.policies import Policies
from assistant.gateway.registry import Registry
from assistant.gateway.servers import Servers, TaskServers
from assistant.models.catalogue import OFFLINE, Catalogue
from assistant.models.launcher import Launch, Pipe
from assistant.models.protocol import Model
from assistant.models.scripted import PREFIX
from assistant.models.workers import Workers
from assistant.shipped import shipped
from assistant.types import JSON, Task

if TYPE_CHECKING:
    from assistant.agent.logbook import LogBook
    from assistant.sandbox.protocol import PipedProcess, Room, Sandbox
    from assistant.servers.launcher import Launch as ServerLaunch


def build_desk(environ: Mapping[str, str] | None = None) -> LocalDesk:
    """The whole product without a screen, for this person. Blocking, about 30 ms. Raises what `build_parts` raises."""
    return LocalDesk(build_parts(environ))


def open_logbook(environ: Mapping[str, str] | None = None) -> LogBook:
    """The log alone, to be read: for whoever can't have a desk, since nothing can be written. Raises LogError. Blocking."""
    from assistant.agent.logbook import LogBook
    from assistant.audit.views import Views

    return LogBook(Views(Log.open(find_paths(environ), read_only=True)))


def build_parts(environ: Mapping[str, str] | None = None) -> Parts:
    """What a desk is made of. The log is open afterwards; the desk closes it.

    Raises UsageError for settings or kits that can't be read, ToolError for a wrong manifest, LogError when the log can't be
    opened. Blocking, about 30 ms.
    """
    paths = find_paths(environ)
    settings = load_settings(paths, environ)
    own = Path(paths.config)
    registry = Registry.load([shipped("tools"), own / "tools"])
    kits = load_kits([shipped("data") / "kits", own / "kits"])
    catalogue = Catalogue(settings.model, environ, models_folder=paths.models)
    sandbox = _sandbox(paths)
    workers = Workers(ModelRooms(sandbox))
    servers = Servers(paths, registry, Keyring(), environ)
    servers.load()
    log = Log.open(paths)

    def task_servers(task: Callable[[], Task], room: Callable[[], Awaitable[Room]], approver: Approver) -> TaskServers:
        async def note(kind: str, body: Mapping[str, JSON], blobs: Mapping[str, bytes]) -> object:
            return await log.write(kind, task().id, body, blobs=blobs)

        return TaskServers(servers, task, ServerRooms(sandbox, room), elicitor_of(approver), note)

    return Parts(
        paths=paths,
        settings=settings,
        log=log,
        registry=registry,
        kits=kits,
        policies=_policies(paths),
        sandbox=sandbox,
        catalogue=catalogue,
        make_model=_Models(catalogue, workers).open,
        servers=servers,
        task_servers=task_servers,
        launcher=lambda: ServerRooms(sandbox),
        close=workers.aclose,
        tool_settings=_tool_settings(settings, environ),
    )


class _Models:
    """Opens a model by its id."""

    def __init__(self, catalogue: Catalogue, workers: Workers) -> None:
        self._catalogue = catalogue
        self._workers = workers

    async def open(self, model: str) -> Model:
        """Raises UsageError for one that is unknown or not usable, saying why."""
        if model == OFFLINE.id:
            from assistant.models.offline import OfflineModel  # 15 ms that a provider's user does not pay

            return OfflineModel()
        if model.startswith(PREFIX):
            from assistant.models.scripted import ScriptedModel

            return ScriptedModel.load(model)
        info, connection = await self._catalogue.open(model)
        opened = self._workers.model(info, connection)
        opened.warm_up()  # its process starts while the task is opened and the person types
        return opened


class ModelRooms:
    """Starts model workers in private rooms of the sandbox. There is no other way that one is started."""

    def __init__(self, sandbox: Callable[[], Sandbox]) -> None:
        self._sandbox = sandbox

    async def start(self, launch: Launch) -> Pipe:
        """See `assistant.models.launcher.Launcher`."""
        from assistant.models.launcher import StreamPipe
        from assistant.sandbox.protocol import Command
        from assistant.types import Limits

        room = await self._sandbox().open_private(f"model-{launch.name}")
        command = Command(
            launch.argv,
            hosts=launch.hosts,
            read_only=launch.read_only,
            limits=Limits(memory_bytes=launch.memory_bytes),
            private=True,
        )
        try:
            process = await room.pipe(command)
        except BaseException:
            await room.aclose()
            raise

        async def stop() -> None:
            await process.stop()
            await room.aclose()

        return StreamPipe(process.stdin, process.stdout, process.stderr, stop)


class Keyring:
    """Keeps the tokens of servers in the keyring of the system, as the keys of providers are kept."""

    def get(self, name: str) -> str:
        """Empty when there is none, or no keyring."""
        from assistant.models import keys  # few servers are signed in to

        return keys.look_up(name).key

    def set(self, name: str, value: str) -> None:
        """Raises UsageError when there is no keyring, or it refuses."""
        from assistant.models import keys

        keys.store(name, value)


class ServerRooms:
    """Starts the workers of MCP servers, each in a room of its own. There is no other way that one is started."""

    def __init__(self, sandbox: Callable[[], Sandbox], task_room: Callable[[], Awaitable[Room]] | None = None) -> None:
        self._sandbox = sandbox
        self._task_room = task_room
        self._ready: dict[ServerLaunch, asyncio.Task[_Started]] = {}

    async def start(self, launch: ServerLaunch) -> Pipe:
        """See `assistant.servers.launcher.Launcher`."""
        from assistant.models.launcher import StreamPipe

        found = await self._take(launch) or await self._open(launch)
        process = found.process
        return StreamPipe(process.stdin, process.stdout, process.stderr, found.stop)

    def prepare(self, launch: ServerLaunch) -> None:
        """See `assistant.servers.launcher.Launcher`."""
        from assistant.servers.launcher import MOST_READY

        if launch not in self._ready and len(self._ready) < MOST_READY:
            task = self._ready[launch] = asyncio.get_running_loop().create_task(self._open(launch, "--ready"))
            task.add_done_callback(lambda t: t.cancelled() or t.exception())  # seen: a call will meet the same and tell

    async def prepared(self, launch: ServerLaunch) -> None:
        """Until the worker that stands ready for it has its imports done; at once where there is none."""
        if task := self._ready.get(launch):
            found = await asyncio.shield(task)
            await found.process.stdout.readline()

    async def aclose(self) -> None:
        """See `assistant.servers.launcher.Launcher`."""
        for launch in list(self._ready):
            if found := await self._take(launch):
                await found.stop()

    async def _take(self, launch: ServerLaunch) -> _Started | None:
        """The one that stands ready, when it still does."""
        task = self._ready.pop(launch, None)
        if task is None:
            return None
        try:
            found = await task
        except (SandboxError, SandboxUnavailable):
            return None
        if found.process.running:
            return found
        await found.stop()  # its room was ended meanwhile
        return None

    async def _open(self, launch: ServerLaunch, *options: str) -> _Started:
        import sys

        from assistant.models.launcher import interpreter_folders
        from assistant.sandbox.protocol import Command
        from assistant.servers.launcher import WORKER

        own = not (launch.staged and self._task_room is not None)
        room = await self._sandbox().open_private(f"server-{launch.name}") if own else await self._task_room()  # pyright: ignore[reportOptionalCall]
        command = Command(
            (sys.executable, "-I", "-m", WORKER, *options),
            hosts=launch.hosts,
            read_only=tuple(dict.fromkeys((*interpreter_folders(), *launch.read_only))),
            private=own,
        )
        try:
            return _Started(await room.pipe(command), room if own else None)
        except BaseException:
            if own:
                await room.aclose()
            raise


class _Started(NamedTuple):
    """A worker that runs, and the room to give back after it."""

    process: PipedProcess
    room: Room | None

    async def stop(self) -> None:
        """End it."""
        await self.process.stop()
        if self.room is not None:
            await self.room.aclose()


def _tool_settings(settings: Settings, environ: Mapping[str, str] | None) -> Callable[[str], Mapping[str, JSON]]:
    env = os.environ if environ is None else environ

    def of(tool: str) -> Mapping[str, JSON]:
        given = dict(settings.tools.get(tool, {}))
        if name := given.pop("key_env", ""):
            given["key"] = env.get(str(name), "")
        return given

    return of


def _policies(paths: Paths) -> Callable[[str], Policies]:
    @cache
    def of(folder: str) -> Policies:
        return Policies(paths, folder)

    return of


def _sandbox(paths: Paths) -> Callable[[], Sandbox]:
    @cache
    def find() -> Sandbox:
        from assistant.sandbox.engine import find_sandbox

        return find_sandbox(paths)

    return find
