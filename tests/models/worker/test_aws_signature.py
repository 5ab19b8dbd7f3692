"""Signing of requests to AWS."""

from __future__ import annotations

import pytest

from assistant.models.worker.wire.aws_signature import Credentials, find_credentials, sign

MOMENT = 1440938160.0
"""2015-08-30 12:36:00 UTC: the time of AWS's published test suite."""
WHO = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")


class TestSign:
    """`sign`."""

    def test_gives_the_published_signature(self) -> None:
        """`post-vanilla` of the Signature Version 4 test suite."""
        headers = sign("https://example.amazonaws.com/", {}, b"", WHO, "us-east-1", "service", MOMENT)
        assert headers["Authorization"] == (
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
            "SignedHeaders=host;x-amz-date, Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
        )

    def test_agrees_with_botocore_on_a_model_name_with_colons(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The path is encoded once more than it is sent, and a session token is signed along."""
        auth = pytest.importorskip("botocore.auth")
        request_type = pytest.importorskip("botocore.awsrequest").AWSRequest
        credentials = pytest.importorskip("botocore.credentials").Credentials("AKIDEXAMPLE", "secret", "a-token")
        url = "https://bedrock-runtime.eu-west-1.amazonaws.com/model/anthropic.claude%3A0/converse-stream"
        request = request_type("POST", url, {"Content-Type": "application/json"}, b'{"a":1}')
        auth.SigV4Auth(credentials, "bedrock", "eu-west-1").add_auth(request)
        import calendar
        import time

        moment = calendar.timegm(time.strptime(request.headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ"))
        ours = sign(
            url,
            {"Content-Type": "application/json", "User-Agent": "x"},
            b'{"a":1}',
            Credentials("AKIDEXAMPLE", "secret", "a-token"),
            "eu-west-1",
            "bedrock",
            moment,
        )
        assert ours["Authorization"] == request.headers["Authorization"]


class TestFindCredentials:
    """`find_credentials`."""

    def test_takes_what_was_handed_over_before_the_environment(self) -> None:
        """A token of the environment belongs to the environment's key, not to the one handed over."""
        environ = {"AWS_ACCESS_KEY_ID": "env", "AWS_SECRET_ACCESS_KEY": "env", "AWS_SESSION_TOKEN": "env"}
        assert find_credentials({"access_key_id": "a", "secret_access_key": "b"}, environ) == Credentials("a", "b")
        assert find_credentials({}, environ) == Credentials("env", "env", "env")

    def test_finds_none_where_half_is_missing(self) -> None:
        assert find_credentials({}, {"AWS_ACCESS_KEY_ID": "a"}) is None
