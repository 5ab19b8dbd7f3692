"""The recordings and their replay server, which lie beside the checkout and are not part of it."""

from __future__ import annotations

import gzip
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from assistant.models.complete import complete


@pytest.fixture(scope="session")
def recordings(shared: Path) -> dict[str, dict[str, Any]]:
    """Every recording, by id."""
    with gzip.open(shared / "transcripts" / "open.jsonl.gz", "rt", encoding="utf-8") as file:
        return {record["id"]: record for record in map(json.loads, file)}


@pytest.fixture(scope="session")
def replay(shared: Path) -> Any:
    """The module of the replay server."""
    spec = importlib.util.spec_from_file_location("replay_server", shared / "transcripts" / "replay_server.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["replay_server"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials that sign, and open nothing."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    monkeypatch.setenv("AWS_REGION_NAME", "us-east-1")
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


KNOWN = {"mistral", "groq", "openrouter", "deepseek", "xai"}


def address(recording: dict[str, Any], base: str) -> dict[str, str]:
    """Model and address that reach the recording."""
    path = recording["request"]["path"].split("?")[0]
    model = recording["model"] or "model"
    provider = recording["provider"]
    match recording["api"]:
        case "openai_chat" if provider == "azure" and "/openai/deployments/" in path:
            return {"model": f"azure/{model}", "api_base": base, "api_version": "2024-12-01-preview"}
        case "openai_chat":
            prefix = provider if provider in KNOWN else "openai"
            return {"model": f"{prefix}/{model}", "api_base": base + path.replace("/chat/completions", "")}
        case "openai_responses":
            return {"model": f"openai/responses/{model}", "api_base": base + path.replace("/responses", "")}
        case "anthropic":
            return {"model": f"anthropic/{model}", "api_base": base}
        case "gemini":
            return {"model": f"gemini/{model}", "api_base": base + "/v1beta"}
        case "cohere_v2":
            return {"model": f"cohere_chat/{model}", "api_base": base + "/v2/chat"}
        case "cohere_v1":
            return {"model": f"cohere_chat/{model}", "api_base": base + "/v1/chat"}
        case "ollama_chat":
            return {"model": f"ollama_chat/{model}", "api_base": base}
        case api:
            return {"model": f"bedrock/{api.removeprefix('bedrock_')}/{model}", "api_base": base}


async def ask_for(recording: dict[str, Any], base: str, options: str = "", timeout: float = 10) -> dict[str, Any]:
    """The answer of `assistant models complete` to a request that replays the recording."""
    where = address(recording, f"{base}/t/{recording['id']}{options}")
    key = {} if where["model"].startswith("bedrock") else {"api_key": "a-key-of-no-one"}
    stream = "stream" in recording["features"]
    messages = [{"role": "user", "content": "hi"}]
    asked = {**where, **key, "messages": messages, "stream": stream, "timeout": timeout}
    return await complete(json.dumps(asked).encode())
