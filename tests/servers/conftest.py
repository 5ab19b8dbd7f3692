"""What the tests of servers share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from assistant.config import Paths, find_paths
from tests.servers.making import World


@pytest.fixture
def paths(home: Path) -> Paths:
    return find_paths({"ASSISTANT_HOME": str(home / "assistant")})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "work"
    made.mkdir()
    (made / "readme.txt").write_text("hello")
    return made


@pytest_asyncio.fixture
async def world(paths: Paths, folder: Path) -> AsyncIterator[World]:
    made = World(paths, folder)
    yield made
    await made.aclose()
