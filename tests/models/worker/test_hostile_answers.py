"""W10: whatever bytes come, a call ends in a typed error or an answer, in bounded time and memory."""

from __future__ import annotations

import importlib
import json
import random
import time
from collections.abc import Iterator
from typing import Any

import pytest

from assistant.models.worker.frames import Frame, JsonLines
from assistant.models.worker.target import Target
from tests.models.worker.test_rarities import RARITIES
from tests.models.worker.test_variants import ACCENTS, chunk, events, said

KINDS = {
    *("auth", "permission", "not_found", "bad_request", "context_length", "content_policy", "quota", "rate_limit"),
    *("overloaded", "server", "timeout", "connection", "incomplete_stream"),
}
FINISHES = {"stop", "length", "tool_calls", "content_filter", "pause", "malformed_tool_call", "other"}

VALUES: list[Any] = [
    None,
    True,
    0,
    -1,
    1e308,
    10**40,
    "",
    "x",
    "null",
    [],
    {},
    [[]],
    [None],
    [{}],
    {"a": None},
    "\ud83d",
]
"""What a field may turn into."""


def nodes(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value in a JSON document."""
    yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inside:
        yield from nodes(item, (*path, key))


def spoiled(document: Any, dice: random.Random) -> Any:
    """The document with one to three values of it turned into another, or left out."""
    document = json.loads(json.dumps(document))
    for _ in range(dice.randrange(1, 4)):
        path = dice.choice(list(nodes(document)))
        if not path:
            return dice.choice(VALUES)
        place = document
        for key in path[:-1]:
            place = place[key]
        if dice.random() < 0.2:
            del place[path[-1]]
        else:
            place[path[-1]] = dice.choice(VALUES)
    return document


def shuffled(body: bytes, dice: random.Random) -> bytes:
    """A body whose messages are left out, said twice, put in another order, cut short or spoiled."""
    if body[:1] in (b"{", b"[") and b"\n{" not in body:
        return json.dumps(spoiled(json.loads(body), dice)).encode("utf-8", "surrogatepass")
    streamed = body.startswith(b"data:")
    words = [line.removeprefix("data: ") for line in body.decode().split("\n") if line.strip()]
    for _ in range(dice.randrange(1, 4)):
        at, other = dice.randrange(len(words)), dice.randrange(len(words))
        way = dice.randrange(6)
        if way < 2 and words[at][:1] == "{":
            words[at] = json.dumps(spoiled(json.loads(words[at]), dice))
        elif way == 2 and len(words) > 1:
            del words[at]
        elif way == 3:
            words.insert(other, words[at])
        elif way == 4:
            words[at], words[other] = words[other], words[at]
        else:
            words = words[: at + 1]
    return "".join(f"data: {word}\n\n" if streamed else f"{word}\n" for word in words).encode("utf-8", "surrogatepass")


@pytest.mark.parametrize("seed", range(4))
async def test_W10_messages_lost_repeated_turned_round_and_spoiled(seed: int) -> None:
    dice = random.Random(seed)
    known = {
        name: (protocol, body)
        for name, (protocol, body, _) in {**ACCENTS, **RARITIES}.items()
        if body[:1] in (b"{", b"[") or body.startswith(b"data: {")
    }
    for _ in range(200):
        name = dice.choice(list(known))
        protocol, body = known[name]
        answer = await said(protocol, shuffled(body, dice))
        if answer["error"]:
            assert answer["error"]["kind"] in KINDS, name
            assert answer["finish"] is None, name
        else:
            assert answer["finish"] in FINISHES, name


async def test_W10_one_document_without_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.models.worker.ask.MAX_MESSAGE_BYTES", 2**20)
    answer = await said("chat", b'{"choices":[{"message":{"content":"' + b"a" * 2**21)
    assert answer["error"]["kind"] == "server"


async def test_W10_blanks_before_an_answer_are_signs_of_life_however_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.models.worker.ask.MAX_MESSAGE_BYTES", 2**20)
    answer = await said("chat", b" \n" * 2**20 + b'{"choices":[{"message":{"content":"hi"},"finish_reason":"stop"}]}')
    assert answer["text"] == "hi"


def test_W10_an_object_over_many_lines_is_read_once() -> None:
    lines = (
        json.dumps({"message": {"content": "hi"}, "many": list(range(9))}, indent=1).encode().splitlines(keepends=True)
    )
    reader = JsonLines()
    assert [frame for line in lines for frame in reader.feed(line)] == []
    assert json.loads(reader.rest()[0].data)["message"] == {"content": "hi"}


PIECES: dict[str, tuple[str, Any, str]] = {
    "chat's thoughts": (
        "openai_chat",
        chunk({"reasoning_details": [{"type": "reasoning.text", "index": 0, "text": "w" * 200}]}),
        "",
    ),
    "chat's refusal": ("openai_chat", chunk({"refusal": "w" * 200}), ""),
    "Responses' text": (
        "openai_responses",
        {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "w" * 200},
        "",
    ),
    "Claude's thoughts": (
        "anthropic",
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "w" * 200}},
        "",
    ),
    "the input of Claude's own tools": (
        "anthropic",
        {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": "w" * 200}},
        "",
    ),
    "Bedrock's thoughts": (
        "bedrock_converse",
        {"contentBlockIndex": 0, "delta": {"reasoningContent": {"text": "w" * 200}}},
        "contentBlockDelta",
    ),
}


@pytest.mark.parametrize("name", PIECES)
def test_a_piece_costs_the_same_however_much_came_before(name: str) -> None:
    """30,000 pieces are 6 MB: joining them at each piece would cost a hundredfold at the end."""
    protocol, message, kind = PIECES[name]
    wire = importlib.import_module(f"assistant.models.worker.wire.{protocol}")
    reader = wire.Reader(Target("p", protocol, "m", "", {}, "p/m"))
    frame = Frame(kind, json.dumps(message).encode())

    def cost() -> float:
        began = time.process_time()
        for _ in range(500):
            list(reader.frame(frame))
        return time.process_time() - began

    costs = [cost() for _ in range(60)]
    assert min(costs[-10:]) < 8 * min(costs[:10])


async def test_what_came_in_pieces_is_whole_at_the_end() -> None:
    details = [
        {"type": "reasoning.text", "index": 0, "text": piece, "signature": seal}
        for piece, seal in (("h", None), ("m", "s"))
    ]
    body = events(
        "chat", *(chunk({"reasoning_details": [one]}) for one in details), chunk({"content": "a"}, "stop"), "[DONE]"
    )
    answer = await said("chat", body)
    assert (answer["reasoning"], answer["signatures"]) == ("hm", ["s"])
