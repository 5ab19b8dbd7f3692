"""Where a call goes, and what it says when it gets there."""

from __future__ import annotations

import importlib
import json
from typing import Any

import pytest

from assistant.errors import ModelError
from assistant.models.worker.call import WireCall
from assistant.models.worker.target import PROVIDERS, find_target, join
from assistant.types import Effect, Message, ModelRequest, TextPart, ToolSpec

MESSAGES = (Message("system", (TextPart("Be brief."),)), Message("user", (TextPart("hi"),)))
POINT = {"cachePoint": {"type": "default"}}
TOOL = ToolSpec("read", "x" * 2000, Effect.READ, (), {"type": "object", "properties": {"p": {"type": "string"}}})


def built(model: str, base: str = "", **more: Any) -> tuple[str, dict[str, str], dict[str, Any]]:
    """Address, headers and body of a call."""
    call_fields = {name: more.pop(name) for name in ("extra", "stream", "api_key") if name in more}
    call = WireCall(model, ModelRequest(MESSAGES, **more), base, **{"api_key": "key", **call_fields})
    target = find_target(call)
    request = importlib.import_module(f"assistant.models.worker.wire.{target.protocol}").build(call, target)
    return request.url, dict(request.headers), json.loads(request.body)


@pytest.mark.parametrize(
    ("model", "base", "extra", "url"),
    [
        ("openai/gpt-4.1", "", {}, "https://api.openai.com/v1/chat/completions"),
        ("openai/gpt-5.2", "", {}, "https://api.openai.com/v1/responses"),
        ("openai/gpt-5.2", "http://own/v1", {}, "http://own/v1/chat/completions"),
        ("openai/responses/gpt-4.1", "http://own/v1/", {}, "http://own/v1/responses"),
        ("anthropic/claude-sonnet-4-5", "", {}, "https://api.anthropic.com/v1/messages"),
        ("anthropic/claude-sonnet-4-5", "http://own/v1", {}, "http://own/v1/messages"),
        (
            "gemini/gemini-3-pro",
            "",
            {},
            "https://generativelanguage.googleapis.com/v1beta/models/gemini-3-pro:streamGenerateContent?alt=sse",
        ),
        ("mistral/codestral", "", {}, "https://api.mistral.ai/v1/chat/completions"),
        ("openrouter/anthropic/claude-haiku-4.5", "", {}, "https://openrouter.ai/api/v1/chat/completions"),
        ("cohere_chat/command-a", "http://own/v2/chat", {}, "http://own/v2/chat"),
        ("cohere/command-a", "http://own", {}, "http://own/v2/chat"),
        (
            "azure/dep",
            "https://r.openai.azure.com",
            {"api_version": "2024-12-01"},
            "https://r.openai.azure.com/openai/deployments/dep/chat/completions?api-version=2024-12-01",
        ),
        (
            "azure/dep",
            "https://r.openai.azure.com/openai/v1",
            {},
            "https://r.openai.azure.com/openai/v1/chat/completions",
        ),
        ("ollama/qwen3:8b", "", {}, "http://127.0.0.1:11434/api/chat"),
        ("somebody/their/model", "http://own/v1?x=1", {}, "http://own/v1/chat/completions?x=1"),
    ],
)
def test_address(model: str, base: str, extra: dict[str, str], url: str) -> None:
    assert built(model, base, extra=extra)[0] == url


def test_bedrock_goes_to_its_region_signed() -> None:
    extra = {"region": "eu-west-1", "access_key_id": "AKID", "secret_access_key": "s"}
    url, headers, _ = built("bedrock/converse/eu.amazon.nova-pro-v1:0", extra=extra, api_key="")
    assert url == "https://bedrock-runtime.eu-west-1.amazonaws.com/model/eu.amazon.nova-pro-v1%3A0/converse-stream"
    assert headers["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKID/")
    assert built("bedrock/x", api_key="bedrock-key")[1]["Authorization"] == "Bearer bedrock-key"


def test_bedrock_without_credentials_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    with pytest.raises(ModelError, match="no AWS credentials") as error:
        built("bedrock/converse/x", api_key="")
    assert error.value.kind == "auth"


@pytest.mark.parametrize(
    ("model", "header", "value"),
    [
        ("openai/gpt-4.1", "Authorization", "Bearer key"),
        ("anthropic/claude", "x-api-key", "key"),
        ("gemini/gemini-3-pro", "x-goog-api-key", "key"),
        ("azure/dep", "api-key", "key"),
    ],
)
def test_the_key_goes_where_the_provider_wants_it(model: str, header: str, value: str) -> None:
    _, headers, _ = built(model, "https://own/")
    assert headers[header] == value
    assert header not in built(model, "https://own/", api_key="")[1]


def test_a_name_without_a_provider_is_refused() -> None:
    with pytest.raises(ModelError, match="names no provider"):
        find_target(WireCall("gpt-4", ModelRequest(())))


def test_a_provider_without_an_address_wants_one() -> None:
    with pytest.raises(ModelError, match="no address of its own"):
        find_target(WireCall("azure/dep", ModelRequest(())))


def test_what_is_not_known_is_left_to_the_library_that_knows_all() -> None:
    assert find_target(WireCall("watsonx/granite", ModelRequest(()))).protocol == "any_other"
    assert find_target(WireCall("watsonx/granite", ModelRequest(()), "http://own")).protocol == "openai_chat"


def test_every_provider_has_a_file_that_speaks_its_protocol() -> None:
    for name, provider in PROVIDERS.items():
        module = importlib.import_module(f"assistant.models.worker.wire.{provider.protocol}")
        assert hasattr(module, "build"), name
        assert not provider.base or provider.base.startswith("http://127.0.0.1:" if provider.local else "https://")


def test_join_keeps_a_query() -> None:
    assert join("http://h/a/?v=1", "/b", "alt=sse") == "http://h/a/b?v=1&alt=sse"


class TestBodies:
    """What each family is told."""

    def test_the_limit_of_the_answer(self) -> None:
        assert built("openai/gpt-4.1", max_output_tokens=99)[2]["max_completion_tokens"] == 99
        assert built("openai/local", "http://own/v1", max_output_tokens=99)[2]["max_tokens"] == 99
        assert built("mistral/m", max_output_tokens=99)[2]["max_tokens"] == 99
        assert built("openai/gpt-5", max_output_tokens=9)[2]["max_output_tokens"] == 16
        assert built("anthropic/claude-3-haiku-20240307")[2]["max_tokens"] == 4096
        assert built("anthropic/claude-opus-4-5")[2]["max_tokens"] == 16_384
        assert built("gemini/g", max_output_tokens=99)[2]["generationConfig"]["maxOutputTokens"] == 99
        assert built("ollama/o", max_output_tokens=99)[2]["options"] == {"num_predict": 99}

    def test_how_hard_to_think(self) -> None:
        assert built("openai/gpt-5", reasoning="low")[2]["reasoning"]["effort"] == "low"
        assert built("groq/gpt-oss", reasoning="low")[2]["reasoning_effort"] == "low"
        assert built("openrouter/x/y", reasoning="high")[2]["reasoning"] == {"effort": "high"}
        body = built("anthropic/claude-sonnet-4-5-20250929", reasoning="high", max_output_tokens=1000)[2]
        assert body["thinking"] == {"type": "enabled", "budget_tokens": 24_576}
        assert body["max_tokens"] == 25_576
        for name in ("opus-4-6", "sonnet-5", "opus-4-8"):
            body = built(f"anthropic/claude-{name}", reasoning="medium")[2]
            assert body["thinking"]["type"] == "adaptive"
            assert body["output_config"] == {"effort": "medium"}
        assert "thinking" not in built("anthropic/claude-3-5-sonnet", reasoning="high")[2]

    @pytest.mark.parametrize(
        ("model", "level", "config"),
        [
            ("gemini-2.5-pro", "low", {"thinkingBudget": 1024}),
            ("gemini-3-pro-preview", "medium", {"thinkingLevel": "high"}),
            ("gemini-3.1-pro-preview", "medium", {"thinkingLevel": "medium"}),
            ("gemini-3-flash-preview", "low", {"thinkingLevel": "low"}),
            ("gemini-flash-latest", "low", {}),
        ],
    )
    def test_how_hard_gemini_thinks(self, model: str, level: str, config: dict[str, object]) -> None:
        body = built(f"gemini/{model}", reasoning=level)[2]
        assert body["generationConfig"]["thinkingConfig"] == {"includeThoughts": True, **config}

    def test_what_is_no_utf_8_is_sent_all_the_same(self) -> None:
        """Names of files may hold bytes that are no characters."""
        call = WireCall("openai/gpt-4.1", ModelRequest((Message("user", (TextPart("a\udc80b"),)),)))
        target = find_target(call)
        module = importlib.import_module(f"assistant.models.worker.wire.{target.protocol}")
        assert json.loads(module.build(call, target).body)["messages"][0]["content"] == "a?b"

    def test_usage_is_asked_for_where_it_is_not_given_by_itself(self) -> None:
        assert built("openai/gpt-4.1")[2]["stream_options"] == {"include_usage": True}
        assert "stream_options" not in built("mistral/m")[2]
        assert "stream_options" not in built("openai/gpt-4.1", stream=False)[2]

    def test_nothing_is_stored_by_the_responses_api(self) -> None:
        body = built("openai/gpt-5", tools=(TOOL,))[2]
        assert body["store"] is False
        assert body["include"] == ["reasoning.encrypted_content"]

    def test_a_description_has_the_length_that_openai_allows(self) -> None:
        assert len(built("openai/gpt-4.1", tools=(TOOL,))[2]["tools"][0]["function"]["description"]) == 1024

    def test_tools_that_are_not_there_are_not_mentioned(self) -> None:
        for model in ("openai/gpt-4.1", "openai/gpt-5", "anthropic/c", "gemini/g", "cohere/c", "ollama/o"):
            assert "tools" not in built(model)[2]

    def test_anthropic_is_asked_to_cache_the_prefix(self) -> None:
        assert built("anthropic/claude-sonnet-4-5")[2]["cache_control"] == {"type": "ephemeral"}

    def test_claude_behind_openrouter_is_too_and_nobody_else_there(self) -> None:
        assert built("openrouter/anthropic/claude-sonnet-4.5")[2]["cache_control"] == {"type": "ephemeral"}
        assert "cache_control" not in built("openrouter/openai/gpt-5")[2]

    @pytest.mark.parametrize(
        ("model", "system", "tools", "message"),
        [
            ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", True, True, True),
            ("anthropic.claude-3-7-sonnet-20250219-v1:0", True, True, True),
            ("anthropic.claude-3-5-haiku-20241022-v1:0", True, True, True),
            ("anthropic.claude-3-5-sonnet-20241022-v2:0", False, False, False),
            ("anthropic.claude-3-haiku-20240307-v1:0", False, False, False),
            ("eu.amazon.nova-lite-v1:0", True, False, True),
            ("amazon.nova-canvas-v1:0", False, False, False),
            ("meta.llama3-1-70b-instruct-v1:0", False, False, False),
            ("arn:aws:bedrock:eu-west-1:1:application-inference-profile/abc", False, False, False),
        ],
    )
    def test_bedrock_is_told_how_far_where_the_model_can_cache(
        self, model: str, system: bool, tools: bool, message: bool
    ) -> None:
        """A mark that a model does not know is refused with the whole request."""
        body = built(f"bedrock/converse/{model}", tools=(TOOL,))[2]
        marks = [
            POINT in body["system"],
            POINT in body["toolConfig"]["tools"],
            POINT in body["messages"][-1]["content"],
        ]
        assert marks == [system, tools, message]
        assert str(body).count("cachePoint") == sum(marks)

    def test_bedrock_s_invoke_marks_the_blocks_themselves(self) -> None:
        body = built("bedrock/invoke/anthropic.claude-sonnet-4-5")[2]
        assert body["system"][0]["cache_control"] == {"type": "ephemeral"}
        assert body["messages"][-1]["content"][-1]["cache_control"] == {"type": "ephemeral"}
        assert str(body).count("cache_control") == 2
        old = built("bedrock/invoke/anthropic.claude-3-haiku-20240307-v1:0")[2]
        assert "cache_control" not in str(old)
