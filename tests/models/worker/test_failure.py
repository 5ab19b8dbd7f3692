"""What a provider says went wrong, as one of our kinds."""

from __future__ import annotations

import json

import pytest

from assistant.models.worker.failure import from_body, from_response

SAID = [
    (
        400,
        '{"error":{"message":"This model\'s maximum context length is 8192 tokens.","code":"context_length_exceeded"}}',
        "context_length",
    ),
    (
        400,
        '{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 3 tokens > 2 maximum"}}',
        "context_length",
    ),
    (
        400,
        '{"error":{"code":400,"message":"The input token count (9) exceeds the maximum number of tokens allowed (8).","status":"INVALID_ARGUMENT"}}',
        "context_length",
    ),
    (400, '{"message":"Input is too long for requested model."}', "context_length"),
    (
        413,
        '{"error":{"message":"Request too large for model on tokens per minute (TPM): Limit 6000","type":"tokens","code":"rate_limit_exceeded"}}',
        "context_length",
    ),
    (
        400,
        '{"object":"error","message":"Prompt contains 99 tokens and 0 draft tokens, too large for model with 8 maximum context length"}',
        "context_length",
    ),
    (400, '{"error":"`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000"}', "context_length"),
    (400, '{"error":"This model\'s maximum prompt length is 8 but the request contains 9 tokens."}', "context_length"),
    (500, '{"error":{"message":"the request exceeds the available context size"}}', "context_length"),
    (
        400,
        '{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the API."}}',
        "quota",
    ),
    (402, '{"error":{"message":"Insufficient Balance","type":"unknown_error"}}', "quota"),
    (
        429,
        '{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}}',
        "quota",
    ),
    (
        429,
        '{"error":{"code":429,"message":"You exceeded your current quota, please check your plan. Please retry in 9s.","status":"RESOURCE_EXHAUSTED"}}',
        "rate_limit",
    ),
    (429, '{"message":"Too many requests, please wait before trying again."}', "rate_limit"),
    (403, '{"message":"You don\'t have access to the model with the specified model ID."}', "permission"),
    (401, '{"error":{"message":"anything at all"}}', "auth"),
    (410, '{"error":{"message":"the model was retired"}}', "not_found"),
    (499, '{"error":{"code":499,"message":"The operation was cancelled.","status":"CANCELLED"}}', "server"),
    (522, "", "timeout"),
    (
        429,
        '{"error":{"message":"Request too large for m on tokens per min (TPM): Limit 3","code":"rate_limit_exceeded"}}',
        "rate_limit",
    ),
    (
        400,
        '{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT"}}',
        "auth",
    ),
    (400, '{"error":{"message":"blocked","code":"content_filter"}}', "content_policy"),
    (500, '{"error":{"message":"The server had an error"}}', "server"),
    (502, "<html><h1>Bad gateway</h1></html>", "server"),
    (503, "", "overloaded"),
    (503, '{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}', "overloaded"),
    (529, '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}', "overloaded"),
    (504, '{"error":{"code":504,"status":"DEADLINE_EXCEEDED","message":"late"}}', "timeout"),
    (422, '{"detail":[{"loc":["body","messages"],"msg":"field required"}]}', "bad_request"),
    (418, "teapot", "bad_request"),
]


@pytest.mark.parametrize(("status", "body", "kind"), SAID, ids=[f"{s}-{k}-{i}" for i, (s, _, k) in enumerate(SAID)])
def test_kind_of_an_answer_with_a_failing_status(status: int, body: str, kind: str) -> None:
    error = from_response(status, {}, body.encode())
    assert error.kind == kind
    assert error.retryable == (kind in ("rate_limit", "overloaded", "server", "timeout"))


class TestErrorsInsideAStream:
    """Status 200, and then an error."""

    @pytest.mark.parametrize(
        ("body", "kind"),
        [
            ({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, "overloaded"),
            ({"error": {"code": 429, "message": "Resource exhausted.", "status": "RESOURCE_EXHAUSTED"}}, "rate_limit"),
            ({"error": {"code": 503, "message": "x", "status": "UNAVAILABLE"}}, "overloaded"),
            ({"error": {"code": 500, "message": "x", "status": "INTERNAL"}}, "server"),
            ({"error": {"code": 502, "message": "Provider returned error"}}, "server"),
            ({"error": {"code": "server_error", "message": "x"}}, "server"),
            ({"error": "model runner has unexpectedly stopped"}, "server"),
        ],
    )
    def test_kind(self, body: dict[str, object], kind: str) -> None:
        assert from_body(body).kind == kind

    def test_of_aws_by_the_exceptions_name(self) -> None:
        assert from_body({"message": "x"}, name="throttlingException").kind == "rate_limit"
        assert from_body({"message": "x"}, name="modelStreamErrorException").kind == "server"
        assert from_body({"message": "x"}, name="validationException").kind == "bad_request"


class TestRetryAfter:
    """How long to wait."""

    @pytest.mark.parametrize(
        ("headers", "seconds"),
        [
            ({"retry-after": "7"}, 7.0),
            ({"retry-after": "1", "retry-after-ms": "250"}, 0.25),
            ({"retry-after": "1", "retry-after-ms": "0"}, 1.0),
            ({"date": "Wed, 21 Oct 2015 07:28:00 GMT", "retry-after": "Wed, 21 Oct 2015 07:28:30 GMT"}, 30.0),
            ({"retry-after": "soon"}, None),
            ({}, None),
        ],
    )
    def test_from_headers(self, headers: dict[str, str], seconds: float | None) -> None:
        assert from_response(429, headers, b"{}").retry_after_s == seconds

    def test_from_googles_details(self) -> None:
        body = {"error": {"code": 429, "details": [{"@type": "x/google.rpc.RetryInfo", "retryDelay": "34.5s"}]}}
        assert from_response(429, {}, json.dumps(body).encode()).retry_after_s == 34.5


def test_words_are_kept_short_and_on_one_line() -> None:
    error = from_response(400, {}, json.dumps({"error": {"message": "a\nb " + "x" * 9000}}).encode())
    assert error.message.startswith("the provider said: a b xxx")
    assert len(error.message) < 600


def test_a_provider_that_says_do_not_retry_is_heard() -> None:
    assert not from_response(500, {"x-should-retry": "false"}, b"{}").retryable


def test_the_words_of_a_wrong_request_are_found_where_mistral_puts_them() -> None:
    body = b'{"object":"error","message":{"detail":[{"loc":["body","temperature"],"msg":"Input should be less"}]}}'
    error = from_response(422, {}, body)
    assert (error.kind, error.message) == ("bad_request", "the provider said: Input should be less")
