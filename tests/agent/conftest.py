"""Fixtures of the loop's tests."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path, home: Path) -> Path:
    work = tmp_path / "work"
    work.mkdir()
    return work
