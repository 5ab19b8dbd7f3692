"""Every provider that has no file here, through litellm.

litellm knows a hundred providers and costs four seconds and 160 MB to import, so it is imported for these only, when the
first call comes. What it invents is not trusted: usage through it counts as estimated, since it makes up what the provider
did not say, and its errors are classified again by their status and words.
"""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from functools import cache
from typing import Any, cast

import msgspec

from assistant.errors import ModelError
from assistant.models.worker.call import WireCall
from assistant.models.worker.failure import from_body
from assistant.models.worker.frames import Frame
from assistant.models.worker.history import Rules, fit
from assistant.models.worker.target import Target
from assistant.models.worker.wire import openai_chat
from assistant.types import Finished, ModelEvent

RULES = Rules()


@cache
def library() -> Any:
    """litellm, kept from the network and from files of its own. Raises ModelError when it can't be imported."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else its import fetches a price list, three times
    os.environ["LITELLM_MODE"] = "PRODUCTION"  # else it reads a .env file
    for name in (
        "ALL_PROXY",
        "all_proxy",
    ):  # httpx would need one more package for the room's SOCKS; it has HTTPS_PROXY too
        if os.environ.get(name, "").startswith("socks"):
            del os.environ[name]
    gc.disable()  # a million objects that all stay: collecting among them takes a second
    try:
        import litellm
    except ImportError as error:
        raise ModelError(f"litellm can't be imported: {error}", kind="bad_request") from error
    finally:
        gc.freeze()
        gc.enable()
    known: Any = litellm
    known.suppress_debug_info = True
    known.telemetry = False
    known.drop_params = True
    known.disable_streaming_logging = True
    known.disable_aiohttp_transport = True  # httpx honours the proxy that the room gives
    return known


async def ask(call: WireCall) -> AsyncGenerator[ModelEvent]:
    """As `assistant.models.worker.ask.ask`, for the providers that litellm knows."""
    known = await asyncio.to_thread(library)
    target = Target(call.model.partition("/")[0], "any_other", call.model, "", {}, call.model)
    reader = openai_chat.Reader(target)
    try:
        async with asyncio.timeout(call.timeout_s):
            answer = await known.acompletion(**_arguments(call, target))
        if not hasattr(answer, "__anext__"):
            for event in reader.whole(answer.model_dump()):
                yield event
        else:
            async for chunk in _chunks(cast("AsyncIterator[Any]", answer), call.timeout_s):
                for event in reader.frame(Frame("", chunk.model_dump_json().encode())):
                    yield event
            reader.ended()
        for event in reader.finish():
            yield _estimated(event)
    except ModelError:
        raise
    except TimeoutError as error:
        raise ModelError(f"nothing came for {call.timeout_s:g} s", kind="timeout", retryable=True) from error
    except Exception as error:  # its errors share no base with a meaning: status and words say more than their class
        raise _failure(error) from error


async def _chunks(answer: AsyncIterator[Any], timeout_s: float) -> AsyncGenerator[Any]:
    try:
        while True:
            async with asyncio.timeout(timeout_s):
                try:
                    chunk = await anext(answer)
                except StopAsyncIteration:
                    return
            yield chunk
    finally:
        with suppress(Exception):  # closing is best effort: the process is ours to end
            await cast("Any", answer).aclose()


def _arguments(call: WireCall, target: Target) -> dict[str, Any]:
    fitted = fit(call.request.messages, target.maker, RULES)
    body = openai_chat.body_of(call, target, fitted, RULES)
    extra = {
        "api_key": call.api_key or None,
        "api_base": call.api_base or None,
        "timeout": call.timeout_s,
        "num_retries": 0,
        "max_retries": 0,
        **{
            f"aws_{name}" if name != "region" else "aws_region_name": value
            for name, value in call.extra.items()
            if name in ("region", "access_key_id", "secret_access_key", "session_token")
        },
    }
    if version := call.extra.get("api_version"):
        extra["api_version"] = version
    return {**body, "model": call.model, **{name: value for name, value in extra.items() if value is not None}}


def _estimated(event: ModelEvent) -> ModelEvent:
    if isinstance(event, Finished) and event.usage:
        return msgspec.structs.replace(event, usage=msgspec.structs.replace(event.usage, estimated=True))
    return event


def _failure(error: Exception) -> ModelError:
    name = type(error).__name__
    if isinstance(error, OSError) or name in ("APIConnectionError", "ConnectError"):
        return ModelError(f"no connection: {error}", kind="connection", retryable=True)
    if "Timeout" in name:
        return ModelError(f"the provider took too long: {error}", kind="timeout", retryable=True)
    status = getattr(error, "status_code", None)
    code = {"ContextWindowExceededError": "context_length_exceeded", "ContentPolicyViolationError": "content_filter"}
    words = str(getattr(error, "message", "") or error)
    return from_body({"message": words}, status=status if isinstance(status, int) else 500, name=code.get(name, ""))
