"""What the real APIs refuse, as checks on a request's body: one function a family, each returning what is wrong.

From the APIs' references and their own error messages; a comment quotes the message where one was recorded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

Check = Callable[[dict[str, Any]], Iterator[str]]


def wrong(family: str, body: dict[str, Any]) -> list[str]:
    """Everything that the family refuses in this body."""
    return list(CHECKS[family](body))


# ---------------------------------------------------------------- chat completions


def chat(
    *,
    id_pattern: str = r".{1,40}",
    fields: frozenset[str] = frozenset(),
    system_inside: bool = False,
    images: bool = True,
    alternate: bool = False,
    user_after_tool: bool = True,
    reasoning_in_loop: bool = False,
    stream_options: bool = True,
) -> Check:
    """A provider of chat completions with its accents."""

    def check(body: dict[str, Any]) -> Iterator[str]:
        yield from chat_tools(body.get("tools"))
        if not stream_options and "stream_options" in body:
            yield "extra inputs are not permitted: stream_options"
        messages = body["messages"]
        if not messages:
            yield "messages is empty"
        if messages and messages[-1]["role"] not in ("user", "tool"):
            yield "the last message must be of the user or a tool"
        waiting: list[str] = []
        seen: set[str] = set()
        before = ""
        for at, message in enumerate(messages):
            role = message["role"]
            where = f"messages[{at}]"
            if waiting and role != "tool":
                # "An assistant message with 'tool_calls' must be followed by tool messages responding to each"
                yield f"{where}: tool_call_ids did not have response messages: {waiting}"
                waiting = []
            if role == "system" and at and not system_inside:
                yield f"{where}: system message in the middle"
            if role == "tool":
                if message["tool_call_id"] not in waiting:
                    yield f"{where}: role 'tool' must be a response to a preceding message with 'tool_calls'"
                else:
                    waiting.remove(message["tool_call_id"])
                if not isinstance(message["content"], str) or not message["content"]:
                    yield f"{where}: tool content"
            elif role == "assistant":
                yield from chat_assistant(where, message, id_pattern, fields, seen)
                waiting = [call["id"] for call in message.get("tool_calls") or []]
                if reasoning_in_loop and waiting and not isinstance(message.get("reasoning_content"), str):
                    yield f"{where}: missing `reasoning_content` field in the assistant message"
            else:
                yield from chat_content(where, message, images=images)
                if role == "user" and before == "tool" and not user_after_tool:
                    yield f"{where}: unexpected role 'user' after role 'tool'"
            if alternate and role == before and role != "tool":
                yield f"{where}: conversation roles must alternate user/assistant/user/assistant"
            if alternate and role == "assistant" and before in ("", "system"):
                yield f"{where}: the conversation must start with a user message"
            before = role
        if waiting:
            yield f"tool_call_ids did not have response messages: {waiting}"

    return check


def chat_assistant(
    where: str, message: dict[str, Any], id_pattern: str, fields: frozenset[str], seen: set[str]
) -> Iterator[str]:
    extra = message.keys() - {"role", "content", "tool_calls"} - fields
    if extra:
        yield f"{where}: unsupported {extra}"
    content, calls = message.get("content"), message.get("tool_calls")
    if not calls and not (isinstance(content, str) and content.strip()):
        yield f"{where}: either content or tool_calls must be given"
    if "tool_calls" in message and not calls:
        yield f"{where}: tool_calls is an empty array"
    for call in calls or []:
        if not re.fullmatch(id_pattern, call["id"]):
            yield f"{where}: tool call id was {call['id']} but must match {id_pattern}"
        if call["id"] in seen:
            yield f"{where}: id {call['id']} twice"
        seen.add(call["id"])
        if call["type"] != "function" or not re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", call["function"]["name"]):
            yield f"{where}: function name {call['function']['name']}"
        try:
            if not isinstance(json.loads(call["function"]["arguments"]), dict):
                yield f"{where}: arguments are no object"
        except ValueError:
            yield f"{where}: arguments are no JSON"


def chat_content(where: str, message: dict[str, Any], *, images: bool) -> Iterator[str]:
    content = message["content"]
    if isinstance(content, str):
        if not content.strip():
            yield f"{where}: empty content"
        return
    if not content:
        yield f"{where}: empty content"
    for part in content:
        if part["type"] not in ("text", "image_url"):
            # "Content blocks are expected to be either text or image_url type."
            yield f"{where}: {part['type']}"
        if part["type"] == "image_url" and not images:
            yield f"{where}: unknown variant `image_url`, expected `text`"
        if part["type"] == "image_url" and not re.match(
            r"data:image/(png|jpeg|gif|webp);base64,.", part["image_url"]["url"]
        ):
            yield f"{where}: bad picture"
        if part["type"] == "text" and not part["text"]:
            yield f"{where}: empty text"


def chat_tools(tools: Any) -> Iterator[str]:
    if tools is None:
        return
    if not tools or len(tools) > 128:
        yield f"{len(tools)} tools"
    for tool in tools:
        function = tool["function"]
        if not re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", function["name"]):
            yield f"tool name {function['name']}"
        if len(function.get("description", "")) > 1024:
            yield "description: string too long"
        yield from object_schema(function["parameters"])


def object_schema(schema: dict[str, Any]) -> Iterator[str]:
    # "tools.0.custom.input_schema.type: Field required", "object schema missing properties"
    if schema.get("type") != "object" or not isinstance(schema.get("properties"), dict):
        yield "schema: type object with properties is required"
    for word in ("anyOf", "oneOf", "allOf", "enum", "not"):
        if word in schema:
            yield f"schema: {word} at the top level"


# ---------------------------------------------------------------- responses


def responses(body: dict[str, Any]) -> Iterator[str]:
    items = body["input"]
    if not items:
        yield "input is empty"
    for tool in body.get("tools") or []:
        if not re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", tool["name"]) or tool["type"] != "function" or tool.get("strict"):
            yield f"tool {tool['name']}"
        yield from object_schema(tool["parameters"])
    called: dict[str, bool] = {}
    for at, item in enumerate(items):
        where = f"input[{at}]"
        if item["type"] == "message":
            kind = "output_text" if item["role"] == "assistant" else "input_text"
            if not item["content"]:
                yield f"{where}: no content"
            for part in item["content"]:
                if part["type"] not in (kind, "input_image") or (
                    part["type"] == "input_image" and item["role"] != "user"
                ):
                    yield f"{where}: invalid value '{part['type']}'"
                if part["type"] == kind and not part["text"]:
                    yield f"{where}: empty text"
        elif item["type"] == "function_call":
            if item["call_id"] in called or not 0 < len(item["call_id"]) <= 64:
                yield f"{where}: call_id {item['call_id']}"
            if not isinstance(json.loads(item["arguments"]), dict):
                yield f"{where}: arguments"
            called[item["call_id"]] = False
        elif item["type"] == "function_call_output":
            if called.get(item["call_id"]) is not False:
                yield f"{where}: no tool call found for function call output with call_id {item['call_id']}"
            called[item["call_id"]] = True
        elif item["type"] == "reasoning":
            after = items[at + 1] if at + 1 < len(items) else {"type": "nothing"}
            if after["type"] not in ("reasoning", "function_call") and after.get("role") != "assistant":
                yield f"{where}: reasoning was provided without its required following item"
            if item.get("encrypted_content") != "sealed-by-responses":
                yield f"{where}: the encrypted content could not be verified"
            if "id" in item:
                yield f"{where}: item not found, items are not persisted when store is false"
        else:
            yield f"{where}: {item['type']}"
    open_calls = [id for id, answered in called.items() if not answered]
    if open_calls:
        yield f"no tool output found for function calls {open_calls}"
    if items and items[-1].get("role") == "assistant":
        yield "ends with the assistant"


# ---------------------------------------------------------------- anthropic


def anthropic(body: dict[str, Any], *, signer: str = "anthropic") -> Iterator[str]:
    if not isinstance(body.get("max_tokens"), int) or body["max_tokens"] < 1:
        yield "max_tokens: field required"
    thinking = body.get("thinking")
    if thinking and not 1024 <= thinking["budget_tokens"] < body["max_tokens"]:
        yield "thinking.budget_tokens"
    if "system" in body and not body["system"]:
        yield "system: empty"
    for tool in body.get("tools") or []:
        if not re.fullmatch(r"[a-zA-Z0-9_-]{1,128}", tool["name"]):
            yield f"tool name {tool['name']}"
        yield from object_schema(tool["input_schema"])
    messages = body["messages"]
    if not messages or messages[0]["role"] != "user":
        yield "messages: first message must use the user role"
    if messages and messages[-1]["role"] != "user":
        yield "this model does not support assistant message prefill"
    waiting: list[str] = []
    seen: set[str] = set()
    for at, message in enumerate(messages):
        where = f"messages.{at}"
        if at and messages[at - 1]["role"] == message["role"]:
            yield f"{where}: roles must alternate"
        if not message["content"]:
            yield f"{where}: content is empty"
        yield from anthropic_results(where, message, waiting)
        waiting = []
        for block in message["content"]:
            yield from anthropic_block(where, block, message["role"], seen, signer)
            if block["type"] == "tool_use":
                waiting.append(block["id"])
        if message["role"] == "assistant":
            last = message["content"][-1] if message["content"] else {"type": ""}
            if last["type"] in ("thinking", "redacted_thinking"):
                yield f"{where}: the final block in an assistant message cannot be `thinking`"
    if waiting:
        yield f"`tool_use` ids were found without `tool_result` blocks immediately after: {waiting}"
    if thinking:
        yield from anthropic_loop(messages)


def anthropic_results(where: str, message: dict[str, Any], waiting: list[str]) -> Iterator[str]:
    kinds = [block["type"] for block in message["content"]]
    results = [block["tool_use_id"] for block in message["content"] if block["type"] == "tool_result"]
    if sorted(results) != sorted(waiting):
        yield f"{where}: unexpected or missing `tool_result`: {results} for {waiting}"
    if kinds[: len(results)] != ["tool_result"] * len(results):
        yield f"{where}: tool_result blocks must come first"


def anthropic_block(where: str, block: dict[str, Any], role: str, seen: set[str], signer: str) -> Iterator[str]:
    kind = block["type"]
    if kind == "text":
        if not block["text"].strip():
            yield f"{where}: text content blocks must contain non-whitespace text"
    elif kind == "tool_use":
        if not re.fullmatch(r"[a-zA-Z0-9_-]+", block["id"]) or block["id"] in seen:
            yield f"{where}: tool_use.id {block['id']}"
        seen.add(block["id"])
        if not re.fullmatch(r"[a-zA-Z0-9_-]{1,128}", block["name"]) or not isinstance(block["input"], dict):
            yield f"{where}: tool_use"
        if role != "assistant":
            yield f"{where}: tool_use of the user"
    elif kind == "thinking":
        if block.get("signature") != f"signed-by-{signer}":
            yield f"{where}: invalid `signature` in `thinking` block"
    elif kind == "image":
        if role != "user" or not block["source"]["data"]:
            yield f"{where}: image"
    elif kind != "tool_result":
        yield f"{where}: {kind}"


def anthropic_loop(messages: list[dict[str, Any]]) -> Iterator[str]:
    """In a tool loop with thinking on, each of its answers begins with thoughts."""
    for at in range(len(messages) - 1, -1, -1):
        message = messages[at]
        if message["role"] == "user" and not any(block["type"] == "tool_result" for block in message["content"]):
            return
        if message["role"] == "assistant" and message["content"][0]["type"] not in ("thinking", "redacted_thinking"):
            yield f"messages.{at}: expected `thinking`, but found `{message['content'][0]['type']}`"


# ---------------------------------------------------------------- gemini


def gemini(*, signatures: bool) -> Check:
    """Gemini; from version 3 on, calls of the running turn need a signature."""

    def check(body: dict[str, Any]) -> Iterator[str]:
        for group in body.get("tools") or []:
            for function in group["functionDeclarations"]:
                if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.:-]{0,63}", function["name"]):
                    yield f"invalid function name {function['name']}"
                if "parametersJsonSchema" in function:
                    yield from object_schema(function["parametersJsonSchema"])
        contents = body["contents"]
        if not contents or contents[0]["role"] != "user" or contents[-1]["role"] != "user":
            yield "contents must begin and end with the user"
        start = max((i for i, c in enumerate(contents) if c["role"] == "user" and "text" in c["parts"][0]), default=0)
        for at, content in enumerate(contents):
            where = f"contents[{at}]"
            if content["role"] not in ("user", "model"):
                # "Please use a valid role: user, model."
                yield f"{where}: role {content['role']}"
            if not content["parts"]:
                yield f"{where}: parts must not be empty"
            yield from gemini_turn(where, contents, at)
            calls = [part for part in content["parts"] if "functionCall" in part]
            good = ("skip_thought_signature_validator", "signed-by-gemini")
            for part in content["parts"]:
                if "thoughtSignature" in part and part["thoughtSignature"] not in good:
                    yield f"{where}: corrupted thought signature"
            if signatures and at > start and calls and "thoughtSignature" not in calls[0]:
                yield f"{where}: function call is missing a thought_signature in functionCall parts"

    return check


def gemini_turn(where: str, contents: list[dict[str, Any]], at: int) -> Iterator[str]:
    parts = contents[at]["parts"]
    calls = [part["functionCall"] for part in parts if "functionCall" in part]
    results = [part["functionResponse"] for part in parts if "functionResponse" in part]
    before = contents[at - 1]["parts"] if at else []
    asked = [part["functionCall"]["name"] for part in before if "functionCall" in part]
    if [result["name"] for result in results] != asked:
        yield f"{where}: the number of function response parts must equal the function call parts of the call turn"
    if results and len(results) != len(parts):
        yield f"{where}: function responses stand alone"
    if calls and contents[at - 1]["role"] != "user":
        yield f"{where}: function call turn must come immediately after a user turn or a function response turn"
    for call in calls:
        if not isinstance(call["args"], dict) or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.:-]{0,63}", call["name"]):
            yield f"{where}: functionCall"
    for part in parts:
        if part.get("text") == "" and "thoughtSignature" not in part:
            yield f"{where}: empty text"
    if calls and at == len(contents) - 1:
        yield f"{where}: unanswered"


# ---------------------------------------------------------------- cohere, ollama


def cohere(body: dict[str, Any]) -> Iterator[str]:
    for tool in body.get("tools") or []:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,63}", tool["function"]["name"]):
            yield f"tool name {tool['function']['name']}"
        yield from object_schema(tool["function"]["parameters"])
    waiting: list[str] = []
    for at, message in enumerate(body["messages"]):
        where = f"messages[{at}]"
        if message["role"] == "tool":
            if message["tool_call_id"] not in waiting or not message["content"]:
                yield f"{where}: tool result without a call"
            else:
                waiting.remove(message["tool_call_id"])
            continue
        if waiting:
            yield f"{where}: calls without a result: {waiting}"
        waiting = [call["id"] for call in message.get("tool_calls") or []]
        if not waiting and not message.get("content"):
            yield f"{where}: empty content"
        if message.keys() - {"role", "content", "tool_calls", "tool_plan"}:
            yield f"{where}: unknown fields"
        for call in message.get("tool_calls") or []:
            json.loads(call["function"]["arguments"])
    if waiting or body["messages"][-1]["role"] not in ("user", "tool"):
        yield "the last message"


def cohere_first(body: dict[str, Any]) -> Iterator[str]:
    if not body["message"].strip():
        yield "message must be at least 1 token long"
    for turn in body["chat_history"]:
        if turn["role"] not in ("USER", "CHATBOT") or not turn["message"]:
            yield f"chat_history: {turn}"


def ollama(body: dict[str, Any]) -> Iterator[str]:
    for at, message in enumerate(body["messages"]):
        if not isinstance(message["content"], str):
            yield f"messages[{at}]: content"
        if not message["content"] and not message.get("tool_calls"):
            yield f"messages[{at}]: empty"
        for call in message.get("tool_calls") or []:
            if not isinstance(call["function"]["arguments"], dict):
                yield f"messages[{at}]: cannot unmarshal string into arguments"
        if message["role"] == "tool" and not message["tool_name"]:
            yield f"messages[{at}]: tool_name"
        if message.get("thinking") not in (None, "thought by ollama"):
            yield f"messages[{at}]: thoughts of another"


# ---------------------------------------------------------------- bedrock


def bedrock(body: dict[str, Any]) -> Iterator[str]:
    tools = (body.get("toolConfig") or {}).get("tools")
    for tool in tools or []:
        if "cachePoint" in tool:
            continue
        spec = tool["toolSpec"]
        if not re.fullmatch(r"[a-zA-Z][a-zA-Z0-9_]{0,63}", spec["name"]) or not spec["description"]:
            yield f"toolSpec {spec['name']}"
        yield from object_schema(spec["inputSchema"]["json"])
    messages = body["messages"]
    if not messages or messages[0]["role"] != "user" or messages[-1]["role"] != "user":
        yield "a conversation must start and end with a user message"
    waiting: list[str] = []
    seen: set[str] = set()
    for at, message in enumerate(messages):
        where = f"messages.{at}"
        if at and messages[at - 1]["role"] == message["role"]:
            yield f"{where}: roles must alternate"
        if not message["content"]:
            yield f"{where}: the content field is empty"
        results = [block["toolResult"]["toolUseId"] for block in message["content"] if "toolResult" in block]
        if sorted(results) != sorted(waiting):
            yield f"{where}: expected toolResult blocks for the ids {waiting}, found {results}"
        waiting = []
        for block in message["content"]:
            yield from bedrock_block(where, block)
            if "toolUse" in block:
                id = block["toolUse"]["toolUseId"]
                if not re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", id) or id in seen:
                    yield f"{where}: toolUseId {id}"
                seen.add(id)
                waiting.append(id)
                if not tools:
                    yield "the toolConfig field must be defined when using toolUse and toolResult content blocks"
    if waiting:
        yield f"expected toolResult blocks for {waiting}"


def bedrock_block(where: str, block: dict[str, Any]) -> Iterator[str]:
    (kind,) = block
    if kind == "text" and not block["text"].strip():
        yield f"{where}: the text field in the ContentBlock object is blank"
    elif kind == "toolUse" and not isinstance(block["toolUse"]["input"], dict):
        yield f"{where}: input"
    elif kind == "toolResult" and not all(part["text"].strip() for part in block["toolResult"]["content"]):
        yield f"{where}: blank result"
    elif kind == "image" and block["image"]["format"] not in ("png", "jpeg", "gif", "webp"):
        yield f"{where}: image format"
    elif kind == "reasoningContent" and block[kind]["reasoningText"].get("signature") != "signed-by-bedrock":
        yield f"{where}: invalid signature"
    elif kind not in ("text", "toolUse", "toolResult", "image", "reasoningContent", "cachePoint"):
        yield f"{where}: {kind}"


def bedrock_invoke(body: dict[str, Any]) -> Iterator[str]:
    if body.get("anthropic_version") != "bedrock-2023-05-31":
        yield "anthropic_version: field required"
    for name in ("model", "stream", "cache_control"):
        if name in body:
            yield f"extraneous key [{name}] is not permitted"
    yield from anthropic(body, signer="bedrock-invoke")


CHECKS: dict[str, Check] = {
    "openai": chat(system_inside=True),
    "mistral": chat(id_pattern=r"[a-zA-Z0-9]{9}", user_after_tool=False, stream_options=False, alternate=True),
    "deepseek": chat(images=False, reasoning_in_loop=True, fields=frozenset({"reasoning_content"})),
    "groq": chat(),
    "openrouter": chat(fields=frozenset({"reasoning_details"})),
    "local": chat(alternate=True),
    "responses": responses,
    "anthropic": anthropic,
    "gemini-2.5": gemini(signatures=False),
    "gemini-3": gemini(signatures=True),
    "cohere": cohere,
    "cohere-v1": cohere_first,
    "ollama": ollama,
    "bedrock": bedrock,
    "bedrock-invoke": bedrock_invoke,
}
