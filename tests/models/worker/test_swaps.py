"""A task may change its model at any moment: every family accepts what any other family left behind.

All ordered pairs of families, at every point of a tool loop, over HTTP against servers that refuse what the real ones
refuse (`strict_rules.py`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from assistant.models.worker.ask import ask
from assistant.types import (
    CallPart,
    Effect,
    ImagePart,
    Message,
    ReasoningPart,
    ResultPart,
    TextPart,
    ToolCall,
    ToolResult,
    ToolSpec,
)
from tests.models.worker.strict_server import MODELS, Collected, StrictServer

FAMILIES = list(MODELS)
PARAMETERS = {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}
TOOLS = (
    ToolSpec("read.file", "Read a file.", Effect.READ, ("main.py",), PARAMETERS),
    ToolSpec("list", "List files.", Effect.READ, ("main.py",), {"anyOf": [{"required": []}]}),
)
SYSTEM = Message("system", (TextPart("You are careful."),))
ASK = Message("user", (TextPart("Compare a and b."),))


def result(call_id: str, text: str = "contents", *, ok: bool = True) -> Message:
    return Message("tool", (ResultPart(ToolResult(call_id, ok, text)),))


def ids(message: Message) -> list[str]:
    return [part.call.id for part in message.parts if isinstance(part, CallPart)]


@pytest.fixture
async def server() -> AsyncIterator[StrictServer]:
    async with StrictServer() as running:
        yield running


async def turn(server: StrictServer, family: str, history: list[Message], what: str, **more: object) -> Message:
    """One answer of the family; fails when its server refuses the request."""
    collected = Collected()
    async for event in ask(server.call(family, tuple(history), what, TOOLS, **more)):
        collected.take(event)
    assert collected.finished is not None
    return collected.message


async def loop_of(server: StrictServer, family: str) -> list[list[Message]]:
    """The histories at every point of a tool loop with this family: before and after each message, and interrupted ones."""
    points: list[list[Message]] = []
    history = [SYSTEM, ASK]
    points.append(list(history))
    two = await turn(server, family, history, "two")
    history.append(two)
    first, second = ids(two)
    points.append(list(history))  # interrupted before any result
    points.append([*history, result(second)])  # interrupted between results
    points.append([*history, result(first), Message("user", (TextPart("Stop that."),))])
    history += [result(first), result(second, "", ok=False)]
    points.append(list(history))
    points.append([*history, Message("user", (TextPart("And now quickly."),))])
    one = await turn(server, family, history, "one")
    history.append(one)
    points.append(list(history))
    history.append(result(ids(one)[0]))
    points.append(list(history))
    points.append([*history, Message("system", (TextPart("The model was changed."),))])
    history.append(await turn(server, family, history, "text"))
    points.append(list(history))
    history.append(Message("user", (TextPart("Thanks. Once more."), ImagePart("image/png", data_b64="iVBORw0KGgo="))))
    points.append(list(history))
    return points


@pytest.mark.parametrize("first", FAMILIES)
async def test_W5_every_family_takes_over_from_every_other_at_every_point(server: StrictServer, first: str) -> None:
    """No family's server refuses a history that another family left."""
    points = await loop_of(server, first)
    for second in FAMILIES:
        for history in points:
            assert (await turn(server, second, history, "text")).text


@pytest.mark.parametrize("second", FAMILIES)
async def test_W5_a_loop_goes_on_with_the_other_model_and_comes_back(server: StrictServer, second: str) -> None:
    """Swapped twice inside one loop: each model continues the other's calls."""
    for first in ("anthropic", "responses", "gemini-3", "deepseek", "groq"):
        history = [SYSTEM, ASK]
        for family, what in ((first, "two"), (second, "one"), (first, "two"), (second, "text")):
            history.append(await turn(server, family, history, what))
            history += [result(id) for id in ids(history[-1])]
        assert history[-1].text


@pytest.mark.parametrize(
    "family", ["anthropic", "bedrock", "bedrock-invoke", "gemini-2.5", "gemini-3", "responses", "openrouter"]
)
class TestOpaqueParts:
    """Signatures and sealed blocks."""

    async def test_W4_go_back_to_the_model_that_made_them(self, server: StrictServer, family: str) -> None:
        """Swapping back loses nothing: after another model had its turn, the first one's own parts are sent again."""
        history = [SYSTEM, ASK]
        history.append(await turn(server, family, history, "two"))
        history += [result(id) for id in ids(history[-1])]
        history.append(await turn(server, "groq", history, "one"))
        history += [result(id) for id in ids(history[-1])]
        await turn(server, family, history, "text")
        mark = (
            "sealed-by-responses"
            if family == "responses"
            else f"signed-by-{family.partition('-2')[0].partition('-3')[0]}"
        )
        assert mark in str(server.bodies[-1])

    async def test_W4_go_to_nobody_else(self, server: StrictServer, family: str) -> None:
        """No other family, and no other model of the same family, gets to see them."""
        history = [SYSTEM, ASK]
        history.append(await turn(server, family, history, "two"))
        history += [result(id) for id in ids(history[-1])]
        for other in FAMILIES:
            if other != family:
                await turn(server, other, history, "text")
                body = str(server.bodies[-1])
                assert "signed-by-" not in body
                assert "sealed-by-" not in body


async def test_W4_opaque_parts_do_not_go_to_another_model_of_the_same_provider(server: StrictServer) -> None:
    """A provider may refuse what another of its models signed; without it, none does."""
    history = [SYSTEM, ASK]
    history.append(await turn(server, "anthropic", history, "two"))
    history += [result(id) for id in ids(history[-1])]
    call = msgspec.structs.replace(
        server.call("anthropic", tuple(history), "text", TOOLS), model="anthropic/claude-opus-4-5"
    )
    assert [event async for event in ask(call)]
    assert "signed-by-" not in str(server.bodies[-1])


class TestOddHistories:
    """Histories that no model writes, but crashes, forks and imports do."""

    @pytest.mark.parametrize("family", FAMILIES)
    async def test_W5_are_accepted(self, server: StrictServer, family: str) -> None:
        """Orphan results, empty messages, wrong arguments, repeated ids, roles in any order."""
        call = CallPart(ToolCall("0", "read.file", '{"path": "a'))
        odd = [
            [Message("assistant", (TextPart("I begin."),)), ASK],
            [ASK, ASK, Message("assistant", ()), ASK],
            [ASK, Message("assistant", (TextPart("  \n"),)), ASK],
            [ASK, result("nobody"), ASK],
            [ASK, Message("assistant", (call, call)), result("0"), result("0")],
            [ASK, Message("assistant", (call,)), ASK, result("0"), ASK],
            [ASK, Message("assistant", (call,)), result("0"), Message("assistant", (call,)), result("0")],
            [ASK, Message("assistant", (ReasoningPart("hm", MODELS[family][0]),)), ASK],
            [ASK, Message("assistant", (TextPart("half an answ"),))],
            [
                ASK,
                Message("assistant", (CallPart(ToolCall("x", "no such tool!", "[1]")),)),
                result("x", "\x00\n", ok=False),
            ],
            [
                ASK,
                Message("user", (ImagePart("image/png"),)),
                Message("assistant", (ImagePart("image/png", data_b64="aa=="),)),
                ASK,
            ],
            [SYSTEM],
            [Message("user", (TextPart(""),)), Message("assistant", (TextPart("x "),)), ASK],
        ]
        for history in odd:
            assert (await turn(server, family, history, "text")).text

    async def test_a_name_that_had_to_be_changed_comes_back_as_our_own(self, server: StrictServer) -> None:
        """Families that refuse `read.file` get another name, and the call names our tool again."""
        for family in FAMILIES:
            message = await turn(server, family, [SYSTEM, ASK], "two")
            assert [p.call.name for p in message.parts if isinstance(p, CallPart)] == ["read.file", "read.file"]

    async def test_a_text_only_model_gets_a_word_in_place_of_a_picture(self, server: StrictServer) -> None:
        """Nothing is silently lost."""
        history = [Message("user", (TextPart("What is it?"), ImagePart("image/png", data_b64="iVBORw0KGgo=")))]
        for family in FAMILIES:
            await turn(server, family, history, "text", sees_images=False)
            assert "iVBORw0KGgo" not in str(server.bodies[-1])
            assert "a picture that this model can't see" in str(server.bodies[-1])

    async def test_thinking_stays_off_for_a_loop_that_another_model_began(self, server: StrictServer) -> None:
        """Anthropic refuses a loop with thinking whose answers don't begin with thoughts of its own."""
        history = [SYSTEM, ASK]
        history.append(await turn(server, "groq", history, "two"))
        history += [result(id) for id in ids(history[-1])]
        await turn(server, "anthropic", history, "text", reasoning="high")
        assert "thinking" not in server.bodies[-1]
        await turn(
            server, "anthropic", [*history, Message("assistant", (TextPart("Done."),)), ASK], "text", reasoning="high"
        )
        assert server.bodies[-1]["thinking"]["budget_tokens"] == 24_576


@pytest.mark.parametrize("family", FAMILIES)
async def test_W7_each_request_of_a_loop_extends_the_one_before(server: StrictServer, family: str) -> None:
    """Over a loop of ten steps the messages sent only grow at the end, so the provider's prompt cache holds.

    Bedrock's marks say how far to cache, move on, and are no part of what is cached.
    """
    history = [SYSTEM, ASK]
    for what in ["two", "one"] * 5:
        history.append(await turn(server, family, history, what, reasoning="low"))
        history += [result(id, f"content of {id}") for id in ids(history[-1])]
    sent = [
        body.get("messages") or body.get("input") or body.get("contents") or body.get("chat_history")
        for body in (unmarked(body) for body in server.bodies)
    ]
    assert sent[0] or family == "cohere-v1"
    if family == "cohere-v1":
        sent = sent[1:]
        for before, after in pairwise(sent):
            assert after[: len(before)] == before
        return
    for before, after in pairwise(sent):
        assert after[: len(before)] == before
    heads = [{k: v for k, v in body.items() if k not in ("messages", "input", "contents")} for body in server.bodies]
    assert all(head == heads[0] for head in heads)


def unmarked(tree: Any) -> Any:
    """Without the marks that say how far to cache."""
    if isinstance(tree, dict):
        return {name: unmarked(value) for name, value in tree.items() if name != "cache_control"}
    if isinstance(tree, list):
        return [unmarked(value) for value in tree if value != {"cachePoint": {"type": "default"}}]
    return tree
