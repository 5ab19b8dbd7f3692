"""What single providers send and most never do: one body each, and what it says. See `test_variants.py` for the common ones."""

from __future__ import annotations

import base64
import binascii
import json
import struct
from typing import Any

import pytest

from assistant.models.worker.wire.gemini_arguments import Arguments
from tests.models.worker.test_variants import (
    BOTH,
    COUNTED,
    END,
    READ,
    chat,
    chat_whole,
    chunk,
    claude,
    events,
    gemini,
    said,
)

TOOL_CALLS = {"tool_calls": READ, "finish": "tool_calls", "error": None}


def aws_frame(kind: str, payload: bytes, message: str = "event") -> bytes:
    """One frame of an AWS event stream."""
    names = ((":event-type" if message == "event" else ":exception-type", kind), (":message-type", message))
    headers = b"".join(
        bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
        for name, value in names
    )
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    whole = prelude + struct.pack(">I", binascii.crc32(prelude)) + headers + payload
    return whole + struct.pack(">I", binascii.crc32(whole))


def invoked(*chunks: Any) -> bytes:
    """A stream of Bedrock's invoke."""
    packed = (base64.b64encode(json.dumps(chunk).encode()).decode() for chunk in chunks)
    return b"".join(aws_frame("chunk", json.dumps({"bytes": one}).encode()) for one in packed)


def responses(*items: Any, status: str = "completed") -> dict[str, Any]:
    """The last event of a Responses stream."""
    return {"type": "response.completed", "response": {"status": status, "output": list(items)}}


def vertex(*calls: Any) -> bytes:
    """Gemini's calls, each in a message of its own."""
    return events("gemini", *(gemini({"functionCall": call}) for call in calls), gemini(finishReason="STOP"))


def piece(path: str, going_on: bool = False, **value: Any) -> dict[str, Any]:
    return {"jsonPath": path, **value, **({"willContinue": True} if going_on else {})}


RARITIES: dict[str, tuple[str, bytes, dict[str, Any]]] = {
    # ---- OpenAI's chat
    "a custom tool takes any text": (
        "chat",
        chat_whole({"tool_calls": [{"id": "call_1", "type": "custom", "custom": {"name": "sum", "input": "4 + 4"}}]}),
        {"tool_calls": [{"name": "sum", "arguments": "4 + 4"}], "finish": "tool_calls"},
    ),
    "a custom tool, streamed": (
        "chat",
        chat(
            {"tool_calls": [{"index": 0, "id": "call_1", "type": "custom", "custom": {"name": "sum", "input": ""}}]},
            {"tool_calls": [{"index": 0, "custom": {"input": "4 +"}}]},
            {"tool_calls": [{"index": 0, "custom": {"input": " 4"}}]},
        ),
        {"tool_calls": [{"name": "sum", "arguments": "4 + 4"}], "finish": "tool_calls"},
    ),
    "an empty custom tool beside the function (Snowflake)": (
        "chat",
        chat_whole(
            {
                "tool_calls": [
                    {
                        "id": "call_1",
                        "custom": {"name": "", "input": ""},
                        "function": {"name": "read", "arguments": '{"p":"a"}'},
                    }
                ]
            }
        ),
        TOOL_CALLS,
    ),
    "JSON that was asked for comes unpacked (Cloudflare)": (
        "chat",
        chat_whole({"content": {"title": "A"}}),
        {"text": '{"title":"A"}', "finish": "stop"},
    ),
    "null for no arguments (Groq)": (
        "chat",
        chat_whole({"tool_calls": [{"id": "call_1", "function": {"name": "list", "arguments": "null"}}]}),
        {"tool_calls": BOTH[1:], "finish": "tool_calls"},
    ),
    "no blank lines between the messages": (
        "chat",
        chat({"content": "h"}, {"content": "i"}).replace(b"\n\n", b"\n"),
        {"text": "hi", "finish": "stop", "error": None},
    ),
    "the model's own limit of tokens, in the middle": (
        "chat",
        events("chat", chunk({"content": "a"}), {"error": {"code": 400, "message": "Token limit reached"}}),
        {"text": "a", "kind": "bad_request"},
    ),
    "counts as strings": (
        "chat",
        chat({"content": "a"}, end=chunk({}, "stop", usage={"prompt_tokens": "3", "completion_tokens": "2"})),
        {"usage": {"input": 3, "output": 2}},
    ),
    "indexes as strings": (
        "chat",
        events(
            "chat",
            {"choices": [{"index": "0", "delta": {"content": "yes"}}, {"index": "1", "delta": {"content": "no"}}]},
            END,
            "[DONE]",
        ),
        {"text": "yes"},
    ),
    "an end that is an error (OpenRouter, Mistral)": (
        "chat",
        chat({"content": "a"}, end=chunk({}, "error")),
        {"text": "a", "finish": None, "error": {"kind": "server", "retryable": True}},
    ),
    "an end for want of machines (DeepSeek)": (
        "chat",
        chat({"content": "a"}, end=chunk({}, "insufficient_system_resource")),
        {"text": "a", "finish": None, "error": {"kind": "overloaded", "retryable": True}},
    ),
    "an end by a filter (Zhipu)": (
        "chat",
        chat({"content": "a"}, end=chunk({}, "sensitive")),
        {"finish": "content_filter"},
    ),
    "too often, in words alone": ("chat", events("chat", {"error": "Rate limit exceeded"}), {"kind": "rate_limit"}),
    # ---- Responses
    "a refusal that is only said whole": (
        "responses",
        events("responses", {"type": "response.refusal.done", "output_index": 0, "refusal": "no"}, responses()),
        {"refusal": "no"},
    ),
    "a refusal in pieces, and whole": (
        "responses",
        events(
            "responses",
            {"type": "response.refusal.delta", "output_index": 0, "delta": "no"},
            {"type": "response.refusal.done", "output_index": 0, "refusal": "no"},
            responses({"type": "message", "content": [{"type": "refusal", "refusal": "no"}]}),
        ),
        {"refusal": "no"},
    ),
    "a custom tool of ours": (
        "responses",
        events(
            "responses", responses({"type": "custom_tool_call", "call_id": "c1", "name": "sql", "input": "SELECT 1"})
        ),
        {"tool_calls": [{"name": "sql", "arguments": "SELECT 1"}], "finish": "tool_calls"},
    ),
    "W3 xAI's search shows its steps as calls of custom tools": (
        "responses",
        events(
            "responses",
            {
                "type": "response.output_item.added",
                "output_index": 0,
                "item": {"type": "custom_tool_call", "call_id": "xs_call_1", "id": "i1", "name": "x_keyword_search"},
            },
            {"type": "response.custom_tool_call_input.delta", "output_index": 0, "item_id": "i1", "delta": '{"q":1}'},
            responses(
                {"type": "custom_tool_call", "call_id": "xs_call_1", "id": "i1", "name": "x_keyword_search"},
                {"type": "message", "content": [{"type": "output_text", "text": "hi"}]},
            ),
        ),
        {"text": "hi", "tool_calls": [], "finish": "stop"},
    ),
    "an item whose end leaves its index out": (
        "responses",
        events(
            "responses",
            {"type": "response.output_item.added", "output_index": 0, "item": {"type": "message", "id": "m1"}},
            {"type": "response.output_text.delta", "output_index": 0, "item_id": "m1", "delta": "hi"},
            {
                "type": "response.output_item.done",
                "item": {"type": "message", "id": "m1", "content": [{"type": "output_text", "text": "hi"}]},
            },
            responses({"type": "message", "id": "m1", "content": [{"type": "output_text", "text": "hi"}]}),
        ),
        {"text": "hi"},
    ),
    "a minute's allowance, said with the words of a long prompt": (
        "responses",
        events(
            "responses",
            {
                "type": "error",
                "error": {"type": "tokens", "code": "rate_limit_exceeded", "message": "Request too large"},
            },
        ),
        {"kind": "rate_limit"},
    ),
    # ---- Anthropic
    "a gateway that begins its message anew": (
        "claude",
        events(
            "claude",
            {"type": "message_start", "message": {"usage": {"input_tokens": 3}}},
            {
                "type": "content_block_start",
                "index": 0,
                "content_block": {"type": "tool_use", "id": "toolu_1", "name": "read", "input": {}},
            },
            {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": '{"p'}},
            {"type": "message_start", "message": {"usage": {"input_tokens": 3}}},
            {
                "type": "content_block_start",
                "index": 0,
                "content_block": {"type": "tool_use", "id": "toolu_2", "name": "read", "input": {}},
            },
            {
                "type": "content_block_delta",
                "index": 0,
                "delta": {"type": "input_json_delta", "partial_json": '{"p":"a"}'},
            },
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 2}},
            {"type": "message_stop"},
        ),
        TOOL_CALLS,
    ),
    "a refusal with its reason": (
        "claude",
        claude(
            stop_reason="refusal", stop_details={"type": "refusal", "category": "cyber", "explanation": "Not this."}
        ),
        {"finish": "content_filter", "refusal": "Not this."},
    ),
    "an error that only its envelope names": (
        "claude",
        b'event: error\ndata: {"message":"Internal server error"}\n\n',
        {"kind": "server"},
    ),
    # ---- Cohere
    "content as a string, an end in small letters": (
        "cohere",
        b'{"message":{"role":"assistant","content":"hi"},"finish_reason":"max_tokens"}',
        {"text": "hi", "finish": "length"},
    ),
    # ---- Gemini
    "arguments value by value (Vertex)": (
        "gemini",
        vertex(
            {"name": "read", "willContinue": True},
            {"partialArgs": [piece("$.p", going_on=True, stringValue="")], "willContinue": True},
            {"partialArgs": [piece("$.p", stringValue="a")], "willContinue": True},
            {},
            {"name": "list"},
        ),
        {"tool_calls": BOTH, "finish": "tool_calls"},
    ),
    "arguments value by value, without the end mark": (
        "gemini",
        vertex({"name": "read", "willContinue": True}, {"partialArgs": [piece("$.p", stringValue="a")]}),
        TOOL_CALLS,
    ),
    "too many a minute, in the words of no money": (
        "gemini",
        events(
            "gemini",
            {
                "error": {
                    "code": 429,
                    "status": "RESOURCE_EXHAUSTED",
                    "message": "You exceeded your current quota, please check your plan.",
                    "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.4s"}],
                }
            },
        ),
        {"error": {"kind": "rate_limit", "retryable": True}},
    ),
    # ---- Bedrock's invoke
    "a guardrail's words in place of an answer": (
        "invoke",
        invoked(
            {
                "outputText": "Input blocked",
                "inputTextTokenCount": 6,
                "totalOutputTextTokenCount": 3,
                "amazon-bedrock-guardrailAction": "INTERVENED",
                "amazon-bedrock-trace": {"guardrail": {"actionReason": "Guardrail blocked."}},
            }
        ),
        {"text": "Input blocked", "finish": "content_filter", "usage": {"input": 6, "output": 3}},
    ),
    "a guardrail that only masks": (
        "invoke",
        invoked(
            {"outputText": "from {Name}", "amazon-bedrock-guardrailAction": "INTERVENED"},
            {
                "outputText": ".",
                "completionReason": "FINISH",
                "amazon-bedrock-guardrailAction": "INTERVENED",
                "amazon-bedrock-trace": {"guardrail": {"actionReason": "Guardrail masked."}},
            },
        ),
        {"text": "from {Name}.", "finish": "stop"},
    ),
    "a list of ranks is no answer": (
        "invoke",
        b'{"results":[{"index":2,"relevance_score":0.87}]}',
        {"kind": "server"},
    ),
}


@pytest.mark.parametrize("name", RARITIES)
async def test_a_rarity_is_understood(name: str) -> None:
    protocol, body, expected = RARITIES[name]
    answer = await said(protocol, body)
    kind = answer["error"] and answer["error"]["kind"]
    assert {field: kind if field == "kind" else answer.get(field) for field in expected} == expected


async def test_data_over_many_lines_is_one_message_still() -> None:
    laid_out = json.dumps(chunk({"content": "hi"}), indent=1).replace("\n", "\ndata: ")
    body = f"data: {laid_out}\n\n".encode() + events("chat", END, "[DONE]")
    answer = await said("chat", body)
    assert (answer["text"], answer["usage"]) == ("hi", {"input": 3, "output": 2})
    assert COUNTED["prompt_tokens"] == 3


class TestArgumentsValueByValue:
    """`gemini_arguments`."""

    def test_objects_arrays_and_all_kinds_of_values(self) -> None:
        into = Arguments()
        for one in (
            piece("$.name", going_on=True, stringValue="Las"),
            piece("$.name", stringValue="agna"),
            piece("$.steps[0].text", stringValue="heat"),
            piece("$.steps[0].minutes", numberValue=5),
            piece("$.steps[1].text", stringValue="bake"),
            piece("$['odd key']", boolValue=False),
            piece("$.none", nullValue="NULL_VALUE"),
            piece("$.list[0]", numberValue=1.5),
        ):
            into.take(one)
        assert into.value == {
            "name": "Lasagna",
            "steps": [{"text": "heat", "minutes": 5}, {"text": "bake"}],
            "odd key": False,
            "none": None,
            "list": [1.5],
        }

    @pytest.mark.parametrize(
        "path", ["", "$", "name", "$[0]", "$.a[999999999]", "$.a[0]" + "[0]" * 100_000, "$.s.deeper", "$.s[0]"]
    )
    def test_W10_a_path_without_a_place_is_left_out(self, path: str) -> None:
        into = Arguments()
        into.take(piece("$.s", stringValue="x"))
        into.take(piece(path, stringValue="y"))
        assert into.value.get("s") == "x"
        assert len(json.dumps(into.value)) < 100
