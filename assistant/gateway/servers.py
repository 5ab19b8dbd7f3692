"""The MCP servers of a person and of a task: which are trusted, their tools, and the calls of those.

A server's tool is a tool like any other: `Gateway.call` validates, judges, records and asks before anything gets here.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

import msgspec

from assistant.canonical import dumps
from assistant.config import Paths
from assistant.errors import AssistantError, ToolError, UsageError
from assistant.gateway.approver import ElicitAnswer, Elicitor, ElicitRequest
from assistant.gateway.events import CallOutput, GatewayEvent, Notice
from assistant.gateway.output import Reading, picture
from assistant.gateway.registry import Registry
from assistant.policy.structure import fields_of_text, fields_of_value
from assistant.servers import loopback
from assistant.servers.config import FILE, ServerConfig, expanded, read_config
from assistant.servers.launcher import Launch, Launcher
from assistant.servers.lines import Failed, Handshake, Progress, Result
from assistant.servers.offer import Offer, OfferedTool
from assistant.servers.places import needed_folders, needed_hosts, resolve_command
from assistant.servers.process import ServerGone, ServerProcess
from assistant.servers.tools import PROTOCOL, origin, tool_problem, tools_of
from assistant.servers.trust import Pin, Trust, state_of
from assistant.types import JSON, Action, Data, Effect, Label, Task, ToolSpec
from assistant.visible import one_line, visible

Emit = Callable[[GatewayEvent], None]
STILL_S = 1.0
"""How long after a task's opening workers are made ready for servers that nobody has asked for: it has better things to do."""
_PROGRESS_CHARACTERS = 300
_MOST_PROGRESS = 200
"""Progress lines of one call that are shown; a server may send thousands."""


class Secrets(Protocol):
    """Where tokens are kept: the keyring of the system. Both block and may wait for the person to unlock it."""

    def get(self, name: str) -> str:
        """The secret, or an empty text."""
        ...

    def set(self, name: str, value: str) -> None:
        """Keep it. Raises UsageError when there is no keyring."""
        ...


class SampleRequest(Data, frozen=True):
    """A server wants a model to answer. `messages` are (role, text) pairs of its own making, labelled `label`."""

    server: str
    call_id: str
    system: str
    messages: tuple[tuple[str, str], ...]
    max_tokens: int
    label: Label


Sampler = Callable[[SampleRequest, Emit], Awaitable[tuple[str, str]]]
"""Judges it as `consult`, asks the task's model and returns (text, model). Raises AssistantError when refused."""


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
        note: Callable[[str, Mapping[str, JSON], Mapping[str, bytes]], Awaitable[object]],
        sampler: Sampler | None = None,
    ) -> None:
        """`note` writes an entry (kind, body, blobs) to the log."""
        self._servers = servers
        self._task = task
        self._launcher = launcher
        self._elicitor = elicitor
        self._note = note
        self.sampler = sampler
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

    async def answer(self, config: ServerConfig, call_id: str, emit: Emit, what: str, body: dict[str, JSON]) -> JSON:
        """See `assistant.servers.process.Host`."""
        match what:
            case "elicit":
                return await self._elicit(config, call_id, body)
            case "elicit_url":
                url = _web_address(str(body["url"]))
                request = ElicitRequest(call_id, config.name, "url", visible(str(body["message"]))[:4000], {}, url)
                answer = await self._put(request)
                return {"action": answer.action}
            case "sample":
                return await self._sample(config, call_id, emit, body)
            case "authorize":
                return await self._authorize(config, call_id, str(body["url"]))
            case "secret_get":
                return await asyncio.to_thread(self._servers.secrets.get, _secret_name(config, str(body["key"])))
            case "secret_set":
                name, value = _secret_name(config, str(body["key"])), str(body["value"])
                await asyncio.to_thread(self._servers.secrets.set, name, value)
                return True
            case _:
                raise ToolError("there is no such question")

    async def _elicit(self, config: ServerConfig, call_id: str, body: dict[str, JSON]) -> JSON:
        schema: dict[str, JSON] = dict(body["schema"])
        message = visible(str(body["message"]))[:4000]
        answer = await self._put(ElicitRequest(call_id, config.name, "form", message, schema))
        if answer.action != "accept":
            return {"action": answer.action}
        content = with_defaults(schema, answer.content)
        problem = await asyncio.to_thread(_misfit, schema, content)
        if problem:
            raise UsageError(f"the answer does not fit: {problem}")
        return {"action": "accept", "content": content}

    async def _put(self, request: ElicitRequest) -> ElicitAnswer:
        """Ask the person; the question and what they did stand in the log, what they filled in does not."""
        answer = await self._elicitor.elicit(request)
        action = answer.action if answer.action in ("accept", "decline", "cancel") else "cancel"
        body = {
            "call": request.call_id,
            "server": request.server,
            "kind": request.kind,
            "answer": action,
            "fields": sorted(one_line(k, 80) for k in answer.content) if action == "accept" else [],
        }
        await self._note(
            "elicitation", body, {"message": request.message.encode(), "schema": dumps(dict(request.schema))}
        )
        return ElicitAnswer(action, answer.content)

    async def _sample(self, config: ServerConfig, call_id: str, emit: Emit, body: dict[str, JSON]) -> JSON:
        if not config.grants.sampling or self.sampler is None or not call_id:
            raise ToolError("the person lets this server ask no model")
        label = Label(confidentiality=config.grants.confidentiality, sources=(origin(config.name),))
        messages = tuple((str(role), str(text)) for role, text in body["messages"])
        most = max(1, min(int(body["max_tokens"]), 32_000))
        request = SampleRequest(config.name, call_id, str(body["system"]), messages, most, label)
        text, model = await self.sampler(request, emit)
        return {"text": text, "model": model}

    async def _authorize(self, config: ServerConfig, call_id: str, url: str) -> JSON:
        address = _web_address(url)
        state = parse_qs(urlsplit(address).query).get("state", [""])[0]
        callback = loopback.Callback(loopback.redirect_uri(config.name), state)
        await callback.open()
        request = ElicitRequest(call_id, config.name, "sign_in", f"sign in to use `{config.name}`", {}, address)
        asking = asyncio.ensure_future(self._put(request))
        coming = asyncio.ensure_future(callback.wait())
        try:
            await asyncio.wait({asking, coming}, return_when=asyncio.FIRST_COMPLETED)
            if not coming.done() and asking.result().action != "accept":
                raise UsageError(f"nobody signed in to `{config.name}`", hint=f"assistant servers check {config.name}")
            came = await coming
        finally:
            for task in (asking, coming):
                task.cancel()
            await asyncio.gather(asking, coming, return_exceptions=True)
            callback.close()
        return {"code": came.code, "state": came.state, "iss": came.iss}


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
            return await self._owner.answer(self._config, self.call_id, self.emit, what, body)
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


def with_defaults(schema: Mapping[str, JSON], content: Mapping[str, JSON]) -> dict[str, JSON]:
    """`content` with the schema's defaults where a field was left out (MCP SEP-1034), and nothing that it does not name."""
    properties: Mapping[str, JSON] = schema.get("properties") or {}
    defaults: dict[str, JSON] = {}
    for name, of in properties.items():
        if isinstance(of, dict) and "default" in of:
            defaults[name] = of["default"]
    return defaults | {n: v for n, v in content.items() if n in properties}


def _misfit(schema: Mapping[str, JSON], content: Mapping[str, JSON]) -> str:
    if problem := tool_problem(OfferedTool("", schema=dict(schema))):
        return problem
    import jsonschema_rs  # 20 ms: only for those who are asked

    try:
        checker = jsonschema_rs.validator_for({k: v for k, v in schema.items() if k != "$schema"})
        return next((one_line(error.message, 200) for error in checker.iter_errors(dict(content))), "")
    except (ValueError, jsonschema_rs.ValidationError) as error:
        return f"its schema is no schema: {one_line(str(error), 200)}"


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


def _web_address(url: str) -> str:
    """Raises UsageError for what is no web address a person can be shown: another scheme, hidden characters, a login in it."""
    parts = urlsplit(url)
    if (
        parts.scheme not in ("https", "http")
        or not parts.hostname
        or parts.username
        or visible(url) != url
        or len(url) > 8192
    ):
        raise UsageError("the server asks to open something that is no plain web address")
    return url


def _signs_itself(config: ServerConfig) -> bool:
    """Whether the configuration carries its own authorization: then nobody signs in."""
    return any(name.lower() == "authorization" for name in config.headers)


def _secret_name(config: ServerConfig, key: str) -> str:
    """Bound to the address: another server under the same name gets nothing of it. Raises ToolError."""
    if key not in ("tokens", "client") or not config.url:
        raise ToolError("there is no such secret")
    return f"mcp/{config.name}/{hashlib.sha256(config.url.encode()).hexdigest()[:12]}/{key}"


def _nobody(event: GatewayEvent) -> None:
    """Nobody watches between calls."""
