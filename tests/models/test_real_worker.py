"""The real worker process, asking a server on loopback: conformance, cancellation, and what it sends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from itertools import pairwise

import pytest

from assistant.agent.context import request_for
from assistant.errors import ModelError
from assistant.gateway.registry import Registry
from assistant.models.connection import Connection, host_of
from assistant.models.protocol import Model
from assistant.models.scripted import ScriptedCall, Step
from assistant.models.worker_model import WorkerModel
from assistant.models.worker_process import Worker
from assistant.shipped import shipped
from assistant.types import (
    CallDone,
    CallPart,
    Finished,
    Label,
    Message,
    ModelInfo,
    Part,
    ReasoningDone,
    ResultPart,
    TextDelta,
    TextPart,
    ToolResult,
)
from tests.conformance.model_suite import ModelSuite, asked, collect
from tests.models.model_server import ModelServer, Serve
from tests.models.plain_launcher import PlainLauncher
from tests.models.tokens import o200k

FAMILIES = {
    "openai/gpt-4o": "/v1",
    "openai/responses/gpt-5": "/v1",
    "anthropic/claude-sonnet-5": "",
    "gemini/gemini-2.5-pro": "/v1beta",
}
"""One model of each API family that carries nearly all traffic, and the path of its address."""

FILE_AND_SHELL = ("read_file", "write_file", "edit_file", "list_dir", "search_text", "run_command")


class Setting:
    """Servers and workers of one test, all ended with it."""

    def __init__(self) -> None:
        self._servers: list[ModelServer] = []
        self._workers: list[Worker] = []

    async def server(self, *steps: Step | Serve) -> ModelServer:
        server = await ModelServer(steps).__aenter__()
        self._servers.append(server)
        return server

    async def model(self, name: str, server: ModelServer) -> WorkerModel:
        base = server.base + FAMILIES.get(name, "/v1")
        provider = name.partition("/")[0]
        worker = Worker(PlainLauncher(), Connection(provider, "sk-test", base, (host_of(base),)))
        self._workers.append(worker)
        return WorkerModel(ModelInfo(name, provider), worker)

    async def aclose(self) -> None:
        for worker in self._workers:
            await worker.aclose()
        for server in self._servers:
            await server.__aexit__()


@pytest.fixture
async def setting() -> AsyncIterator[Setting]:
    found = Setting()
    yield found
    await found.aclose()


class RealWorkerSuite(ModelSuite):
    """The suite, once for each family; subclasses name theirs."""

    name = ""

    @pytest.fixture(autouse=True)
    def _take(self, setting: Setting) -> None:
        self.setting = setting

    async def _model(self, serve: Step | Serve) -> Model:
        return await self.setting.model(self.name, await self.setting.server(serve))

    async def answering(self) -> Model:
        return await self._model(Step(text="hello there, how are you"))

    async def calling(self) -> Model:
        call = ScriptedCall("read_file", {"path": "notes.txt"})
        return await self._model(Step(text="I look.", calls=(call, call)))

    async def failing(self) -> Model:
        return await self._model(Serve(status=503))

    async def hanging(self) -> Model:
        return await self._model(Serve(Step(text="one two three four", piece=3), hang=True))


class TestOpenAIChat(RealWorkerSuite):
    name = "openai/gpt-4o"


class TestOpenAIResponses(RealWorkerSuite):
    name = "openai/responses/gpt-5"


class TestAnthropic(RealWorkerSuite):
    name = "anthropic/claude-sonnet-5"


class TestGemini(RealWorkerSuite):
    name = "gemini/gemini-2.5-pro"


class TestCancelling:
    async def test_M5_the_provider_s_connection_is_closed_within_200_ms(self, setting: Setting) -> None:
        server = await setting.server(Serve(Step(text="one two"), hang=True))
        model = await setting.model("openai/gpt-4o", server)
        async with aclosing(model.stream(asked("x"))) as events:
            await anext(events)
            begun = asyncio.get_running_loop().time()
        while not server.ended:
            await asyncio.sleep(0.002)
            assert asyncio.get_running_loop().time() - begun < 0.2
        assert server.ended[0] - begun < 0.2


class TestFailures:
    @pytest.mark.parametrize(
        ("status", "kind", "retryable"),
        [(401, "auth", False), (404, "not_found", False), (429, "rate_limit", True), (500, "server", True)],
    )
    async def test_a_status_becomes_its_kind(self, setting: Setting, status: int, kind: str, retryable: bool) -> None:
        server = await setting.server(Serve(status=status, headers={"retry-after": "7"}))
        with pytest.raises(ModelError) as caught:
            await collect(await setting.model("openai/gpt-4o", server), asked("x"))
        assert (caught.value.kind, caught.value.retryable) == (kind, retryable)
        assert len(server.taken) == 1
        if status == 429:
            assert caught.value.retry_after_s == 7
        assert "sk-test" not in str(caught.value)

    async def test_a_server_that_is_not_there_is_a_connection_error(self, setting: Setting) -> None:
        server = await setting.server(Step())
        model = await setting.model("openai/gpt-4o", server)
        await server.__aexit__()
        with pytest.raises(ModelError) as caught:
            await collect(model, asked("x"))
        assert (caught.value.kind, caught.value.retryable) == ("connection", True)


async def ten_steps(setting: Setting, name: str) -> ModelServer:
    """A task of nine calls and an answer, as the loop would run it. Returns the server with its ten requests."""
    steps = [
        Step(text=f"step {n}" if n % 2 else "", calls=(ScriptedCall("read_file", {"path": f"f{n}.txt"}),) * (1 + n % 3))
        for n in range(9)
    ]
    server = await setting.server(*steps, Step(text="done"))
    model = await setting.model(name, server)
    registry = Registry.load([shipped("tools")])
    tools = [registry.get(tool) for tool in FILE_AND_SHELL]
    history = [Message("user", (TextPart("read all the files, 谢谢"),), Label())]
    for _ in range(10):
        parts: list[Part] = []
        async for event in model.stream(request_for("/home/me/project", history, tools)):
            match event:
                case TextDelta(text):
                    if parts and isinstance(parts[-1], TextPart):
                        parts[-1] = TextPart(parts[-1].text + text)
                    else:
                        parts.append(TextPart(text))
                case CallDone(part) | ReasoningDone(part):
                    parts.append(part)
                case Finished():
                    pass
                case _:
                    pass
        history.append(Message("assistant", tuple(parts)))
        for part in parts:
            if isinstance(part, CallPart):
                history.append(
                    Message("tool", (ResultPart(ToolResult(part.call.id, True, f"content of {part.call.id}")),))
                )
    return server


def conversation(body: bytes) -> tuple[list[str], str]:
    """The messages of a request, each as its exact JSON, and all the rest of it as JSON."""
    tree = json.loads(body)
    key = next(k for k in ("messages", "input", "contents") if k in tree)
    return [json.dumps(_without_marks(m), ensure_ascii=False) for m in tree.pop(key)], json.dumps(
        tree, ensure_ascii=False
    )


def _without_marks(tree: object) -> object:
    """Cache markers say where a cached prefix ends: they move on, and are no part of what is cached."""
    if isinstance(tree, dict):
        return {k: _without_marks(v) for k, v in tree.items() if k != "cache_control"}
    return [_without_marks(v) for v in tree] if isinstance(tree, list) else tree


@pytest.mark.parametrize("name", FAMILIES)
class TestPrefix:
    async def test_M12_each_request_is_an_exact_extension_of_the_one_before(self, setting: Setting, name: str) -> None:
        taken = (await ten_steps(setting, name)).taken
        assert len(taken) == 10
        before, frame = conversation(taken[0].body)
        for request in taken[1:]:
            messages, rest = conversation(request.body)
            assert rest == frame
            assert messages[: len(before)] == before
            assert len(messages) > len(before)
            before = messages

    async def test_M12_the_bytes_up_to_the_first_new_message_are_the_same(self, setting: Setting, name: str) -> None:
        if name.startswith("anthropic"):
            pytest.skip("its cache markers move within the bytes; the messages themselves are compared above")
        taken = (await ten_steps(setting, name)).taken
        for one, two in pairwise(taken):
            shared = 0
            while one.body[shared : shared + 1] == two.body[shared : shared + 1] != b"":
                shared += 1
            start = one.body.index(
                b'"messages"' if b'"messages"' in one.body else b'"input"' if b'"input"' in one.body else b'"contents"'
            )
            end = _array_end(one.body, one.body.index(b"[", start))
            assert shared >= end, f"differs at byte {shared} of {end}: {one.body[shared - 60 : shared + 60]!r}"


def _array_end(body: bytes, start: int) -> int:
    """Where the array that begins at `start` ends, without its last bracket."""
    decoder = json.JSONDecoder()
    text = body[start:].decode()
    _, length = decoder.raw_decode(text)
    return start + len(text[: length - 1].encode())


@pytest.mark.parametrize("name", FAMILIES)
class TestEconomy:
    async def test_the_first_request_is_small(self, setting: Setting, name: str) -> None:
        first = (await ten_steps(setting, name)).taken[0]
        tree = json.loads(first.body)
        tokens = len(o200k().encode(first.body.decode()))
        assert len(first.body) <= 5500, len(first.body)
        assert tokens <= 1300, tokens
        assert set(FILE_AND_SHELL) == set(tool_names(tree))

    async def test_only_enabled_tools_are_sent(self, setting: Setting, name: str) -> None:
        server = await setting.server(Step(text="hi"))
        await collect(await setting.model(name, server), asked("x"))
        await collect(await setting.model(name, server), asked("x", tools=()))
        assert [tool_names(json.loads(t.body)) for t in server.taken] == [["read_file"], []]


def tool_names(tree: dict[str, object]) -> list[str]:
    found: list[str] = []
    for tool in tree.get("tools", []):  # type: ignore[attr-defined]
        if "functionDeclarations" in tool:
            found += [f["name"] for f in tool["functionDeclarations"]]
        else:
            found.append(tool.get("name") or tool["function"]["name"])
    return found
