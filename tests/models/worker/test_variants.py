"""Answers as no provider's documentation has them, and as servers send them all the same.

`ACCENTS`: one body each, and what it says. `Envelopes`: whatever the body, the same answer comes out of it in pieces of any
size, with other line ends, comments, signs of life, a byte order mark, compressed, or without its content type.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from assistant.models.complete import complete
from tests.models.worker.test_http import request, serving

MODELS = {
    "chat": ("openai/m", ""),
    "responses": ("openai/responses/m", ""),
    "claude": ("anthropic/m", ""),
    "gemini": ("gemini/m", ""),
    "cohere": ("cohere/m", "/v2/chat"),
    "ollama": ("ollama/m", ""),
    "converse": ("bedrock/converse/m", ""),
    "invoke": ("bedrock/invoke/m", ""),
}
NDJSON = ("ollama",)


def events(protocol: str, *messages: Any) -> bytes:
    """A stream of these messages; a string stands as it is."""
    words = [message if isinstance(message, str) else json.dumps(message) for message in messages]
    if protocol in NDJSON:
        return "".join(f"{word}\n" for word in words).encode()
    return "".join(f"data: {word}\n\n" for word in words).encode()


@asynccontextmanager
async def answering(
    body: bytes, *, status: int = 200, headers: Sequence[str] = (), pieces: int = 0
) -> AsyncIterator[str]:
    """A server with one answer; its address. `pieces` cuts the body into pieces of so many bytes, each a chunk of its own."""
    cut = [body[at : at + pieces] for at in range(0, len(body), pieces)] if pieces else [body]
    framed = b"".join(f"{len(piece):x}\r\n".encode() + piece + b"\r\n" for piece in cut if piece) + b"0\r\n\r\n"
    head = "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status} Said", "transfer-encoding: chunked", *headers))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(f"{head}\r\n".encode() + framed)
        await writer.drain()

    async with serving(serve) as port:
        yield f"http://127.0.0.1:{port}"


async def said(protocol: str, body: bytes, *, stream: bool = True, **options: Any) -> dict[str, Any]:
    """What `assistant models complete` makes of the body."""
    model, path = MODELS[protocol]
    async with answering(body, **options) as base:
        asked = {"model": model, "api_base": base + path, "api_key": "k-of-no-one", "stream": stream, "timeout": 5}
        return await complete(json.dumps({**asked, "messages": [{"role": "user", "content": "hi"}]}).encode())


def chunk(delta: Any, finish: Any = None, **more: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more}


def call(index: Any, id: Any, name: Any, arguments: Any) -> dict[str, Any]:
    found = {"index": index, "id": id, "function": {"name": name, "arguments": arguments}}
    return {name: value for name, value in found.items() if value is not None}


COUNTED = {"prompt_tokens": 3, "completion_tokens": 2}
END = chunk({}, "stop", usage=COUNTED)
READ = [{"name": "read", "arguments": {"p": "a"}}]
BOTH = [*READ, {"name": "list", "arguments": {}}]


def chat(*deltas: Any, end: Any = END) -> bytes:
    return events("chat", *(chunk(delta) for delta in deltas), end, "[DONE]")


def chat_whole(message: Any, finish: Any = "stop", **more: Any) -> bytes:
    choice = {"index": 0, "message": message, "finish_reason": finish}
    return json.dumps({"choices": [choice], **more}).encode()


def claude(*blocks: Any, usage: Any = None, **more: Any) -> bytes:
    return json.dumps(
        {"type": "message", "content": list(blocks), "stop_reason": "end_turn", "usage": usage, **more}
    ).encode()


def gemini(*parts: Any, **more: Any) -> dict[str, Any]:
    return {"candidates": [{"index": 0, "content": {"parts": list(parts)}, **more}]}


ACCENTS: dict[str, tuple[str, bytes, dict[str, Any]]] = {
    # ---- OpenAI's chat and its many speakers
    "no end mark, but a finish and a usage": ("chat", events("chat", chunk({"content": "hi"}), END), {"text": "hi"}),
    "null everywhere": (
        "chat",
        chat({"role": "assistant", "content": None, "tool_calls": None, "reasoning": None, "refusal": None}),
        {"text": "", "tool_calls": [], "finish": "stop"},
    ),
    "null choices and null usage": (
        "chat",
        events("chat", {"choices": None, "usage": None}, chunk({"content": "hi"}, "stop"), "[DONE]"),
        {"text": "hi", "usage": None},
    ),
    "unknown events and fields": (
        "chat",
        events("chat", {"object": "x.trace", "step": 1}, chunk({"content": "hi", "novel": [1]}), END, "[DONE]"),
        {"text": "hi"},
    ),
    "a call without an id": (
        "chat",
        chat({"tool_calls": [call(0, None, "read", '{"p":')]}, {"tool_calls": [call(0, None, None, '"a"}')]}),
        {"tool_calls": READ, "finish": "tool_calls"},
    ),
    "a call without id or index": (
        "chat",
        chat({"tool_calls": [call(None, None, "read", '{"p":"a"}')]}, {"tool_calls": [call(None, "", "list", None)]}),
        {"tool_calls": BOTH},
    ),
    "a new id in every piece of one call": (
        "chat",
        chat(
            {"tool_calls": [call(0, "call-aaaaaa", "read", "")]},
            {"tool_calls": [call(0, "call-bbbbbb", None, '{"p":')]},
            {"tool_calls": [call(0, "call-cccccc", None, '"a"}')]},
        ),
        {"tool_calls": READ, "finish": "tool_calls"},
    ),
    "parallel calls under one index": (
        "chat",
        chat(
            {"tool_calls": [call(0, "call-aaaaaa", "read", '{"p":"a"}')]},
            {"tool_calls": [call(0, "call-bbbbbb", "list", "{}")]},
        ),
        {"tool_calls": BOTH},
    ),
    "interleaved calls": (
        "chat",
        chat(
            {"tool_calls": [call(0, "call-aaaaaa", "read", '{"p"'), call(1, "call-bbbbbb", "list", "")]},
            {"tool_calls": [call(1, None, None, "{}"), call(0, None, None, ':"a"}')]},
        ),
        {"tool_calls": BOTH},
    ),
    "arguments as an object": (
        "chat",
        chat({"tool_calls": [call(0, "call-aaaaaa", "read", {"p": "a"})]}),
        {"tool_calls": READ},
    ),
    "arguments that are null": (
        "chat",
        chat_whole({"content": None, "tool_calls": [{"id": "call-aaaaaa", "function": {"name": "list"}}]}),
        {"tool_calls": BOTH[1:], "finish": "tool_calls"},
    ),
    "the old function_call, in pieces": (
        "chat",
        chat({"function_call": {"name": "read", "arguments": ""}}, {"function_call": {"arguments": '{"p":"a"}'}}),
        {"tool_calls": READ, "finish": "tool_calls"},
    ),
    "content in parts": (
        "chat",
        chat({"content": [{"type": "text", "text": "h"}, {"type": "image_url"}, {"type": "text", "text": "i"}]}),
        {"text": "hi"},
    ),
    "a refusal in parts": (
        "chat",
        chat({"refusal": "I "}, {"refusal": "won't."}),
        {"text": "", "refusal": "I won't."},
    ),
    "thoughts as reasoning_content": ("chat", chat({"reasoning_content": "hm"}, {"content": "a"}), {"reasoning": "hm"}),
    "thoughts as reasoning": ("chat", chat({"reasoning": "hm"}, {"content": "a"}), {"reasoning": "hm"}),
    "thoughts as thinking": ("chat", chat({"thinking": "hm"}, {"content": "a"}), {"reasoning": "hm"}),
    "thoughts twice": ("chat", chat({"reasoning": "hm", "reasoning_content": "hm"}), {"reasoning": "hm"}),
    "thoughts as details, signed": (
        "chat",
        chat(
            {"reasoning_details": [{"type": "reasoning.text", "index": 0, "text": "h"}]},
            {"reasoning_details": [{"type": "reasoning.text", "index": 0, "text": "m", "signature": "sealed"}]},
        ),
        {"reasoning": "hm", "signatures": ["sealed"]},
    ),
    "thoughts as a content part": (
        "chat",
        chat({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]}, {"content": "a"}),
        {"reasoning": "hm", "text": "a"},
    ),
    "usage beside the finish": (
        "chat",
        events("chat", chunk({"content": "a"}), {"choices": [{"delta": {}, "finish_reason": "stop", "usage": COUNTED}]})
        + b"data: [DONE]\n\n",
        {"usage": {"input": 3, "output": 2}},
    ),
    "usage in an extra chunk": (
        "chat",
        events("chat", chunk({"content": "a"}, "stop"), {"choices": [], "usage": COUNTED}, "[DONE]"),
        {"usage": {"input": 3, "output": 2}},
    ),
    "several choices": (
        "chat",
        events(
            "chat",
            {"choices": [{"index": 1, "delta": {"content": "no"}}, {"index": 0, "delta": {"content": "yes"}}]},
            END,
            "[DONE]",
        ),
        {"text": "yes"},
    ),
    "a choice without a message": (
        "chat",
        json.dumps({"choices": [{"index": 0, "finish_reason": "content_filter"}], "usage": COUNTED}).encode(),
        {"text": "", "finish": "content_filter", "error": None},
    ),
    "a whole answer where a stream was asked for": ("chat", chat_whole({"content": "hi"}), {"text": "hi"}),
    # ---- errors with status 200
    "an error in the stream": (
        "chat",
        events("chat", chunk({"content": "a"}), {"error": {"message": "Overloaded", "code": 529}}),
        {"text": "a", "error": {"kind": "overloaded", "retryable": True}},
    ),
    "an error as a word": ("chat", events("chat", {"error": "model is busy: overloaded"}), {"kind": "overloaded"}),
    "vLLM's error": (
        "chat",
        events("chat", {"object": "error", "message": "no", "code": 400}),
        {"kind": "bad_request"},
    ),
    "vLLM's error, whole": ("chat", b'{"object":"error","message":"gone","code":404}', {"kind": "not_found"}),
    "MiniMax's error": (
        "chat",
        b'{"base_resp":{"status_code":1008,"status_msg":"insufficient balance"}}',
        {"kind": "quota"},
    ),
    "Zhipu's error": ("chat", b'{"code":500,"msg":"404 NOT_FOUND","success":false}', {"kind": "server"}),
    "a page of HTML": ("chat", b"<html><body>Bad gateway</body></html>", {"kind": "server"}),
    "an error of the router, with what it hides": (
        "chat",
        events(
            "chat",
            {
                "error": {
                    "message": "Provider returned error",
                    "code": 400,
                    "metadata": {"raw": '{"error":{"message":"prompt is too long: 9 tokens > 8 maximum"}}'},
                }
            },
        ),
        {"kind": "context_length"},
    ),
    "a router's moderation": (
        "chat",
        events("chat", {"error": {"message": "flagged", "code": 403, "metadata": {"reasons": ["violence"]}}}),
        {"kind": "content_policy"},
    ),
    # ---- Responses
    "items without an index": (
        "responses",
        events(
            "responses",
            {"type": "response.output_item.added", "item": {"type": "message", "id": "m1"}},
            {"type": "response.output_text.delta", "item_id": "m1", "delta": "hi"},
            {"type": "response.output_item.done", "item": {"type": "message", "id": "m1", "content": []}},
            {"type": "response.output_item.added", "item": {"type": "function_call", "id": "f1", "name": "read"}},
            {"type": "response.function_call_arguments.delta", "item_id": "f1", "delta": '{"p":'},
            {"type": "response.function_call_arguments.done", "item_id": "f1", "arguments": '{"p":"a"}'},
            {"type": "response.novel.event", "x": 1},
            {
                "type": "response.completed",
                "response": {
                    "status": "completed",
                    "output": [
                        {"type": "message", "id": "m1", "content": [{"type": "output_text", "text": "hi"}]},
                        {"type": "function_call", "id": "f1", "name": "read", "arguments": '{"p":"a"}'},
                    ],
                },
            },
        ),
        {"text": "hi", "tool_calls": READ, "finish": "tool_calls", "usage": None},
    ),
    "only the final object": (
        "responses",
        events(
            "responses",
            {
                "type": "response.completed",
                "response": {
                    "status": "completed",
                    "output": [{"type": "message", "content": [{"type": "refusal", "refusal": "no"}]}],
                    "usage": {"input_tokens": 3, "output_tokens": 2},
                },
            },
        ),
        {"text": "", "refusal": "no", "usage": {"input": 3, "output": 2}},
    ),
    "a failed response": (
        "responses",
        events(
            "responses",
            {
                "type": "response.failed",
                "response": {"status": "failed", "error": {"code": "rate_limit_exceeded", "message": "slow down"}},
            },
        ),
        {"kind": "rate_limit"},
    ),
    # ---- Anthropic and those that speak like it
    "no usage": ("claude", claude({"type": "text", "text": "hi"}), {"text": "hi", "usage": None, "error": None}),
    "content as a string": ("claude", b'{"type":"message","content":"hi","stop_reason":"end_turn"}', {"text": "hi"}),
    "several blocks of text, cited": (
        "claude",
        claude(
            {"type": "text", "text": "a", "citations": [{"type": "char_location"}]},
            {"type": "novel_block", "data": 1},
            {"type": "text", "text": "b", "citations": None},
            usage={"input_tokens": 3, "output_tokens": 2, "cache_read_input_tokens": None},
        ),
        {"text": "ab", "usage": {"input": 3, "output": 2}},
    ),
    "a whole call at its start": (
        "claude",
        events(
            "claude",
            {"type": "message_start", "message": {"usage": {"input_tokens": 3}}},
            {
                "type": "content_block_start",
                "index": 0,
                "content_block": {"type": "tool_use", "id": "toolu_1", "name": "read", "input": {"p": "a"}},
            },
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 2}},
            {"type": "message_stop"},
        ),
        {"tool_calls": READ, "finish": "tool_calls"},
    ),
    "overloaded in the middle": (
        "claude",
        events(
            "claude",
            {"type": "message_start", "message": {"usage": {"input_tokens": 3}}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "a"}},
            {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
        ),
        {"text": "a", "error": {"kind": "overloaded", "retryable": True}},
    ),
    # ---- Gemini
    "another candidate first": (
        "gemini",
        events(
            "gemini",
            {"candidates": [{"index": 1, "content": {"parts": [{"text": "no"}]}}]},
            gemini({"text": "yes"}, finishReason="STOP"),
        ),
        {"text": "yes"},
    ),
    "a whole answer without a reason": ("gemini", json.dumps(gemini({"text": "hi"})).encode(), {"finish": "stop"}),
    "a thought that is signed": (
        "gemini",
        events(
            "gemini",
            gemini({"text": "hm", "thought": True, "thoughtSignature": "sealed"}, {"text": "a"}, finishReason="STOP"),
        ),
        {"reasoning": "hm", "text": "a", "signatures": ["sealed"]},
    ),
    "null arguments, null content": (
        "gemini",
        events(
            "gemini",
            {"candidates": [{"content": None}]},
            gemini({"functionCall": {"name": "list", "args": None}}, finishReason="STOP"),
        ),
        {"tool_calls": BOTH[1:], "finish": "tool_calls"},
    ),
    "too much, in the stream": (
        "gemini",
        events("gemini", {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "slow down"}}),
        {"kind": "rate_limit"},
    ),
    # ---- Cohere, Ollama, Bedrock
    "Cohere without usage": (
        "cohere",
        events("cohere", {"type": "message-end", "delta": {"finish_reason": "COMPLETE"}}),
        {"finish": "stop", "usage": None},
    ),
    "Ollama's failure in the stream": (
        "ollama",
        events("ollama", {"message": {"content": "a"}, "done": False}, {"error": "model runner has stopped"}),
        {"text": "a", "error": {"kind": "server", "retryable": True}},
    ),
    "Ollama without counts": (
        "ollama",
        events("ollama", {"message": {"content": "a"}, "done": True}),
        {"text": "a", "usage": None, "finish": "stop"},
    ),
    "Bedrock without counts": (
        "converse",
        b'{"output":{"message":{"content":[{"text":"hi"}]}},"stopReason":"end_turn"}',
        {"text": "hi", "usage": None, "error": None},
    ),
}


@pytest.mark.parametrize("name", ACCENTS)
async def test_an_accent_is_understood(name: str) -> None:
    protocol, body, expected = ACCENTS[name]
    answer = await said(protocol, body)
    kind = answer["error"] and answer["error"]["kind"]
    assert {field: kind if field == "kind" else answer.get(field) for field in expected} == expected


STREAMS = {name: (protocol, body) for name, (protocol, body, _) in ACCENTS.items() if body.startswith(b"data:")}
"""Accents that are event streams."""

ENVELOPES: dict[str, Callable[[bytes], bytes]] = {
    "as it is": lambda body: body,
    "CRLF": lambda body: body.replace(b"\n", b"\r\n"),
    "CR": lambda body: body.replace(b"\n", b"\r"),
    "a byte order mark": lambda body: b"\xef\xbb\xbf" + body,
    "no blank after the colon": lambda body: body.replace(b"data: ", b"data:"),
    "comments": lambda body: b": hello\n\n" + body.replace(b"\n\n", b"\n\n: still here\n\n"),
    "signs of life": lambda body: body.replace(b"\n\n", b"\n\nevent: ping\ndata: ping\n\ndata:\n\n"),
    "ids and retries": lambda body: body.replace(b"data: ", b"id: 7\nretry: 3000\ndata: "),
    "no last blank line": lambda body: body.rstrip(b"\n"),
    "messages over many lines": lambda body: body.replace(b', "', b',\ndata: "'),
    "blank lines first": lambda body: b"\n\n\n" + body,
}


class TestEnvelopes:
    """The wrapping changes nothing."""

    @pytest.mark.parametrize("envelope", ENVELOPES)
    @pytest.mark.parametrize("pieces", [0, 1, 7])
    async def test_W10_any_line_ends_comments_and_pieces(self, envelope: str, pieces: int) -> None:
        for name, (protocol, body) in STREAMS.items():
            plain = await said(protocol, body)
            assert await said(protocol, ENVELOPES[envelope](body), pieces=pieces) == plain, name

    @pytest.mark.parametrize("packed", ["gzip", "deflate"])
    @pytest.mark.parametrize("pieces", [0, 1, 3])
    async def test_compressed_although_it_was_not_asked_for(self, packed: str, pieces: int) -> None:
        for name, (protocol, body, _) in ACCENTS.items():
            plain = await said(protocol, body)
            small = gzip.compress(body) if packed == "gzip" else zlib.compress(body)
            found = await said(protocol, small, headers=[f"content-encoding: {packed}"], pieces=pieces)
            assert found == plain, name

    async def test_said_to_be_compressed_and_is_not(self) -> None:
        for encoding in ("gzip", "deflate", "br"):
            answer = await said("chat", chat({"content": "hi"}), headers=[f"content-encoding: {encoding}"])
            assert answer["text"] == "hi"

    @pytest.mark.parametrize(
        ("body", "kind"),
        [
            (gzip.compress(chat({"content": "hi"} | {"n": list(range(900))}))[:-20], "incomplete_stream"),
            (gzip.compress(b"x" * 99)[:12] + b"\xff" * 40, "server"),
            (b"\x28\xb5\x2f\xfd" + b"\x00" * 20, "server"),
        ],
        ids=["cut", "damaged", "Zstandard"],
    )
    async def test_W10_what_cannot_be_unpacked_is_a_typed_error(self, body: bytes, kind: str) -> None:
        answer = await said("chat", body, headers=["content-encoding: gzip"])
        assert answer["error"]["kind"] == kind

    async def test_W10_a_small_body_that_unpacks_to_gigabytes_is_ended(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("assistant.models.worker.ask.MAX_BODY_BYTES", 4 * 2**20)
        answer = await said("chat", gzip.compress(b"data: " + b" " * 64 * 2**20, 1))
        assert answer["error"]["kind"] == "server"

    @pytest.mark.parametrize("content_type", ["", "text/event-stream", "application/json", "text/plain"])
    async def test_the_content_type_may_be_wrong(self, content_type: str) -> None:
        headers = [f"content-type: {content_type}"] if content_type else []
        for name, (protocol, body, _) in ACCENTS.items():
            plain = await said(protocol, body)
            if not body.startswith(
                b"<"
            ):  # what is neither JSON nor a stream is what its type says: a stream without end
                assert await said(protocol, body, headers=headers, pieces=1) == plain, name

    async def test_W2_cut_anywhere_it_is_an_error_or_the_whole_truth(self) -> None:
        for name, (protocol, body) in STREAMS.items():
            whole = await said(protocol, body)
            for at in range(0, len(body), 23):
                answer = await said(protocol, body[:at])
                assert answer["error"] or answer == whole, (name, at)
                assert whole["text"].startswith(answer["text"]), (name, at)


class TestFailures:
    """A status that says no."""

    @pytest.mark.parametrize(
        ("status", "body", "kind"),
        [
            (502, "<html><h1>502 Bad Gateway</h1></html>", "server"),
            (429, "", "rate_limit"),
            (400, '{"errors":[{"message":"maximum context length is 8 tokens"}]}', "context_length"),
            (400, '{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"no"}', "permission"),
            (429, '{"error":{"type":"engine_overloaded_error","message":"busy"}}', "overloaded"),
            (429, '{"error":{"type":"exceeded_current_quota_error","message":"no credit"}}', "quota"),
            (429, '{"error":{"code":"1113","message":"no"}}', "quota"),
            (422, '{"detail":[{"msg":"field required","loc":["body"]}]}', "bad_request"),
            (500, '["odd"]', "server"),
            (503, '"busy"', "overloaded"),
            (400, '{"detail":{"message":"too many tokens"}}', "context_length"),
        ],
    )
    @pytest.mark.parametrize("protocol", ["chat", "claude", "gemini", "ollama"])
    async def test_each_is_its_kind(self, protocol: str, status: int, body: str, kind: str) -> None:
        answer = await said(protocol, body.encode(), status=status)
        assert answer["error"]["kind"] == kind
        assert answer["finish"] is None

    async def test_201_and_203_are_answers(self) -> None:
        for status in (201, 203):
            assert (await said("chat", chat({"content": "hi"}), status=status))["text"] == "hi"
