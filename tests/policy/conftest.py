"""Fixtures for the tests of policy."""

from __future__ import annotations

import pytest

from assistant.policy.session import Session
from tests.policy.making import make_session


@pytest.fixture
def session() -> Session:
    """A consultant's session with the shipped policies."""
    return make_session()
