"""What servers on this machine say of their models: windows, sight, tools; and what becomes of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

import pytest

from assistant.models.local_details import OLLAMA_TOKENS, Detail, details
from assistant.models.local_http import ask
from assistant.models.worker.call import WireCall
from assistant.models.worker.target import find_target
from assistant.models.worker.wire import ollama
from assistant.types import Message, ModelRequest, TextPart
from tests.models.test_catalogue import catalogue

LM_STUDIO = {
    "data": [
        {"id": "qwen", "type": "llm", "state": "loaded", "loaded_context_length": 8192, "max_context_length": 40960,
         "capabilities": ["tool_use"]},
        {"id": "eyes", "type": "vlm", "state": "not-loaded", "max_context_length": 32768, "capabilities": []},
        {"id": "nomic", "type": "embeddings", "max_context_length": 2048},
    ]
}  # fmt: skip


@asynccontextmanager
async def server(answers: Mapping[str, Any]) -> AsyncIterator[str]:
    """A server that answers these paths (a POST by its path and model); its `host:port`."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        path = head.split()[1].decode()
        sized = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        if sized:
            path += "?" + json.loads(await reader.readexactly(int(sized[0].split(b":")[1])))["model"]
        found = answers.get(path)
        if found is not None:
            body = found if isinstance(found, bytes) else json.dumps(found).encode()
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + body)
        else:
            writer.write(b"HTTP/1.1 404 Not Found\r\n\r\n{}")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as opened:
        yield f"127.0.0.1:{opened.sockets[0].getsockname()[1]}"


def shown(**more: Any) -> dict[str, Any]:
    return {"model_info": {"general.architecture": "qwen3", "qwen3.context_length": 40960}, **more}


class TestOllama:
    """`/api/show` and `/api/ps`."""

    @pytest.mark.parametrize(
        ("said", "loaded", "window"),
        [
            (shown(), [], OLLAMA_TOKENS),
            ({"model_info": {"llama.context_length": 2048}}, [], 2048),
            (shown(parameters='stop  "x"\nnum_ctx                        8192\n'), [], 8192),
            (shown(parameters="num_ctx 8192"), [{"name": "m", "context_length": 32768}], 32768),
            (shown(parameters=None, capabilities=None), [{"name": "other", "context_length": 1}], OLLAMA_TOKENS),
            ({}, [], None),
        ],
        ids=["its own maximum is larger", "is smaller", "by its file", "as it is loaded", "nulls", "nothing"],
    )
    async def test_its_window(self, said: dict[str, Any], loaded: list[Any], window: int | None) -> None:
        async with server({"/api/show?m": said, "/api/ps": {"models": loaded}}) as host:
            assert (await details("ollama", host, ["m"], 2.0))["m"].context_tokens == window

    async def test_what_it_can_do(self) -> None:
        able = {"m": ["completion", "tools", "vision"], "plain": ["completion"], "embed": ["embedding"]}
        answers = {f"/api/show?{name}": shown(capabilities=words) for name, words in able.items()}
        async with server(answers) as host:
            found = await details("ollama", host, [*able, "gone"], 2.0)
        assert found == {
            "m": Detail(OLLAMA_TOKENS, True, True),
            "plain": Detail(OLLAMA_TOKENS, False, False),
            "embed": Detail(OLLAMA_TOKENS, False, False, chats=False),
        }

    async def test_it_is_asked_with_the_window_that_we_count_with(self) -> None:
        """Else it drops the beginning of a conversation without a word."""
        request = ModelRequest((Message("user", (TextPart("hi"),)),))
        for model, options in (("ollama/m", {"num_ctx": 8192}), ("ollama/m:cloud", None)):
            call = WireCall(model, request, window=8192)
            assert json.loads(ollama.build(call, find_target(call)).body).get("options") == options

    async def test_the_catalogue_knows_it_and_leaves_out_what_does_not_chat(self) -> None:
        names = {"models": [{"name": "m"}, {"name": "embed"}]}
        answers = {
            "/api/tags": names,
            "/api/show?m": shown(capabilities=["completion", "vision"]),
            "/api/show?embed": shown(capabilities=["embedding"]),
        }
        async with server(answers) as host:
            known = catalogue({"OLLAMA_HOST": host})
            listed = [i for i in await known.models() if i.provider == "ollama"]
            opened, _ = await catalogue({"OLLAMA_HOST": host}).open("ollama/m")
        assert [i.id for i in listed] == ["ollama/m"]
        assert listed == [opened] == [known.info("ollama/m")]
        assert (opened.context_tokens, opened.sees_images, opened.calls_tools) == (OLLAMA_TOKENS, True, False)


class TestOthers:
    """llama.cpp, LM Studio, vLLM."""

    async def test_llama_cpp_says_what_one_conversation_gets(self) -> None:
        props = {"default_generation_settings": {"n_ctx": 4096}, "total_slots": 4, "modalities": {"vision": True}}
        async with server({"/props": props}) as host:
            assert await details("llamacpp", host, ["m"], 2.0) == {"m": Detail(4096, True)}

    async def test_lm_studio_says_what_is_loaded(self) -> None:
        async with server({"/api/v0/models": LM_STUDIO}) as host:
            found = await details("lm_studio", host, ["qwen", "eyes", "nomic", "other"], 2.0)
        assert found["qwen"] == Detail(8192, False, True)
        assert found["eyes"] == Detail(32768, True, False)
        assert not found["nomic"].chats
        assert "other" not in found

    async def test_vllm_says_it_in_its_list(self) -> None:
        async with server({"/v1/models": {"data": [{"id": "m", "max_model_len": 32768}, {"id": "n"}]}}) as host:
            assert await details("vllm", host, ["m", "n"], 2.0) == {"m": Detail(32768), "n": Detail()}


class TestTrouble:
    """What can't be found out stays unknown."""

    @pytest.mark.parametrize("provider", ["ollama", "llamacpp", "lm_studio", "vllm", "none-such"])
    @pytest.mark.parametrize("reply", [b"", b"<html>", b"[" * 100_000, b"null", b'{"data":[null,1],"model_info":[]}'])
    async def test_nonsense_is_no_news(self, provider: str, reply: bytes) -> None:
        answers = dict.fromkeys(("/api/show?m", "/api/ps", "/props", "/api/v0/models", "/v1/models"), reply)
        async with server(answers) as host:
            found = await details(provider, host, ["m"], 2.0)
        assert found.get("m", Detail()).context_tokens is None

    async def test_a_server_that_hangs_costs_the_deadline_and_keeps_what_came(self) -> None:
        async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await asyncio.Event().wait()
            finally:
                writer.close()

        opened = await asyncio.start_server(hang, "127.0.0.1", 0)
        begun = monotonic()
        host = f"127.0.0.1:{opened.sockets[0].getsockname()[1]}"
        assert await details("ollama", host, ["m"], 0.2) == {}
        assert monotonic() - begun < 2
        opened.close()

    async def test_only_loopback_is_asked(self) -> None:
        with pytest.raises(ValueError, match="not on this machine"):
            await ask("192.0.2.1:80", "/props")
        assert await details("llamacpp", "192.0.2.1:80", ["m"], 2.0) == {}
