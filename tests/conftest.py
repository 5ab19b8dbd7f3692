"""Fixtures that every test may use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assistant.audit.log import Log

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of recorded traffic and published vectors beside the checkout; skips where a clone has none."""
    folder = Path(os.environ.get("ASSISTANT_SHARED", ROOT.parent / "shared"))
    if not (folder / "vectors").is_dir():
        pytest.skip("the shared test data is not beside this checkout (../shared)")
    return folder


@pytest.fixture(autouse=True)
def _logs_are_closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:  # pyright: ignore[reportUnusedFunction]
    """A test that leaves a log open would leave its descriptors to the thousand tests after it."""
    opened: list[Log] = []
    really = Log.open

    def watched(*args: Any, **options: Any) -> Log:
        opened.append(log := really(*args, **options))
        return log

    monkeypatch.setattr(Log, "open", watched)
    yield
    for log in opened:
        log.close()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home of its own: nothing of the person who runs the tests is read or written."""
    folder = tmp_path / "home"
    folder.mkdir()
    for name in list(os.environ):
        if name.startswith(("ASSISTANT_", "XDG_")) or name.endswith(("_API_KEY", "_BASE_URL", "_API_BASE")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(folder))
    return folder
