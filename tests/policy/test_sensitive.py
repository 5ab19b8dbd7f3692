"""Passwords and keys are recognised in what would leave; ordinary words are not."""

from __future__ import annotations

import base64

import pytest

from assistant.policy.sensitive import find_secret

KEY = "sk-" + "abcDEF1234567890abcDEF12"


@pytest.mark.parametrize(
    "text",
    [
        f"use {KEY} please",
        "AKIA" + "IOSFODNN7ABCDEFG",
        "ghp_" + "a1B2c3D4" * 5,
        "-----BEGIN OPENSSH PRIVATE KEY-----",
        "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0.SflKxwRJSMeKKF2QT4",
        "password: Hunter22",
        "the api_key = 'a8f5f167f44f'",
        "密码是 abc12345",
        "postgres://me:pa55word@db.example/x",
        "Your security code is 463820",
        "验证码 123456",
        "card 4237-4252-7456-2574",
        "passport number HGK137803",
        base64.b64encode(f"key {KEY}".encode()).decode(),
        "q7Gk2mZx9Lw4Rt6Yv1Bn8Pc3Sd5Fh0Jq",
    ],
)
def test_secrets_are_found(text: str) -> None:
    assert find_secret(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello, the meeting is at ten",
        "please reset your password soon",
        "password: <your password>",
        "api_key = ${API_KEY}",
        "the secret of success is patience",
        "commit 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b",
        "https://docs.example.org/a/very/long/path/with/many/words/in/it.html",
        "2024-05-15 10:00, room 12, call +49 89 1234567",
        "InternationalizationAndLocalizationTestSuite",
    ],
)
def test_ordinary_text_is_not_taken_for_a_secret(text: str) -> None:
    assert find_secret(text) == ""
