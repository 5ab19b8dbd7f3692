"""What a model server on this machine says of its models: how much they read, whether they see and call tools.

Each kind of server has a question of its own for it. What it does not answer stays unknown; nothing here raises.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec

from assistant.models.local_http import ask
from assistant.models.worker.shape import decode, items, number, record, records, text
from assistant.types import Data

OLLAMA_TOKENS = 16_384
"""Window that we ask Ollama for where neither the model's own file nor a loaded copy names one. Its default of 4,096
(Ollama's documentation, "context length") drops the beginning of a task without a word; the model's own maximum may take
more memory than there is."""

AT_ONCE = 16
"""Questions to one server at the same time."""


class Detail(Data, frozen=True):
    """One model. None means that the server does not say."""

    context_tokens: int | None = None
    sees_images: bool | None = None
    calls_tools: bool | None = None
    chats: bool = True
    """False for embeddings and the like, which answer nobody."""


async def details(provider: str, host: str, names: Sequence[str], deadline_s: float) -> dict[str, Detail]:
    """What `names` can do, by the server at `host` (`name:port`, on loopback). Never raises, never takes longer than the
    deadline; models that it says nothing of are not in the answer."""
    question = _QUESTIONS.get(provider)
    found: dict[str, Detail] = {}
    if question is None or not names:
        return found
    try:
        async with asyncio.timeout(deadline_s):
            await question(host, names, found)
    except (OSError, ValueError, RecursionError, msgspec.MsgspecError):
        pass  # TimeoutError is an OSError; what came until then counts
    return found


async def _ollama(host: str, names: Sequence[str], found: dict[str, Detail]) -> None:
    """`/api/show` says what a model is, `/api/ps` with which window it is loaded."""
    try:
        loaded = {
            text(row.get("name")): number(row.get("context_length"))
            for row in records(record(decode(await ask(host, "/api/ps"))).get("models"))
        }
    except ValueError:
        loaded = {}
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(name: str) -> None:
        async with gate:
            try:
                said = record(decode(await ask(host, "/api/show", msgspec.json.encode({"model": name}))))
            except (OSError, ValueError, RecursionError):
                return
        found[name] = _ollama_detail(name, said, loaded.get(name, 0))

    await asyncio.gather(*(one(name) for name in names))


def _ollama_detail(name: str, said: Mapping[str, Any], loaded: int) -> Detail:
    most = next((number(v) for k, v in record(said.get("model_info")).items() if k.endswith(".context_length")), 0)
    own = re.search(r"^num_ctx\s+(\d{1,9})\s*$", text(said.get("parameters")), re.MULTILINE)
    if name.endswith(("-cloud", ":cloud")):
        window = most
    else:
        window = loaded or (int(own[1]) if own else 0) or min(most, OLLAMA_TOKENS)
    able = [word for word in items(said.get("capabilities")) if isinstance(word, str)]
    if not able:
        return Detail(window or None)
    return Detail(window or None, "vision" in able, "tools" in able, "completion" in able)


async def _llamacpp(host: str, names: Sequence[str], found: dict[str, Detail]) -> None:
    """`/props`: the window of one slot, which is what one conversation has."""
    said = record(decode(await ask(host, "/props")))
    window = number(record(said.get("default_generation_settings")).get("n_ctx")) or number(said.get("n_ctx"))
    modalities = said.get("modalities")
    sees = bool(record(modalities).get("vision")) if isinstance(modalities, dict) else None
    for name in names:
        found[name] = Detail(window or None, sees)


async def _lm_studio(host: str, names: Sequence[str], found: dict[str, Detail]) -> None:
    """Its own list has what OpenAI's form leaves out. A window counts as loaded, else the model's largest."""
    for row in records(record(decode(await ask(host, "/api/v0/models"))).get("data")):
        name, kind = text(row.get("id")), text(row.get("type"))
        window = number(row.get("loaded_context_length")) or number(row.get("max_context_length"))
        able = row.get("capabilities")
        calls = "tool_use" in items(able) if isinstance(able, list) else None
        if name in names:
            found[name] = Detail(window or None, kind == "vlm" if kind else None, calls, kind != "embeddings")


async def _vllm(host: str, names: Sequence[str], found: dict[str, Detail]) -> None:
    for row in records(record(decode(await ask(host, "/v1/models"))).get("data")):
        if (name := text(row.get("id"))) in names:
            found[name] = Detail(number(row.get("max_model_len")) or None)


_Question = Callable[[str, Sequence[str], dict[str, Detail]], Awaitable[None]]

_QUESTIONS: Mapping[str, _Question] = {
    "ollama": _ollama,
    "llamacpp": _llamacpp,
    "lm_studio": _lm_studio,
    "vllm": _vllm,
}
