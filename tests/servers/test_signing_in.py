"""Signing in: the loopback listener, and where tokens are kept."""

from __future__ import annotations

import asyncio
import urllib.error
import urllib.request

import pytest

from assistant.errors import AssistantError, UsageError
from assistant.gateway.approver import ElicitAnswer
from assistant.servers import loopback
from assistant.servers.config import parse_entry
from tests.servers.making import World


async def visit(url: str) -> int:
    def go() -> int:
        try:
            return urllib.request.urlopen(url, timeout=5).status
        except urllib.error.HTTPError as error:
            return error.code

    return await asyncio.to_thread(go)


class TestTheListener:
    async def test_it_takes_one_answer_for_its_own_question(self) -> None:
        uri = loopback.redirect_uri("listener-test")
        assert uri == loopback.redirect_uri("listener-test")
        callback = loopback.Callback(uri, "state-1")
        await callback.open()
        try:
            assert await visit(f"{uri}?code=x&state=state-2") == 400
            assert await visit(uri.replace("callback", "other")) == 404
            assert await visit(f"{uri}?code=abc&state=state-1&iss=https%3A%2F%2Fa") == 200
            assert await callback.wait() == ("abc", "state-1", "https://a")
            assert await visit(f"{uri}?code=again&state=state-1") == 400
        finally:
            callback.close()

    async def test_a_refusal_and_a_silence_are_told(self) -> None:
        uri = loopback.redirect_uri("listener-test-2")
        callback = loopback.Callback(uri, "s")
        await callback.open()
        assert await visit(f"{uri}?error=access_denied&state=s") == 200
        with pytest.raises(UsageError, match="access_denied"):
            await callback.wait()
        callback.close()
        callback = loopback.Callback(uri, "s")
        await callback.open()
        with pytest.raises(UsageError, match="nobody signed in"):
            await callback.wait(0.05)
        callback.close()


class TestTokens:
    async def test_E12_they_go_to_the_keyring_bound_to_the_address(self, world: World) -> None:
        world.configure("far", {"url": "https://mcp.example.com/mcp"})
        world.open()
        servers = world.gateway.servers
        assert servers is not None
        config = world.servers.configs["far"]

        async def ask(config: object, what: str, **body: object) -> object:
            return await servers.answer(config, "", lambda event: None, what, body)  # pyright: ignore[reportArgumentType]

        await ask(config, "secret_set", key="tokens", value="t0ken")
        assert await ask(config, "secret_get", key="tokens") == "t0ken"
        elsewhere = parse_entry("far", {"url": "https://evil.example.com/mcp"}, "")
        assert await ask(elsewhere, "secret_get", key="tokens") == ""
        with pytest.raises(AssistantError):
            await ask(config, "secret_get", key="../openai")
        with pytest.raises(AssistantError):
            await ask(parse_entry("far", {"command": "x"}, ""), "secret_get", key="tokens")

    async def test_only_a_plain_web_address_is_ever_shown(self, world: World) -> None:
        world.configure("far", {"url": "https://mcp.example.com/mcp"})
        world.open()
        world.approver.elicited = ElicitAnswer("decline")
        servers, config = world.gateway.servers, world.servers.configs["far"]
        assert servers is not None
        for url in ("file:///etc/passwd", "javascript:alert(1)", "https://a@b.example", "https://b.example/\u202e"):
            with pytest.raises(AssistantError):
                await servers.answer(config, "", lambda event: None, "authorize", {"url": url})
        with pytest.raises(UsageError, match="nobody signed in"):
            await servers.answer(config, "", lambda event: None, "authorize", {"url": "https://b.example/?state=1"})
        assert [q.kind for q in world.approver.questions] == ["sign_in"]
