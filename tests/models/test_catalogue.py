"""The catalogue: what can be used now, and why the rest can't."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from time import monotonic

import pytest

from assistant.config import ModelSettings
from assistant.errors import UsageError
from assistant.models.catalogue import Catalogue
from assistant.models.connection import Connection, host_of, is_loopback, numbered
from assistant.models.keys import Looked
from assistant.models.local_servers import LOCAL, SERVERS, LocalServer, address_of, probe
from assistant.models.providers import PROVIDERS
from assistant.models.worker.target import PROVIDERS as TARGETS

SECRET = "sk-very-secret"


def no_keyring(names: Sequence[str]) -> Mapping[str, Looked]:
    return dict.fromkeys(names, Looked(problem="there is no keyring on this system"))


def catalogue(
    environ: Mapping[str, str] | None = None, keyring: Mapping[str, str] | None = None, **settings: object
) -> Catalogue:
    def look_up(names: Sequence[str]) -> Mapping[str, Looked]:
        return {n: Looked((keyring or {}).get(n, "")) for n in names}

    nothing = {
        "OLLAMA_HOST": "127.0.0.1:9",
        "LM_STUDIO_API_BASE": "http://127.0.0.1:9",
        "VLLM_API_BASE": "http://127.0.0.1:9",
    }
    bases = {"llamacpp": "http://127.0.0.1:9", **settings.pop("api_base", {})}  # type: ignore[dict-item]
    given = ModelSettings(api_base=bases, **settings)  # type: ignore[arg-type]
    return Catalogue(given, {**nothing, **(environ or {})}, look_up if keyring is not None else no_keyring)


class TestOpening:
    async def test_a_key_in_the_environment_opens_the_provider(self) -> None:
        info, connection = await catalogue({"OPENAI_API_KEY": SECRET}).open("openai/gpt-5")
        assert (info.id, info.local, info.usable) == ("openai/gpt-5", False, True)
        assert connection.api_key == SECRET
        assert connection.hosts == ("api.openai.com:443",)

    @pytest.mark.parametrize(
        ("model", "name", "host"),
        [
            ("anthropic/x", "ANTHROPIC_API_KEY", "api.anthropic.com:443"),
            ("gemini/x", "GEMINI_API_KEY", "generativelanguage.googleapis.com:443"),
            ("gemini/x", "GOOGLE_API_KEY", "generativelanguage.googleapis.com:443"),
            ("mistral/x", "MISTRAL_API_KEY", "api.mistral.ai:443"),
            ("groq/x", "GROQ_API_KEY", "api.groq.com:443"),
            ("cohere/x", "COHERE_API_KEY", "api.cohere.com:443"),
            ("openrouter/x/y", "OPENROUTER_API_KEY", "openrouter.ai:443"),
            ("deepseek/x", "DEEPSEEK_API_KEY", "api.deepseek.com:443"),
            ("xai/x", "XAI_API_KEY", "api.x.ai:443"),
            ("huggingface/x/y", "HF_TOKEN", "router.huggingface.co:443"),
            ("replicate/x/y", "REPLICATE_API_KEY", "api.replicate.com:443"),
        ],
    )
    async def test_M1_each_provider_gets_its_own_host_and_its_own_key(self, model: str, name: str, host: str) -> None:
        everybody = {"OPENAI_API_KEY": "another", "TOGETHER_API_KEY": "a third"}
        _, connection = await catalogue({**everybody, name: SECRET}).open(model)
        assert (connection.api_key, connection.hosts) == (SECRET, (host,))
        assert "another" not in str(connection.key)

    async def test_an_address_in_the_environment_moves_the_provider(self) -> None:
        environ = {"OPENAI_API_KEY": SECRET, "OPENAI_BASE_URL": "http://127.0.0.1:4321/v1"}
        info, connection = await catalogue(environ).open("openai/gpt-5")
        assert connection.api_base == "http://127.0.0.1:4321/v1"
        assert connection.hosts == ("127.0.0.1:4321",)
        assert not info.local  # a cloud model behind a proxy is not a local model

    async def test_an_address_in_the_settings_comes_first(self) -> None:
        environ = {"OPENAI_API_KEY": SECRET, "OPENAI_API_BASE": "http://127.0.0.1:1/v1"}
        _, connection = await catalogue(environ, api_base={"openai": "https://proxy.example/v1"}).open("openai/x")
        assert connection.hosts == ("proxy.example:443",)

    async def test_a_provider_of_one_s_own_is_opened_by_its_address(self) -> None:
        mine = {"mine": "http://localhost:9999/v1"}
        info, connection = await catalogue(api_base=mine).open("mine/some-model")
        assert (info.local, connection.api_base) == (True, "http://127.0.0.1:9999/v1")
        with pytest.raises(UsageError, match="MINE_API_KEY"):
            await catalogue(api_base={"mine": "https://llm.example/v1"}).open("mine/x")

    async def test_the_keyring_is_asked_only_where_the_environment_has_nothing(self) -> None:
        asked: list[str] = []

        def look_up(names: Sequence[str]) -> Mapping[str, Looked]:
            asked.extend(names)
            return {n: Looked(SECRET) for n in names}

        both = Catalogue(ModelSettings(), {"OPENAI_API_KEY": "env"}, look_up)
        assert (await both.open("openai/gpt-5"))[1].api_key == "env"
        assert asked == []
        assert (await both.open("groq/x"))[1].api_key == SECRET
        await both.open("groq/y")
        assert asked == ["groq"]

    async def test_azure_needs_its_address(self) -> None:
        with pytest.raises(UsageError, match="AZURE_API_BASE"):
            await catalogue({"AZURE_API_KEY": SECRET}).open("azure/my-deployment")
        environ = {"AZURE_API_KEY": SECRET, "AZURE_API_BASE": "https://me.openai.azure.com/", "AZURE_API_VERSION": "v1"}
        _, connection = await catalogue(environ).open("azure/my-deployment")
        assert connection.hosts == ("me.openai.azure.com:443",)
        assert connection.extra == {"api_version": "v1"}

    async def test_bedrock_takes_its_pair_of_keys_and_its_region(self) -> None:
        pair = {"AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": SECRET}
        with pytest.raises(UsageError, match="AWS_REGION"):
            await catalogue(pair).open("bedrock/anthropic.claude")
        _, connection = await catalogue({**pair, "AWS_REGION": "eu-west-1"}).open("bedrock/anthropic.claude")
        assert connection.hosts == ("bedrock-runtime.eu-west-1.amazonaws.com:443",)
        assert connection.extra["secret_access_key"] == SECRET

    async def test_M9_secrets_are_not_in_any_representation(self) -> None:
        pair = {"AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "x", "OPENAI_API_KEY": SECRET}
        for model in ("bedrock/x", "openai/x"):
            _, connection = await catalogue(pair).open(model)
            assert SECRET not in repr(connection)
            assert SECRET not in f"{connection}"
        assert SECRET not in repr(Looked(SECRET))

    @pytest.mark.parametrize(
        ("model", "message"),
        [
            ("gpt-5", "did you mean `openai/gpt-5`"),
            ("opnai/gpt-5", "did you mean `openai/gpt-5`"),
            ("", "provider/name"),
            ("/x", "provider/name"),
            ("openai/", "does not name a model"),
            ("martian/x", "model.api_base"),
            ("openai/gpt-5", "assistant models keys set openai"),
        ],
    )
    async def test_what_can_t_be_used_says_why_and_what_to_do(self, model: str, message: str) -> None:
        with pytest.raises(UsageError, match=message):
            await catalogue().open(model)

    async def test_an_unknown_model_of_a_known_provider_is_allowed_and_its_price_unknown(self) -> None:
        info, _ = await catalogue({"OPENAI_API_KEY": SECRET}).open("openai/gpt-99")
        assert (info.usable, info.input_uusd_per_mtok, info.price_date) == (True, None, "")

    def test_the_part_that_chooses_an_api_does_not_change_the_price(self) -> None:
        both = [catalogue().info(name) for name in ("openai/gpt-5", "openai/responses/gpt-5")]
        assert both[0].input_uusd_per_mtok == both[1].input_uusd_per_mtok is not None
        assert both[1].id == "openai/responses/gpt-5"


class TestProviders:
    @pytest.mark.parametrize("name", sorted(PROVIDERS))
    def test_the_worker_knows_each_provider_of_the_catalogue(self, name: str) -> None:
        provider = PROVIDERS[name]
        assert (name in TARGETS) != bool(provider.library_host)
        assert provider.address.startswith("https://") or provider.library_host or name in ("azure", "bedrock")
        assert PROVIDERS[name].key_names

    @pytest.mark.parametrize("server", SERVERS, ids=lambda s: s.provider)
    def test_the_worker_and_the_catalogue_expect_local_servers_at_the_same_port(self, server: LocalServer) -> None:
        assert TARGETS[server.provider].base.removesuffix("/v1") == f"http://127.0.0.1:{server.port}"


class TestAddresses:
    def test_a_host_has_its_port(self) -> None:
        assert host_of("https://a.example/v1") == "a.example:443"
        assert host_of("http://[::1]:80/v1") == "[::1]:80"

    @pytest.mark.parametrize(
        "address", ["", "ftp://a", "a.example", "http://", "https://key@a.example", "http://a:99999"]
    )
    def test_what_is_no_address_is_refused(self, address: str) -> None:
        with pytest.raises(UsageError):
            host_of(address)

    @pytest.mark.parametrize("rest", ["", "/", "/v1", ":80", ":80/v1"])
    def test_the_name_of_this_machine_becomes_its_number_since_a_room_has_its_own(self, rest: str) -> None:
        assert numbered(f"http://localhost{rest}") == f"http://127.0.0.1{rest}"
        assert numbered(f"https://localhost.example{rest}") == f"https://localhost.example{rest}"

    def test_loopback_is_judged_by_spelling(self) -> None:
        assert [is_loopback(h) for h in ("127.0.0.1:1", "localhost:1", "[::1]:1", "127.8.8.8:1")] == [True] * 4
        assert not any(
            is_loopback(h) for h in ("example.org:1", "localhost.example:1", "10.0.0.1:1", "127.evil.example:1")
        )


class TestDefault:
    async def test_the_person_s_own_choice_comes_first(self) -> None:
        assert await catalogue({"OPENAI_API_KEY": "k"}, default="groq/x").default() == "groq/x"

    async def test_then_the_first_provider_with_a_key(self) -> None:
        assert (await catalogue({"GROQ_API_KEY": "k", "OPENAI_API_KEY": "k"}).default()).startswith("openai/")
        assert (await catalogue(keyring={"mistral": "k"}).default()).startswith("mistral/")

    async def test_then_a_model_of_this_machine(self, ollama: str) -> None:
        assert await catalogue({"OLLAMA_HOST": ollama}).default() == "ollama/qwen3:8b"

    async def test_and_at_last_the_built_in_one(self) -> None:
        assert await catalogue().default() == "builtin/offline"


@pytest.fixture
async def ollama() -> AsyncIterator[str]:
    body = b'{"models":[{"name":"qwen3:8b","size":1},{"name":"gpt-oss:120b-cloud"},{"name":"bad\\u001bname"}]}'

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n" + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


class TestLocalServers:
    async def test_a_server_on_this_machine_is_found_with_its_models(self, ollama: str) -> None:
        infos = [i for i in await catalogue({"OLLAMA_HOST": ollama}).models() if i.provider == "ollama"]
        assert [(i.id, i.local) for i in infos] == [("ollama/qwen3:8b", True), ("ollama/gpt-oss:120b-cloud", False)]
        assert infos[0].input_uusd_per_mtok == 0
        _, connection = await catalogue({"OLLAMA_HOST": ollama}).open("ollama/qwen3:8b")
        assert connection.hosts == (ollama,)

    async def test_a_window_that_the_server_names_is_taken(self) -> None:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b'HTTP/1.1 200 OK\r\n\r\n{"data":[{"id":"qwen","max_model_len":32768},{"id":"other"}]}')
            writer.close()

        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            infos = [i for i in await catalogue({"VLLM_API_BASE": address}).models() if i.provider == "vllm"]
        assert [(i.id, i.context_tokens) for i in infos] == [("vllm/qwen", 32768), ("vllm/other", None)]

    async def test_servers_that_hang_cost_no_more_than_the_deadline(self) -> None:
        async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await asyncio.sleep(10)
            finally:
                writer.close()

        server = await asyncio.start_server(hang, "127.0.0.1", 0)
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        begun = monotonic()
        found = await probe([(s, address) for s in SERVERS])
        assert monotonic() - begun < 0.6
        assert all("no answer" in f.problem for f in found)
        server.close()

    @pytest.mark.parametrize(
        "reply",
        [
            b"",
            b"HTTP/1.1 500 No\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n\r\n<html>",
            b"HTTP/1.1 200 OK\r\n\r\n{}",
            b'HTTP/1.1 200 OK\r\n\r\n{"data": 3}',
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
            b"HTTP/1.1 200 OK\r\n\r\n" + b"[" * 200_000,
            b"\x00" * 3_000_000,
        ],
    )
    async def test_whatever_else_listens_there_is_not_a_model_server(self, reply: bytes) -> None:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(reply)
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        found = (await probe([(LOCAL["llamacpp"], address)], deadline_s=2.0))[0]
        assert found.models == ()
        assert found.problem
        server.close()

    async def test_only_loopback_is_asked(self) -> None:
        found = await probe([(LOCAL["ollama"], "http://192.0.2.1:11434"), (LOCAL["vllm"], "https://127.0.0.1:1")])
        assert [f.problem for f in found] == ["it is not on this machine"] * 2

    @pytest.mark.parametrize(
        ("given", "address"),
        [
            ("", "http://127.0.0.1:11434"),
            ("0.0.0.0", "http://127.0.0.1:11434"),
            ("127.0.0.1:5000", "http://127.0.0.1:5000"),
            ("http://127.0.0.1:5000/", "http://127.0.0.1:5000"),
            ("http://127.0.0.1:5000/v1", "http://127.0.0.1:5000"),
        ],
    )
    def test_its_address_may_be_written_in_its_own_ways(self, given: str, address: str) -> None:
        assert address_of(LOCAL["ollama"], {"OLLAMA_HOST": given}) == address


class TestListing:
    async def test_usable_ones_come_first_and_the_rest_say_why(self) -> None:
        infos = await catalogue({"GROQ_API_KEY": "k"}).models()
        usable = [i for i in infos if i.usable]
        assert {i.provider for i in usable} == {"groq", "builtin"}
        assert infos[: len(usable)] == usable
        assert all(i.why_not.startswith("no key: ") for i in infos[len(usable) :])

    def test_a_connection_is_not_equal_to_one_with_another_key(self) -> None:
        assert Connection("a", "1").key != Connection("a", "2").key
