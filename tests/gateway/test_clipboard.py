"""The clipboard of a real X display: what is copied can be pasted after the call, and is gone with the task."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.compose import build_desk
from assistant.types import Answer, ToolCall
from tests.servers.making import Says

pytestmark = pytest.mark.skipif(
    any(shutil.which(name) is None for name in ("bwrap", "Xvfb", "xclip")), reason="needs bubblewrap, Xvfb and xclip"
)


@pytest.fixture
def display(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A display that nobody sees, on the first number that is free."""
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "64x64x24", "-nolisten", "tcp"],
        pass_fds=(write,),
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    with os.fdopen(read) as stream:
        number = stream.readline().strip()  # written when the display is there
    monkeypatch.setenv("DISPLAY", f":{number}")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    yield f":{number}"
    server.terminate()
    server.wait()


def pasted(display: str) -> str:
    """As another program would."""
    done = subprocess.run(
        ["xclip", "-selection", "clipboard", "-out"],
        env={**os.environ, "DISPLAY": display},
        capture_output=True,
        text=True,
        timeout=20,
    )
    return done.stdout


async def test_what_is_copied_can_be_pasted_until_the_task_is_closed_and_reading_asks(
    home: Path, tmp_path: Path, display: str
) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    desk = build_desk()
    says = Says(Answer.ONCE)
    tools = ["write_clipboard", "read_clipboard"]
    session = await desk.open_task(folder, model="builtin/offline", tools=tools, approver=says)
    try:
        for text in ("first", "second\n世界"):
            call = ToolCall("c", "write_clipboard", json.dumps({"text": text}))
            result = await session.call(call, lambda _: None)
            assert result.ok, result.text
            assert pasted(display) == text
        asked = len(says.asked)
        read = await session.call(ToolCall("c", "read_clipboard", "{}"), lambda _: None)
        assert read.text == "second\n世界"
        assert len(says.asked) == asked + 1, "reading what the person copied is asked about"
    finally:
        await desk.aclose()
    assert pasted(display) == ""
