"""What the recorded bytes say, read a second time by code that shares nothing with the product.

It knows each protocol from its published description, reads a recording in one piece (never as a stream), and answers
in the form that `assistant models complete` prints. Slow and plain on purpose.
"""

from __future__ import annotations

import base64
import json
import struct
from dataclasses import dataclass, field
from typing import Any

UNKNOWN = object()
"""For a field about which the bytes say nothing that could be held against anyone."""


@dataclass
class Said:
    """What one recording says."""

    text: str = ""
    tool_calls: list[dict[str, Any]] = field(default_factory=list)
    finish: Any = None
    usage: Any = None
    kind: str | None = None
    server_tools: list[str] = field(default_factory=list)
    refusal: str = ""


def read(recording: dict[str, Any]) -> Said:
    """The truth about one recording, by its protocol."""
    body = bytes_of(recording)
    status = recording["response"]["status"]
    if status != 200:
        return Said(kind=error_kind(status, json.loads(body)))
    return READERS[recording["api"]](body)


def bytes_of(recording: dict[str, Any]) -> bytes:
    """The recorded body."""
    response = recording["response"]
    return base64.b64decode(response["body_b64"]) if "body_b64" in response else response.get("body", "").encode()


# ---------------------------------------------------------------- envelopes


def sse(body: bytes) -> list[tuple[str, Any]]:
    """(event, data) of each server-sent event; data as JSON, or the bare word."""
    out: list[tuple[str, Any]] = []
    for block in body.decode().replace("\r\n", "\n").split("\n\n"):
        event, data = "", []
        for line in block.split("\n"):
            if line.startswith("event:"):
                event = line[6:].strip()
            elif line.startswith("data:"):
                data.append(line[5:].removeprefix(" "))
        if data:
            joined = "\n".join(data)
            out.append((event, joined if joined.strip() == "[DONE]" else json.loads(joined)))
    return out


def aws(body: bytes) -> list[tuple[dict[str, str], Any]]:
    """(headers, payload) of each frame of an AWS event stream."""
    out: list[tuple[dict[str, str], Any]] = []
    while body:
        total, head = struct.unpack(">II", body[:8])
        raw, payload = body[12 : 12 + head], body[12 + head : total - 4]
        headers = {}
        while raw:
            n = raw[0]
            name, kind = raw[1 : 1 + n].decode(), raw[1 + n]
            assert kind == 7, "only strings are sent"
            (size,) = struct.unpack(">H", raw[2 + n : 4 + n])
            headers[name] = raw[4 + n : 4 + n + size].decode()
            raw = raw[4 + n + size :]
        out.append((headers, json.loads(payload)))
        body = body[total:]
    return out


def is_json(body: bytes) -> bool:
    """Whether the body is one JSON document rather than a stream."""
    return body.lstrip()[:1] in (b"{", b"[")


def arguments(written: Any) -> Any:
    """Arguments as an object; the raw text where it is none; nothing written means no arguments."""
    if written is None or written == "":
        return {}
    if isinstance(written, dict):
        return written
    try:
        found = json.loads(written)
    except ValueError:
        return written
    return found if isinstance(found, dict) else written


def settle(said: Said, reason: Any, table: dict[Any, str]) -> Said:
    """The finish, by the provider's word and by what was called."""
    finish = table.get(reason, "other")
    if said.tool_calls and finish in ("stop", "other", "malformed_tool_call") and reason != "MALFORMED_FUNCTION_CALL":
        finish = "tool_calls"
    if finish == "tool_calls" and not said.tool_calls:
        finish = "stop"
    if finish == "tool_calls" and any(isinstance(call["arguments"], str) for call in said.tool_calls):
        finish = "malformed_tool_call"
    said.finish = finish
    return said


# ---------------------------------------------------------------- OpenAI chat

CHAT = {
    None: "stop",
    "": "stop",
    "stop": "stop",
    "length": "length",
    "max_tokens": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}


def openai_chat(body: bytes) -> Said:
    """Choice 0 of a chat completion."""
    if is_json(body):
        content = json.loads(body)
        if "choices" not in content:
            if "error" in content:
                return Said(kind=error_kind(content["error"].get("status", 200), content))
            return Said(kind="server")
        choice = content["choices"][0]
        said = Said(usage=chat_usage(content.get("usage")))
        message = choice["message"]
        said.text = chat_text(message.get("content"))
        said.refusal = message.get("refusal") or ""
        for call in message.get("tool_calls") or []:
            function = call["function"]
            said.tool_calls.append({"name": function["name"], "arguments": arguments(function.get("arguments"))})
        legacy = message.get("function_call") or {}
        if legacy.get("name"):
            said.tool_calls.append({"name": legacy["name"], "arguments": arguments(legacy["arguments"])})
        reason = choice.get("finish_reason") or (choice.get("finish_details") or {}).get("type")
        return settle(said, reason, CHAT)
    return chat_stream(sse(body))


def chat_stream(events: list[tuple[str, Any]]) -> Said:
    said = Said()
    reason = None
    pieces: dict[Any, list[str]] = {}
    current: dict[Any, Any] = {}
    for event, chunk in events:
        if chunk == "[DONE]":
            continue
        if event == "error" or (isinstance(chunk.get("error"), dict)):
            said.kind = error_kind(chunk["error"].get("status_code", 200), chunk)
            said.finish = None
            return said
        usage = chunk.get("usage") or (chunk.get("x_groq") or {}).get("usage")
        if usage and usage.get("completion_tokens") is not None:
            said.usage = chat_usage(usage)
        for choice in chunk.get("choices") or []:
            if choice.get("index", 0) != 0:
                continue
            delta = choice.get("delta") or {}
            said.text += chat_text(delta.get("content"))
            said.refusal += delta.get("refusal") or ""
            reason = choice.get("finish_reason") or reason
            for call in delta.get("tool_calls") or []:
                index = call.get("index")
                if call.get("id") and current.get(index, (None,))[0] not in (None, call["id"]):
                    current.pop(index)
                if index not in current:
                    current[index] = (call.get("id"), len(pieces))
                    pieces[len(pieces)] = ["", ""]
                slot = pieces[current[index][1]]
                function = call.get("function") or {}
                slot[0] = slot[0] or function.get("name") or ""
                slot[1] += function.get("arguments") or ""
    said.tool_calls = [{"name": name, "arguments": arguments(written)} for name, written in pieces.values()]
    return settle(said, reason, CHAT)


def chat_text(content: Any) -> str:
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content if part.get("type") == "text")
    return content or ""


def chat_usage(usage: Any) -> Any:
    if not usage:
        return None
    given, written = usage["prompt_tokens"], usage["completion_tokens"]
    reasoning = (usage.get("completion_tokens_details") or {}).get("reasoning_tokens") or 0
    if reasoning and usage.get("total_tokens") == given + written + reasoning:  # xAI counts it apart
        written += reasoning
    return {"input": given, "output": written}


# ---------------------------------------------------------------- OpenAI Responses


def openai_responses(body: bytes) -> Said:
    """The final response object, with items from the stream where the object leaves them out."""
    if is_json(body):
        response = json.loads(body)
        output = response["output"]
    else:
        output, response = [], None
        for _, event in sse(body):
            if event == "[DONE]":
                continue
            if event["type"] == "response.output_item.done":
                output.append(event["item"])
            if event["type"] in ("response.completed", "response.incomplete"):
                response = event["response"]
        assert response is not None
        output = response.get("output") or output
    said = Said()
    for item in output:
        if item["type"] == "message":
            for part in item["content"]:
                said.text += part.get("text") or ""
                said.refusal += part.get("refusal") or ""
        elif item["type"] == "function_call":
            said.tool_calls.append({"name": item["name"], "arguments": arguments(item["arguments"])})
        elif item["type"] not in ("reasoning", "compaction"):
            said.server_tools.append(item["type"])
    usage = response.get("usage")
    if usage:
        said.usage = {"input": usage["input_tokens"], "output": usage["output_tokens"]}
    if response["status"] == "incomplete":
        said.finish = {"max_output_tokens": "length"}.get(response["incomplete_details"]["reason"], "other")
        return said
    return settle(said, response["status"], {"completed": "stop"})


# ---------------------------------------------------------------- Anthropic

CLAUDE = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
    "pause_turn": "pause",
    "model_context_window_exceeded": "length",
}


def anthropic(body: bytes) -> Said:
    """A message."""
    if is_json(body):
        return claude_message(json.loads(body))
    return claude_events([event for _, event in sse(body)])


def claude_message(message: dict[str, Any]) -> Said:
    said = Said()
    for block in message["content"]:
        claude_block(said, block)
    said.usage = claude_usage(message["usage"])
    return settle(said, message["stop_reason"], CLAUDE)


def claude_block(said: Said, block: dict[str, Any]) -> None:
    if block["type"] == "text":
        said.text += block["text"]
    elif block["type"] == "tool_use":
        said.tool_calls.append({"name": block["name"], "arguments": arguments(block["input"])})
    elif block["type"].endswith("tool_use"):
        said.server_tools.append(block["name"])


def claude_events(events: list[dict[str, Any]]) -> Said:
    blocks: dict[int, dict[str, Any]] = {}
    usage: dict[str, Any] = {}
    reason = None
    for event in events:
        if event["type"] == "message_start":
            usage.update(event["message"]["usage"])
        elif event["type"] == "content_block_start":
            blocks[event["index"]] = {**event["content_block"], "json": ""}
        elif event["type"] == "content_block_delta":
            block, delta = blocks[event["index"]], event["delta"]
            if delta["type"] == "text_delta":
                block["text"] += delta["text"]
            elif delta["type"] == "input_json_delta":
                block["json"] += delta["partial_json"]
        elif event["type"] == "message_delta":
            reason = event["delta"]["stop_reason"]
            usage.update({k: v for k, v in event["usage"].items() if v is not None})
    said = Said(usage=claude_usage(usage))
    for block in blocks.values():
        if block["type"] == "tool_use" and block["json"]:
            block["input"] = arguments(block["json"])
        if block["type"] == "tool_use" and isinstance(block["input"], str):
            said.tool_calls.append({"name": block["name"], "arguments": block["input"]})
        else:
            claude_block(said, block)
    return settle(said, reason, CLAUDE)


def claude_usage(usage: dict[str, Any]) -> dict[str, int]:
    cached = (usage.get("cache_read_input_tokens") or 0) + (usage.get("cache_creation_input_tokens") or 0)
    return {"input": usage["input_tokens"] + cached, "output": usage["output_tokens"]}


# ---------------------------------------------------------------- Gemini

GOOGLE = {
    "STOP": "stop",
    1: "stop",
    "MAX_TOKENS": "length",
    2: "length",
    "SAFETY": "content_filter",
    "MALFORMED_FUNCTION_CALL": "malformed_tool_call",
    "UNEXPECTED_TOOL_CALL": "malformed_tool_call",
}


def gemini(body: bytes) -> Said:
    """Candidate 0 of one response, or of the responses of a stream joined."""
    if is_json(body):
        found = json.loads(body)
        responses = found if isinstance(found, list) else [found]
    else:
        responses = [event for _, event in sse(body)]
    said, reason = Said(), None
    for response in responses:
        usage = response.get("usageMetadata") or {}
        if "promptTokenCount" in usage:
            thoughts = usage.get("thoughtsTokenCount") or 0
            given = usage["promptTokenCount"] + (usage.get("toolUsePromptTokenCount") or 0)
            said.usage = {"input": given, "output": (usage.get("candidatesTokenCount") or 0) + thoughts}
        if "promptFeedback" in response and "blockReason" in response["promptFeedback"]:
            reason = "SAFETY"
        for candidate in (response.get("candidates") or [])[:1]:
            reason = candidate.get("finishReason") or reason
            for part in (candidate.get("content") or {}).get("parts") or []:
                if "functionCall" in part:
                    call = part["functionCall"]
                    said.tool_calls.append({"name": call["name"], "arguments": call.get("args") or {}})
                elif "executableCode" in part or "toolCall" in part:
                    said.server_tools.append("google")
                elif not part.get("thought"):
                    said.text += part.get("text") or ""
    return settle(said, reason, GOOGLE)


# ---------------------------------------------------------------- Cohere, Ollama

COMMAND = {"COMPLETE": "stop", "STOP_SEQUENCE": "stop", "MAX_TOKENS": "length", "TOOL_CALL": "tool_calls"}


def cohere_v2(body: bytes) -> Said:
    """A message of version 2."""
    said = Said()
    if is_json(body):
        answer = json.loads(body)
        message = answer["message"]
        said.text = "".join(part.get("text") or "" for part in message.get("content") or [])
        for call in message.get("tool_calls") or []:
            function = call["function"]
            said.tool_calls.append({"name": function["name"], "arguments": arguments(function["arguments"])})
        reason, usage = answer["finish_reason"], answer["usage"]
    else:
        calls: dict[int, list[str]] = {}
        reason = usage = None
        for _, event in sse(body):
            if event == "[DONE]":
                continue
            inner = (event.get("delta") or {}).get("message") or {}
            if event["type"] in ("content-start", "content-delta"):
                said.text += inner["content"].get("text") or ""
            elif event["type"] == "tool-call-start":
                function = inner["tool_calls"]["function"]
                calls[event["index"]] = [function["name"], function["arguments"]]
            elif event["type"] == "tool-call-delta":
                calls[event["index"]][1] += inner["tool_calls"]["function"]["arguments"]
            elif event["type"] == "message-end":
                reason, usage = event["delta"]["finish_reason"], event["delta"]["usage"]
        said.tool_calls = [{"name": name, "arguments": arguments(written)} for name, written in calls.values()]
    said.usage = {"input": usage["tokens"]["input_tokens"], "output": usage["tokens"]["output_tokens"]}
    return settle(said, reason, COMMAND)


def cohere_v1(body: bytes) -> Said:
    """A message of version 1, whose stream is JSON lines."""
    lines = [json.loads(line) for line in body.splitlines() if line.strip()]
    answer = lines[-1].get("response") or lines[-1]
    tokens = answer["meta"]["tokens"]
    said = Said(text=answer["text"], usage={"input": tokens["input_tokens"], "output": tokens["output_tokens"]})
    if len(lines) > 1:
        said.text = "".join(line["text"] for line in lines if line["event_type"] == "text-generation")
    return settle(said, answer["finish_reason"], COMMAND)


def ollama_chat(body: bytes) -> Said:
    """Ollama's lines."""
    said = Said()
    for line in body.splitlines():
        if not line.strip():
            continue
        part = json.loads(line)
        said.text += part["message"]["content"]
        for call in part["message"].get("tool_calls") or []:
            said.tool_calls.append({"name": call["function"]["name"], "arguments": call["function"]["arguments"]})
        if part["done"]:
            said.usage = {"input": part.get("prompt_eval_count") or 0, "output": part["eval_count"]}
            settle(said, part["done_reason"], {"stop": "stop", "length": "length"})
    return said


# ---------------------------------------------------------------- Bedrock

AMAZON = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "tool_use": "tool_calls",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
}


def bedrock_converse(body: bytes) -> Said:
    """A converse answer."""
    if is_json(body):
        return converse_message(json.loads(body))
    return converse_events([(headers[":event-type"], payload) for headers, payload in aws(body)])


def converse_message(answer: dict[str, Any]) -> Said:
    said = Said(usage=amazon_usage(answer["usage"]))
    for block in answer["output"]["message"]["content"]:
        said.text += block.get("text") or ""
        said.text += "".join(part["text"] for part in (block.get("citationsContent") or {}).get("content") or [])
        use = block.get("toolUse")
        if use and use.get("type") == "server_tool_use":
            said.server_tools.append(use["name"])
        elif use:
            said.tool_calls.append({"name": use["name"], "arguments": use["input"]})
    return settle(said, answer["stopReason"], AMAZON)


def converse_events(events: list[tuple[str, Any]]) -> Said:
    said, reason = Said(), None
    calls: dict[int, list[str]] = {}
    server: set[int] = set()
    for kind, event in events:
        index = event.get("contentBlockIndex")
        if kind == "contentBlockStart" and "toolUse" in event["start"]:
            use = event["start"]["toolUse"]
            if use.get("type") == "server_tool_use":
                server.add(index)
                said.server_tools.append(use["name"])
            else:
                calls[index] = [use["name"], ""]
        elif kind == "contentBlockDelta":
            said.text += event["delta"].get("text") or ""
            if "toolUse" in event["delta"] and index not in server:
                calls[index][1] += event["delta"]["toolUse"]["input"]
        elif kind == "messageStop":
            reason = event["stopReason"]
        elif kind == "metadata":
            said.usage = amazon_usage(event["usage"])
    said.tool_calls = [{"name": name, "arguments": arguments(written)} for name, written in calls.values()]
    return settle(said, reason, AMAZON)


def amazon_usage(usage: dict[str, Any]) -> dict[str, int]:
    cached = (usage.get("cacheReadInputTokens") or 0) + (usage.get("cacheWriteInputTokens") or 0)
    return {"input": usage["inputTokens"] + cached, "output": usage["outputTokens"]}


def bedrock_invoke(body: bytes) -> Said:
    """Each model family's own body."""
    if not is_json(body):
        chunks = [json.loads(base64.b64decode(payload["bytes"])) for _, payload in aws(body)]
        if "type" in chunks[0]:
            return claude_events(chunks)
        if "messageStart" in chunks[0]:
            return converse_events([(kind, event) for chunk in chunks for kind, event in chunk.items()])
        (titan,) = chunks
        usage = {"input": titan["inputTextTokenCount"], "output": titan["totalOutputTextTokenCount"]}
        return settle(
            Said(titan["outputText"], usage=usage), titan["completionReason"], {"FINISH": "stop", "LENGTH": "length"}
        )
    answer = json.loads(body)
    if answer.get("type") == "message":
        return claude_message(answer)
    if "output" in answer:
        return converse_message(answer)
    old = {
        "FINISH": "stop",
        "LENGTH": "length",
        "stop": "stop",
        "length": "length",
        "MAX_TOKENS": "length",
        "endoftext": "stop",
    }
    if "results" in answer:
        first = answer["results"][0]
        usage = {"input": answer["inputTextTokenCount"], "output": first["tokenCount"]}
        return settle(Said(first["outputText"], usage=usage), first["completionReason"], old)
    if "generation" in answer:
        usage = {"input": answer["prompt_token_count"], "output": answer["generation_token_count"]}
        return settle(Said(answer["generation"], usage=usage), answer["stop_reason"], old)
    if "outputs" in answer:
        return settle(Said(answer["outputs"][0]["text"]), answer["outputs"][0]["stop_reason"], old)
    if "generations" in answer:
        return settle(Said(answer["generations"][0]["text"]), answer["generations"][0]["finish_reason"], old)
    if "completions" in answer:
        first = answer["completions"][0]
        return settle(Said(first["data"]["text"]), first["finishReason"]["reason"], old)
    if "choices" in answer:
        first, usage = answer["choices"][0], answer["usage"]
        counted = {"input": usage["prompt_tokens"], "output": usage["completion_tokens"]}
        return settle(Said(first["text"], usage=counted), first["finish_reason"], old)
    return Said(kind="server")  # embeddings: no answer of a model that chats


# ---------------------------------------------------------------- errors

BY_STATUS = {
    400: "bad_request",
    401: "auth",
    402: "quota",
    403: "permission",
    404: "not_found",
    413: "context_length",
    422: "bad_request",
    429: "rate_limit",
    500: "server",
    503: "overloaded",
    529: "overloaded",
}


def error_kind(status: int, content: dict[str, Any]) -> str:
    """The kind, by the words that providers use for what no status tells, else by the status."""
    words = json.dumps(content).lower()
    if (
        any(
            w in words
            for w in (
                "too many",
                "too_many",
                "too long",
                "maximum context length",
                "available context size",
                "number of input tokens exceeds",
            )
        )
        and "strict tools" not in words
    ):
        return "context_length"
    if "api key" in words and any(w in words for w in ("incorrect", "invalid", "not valid")):
        return "auth"
    if "model_not_found" in words:
        return "not_found"
    if "content_filter" in words:
        return "content_policy"
    return BY_STATUS.get(status, "server")


READERS = {
    "openai_chat": openai_chat,
    "openai_responses": openai_responses,
    "anthropic": anthropic,
    "gemini": gemini,
    "cohere_v2": cohere_v2,
    "cohere_v1": cohere_v1,
    "ollama_chat": ollama_chat,
    "bedrock_converse": bedrock_converse,
    "bedrock_invoke": bedrock_invoke,
}
