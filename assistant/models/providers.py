"""The providers that we know by name: where they are, and where their keys are found.

A provider that is not in the table works too when the person gives its address (`[model.api_base]` in the settings): it is
then asked as an OpenAI-compatible server.
"""

from __future__ import annotations

from assistant.models.worker.target import PROVIDERS as TARGETS
from assistant.types import Data


class Provider(Data, frozen=True):
    """One provider. Environment names in the order in which they are looked up, as its own documentation has them."""

    name: str
    title: str
    key_names: tuple[str, ...]
    base_names: tuple[str, ...] = ()
    preferred: tuple[str, ...] = ()
    """Names for `auto`, best first: able enough for tool use at a middling price."""
    library_host: str = ""
    """Where the worker has no protocol of its own for it and asks through litellm: the one host that it then may reach."""
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Further values that it needs, with the environment names they come from."""

    @property
    def address(self) -> str:
        """Its own address, as the worker knows it; empty where it depends on the account (Azure, Bedrock)."""
        known = TARGETS.get(self.name)
        return known.base if known else ""


def _provider(name: str, title: str, key: str, *preferred: str) -> Provider:
    upper = name.upper()
    return Provider(name, title, (key,), (f"{upper}_BASE_URL", f"{upper}_API_BASE"), preferred)


def _through_library(name: str, title: str, host: str) -> Provider:
    return Provider(
        name, title, (f"{name.upper()}_API_KEY",), (f"{name.upper()}_API_BASE",), library_host=f"{host}:443"
    )


_ALL = (
    _provider("anthropic", "Anthropic", "ANTHROPIC_API_KEY", "claude-sonnet-5-5"),
    _provider("openai", "OpenAI", "OPENAI_API_KEY", "gpt-6-sol"),
    Provider(
        "gemini",
        "Google Gemini",
        ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        ("GEMINI_BASE_URL", "GEMINI_API_BASE", "GOOGLE_GEMINI_BASE_URL"),
        ("gemini-pro-latest",),
    ),
    _provider("mistral", "Mistral", "MISTRAL_API_KEY", "mistral-medium-latest"),
    _provider("deepseek", "DeepSeek", "DEEPSEEK_API_KEY", "deepseek-v4-pro"),
    _provider("xai", "xAI", "XAI_API_KEY", "grok-4.7"),
    _provider("groq", "Groq", "GROQ_API_KEY", "openai/gpt-oss-120b"),
    Provider(
        "cohere",
        "Cohere",
        ("COHERE_API_KEY", "CO_API_KEY"),
        ("COHERE_BASE_URL", "COHERE_API_BASE"),
        ("command-a-03-2025",),
    ),
    _provider("openrouter", "OpenRouter", "OPENROUTER_API_KEY", "openrouter/auto"),
    Provider(
        "huggingface",
        "Hugging Face",
        ("HF_TOKEN", "HUGGINGFACE_API_KEY"),
        ("HUGGINGFACE_BASE_URL", "HUGGINGFACE_API_BASE"),
        ("openai/gpt-oss-120b",),
    ),
    Provider(
        "azure",
        "Azure OpenAI",
        ("AZURE_API_KEY", "AZURE_OPENAI_API_KEY"),
        ("AZURE_API_BASE", "AZURE_OPENAI_ENDPOINT"),
        (),
        "",
        (("api_version", ("AZURE_API_VERSION", "OPENAI_API_VERSION")),),
    ),
    Provider(
        "bedrock",
        "Amazon Bedrock",
        ("AWS_BEARER_TOKEN_BEDROCK",),
        ("AWS_BEDROCK_RUNTIME_ENDPOINT", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME"),
        (),
        "",
        (
            ("region", ("AWS_REGION_NAME", "AWS_REGION", "AWS_DEFAULT_REGION")),
            ("access_key_id", ("AWS_ACCESS_KEY_ID",)),
            ("secret_access_key", ("AWS_SECRET_ACCESS_KEY",)),
            ("session_token", ("AWS_SESSION_TOKEN",)),
        ),
    ),
    _provider("together_ai", "Together AI", "TOGETHER_API_KEY"),
    _provider("fireworks_ai", "Fireworks AI", "FIREWORKS_API_KEY"),
    _provider("perplexity", "Perplexity", "PERPLEXITY_API_KEY"),
    _provider("cerebras", "Cerebras", "CEREBRAS_API_KEY", "gpt-oss-120b"),
    _provider("moonshot", "Moonshot AI", "MOONSHOT_API_KEY", "kimi-k2.6"),
    _provider("zai", "Z.AI", "ZAI_API_KEY", "glm-5.3"),
    _provider("deepinfra", "DeepInfra", "DEEPINFRA_API_KEY"),
    _provider("nvidia_nim", "NVIDIA NIM", "NVIDIA_API_KEY"),
    _provider("venice", "Venice", "VENICE_API_KEY"),
    _provider("vercel_ai_gateway", "Vercel AI Gateway", "AI_GATEWAY_API_KEY"),
    _through_library("ai21", "AI21", "api.ai21.com"),
    _through_library("dashscope", "Alibaba DashScope", "dashscope.aliyuncs.com"),
    _through_library("hyperbolic", "Hyperbolic", "api.hyperbolic.xyz"),
    _through_library("minimax", "MiniMax", "api.minimax.io"),
    _through_library("nebius", "Nebius", "api.studio.nebius.ai"),
    _through_library("replicate", "Replicate", "api.replicate.com"),
    _through_library("sambanova", "SambaNova", "api.sambanova.ai"),
    _through_library("volcengine", "Volcengine", "ark.cn-beijing.volces.com"),
)

PROVIDERS = {provider.name: provider for provider in _ALL}
"""By name, in the order in which `auto` looks."""
