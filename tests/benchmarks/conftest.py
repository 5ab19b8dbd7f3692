"""Fixtures that benchmarks share with the tests."""

from __future__ import annotations

from tests.models.transcripts.conftest import aws, recordings, replay

__all__ = ["aws", "recordings", "replay"]
