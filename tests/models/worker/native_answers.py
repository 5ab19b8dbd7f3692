"""What each family's server answers, in its own words: two calls at once, one call, or a text; each with thoughts."""

from __future__ import annotations

import json
from typing import Any

LONG_ID = "call_" + "x" * 50
"""Longer than most others take."""


def answer(family: str, what: str, turn: int) -> dict[str, Any]:
    """The body of a whole answer. what: `two` calls, `one` call, `text`."""
    calls = {"two": [("read.file", {"path": "a"}), ("read.file", {"path": "b"})], "one": [("list", {})], "text": []}[
        what
    ]
    words = "All is done." if what == "text" else "Let me look. "
    return BODIES[family](words, calls, turn)


def chat(family: str) -> Any:
    def body(words: str, calls: list[tuple[str, Any]], turn: int) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": words}
        if calls:
            message["tool_calls"] = [
                {
                    "id": call_id(family, turn, i),
                    "type": "function",
                    "function": {"name": sent(name), "arguments": json.dumps(arguments)},
                }
                for i, (name, arguments) in enumerate(calls)
            ]
        if family == "deepseek":
            message["reasoning_content"] = "thought by deepseek"
        if family == "openrouter":
            message["reasoning"] = "thought by openrouter"
            message["reasoning_details"] = [
                {
                    "type": "reasoning.text",
                    "text": "thought by openrouter",
                    "signature": "signed-by-openrouter",
                    "index": 0,
                }
            ]
        usage = {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}
        finish = "tool_calls" if calls else "stop"
        return {"choices": [{"index": 0, "message": message, "finish_reason": finish}], "usage": usage}

    return body


def call_id(family: str, turn: int, index: int) -> str:
    """Ids as the families make them: long, short and repeated, or with odd characters."""
    return {
        "mistral": f"Ab{turn:03d}x{index:03d}",
        "groq": f"{index}",
        "openrouter": f"functions.read:{turn}:{index}",
        "openai": f"call_{turn:012d}{index:012d}",
    }.get(family, f"{LONG_ID}{turn}{index}"[-40:])


def sent(name: str) -> str:
    """The tool's name as it reached the server."""
    from assistant.models.worker.history import safe_name

    return safe_name(name, r"[A-Za-z0-9_-]{1,64}")


def responses(words: str, calls: list[tuple[str, Any]], turn: int) -> dict[str, Any]:
    output: list[dict[str, Any]] = [
        {
            "type": "reasoning",
            "id": f"rs_{turn}",
            "summary": [{"type": "summary_text", "text": "hm"}],
            "encrypted_content": "sealed-by-responses",
        }
    ]
    output.append(
        {
            "type": "message",
            "role": "assistant",
            "id": f"msg_{turn}",
            "content": [{"type": "output_text", "text": words}],
        }
    )
    for i, (name, arguments) in enumerate(calls):
        output.append(
            {
                "type": "function_call",
                "id": f"fc_{turn}{i}",
                "call_id": f"call_{turn}_{i}_{'y' * 40}",
                "name": sent(name),
                "arguments": json.dumps(arguments),
            }
        )
    return {"status": "completed", "output": output, "usage": {"input_tokens": 5, "output_tokens": 7}}


def anthropic(signer: str) -> Any:
    def body(words: str, calls: list[tuple[str, Any]], turn: int) -> dict[str, Any]:
        content: list[dict[str, Any]] = [{"type": "thinking", "thinking": "hm", "signature": f"signed-by-{signer}"}]
        content.append({"type": "text", "text": words})
        for i, (name, arguments) in enumerate(calls):
            content.append({"type": "tool_use", "id": f"toolu_{turn}_{i}", "name": sent(name), "input": arguments})
        stop = "tool_use" if calls else "end_turn"
        return {
            "type": "message",
            "content": content,
            "stop_reason": stop,
            "usage": {"input_tokens": 5, "output_tokens": 7},
        }

    return body


def gemini(words: str, calls: list[tuple[str, Any]], turn: int) -> dict[str, Any]:
    from assistant.models.worker.history import safe_name

    parts: list[dict[str, Any]] = [{"text": "hm", "thought": True}, {"text": words}]
    for i, (name, arguments) in enumerate(calls):
        call: dict[str, Any] = {"name": safe_name(name, r"[A-Za-z_][A-Za-z0-9_.:-]{0,63}"), "args": arguments}
        parts.append({"functionCall": call} if i else {"functionCall": call, "thoughtSignature": "signed-by-gemini"})
    if not calls:
        parts[-1]["thoughtSignature"] = "signed-by-gemini"
    candidate = {"content": {"role": "model", "parts": parts}, "finishReason": "STOP"}
    usage = {"promptTokenCount": 5, "candidatesTokenCount": 5, "thoughtsTokenCount": 2, "totalTokenCount": 12}
    return {"candidates": [candidate], "usageMetadata": usage}


def cohere(words: str, calls: list[tuple[str, Any]], turn: int) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant"}
    if calls:
        message["tool_plan"] = words
        message["tool_calls"] = [
            {
                "id": f"{sent(name)}_{turn}{i}",
                "type": "function",
                "function": {"name": sent(name), "arguments": json.dumps(arguments)},
            }
            for i, (name, arguments) in enumerate(calls)
        ]
    else:
        message["content"] = [{"type": "text", "text": words}]
    usage = {"tokens": {"input_tokens": 5, "output_tokens": 7}}
    return {"message": message, "finish_reason": "TOOL_CALL" if calls else "COMPLETE", "usage": usage}


def cohere_first(words: str, calls: list[tuple[str, Any]], turn: int) -> dict[str, Any]:
    found = [{"name": sent(name), "parameters": arguments} for name, arguments in calls]
    return {
        "text": words,
        "tool_calls": found,
        "finish_reason": "COMPLETE",
        "meta": {"tokens": {"input_tokens": 5, "output_tokens": 7}},
    }


def ollama(words: str, calls: list[tuple[str, Any]], turn: int) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": words, "thinking": "thought by ollama"}
    message["tool_calls"] = [{"function": {"name": sent(name), "arguments": arguments}} for name, arguments in calls]
    return {"message": message, "done": True, "done_reason": "stop", "prompt_eval_count": 5, "eval_count": 7}


def bedrock(words: str, calls: list[tuple[str, Any]], turn: int) -> dict[str, Any]:
    thought = {"reasoningText": {"text": "hm", "signature": "signed-by-bedrock"}}
    content: list[dict[str, Any]] = [{"reasoningContent": thought}, {"text": words}]
    for i, (name, arguments) in enumerate(calls):
        content.append({"toolUse": {"toolUseId": f"tooluse_{turn}_{i}", "name": sent(name), "input": arguments}})
    return {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": "tool_use" if calls else "end_turn",
        "usage": {"inputTokens": 5, "outputTokens": 7},
    }


BODIES: dict[str, Any] = {
    **{name: chat(name) for name in ("openai", "mistral", "deepseek", "groq", "openrouter", "local")},
    "responses": responses,
    "anthropic": anthropic("anthropic"),
    "bedrock-invoke": anthropic("bedrock-invoke"),
    "gemini-2.5": gemini,
    "gemini-3": gemini,
    "cohere": cohere,
    "cohere-v1": cohere_first,
    "ollama": ollama,
    "bedrock": bedrock,
}
