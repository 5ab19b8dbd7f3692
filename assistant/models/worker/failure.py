"""Makes a typed ModelError of whatever a provider says went wrong: one classifier for all of them.

Order: what a machine-readable code says, then what the words of a bad request say (context length, key, money: some
providers have no code for these), then the HTTP status. Codes from the providers' error references (OpenAI, Anthropic,
Google RPC, AWS Bedrock, Mistral, Groq, Cohere, OpenRouter, llama.cpp) and from recorded answers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from assistant.errors import ModelError
from assistant.models.worker.shape import decode, items, number, record, records, text
from assistant.types import JSON

RETRYABLE = frozenset({"rate_limit", "overloaded", "server", "timeout", "connection", "incomplete_stream"})
"""Kinds for which the same request may succeed later."""

_CODES = {
    # asked for too much
    "context_length_exceeded": "context_length",
    "exceed_context_size_error": "context_length",
    "too_many_prompt_tokens": "context_length",
    "string_above_max_length": "context_length",
    "request_too_large": "context_length",
    "model_context_window_exceeded": "context_length",
    "1261": "context_length",
    # who asks
    "invalid_api_key": "auth",
    "authentication_error": "auth",
    "invalid_authentication": "auth",
    "invalid_authentication_error": "auth",
    "api_key_invalid": "auth",
    "unauthenticated": "auth",
    "unauthorized": "auth",
    "unrecognizedclientexception": "auth",
    "incompletesignature": "auth",
    "invalidsignatureexception": "auth",
    "missingauthenticationtokenexception": "auth",
    "permission_error": "permission",
    "permission_denied": "permission",
    "accessdeniedexception": "permission",
    "forbidden": "permission",
    # money
    "insufficient_quota": "quota",
    "billing_error": "quota",
    "billing_hard_limit_reached": "quota",
    "billing_not_active": "quota",
    "insufficient_credits": "quota",
    "insufficient_balance": "quota",
    "exceeded_current_quota_error": "quota",
    "1113": "quota",  # Zhipu numbers its errors, as strings
    "payment_required": "quota",
    "servicequotaexceededexception": "quota",
    # what was asked for
    "model_not_found": "not_found",
    "not_found_error": "not_found",
    "not_found": "not_found",
    "deploymentnotfound": "not_found",
    "resourcenotfoundexception": "not_found",
    "content_filter": "content_policy",
    "content_policy_violation": "content_policy",
    "responsibleaipolicyviolation": "content_policy",
    "moderation_blocked": "content_policy",
    "safety": "content_policy",
    "1301": "content_policy",
    # too much at once
    "rate_limit_error": "rate_limit",
    "rate_limit_exceeded": "rate_limit",
    "ratelimitreached": "rate_limit",
    "resource_exhausted": "rate_limit",
    "throttlingexception": "rate_limit",
    "too_many_requests": "rate_limit",
    "rate_limit_reached_error": "rate_limit",
    "overloaded_error": "overloaded",
    "overloaded": "overloaded",
    "unavailable": "overloaded",
    "service_unavailable": "overloaded",
    "serviceunavailableexception": "overloaded",
    "modelnotreadyexception": "overloaded",
    "server_overloaded": "overloaded",
    "slow_down": "overloaded",
    "engine_overloaded": "overloaded",
    "engine_overloaded_error": "overloaded",
    "unavailable_error": "overloaded",
    # its own fault
    "timeout_error": "timeout",
    "deadline_exceeded": "timeout",
    "modeltimeoutexception": "timeout",
    "api_error": "server",
    "server_error": "server",
    "internal_server_error": "server",
    "internal": "server",
    "internalserverexception": "server",
    "modelerrorexception": "server",
    "modelstreamerrorexception": "server",
    # ours
    "invalid_argument": "bad_request",
    "validationexception": "bad_request",
    "tool_use_failed": "bad_request",
}

_MINIMAX = {
    1001: "timeout",
    1002: "rate_limit",
    1004: "auth",
    1008: "quota",
    1026: "content_policy",
    1027: "content_policy",
    1039: "rate_limit",
    2013: "bad_request",
    2049: "auth",
}
"""`base_resp.status_code`, which it sends with status 200 (MiniMax API reference, "error codes")."""

_STATUS = {
    400: "bad_request",
    401: "auth",
    402: "quota",
    403: "permission",
    404: "not_found",
    405: "bad_request",
    408: "timeout",
    409: "server",
    410: "not_found",
    413: "context_length",
    422: "bad_request",
    424: "server",
    425: "server",
    429: "rate_limit",
    498: "overloaded",
    499: "server",
    503: "overloaded",
    504: "timeout",
    522: "timeout",
    524: "timeout",
    529: "overloaded",
}
"""498 is Groq's "flex tier capacity exceeded", 499 Google's "cancelled", 522 and 524 are Cloudflare's time-outs, 529 is
Anthropic's "overloaded"."""

_TOO_LONG = re.compile(
    r"prompt is too long|maximum context length|context length|context window|context size|context_length"
    r"|input is too long|input token count .* exceeds|input tokens? exceed|exceeds? the (model'?s )?(maximum|context)"
    r"|too many (input |prompt |total )?tokens|(input|prompt|context) token limit|token limit exceeded"
    r"|exceeds? .{0,40}token limit|maximum number of tokens|reduce the length"
    r"|reduce your message size|prompt (has|contains) .* tokens|exceeds maximum (input|prompt) length"
    r"|exceed context limit|context overflow|maximum prompt length|tokens? .{0,40}must be <="
    r"|number of input tokens exceeds|total length of all messages is too long|request too large",
    re.IGNORECASE,
)
_BAD_KEY = re.compile(
    r"(incorrect|invalid) api[ _-]?key|api key (not valid|is invalid|not found|expired)|invalid x-api-key",
    re.IGNORECASE,
)
_NO_MONEY = re.compile(
    r"credit balance is too low|insufficient (balance|credit|funds|quota)|out of credits|requires more credits"
    r"|exceeded your current quota, please check your plan(?!.*retry)",
    re.IGNORECASE,
)
_TOO_OFTEN = re.compile(r"rate.?limit|too many requests", re.IGNORECASE)
_BUSY = re.compile(r"overloaded|no capacity|at capacity|temporarily unavailable|try again later", re.IGNORECASE)

MAX_WORDS = 500
"""Characters of the provider's own words that are kept."""


def from_response(status: int, headers: Mapping[str, str], body: bytes) -> ModelError:
    """The error for an answer with a failing status."""
    try:
        content: JSON = decode(body) if body.strip() else {}
    except ValueError:
        content = body.decode("utf-8", "replace").strip()
    if isinstance(content, list) and content:  # Gemini wraps the error of a streaming call in an array
        content = items(content)[0]
    aws = headers.get("x-amzn-errortype", "").partition(":")[0]
    return from_body(content, status=status, headers=headers, name=aws)


def from_body(
    content: JSON, *, status: int = 0, headers: Mapping[str, str] | None = None, name: str = ""
) -> ModelError:
    """The error that an error object, or its envelope, describes. `status` 0: it came inside an answer of status 200."""
    headers = headers or {}
    fault = _fault(content)
    words = _words(content, fault)
    codes = _codes(content, fault, name)
    inner = _inner_status(content, fault)
    upstream = _upstream(fault)
    kind = _kind(codes, f"{words} {upstream}", status if status >= 400 else inner)
    kind = _MINIMAX.get(number(record(record(content).get("base_resp")).get("status_code")), kind)
    if status == 413 and kind == "rate_limit":
        kind = "context_length"  # Groq: one request larger than a minute's allowance never fits
    wait = _retry_after(headers, content)
    if kind == "quota" and wait and "resource_exhausted" in codes:
        kind = "rate_limit"  # Google's words for "too many a minute" are those for "no money left", but for the wait
    retryable = kind in RETRYABLE
    if headers.get("x-should-retry") == "false":
        retryable = False
    shown = f"HTTP {status}" if status >= 400 else next((c for c in codes if c), "error")
    words = " ".join(filter(None, (words, upstream)))
    message = f"the provider said: {words[:MAX_WORDS]}" if words else f"the provider answered {shown} without a word"
    return ModelError(message, kind=kind, retryable=retryable, retry_after_s=wait)


def is_error(content: Mapping[str, Any]) -> bool:
    """Whether a message inside an answer of status 200 is an error."""
    error = content.get("error")
    return bool(error) and isinstance(error, (dict, str))


def unreadable(what: str) -> ModelError:
    """The answer is nothing that this protocol knows."""
    return ModelError(f"the provider's answer can't be read: {what[:MAX_WORDS]}", kind="server", retryable=True)


def cut(what: str = "it has no end") -> ModelError:
    """The answer stopped before its end."""
    return ModelError(f"the answer broke off: {what}", kind="incomplete_stream", retryable=True)


def _fault(content: JSON) -> dict[str, Any]:
    outer = record(content)
    inner = outer.get("error")
    return record(inner) if isinstance(inner, dict) else outer


def _words(content: JSON, fault: Mapping[str, Any]) -> str:
    if isinstance(content, str):
        return " ".join(re.sub(r"<[^>]*>", " ", content).split())
    outer = record(content)
    inner = (record(outer.get("detail")), record(fault.get("message")), record(outer.get("base_resp")))
    for place in (fault, outer, *inner):
        for name in _WORDS_IN:
            value = place.get(name)
            if isinstance(value, str) and value.strip():
                return " ".join(value.split())
    listed = records(outer.get("detail")) + records(outer.get("errors")) + records(fault.get("errors"))
    listed += records(record(fault.get("message")).get("detail"))  # Mistral, of a wrong request
    return "; ".join(w for item in listed if (w := text(item.get("msg")) or text(item.get("message"))))


_WORDS_IN = ("message", "msg", "error", "detail", "Message", "error_description", "error_msg", "status_msg", "title")
"""Where the words of an error stand, in the order in which they say most."""


def _upstream(fault: Mapping[str, Any]) -> str:
    """What the provider behind a router said (OpenRouter's `metadata.raw`): the router itself says only that it failed."""
    metadata = record(fault.get("metadata"))
    raw = metadata.get("raw")
    if isinstance(raw, str):
        try:
            raw = decode(raw.encode("utf-8", "replace"))
        except ValueError:
            return " ".join(raw.split())
    return _words(raw, _fault(raw)) if isinstance(raw, (dict, str)) else ""


def _codes(content: JSON, fault: Mapping[str, Any], name: str) -> list[str]:
    outer = record(content)
    reasons = [item.get("reason") for item in records(fault.get("details"))]
    inner = record(fault.get("innererror"))
    found = (
        *reasons,
        inner.get("code"),
        fault.get("code"),
        fault.get("type"),
        fault.get("status"),
        outer.get("code"),
        text(outer.get("__type")).rpartition("#")[2],
        name,
        "moderation_blocked" if record(fault.get("metadata")).get("reasons") else "",
    )
    return [value.lower().replace("-", "_").replace(" ", "_") for value in found if isinstance(value, str)]


def _inner_status(content: JSON, fault: Mapping[str, Any]) -> int:
    for value in (fault.get("code"), fault.get("status_code"), fault.get("status"), record(content).get("code")):
        if isinstance(value, str) and re.fullmatch(r"[45]\d\d", value):
            return int(value)
        if isinstance(value, int) and 400 <= value < 600:
            return value
    return 0


def _kind(codes: list[str], words: str, status: int) -> str:
    by_code = next((_CODES[code] for code in codes if code in _CODES), "")
    general = by_code in ("", "bad_request", "server", "rate_limit", "permission")
    if general and by_code != "rate_limit" and status in (0, 400, 413, 422, 500) and _TOO_LONG.search(words):
        return "context_length"
    if general and status not in (401, 404) and status < 500:
        if _NO_MONEY.search(words):
            return "quota"
        if _BAD_KEY.search(words):
            return "auth"
    if by_code and by_code not in ("bad_request", "server"):
        return by_code
    if status in _STATUS:
        return _STATUS[status]
    if 400 <= status < 500 or by_code == "bad_request":
        return "bad_request"
    if _TOO_OFTEN.search(words) and status == 0:
        return "rate_limit"
    return "overloaded" if _BUSY.search(words) else "server"


def _retry_after(headers: Mapping[str, str], content: JSON) -> float | None:
    """Seconds to wait: `retry-after-ms`, `retry-after` (seconds or a date), or Google's RetryInfo."""
    milliseconds, wait = _seconds(headers.get("retry-after-ms", "")), headers.get("retry-after", "")
    if milliseconds:
        return milliseconds / 1000
    if (seconds := _seconds(wait)) is not None:
        return seconds
    if wait:
        return _until(wait, headers.get("date", ""))
    for item in records(record(record(content).get("error")).get("details")):
        found = re.fullmatch(r"(\d+(?:\.\d+)?)s", text(item.get("retryDelay")))
        if found:
            return float(found[1])
    return None


def _seconds(written: str) -> float | None:
    found = re.fullmatch(r"\s*(\d{1,9}(?:\.\d+)?)\s*s?\s*", written)
    return float(found[1]) if found else None


def _until(date: str, now: str) -> float | None:
    """Seconds from the server's own `now` (ours, where it says none) to `date`."""
    from datetime import UTC, datetime  # rare, and 4 ms
    from email.utils import parsedate_to_datetime

    try:
        then = parsedate_to_datetime(date)
        began = parsedate_to_datetime(now) if now else datetime.now(UTC)
        return max(0.0, (then - began).total_seconds())
    except (TypeError, ValueError, OverflowError):
        return None
