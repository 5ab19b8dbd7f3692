"""Signing in: the loopback listener, and where tokens are kept."""

from __future__ import annotations

import asyncio
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from assistant.errors import AssistantError, ToolError, UsageError
from assistant.gateway.approver import ElicitAnswer, ElicitRequest
from assistant.servers import loopback
from assistant.servers.config import parse_entry
from tests.servers.making import Says, World
from tests.servers.oauth_server import Guarded


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


class Signs(Says):
    """Signs in by following the address in a browser."""

    async def elicit(self, request: ElicitRequest) -> ElicitAnswer:
        self.questions.append(request)
        assert request.kind == "sign_in"
        await visit(request.url)
        return ElicitAnswer("accept")


@pytest.fixture
def guarded() -> Iterator[Guarded]:
    made = Guarded()
    yield made
    made.close()


class TestInARealRoom:
    async def test_E12_a_person_signs_in_through_the_egress_proxy_where_the_issuer_was_granted(
        self, world: World, guarded: Guarded
    ) -> None:
        world.approver = Signs()
        world.configure("guarded", {"url": f"{guarded.resource}/mcp", "assistant": {"hosts": [guarded.auth_host]}})
        await world.trust("guarded", fresh=True)
        assert (await world.call("guarded__secret")).text == "only for those who signed in"
        assert [q.server for q in world.approver.questions] == ["guarded"], "asked once; the token is kept"
        assert [n for n in world.secrets.kept if n.endswith("/tokens")]
        assert ("auth", "/token") in guarded.seen
        assert guarded.auth_host in world.approver.questions[0].url

    async def test_E1_an_issuer_that_nobody_granted_is_never_reached(self, world: World, guarded: Guarded) -> None:
        world.approver = Signs()
        world.configure("guarded", {"url": f"{guarded.resource}/mcp"})
        with pytest.raises(ToolError, match="server `guarded` can't be used"):
            await world.trust("guarded", fresh=True)
        assert not [path for who, path in guarded.seen if who == "auth"]
        assert not world.secrets.kept


class TestTokens:
    async def test_E12_they_go_to_the_keyring_bound_to_the_address(self, world: World) -> None:
        world.configure("far", {"url": "https://mcp.example.com/mcp"})
        world.open()
        servers = world.gateway.servers
        assert servers is not None
        config = world.servers.configs["far"]

        async def ask(config: object, what: str, **body: object) -> object:
            return await servers.questions.answer(config, "", lambda event: None, what, body)  # pyright: ignore[reportArgumentType]

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
                await servers.questions.answer(config, "", lambda event: None, "authorize", {"url": url})
        with pytest.raises(UsageError, match="nobody signed in"):
            await servers.questions.answer(
                config, "", lambda event: None, "authorize", {"url": "https://b.example/?state=1"}
            )
        assert [q.kind for q in world.approver.questions] == ["sign_in"]
