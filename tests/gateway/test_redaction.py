"""Secrets that a file holds don't reach a model."""

from __future__ import annotations

import pytest

from assistant.policy.sensitive import redact


class TestRedact:
    @pytest.mark.parametrize(
        "secret",
        [
            "AKIA" + "ABCDEFGHIJKLMNOP",
            "ghp_" + "a1B2c3D4e5" * 4,
            "sk-ant-" + "abc123" * 8,
            "postgres://user:" + "hunter22@db/x",
        ],
    )
    def test_G7_issued_tokens_are_blotted_out(self, secret: str) -> None:
        assert secret not in redact(f"key = {secret}\n")

    def test_G7_a_private_key_is_blotted_out_whole_also_when_it_is_cut(self) -> None:
        head = "-----BEGIN RSA " + "PRIVATE KEY-----"
        body = "MIIEowIBAAKCAQEA" * 4
        assert "MIIE" not in redact(f"{head}\n{body}\n-----END RSA " + "PRIVATE KEY-----\nrest")
        assert "MIIE" not in redact(f"{head}\n{body}")

    @pytest.mark.parametrize("text", ["the password is short", "sha256 0a1b2c", "token = get_token()", "a@b.c:d"])
    def test_ordinary_text_stays(self, text: str) -> None:
        assert redact(text) == text
