"""The official suite for clients, run against ours. A sample here; all of it in `make bench`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.real import suite

SAMPLE = ("tools_call", "elicitation-sep1034-client-defaults", "auth/scope-step-up")
SCENARIOS = (
    "initialize", "tools_call", "elicitation-sep1034-client-defaults", "sse-retry", "auth/metadata-default",
    "auth/metadata-var1", "auth/metadata-var2", "auth/metadata-var3", "auth/basic-cimd",
    "auth/scope-from-www-authenticate", "auth/scope-from-scopes-supported", "auth/scope-omitted-when-undefined",
    "auth/scope-step-up", "auth/scope-retry-limit", "auth/token-endpoint-auth-basic", "auth/token-endpoint-auth-post",
    "auth/token-endpoint-auth-none", "auth/pre-registration", "auth/2025-03-26-oauth-endpoint-fallback",
    "auth/resource-mismatch", "auth/offline-access-scope", "auth/offline-access-not-supported",
    "auth/2025-03-26-oauth-metadata-backcompat", "auth/client-credentials-jwt", "auth/client-credentials-basic",
    "auth/cross-app-access-complete-flow",
)  # fmt: skip
"""All of them."""


def run(scenario: str) -> str:
    """What the suite prints about one scenario."""
    node, program = suite()
    client = Path(__file__).with_name("conformance_client.py")
    done = subprocess.run(
        [node, program, "client", "--command", f"{sys.executable} {client}", "--scenario", scenario],
        capture_output=True,
        text=True,
        timeout=90,
        env={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]},
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("scenario", SAMPLE)
def test_the_official_suite_passes(scenario: str) -> None:
    printed = run(scenario)
    assert "OVERALL: PASSED" in printed, printed[-3000:]
