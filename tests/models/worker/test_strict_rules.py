"""The strict servers are strict: what the real APIs refuse, they refuse. Without this, the swaps would prove nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.models.worker.strict_rules import wrong

USER = {"role": "user", "content": "hi"}
CALL = {"id": "abcdefghi", "type": "function", "function": {"name": "read", "arguments": "{}"}}
CALLS = {"role": "assistant", "content": None, "tool_calls": [CALL]}
RESULT = {"role": "tool", "tool_call_id": "abcdefghi", "content": "x"}
BLOCK_USER = {"role": "user", "content": [{"type": "text", "text": "hi"}]}
TOOL_USE = {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "read", "input": {}}]}
TOOL_RESULT = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "x"}]}
AWS_USER = {"role": "user", "content": [{"text": "hi"}]}
AWS_USE = {"role": "assistant", "content": [{"toolUse": {"toolUseId": "t1", "name": "read", "input": {}}}]}
G_USER = {"role": "user", "parts": [{"text": "hi"}]}
G_CALL = {"role": "model", "parts": [{"functionCall": {"name": "read", "args": {}}}]}
G_RESULT = {"role": "user", "parts": [{"functionResponse": {"name": "read", "response": {}}}]}
R_CALL = {"type": "function_call", "call_id": "c", "name": "read", "arguments": "{}"}
R_OUT = {"type": "function_call_output", "call_id": "c", "output": "x"}


def without_key(message: dict[str, Any], key: str) -> dict[str, Any]:
    return {k: v for k, v in message.items() if k != key}


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("openai", {"messages": [USER, CALLS]}, "did not have response"),
    ("openai", {"messages": [USER, CALLS, USER]}, "did not have response"),
    ("openai", {"messages": [USER, RESULT]}, "preceding message"),
    ("openai", {"messages": [USER, {**CALLS, "reasoning_content": "x"}, RESULT]}, "unsupported"),
    ("openai", {"messages": [{"role": "user", "content": [{"type": "file"}]}]}, "file"),
    (
        "openai",
        {"messages": [USER, {**CALLS, "tool_calls": [{**CALL, "id": "x" * 41}]}, {**RESULT, "tool_call_id": "x" * 41}]},
        "must match",
    ),
    (
        "openai",
        {
            "messages": [USER],
            "tools": [{"function": {"name": "a.b", "parameters": {"type": "object", "properties": {}}}}],
        },
        "tool name",
    ),
    ("mistral", {"messages": [USER, CALLS, RESULT, USER]}, "after role 'tool'"),
    ("mistral", {"messages": [USER, {"role": "assistant", "content": "x"}]}, "last message"),
    ("mistral", {"messages": [USER], "stream_options": {}}, "not permitted"),
    ("deepseek", {"messages": [USER, CALLS, RESULT]}, "reasoning_content"),
    ("local", {"messages": [USER, USER]}, "alternate"),
    ("responses", {"input": [R_CALL]}, "no tool output"),
    ("responses", {"input": [R_OUT]}, "no tool call found"),
    ("responses", {"input": [{"type": "reasoning", "encrypted_content": "sealed-by-responses"}]}, "following item"),
    ("anthropic", {"max_tokens": 9, "messages": [BLOCK_USER, TOOL_USE, BLOCK_USER]}, "tool_result"),
    ("anthropic", {"max_tokens": 9, "messages": [TOOL_RESULT]}, "tool_result"),
    ("anthropic", {"messages": [BLOCK_USER]}, "max_tokens"),
    ("anthropic", {"max_tokens": 9, "messages": [TOOL_USE, TOOL_RESULT]}, "first message"),
    ("anthropic", {"max_tokens": 9, "messages": [BLOCK_USER], "tools": [{"name": "a", "input_schema": {}}]}, "schema"),
    (
        "anthropic",
        {"max_tokens": 9000, "thinking": {"budget_tokens": 1024}, "messages": [BLOCK_USER, TOOL_USE, TOOL_RESULT]},
        "expected `thinking`",
    ),
    ("gemini-2.5", {"contents": [G_USER, G_CALL, G_USER]}, "number of function response"),
    ("gemini-2.5", {"contents": [G_USER, {"role": "assistant", "parts": [{"text": "x"}]}, G_USER]}, "role"),
    ("gemini-3", {"contents": [G_USER, G_CALL, G_RESULT]}, "thought_signature"),
    ("cohere", {"messages": [USER, {"role": "assistant", "tool_calls": [CALL]}, USER]}, "without a result"),
    ("ollama", {"messages": [USER, {**CALLS, "content": ""}]}, "arguments"),
    ("bedrock", {"messages": [AWS_USER, AWS_USE, AWS_USER]}, "expected toolResult"),
    ("bedrock", {"messages": [AWS_USER, AWS_USER]}, "alternate"),
    ("bedrock", {"messages": [{"role": "user", "content": [{"text": " "}]}]}, "blank"),
    ("bedrock-invoke", {"model": "x", "max_tokens": 9, "messages": [BLOCK_USER]}, "extraneous key"),
    ("cohere-v1", {"message": "", "chat_history": []}, "at least 1 token"),
]


@pytest.mark.parametrize(("family", "body", "word"), REFUSED, ids=[f"{f}-{w}" for f, _, w in REFUSED])
def test_what_the_api_refuses_is_refused(family: str, body: dict[str, Any], word: str) -> None:
    assert any(word in line for line in wrong(family, body)), wrong(family, body)
