"""Where a call goes: which protocol, which address, which key header, by the model's name and the address given.

    anthropic/claude-sonnet-4-5      provider, then the provider's own name for the model
    openai/responses/gpt-5           OpenAI's Responses API by name; `openai/gpt-5` alone finds it where it must
    bedrock/converse/..., bedrock/invoke/...
    azure/<deployment>               with `api_version` in `extra`

A provider that is not in the table, with an address given, counts as OpenAI-compatible: nearly all are. Without an
address it is left to the library that knows them all (`wire/any_other.py`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit

from assistant.errors import ModelError
from assistant.models.worker.call import WireCall
from assistant.types import Data


class Provider(Data, frozen=True):
    """What is known of one provider."""

    protocol: str
    base: str = ""
    """Its own address; empty where each customer has their own."""
    key_header: str = "Authorization"
    local: bool = False


PROVIDERS: Mapping[str, Provider] = {
    "openai": Provider("openai_chat", "https://api.openai.com/v1"),
    "anthropic": Provider("anthropic", "https://api.anthropic.com", "x-api-key"),
    "gemini": Provider("gemini", "https://generativelanguage.googleapis.com/v1beta", "x-goog-api-key"),
    "mistral": Provider("openai_chat", "https://api.mistral.ai/v1"),
    "groq": Provider("openai_chat", "https://api.groq.com/openai/v1"),
    "openrouter": Provider("openai_chat", "https://openrouter.ai/api/v1"),
    "deepseek": Provider("openai_chat", "https://api.deepseek.com"),
    "xai": Provider("openai_chat", "https://api.x.ai/v1"),
    "cerebras": Provider("openai_chat", "https://api.cerebras.ai/v1"),
    "together_ai": Provider("openai_chat", "https://api.together.xyz/v1"),
    "fireworks_ai": Provider("openai_chat", "https://api.fireworks.ai/inference/v1"),
    "perplexity": Provider("openai_chat", "https://api.perplexity.ai"),
    "huggingface": Provider("openai_chat", "https://router.huggingface.co/v1"),
    "moonshot": Provider("openai_chat", "https://api.moonshot.ai/v1"),
    "zai": Provider("openai_chat", "https://api.z.ai/api/paas/v4"),
    "venice": Provider("openai_chat", "https://api.venice.ai/api/v1"),
    "vercel_ai_gateway": Provider("openai_chat", "https://ai-gateway.vercel.sh/v1"),
    "nvidia_nim": Provider("openai_chat", "https://integrate.api.nvidia.com/v1"),
    "deepinfra": Provider("openai_chat", "https://api.deepinfra.com/v1/openai"),
    "cohere": Provider("cohere", "https://api.cohere.com/v2/chat"),
    "cohere_chat": Provider("cohere", "https://api.cohere.com/v2/chat"),
    "azure": Provider("openai_chat", "", "api-key"),
    "bedrock": Provider("bedrock_converse"),
    "ollama": Provider("ollama", "http://127.0.0.1:11434", local=True),
    "ollama_chat": Provider("ollama", "http://127.0.0.1:11434", local=True),
    "lm_studio": Provider("openai_chat", "http://127.0.0.1:1234/v1", local=True),
    "llamacpp": Provider("openai_chat", "http://127.0.0.1:8080/v1", local=True),
    "vllm": Provider("openai_chat", "http://127.0.0.1:8000/v1", local=True),
    "hosted_vllm": Provider("openai_chat", "http://127.0.0.1:8000/v1", local=True),
}
"""Addresses from the providers' own references; local ports are the programs' defaults."""

_ONLY_RESPONSES = re.compile(r"(gpt-5|o[134](-|$)|codex|computer-use)")
"""OpenAI models that think: their reasoning survives a tool loop through the Responses API only, and some exist there only."""


class Target(NamedTuple):
    """A call's destination."""

    provider: str
    protocol: str
    """The file in `wire/` that speaks it."""
    model: str
    """The provider's own name of the model."""
    url: str
    """The address up to what the protocol appends."""
    headers: Mapping[str, str]
    """The key, in the header where this provider wants it."""
    maker: str
    """Who the answer's opaque parts belong to."""


def find_target(call: WireCall) -> Target:
    """Where `call` goes. Raises ModelError `bad_request` for a model name without a provider, or an address that misses."""
    provider, _, model = call.model.partition("/")
    if not model:
        raise ModelError(
            f"`{call.model}` names no provider",
            kind="bad_request",
            hint="write it as provider/model, for example anthropic/claude-sonnet-4-5",
        )
    known = PROVIDERS.get(provider)
    if known is None and not call.api_base:
        return Target(provider, "any_other", model, "", {}, call.model)
    known = known or Provider("openai_chat")
    protocol, model = _protocol(provider, known, model, call)
    base = (call.api_base or known.base).rstrip("/")
    if provider == "bedrock":
        base = base or f"https://bedrock-runtime.{region(call)}.amazonaws.com"
    if not base:
        raise ModelError(f"`{provider}` has no address of its own", kind="bad_request", hint="give one with api_base")
    if provider == "azure" and protocol == "openai_responses" and "/openai" not in base:
        base += "/openai/v1"
    if provider == "azure" and protocol == "openai_chat":
        base = _azure(base, model, call.extra.get("api_version", ""))
    return Target(provider, protocol, model, base, _key(known, call), f"{provider}/{model}")


def _protocol(provider: str, known: Provider, model: str, call: WireCall) -> tuple[str, str]:
    first, _, rest = model.partition("/")
    if first == "responses" and rest:
        return "openai_responses", rest
    if provider == "bedrock" and first in ("converse", "invoke") and rest:
        return f"bedrock_{first}", rest
    if provider == "openai" and not call.api_base and _ONLY_RESPONSES.match(model):
        return "openai_responses", model
    return known.protocol, model


def _azure(base: str, deployment: str, version: str) -> str:
    """Azure's older addresses name the deployment and a version; its v1 address is like OpenAI's."""
    if "/openai/" in base or base.endswith("/openai/v1") or (not version and base.endswith("/v1")):
        return base
    return f"{base}/openai/deployments/{deployment}?api-version={version or '2024-10-21'}"


def _key(known: Provider, call: WireCall) -> Mapping[str, str]:
    if not call.api_key:
        return {}
    value = f"Bearer {call.api_key}" if known.key_header == "Authorization" else call.api_key
    return {known.key_header: value}


def region(call: WireCall) -> str:
    """The AWS region: as given, else from the environment, else the oldest."""
    return (
        call.extra.get("region")
        or os.environ.get("AWS_REGION_NAME")
        or os.environ.get("AWS_REGION")
        or os.environ.get("AWS_DEFAULT_REGION")
        or "us-east-1"
    )


def join(url: str, path: str, query: str = "") -> str:
    """`path` appended to an address that may have a query already."""
    parts = urlsplit(url)
    queries = "&".join(part for part in (parts.query, query) if part)
    return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/") + path, queries, ""))
