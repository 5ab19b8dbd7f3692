"""The MCP servers of a person and of a task: which are trusted, their tools, and the calls of those.

A server's tool is a tool like any other: `Gateway.call` validates, judges, records and asks before anything gets here. What a
server asks in return is answered by `server_questions.py`.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from assistant.config import Paths
from assistant.errors import AssistantError, ToolError, UsageError
from assistant.gateway.approver import Elicitor
from assistant.gateway.events import CallOutput, GatewayEvent, Notice
from assistant.gateway.output import Reading, picture
from assistant.gateway.registry import Registry
from assistant.gateway.server_questions import Emit, Note, Secrets, ServerQuestions
from assistant.policy.structure import fields_of_text, fields_of_value
from assistant.servers import loopback
from assistant.servers.config import FILE, ServerConfig, expanded, read_config
from assistant.servers.launcher import Launch, Launcher
from assistant.servers.lines import Failed, Handshake, Progress, Result
from assistant.servers.offer import Offer
from assistant.servers.places import needed_folders, needed_hosts, resolve_command
from assistant.servers.process import ServerGone, ServerProcess
from assistant.servers.tools import PROTOCOL, origin, tools_of
from assistant.servers.trust import Pin, Trust, state_of
from assistant.types import JSON, Action, Data, Effect, Task, ToolSpec
from assistant.visible import one_line, visible

STILL_S = 1.0
"""How long after a task's opening workers are made ready for servers that nobody has asked for: it has better things to do."""
_PROGRESS_CHARACTERS = 300
_MOST_PROGRESS = 200
"""Progress lines of one call that are shown; a server may send thousands."""


class ServerState(Data, frozen=True):
    """One configured server, for lists. state: trusted, new, changed, disabled, or broken with `problem`."""

    config: ServerConfig
    state: str
    pin: Pin | None = None
    tools: tuple[ToolSpec, ...] = ()
    problem: str = ""


class Servers:
    """All servers of a person. Their trusted tools stand in the registry; nothing is started here."""

    def __init__(
        self, paths: Paths, registry: Registry, secrets: Secrets, environ: Mapping[str, str] | None = None
    ) -> None:
        self.trust = Trust(paths)
        self._file = Path(paths.config) / FILE
        self._registry = registry
        self.secrets = secrets
        self.environ = os.environ if environ is None else environ
        self.configs: dict[str, ServerConfig] = {}
        self.problems: list[str] = []
        """What is wrong, for the person. A configuration that can't be read means: no servers."""

    def load(self) -> None:
        """Read the configuration and put the tools of trusted servers into the registry. Never raises; see `problems`."""
        self.problems = []
        try:
            self.configs = read_config(self._file)
            states = self.states()
        except UsageError as error:
            self.configs, self.problems = {}, [f"MCP servers are off: {error.message}"]
            return
        for found in states:
            taken = self._registry.replace(origin(found.config.name), found.tools)
            if taken:
                self.problems.append(f"server `{found.config.name}`: other tools are named {', '.join(taken)}")
            if found.state == "changed":
                self.problems.append(
                    f"server `{found.config.name}` is off: it is not what you trusted; see `assistant servers show {found.config.name}`"
                )

    def states(self) -> list[ServerState]:
        """Every configured server. Raises UsageError when the pins can't be read."""
        pins = self.trust.pins()
        return [self._state(config, pins.get(config.name)) for config in self.configs.values()]

    def _state(self, config: ServerConfig, pin: Pin | None) -> ServerState:
        if config.disabled:
            return ServerState(config, "disabled", pin)
        state = state_of(config, pin)
        if state != "trusted" or pin is None:
            return ServerState(config, state, pin)
        tools, problems = tools_of(config, pin.offer)
        return ServerState(config, state, pin, tuple(tools), "; ".join(problems))

    def has_tools(self, name: str) -> bool:
        """Whether tools of it stand in the registry: it is trusted."""
        return any(spec.origin == origin(name) for spec in self._registry.all())

    def changed(self, name: str, offer: Offer) -> None:
        """It offers something else than was trusted: its tools are gone, and stay so until it is trusted again."""
        self._registry.replace(origin(name), ())
        self.trust.saw(name, offer)


class TaskServers:
    """The servers of one task. Each has a process of its own, started when a tool of it is on."""

    def __init__(
        self,
        servers: Servers,
        task: Callable[[], Task],
        launcher: Launcher,
        elicitor: Elicitor,
        note: Note,
    ) -> None:
        self._servers = servers
        self._task = task
        self._launcher = launcher
        self.questions = ServerQuestions(elicitor, note, servers.secrets)
        """Answers what the servers ask."""
        self._running: dict[str, _Running] = {}
        self._preparing: asyncio.Task[None] | None = None

    def warm_up(self, specs: list[ToolSpec]) -> None:
        """Start, in the background, the servers of the tools that are on, and have workers stand ready for the other
        trusted ones once those are up. Never raises."""
        on = list(dict.fromkeys(s.program[0] for s in specs if s.protocol == PROTOCOL))
        for name in on:
            try:
                self._of(name).process.warm_up()
            except (AssistantError, RuntimeError):
                continue  # the first call says why
        others = [n for n in self._servers.configs if n not in on and self._servers.has_tools(n)]
        if others and self._preparing is None:
            self._preparing = asyncio.get_running_loop().create_task(self._prepare(on, others))

    async def _prepare(self, on: list[str], others: list[str]) -> None:
        """Last of all, since nobody waits for it: after the servers that are on, and after the task was opened."""
        await asyncio.gather(
            *(self._running[n].process.offer() for n in on if n in self._running), return_exceptions=True
        )
        await asyncio.sleep(STILL_S)
        for name in others:
            try:
                self._of(name).process.prepare()
            except (AssistantError, RuntimeError):
                continue

    async def act(self, call_id: str, spec: ToolSpec, action: Action, limit: int, emit: Emit) -> Reading:
        """Do what a judged action of a server's tool says. Raises ToolError, SandboxUnavailable, SandboxError."""
        server, verb, tool = spec.program
        running = self._of(server)
        running.call_id, running.emit = call_id, emit
        try:
            async with asyncio.timeout(spec.limits.wall_s) as running.clock:
                offer = await running.process.offer()
                if not self._is_trusted(server, offer):
                    return Reading(False, f"server `{server}` is not what the person trusted, so it is off", "refused")
                reply = await self._request(running, call_id, verb, tool, action, emit)
        except TimeoutError:
            return Reading(False, f"the server did not answer within {spec.limits.wall_s or 0:.0f} s", "timeout")
        except ServerGone as gone:
            harmless = spec.effect in (Effect.READ, Effect.FETCH)
            words = f": {gone}" if str(gone) else ""
            told = "" if harmless else "; what was asked for may have happened"
            return Reading(
                False, f"the server ended in the middle{words}{told}", "failed" if harmless else "may_have_happened"
            )
        finally:
            running.call_id, running.emit, running.clock = "", _nobody, None
        return _reading(reply, limit, spec.effect)

    async def stop(self) -> None:
        """End every process; the next call starts anew."""
        preparing, self._preparing = self._preparing, None
        if preparing is not None:
            preparing.cancel()
            await asyncio.wait({preparing})
        running, self._running = list(self._running.values()), {}
        await asyncio.gather(*(r.process.aclose() for r in running), self._launcher.aclose(), return_exceptions=True)

    # ------------------------------------------------------------

    async def _request(
        self, running: _Running, call_id: str, verb: str, tool: str, action: Action, emit: Emit
    ) -> Result | Failed:
        process = running.process
        match verb:
            case "call":
                shown = 0

                def progressed(line: Progress) -> None:
                    nonlocal shown
                    shown += 1
                    if shown <= _MOST_PROGRESS:
                        emit(CallOutput(call_id, _progress_words(line)))

                return await process.call(tool, {a.name: a.value for a in action.arguments}, progressed)
            case "list_resources":
                return await process.listing("resources")
            case "list_prompts":
                return await process.listing("prompts")
            case "read_resource":
                return await process.read(str(action.argument("uri")))
            case "get_prompt":
                given: dict[str, Any] = action.argument("arguments") or {}
                return await process.prompt(str(action.argument("name")), {k: str(v) for k, v in given.items()})
            case _:
                raise ToolError(f"a server's tool can't `{verb}`")

    def _is_trusted(self, name: str, offer: Offer) -> bool:
        pin = self._servers.trust.pins().get(name)
        config = self._servers.configs.get(name)
        return (
            pin is not None
            and config is not None
            and pin.config_sha256 == config.sha256
            and (pin.offer_sha256 == offer.sha256 == self._running[name].latest)
        )

    def _of(self, name: str) -> _Running:
        """Raises ToolError for a server that is gone from the configuration, UsageError for one that can't be started."""
        running = self._running.get(name)
        if running is None:
            config = self._servers.configs.get(name)
            if config is None or config.disabled:
                raise ToolError(f"server `{name}` is not configured any more")
            running = self._running[name] = _Running(self, config)
        return running

    def offered(self, name: str, offer: Offer, emit: Emit) -> None:
        """A server said what it offers: anything but the pinned offer switches it off."""
        pin = self._servers.trust.pins().get(name)
        if pin is not None and pin.offer_sha256 == offer.sha256:
            return
        self._servers.changed(name, offer)
        emit(
            Notice(
                "warning",
                f"server `{name}` offers something else than you trusted: its tools are off",
                f"see what changed: `assistant servers show {name}`",
            )
        )


class _Running:
    """One server's process in a task, and the call that it works for. It is the process's Host."""

    def __init__(self, owner: TaskServers, config: ServerConfig) -> None:
        self._owner = owner
        self._config = config
        self.call_id = ""
        self.emit: Emit = _nobody
        self.latest = ""
        self.clock: asyncio.Timeout | None = None
        launch, shake = launch_of(config, owner._task().folder, owner._servers.environ)  # pyright: ignore[reportPrivateUsage]  # one unit
        self.process = ServerProcess(launch, shake, owner._launcher, self)  # pyright: ignore[reportPrivateUsage]

    async def answer(self, what: str, body: dict[str, JSON]) -> JSON:
        """See Host. The call's time stands still while a person or a model is asked."""
        loop, clock = asyncio.get_running_loop(), self.clock
        end = clock.when() if clock is not None else None
        asked = loop.time()
        if clock is not None and end is not None and not clock.expired():
            clock.reschedule(None)
        try:
            return await self._owner.questions.answer(self._config, self.call_id, self.emit, what, body)
        finally:
            if clock is not None and end is not None and self.clock is clock and not clock.expired():
                clock.reschedule(end + loop.time() - asked)

    def offered(self, offer: Offer) -> None:
        """See Host."""
        self.latest = offer.sha256
        self._owner.offered(self._config.name, offer, self.emit)

    def said(self, level: str, text: str) -> None:
        """See Host."""
        if self.call_id and level in ("warning", "error", "critical", "alert", "emergency"):
            self.emit(CallOutput(self.call_id, f"[{self._config.name} {level}: {text}]\n"))


def launch_of(config: ServerConfig, folder: str, environ: Mapping[str, str]) -> tuple[Launch, Handshake]:
    """How a server is started for a task in `folder`; no folder at all for an empty one. Raises UsageError."""
    full = expanded(config, environ)
    grants = full.grants
    shown = folder if folder and grants.folder != "none" else ""
    read_only = needed_folders(full) + ((shown,) if shown and grants.folder == "read" else ())
    launch = Launch(full.name, needed_hosts(full), read_only, staged=bool(shown) and grants.folder == "stage")
    shake = Handshake(
        name=full.name,
        command=resolve_command(full) if full.command else "",
        args=full.args,
        env=dict(full.env),
        cwd=full.cwd or shown,
        url=full.url,
        headers=dict(full.headers),
        sampling=grants.sampling,
        roots=tuple(dict.fromkeys([*([shown] if shown else []), *grants.folders])),
        oauth=grants.oauth,
        redirect_uri=loopback.redirect_uri(full.name) if full.url and not _signs_itself(full) else "",
    )
    return launch, shake


def _reading(reply: Result | Failed, limit: int, effect: Effect) -> Reading:
    if isinstance(reply, Failed):
        return Reading(False, f"the server refused: {_capped(visible(reply.message), limit)[0]}", "failed")
    text = reply.text
    if not text and reply.structured is not None:
        text = msgspec.json.format(msgspec.json.encode(reply.structured), indent=1).decode()
    shown, cut = _capped(visible(text), limit)
    fields = fields_of_value(reply.structured)
    if not fields and effect is not Effect.FETCH:  # whoever wrote a page would write its fields too
        fields = fields_of_text(text)
    images = tuple(p for i in reply.images if (p := picture(i.media_type, i.data_b64)))
    code = "" if reply.ok else "failed"
    return Reading(reply.ok, shown, code, fields, reply.structured, cut or reply.truncated, images)


def _capped(text: str, limit: int) -> tuple[str, bool]:
    raw = text.encode("utf-8", "replace")
    return (text, False) if len(raw) <= limit else (raw[:limit].decode("utf-8", "ignore") + "\n[cut here]", True)


def _progress_words(line: Progress) -> str:
    total = f" of {line.total:g}" if line.total is not None else ""
    return one_line(f"{line.progress:g}{total} {line.message}".strip(), _PROGRESS_CHARACTERS) + "\n"


def _signs_itself(config: ServerConfig) -> bool:
    """Whether the configuration carries its own authorization: then nobody signs in."""
    return any(name.lower() == "authorization" for name in config.headers)


def _nobody(event: GatewayEvent) -> None:
    """Nobody watches between calls."""
