"""Pictures that a screen draws: named by events, live and told again, their data only in the log, decoded in a room."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image

from assistant.agent import events
from assistant.agent.local import LocalDesk
from assistant.audit.upkeep import erase
from assistant.compose import build_desk
from assistant.gateway.approver import Unattended
from assistant.gateway.thumbnails import Thumbnail
from assistant.types import ImagePart


def png(colour: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 4), colour).save(out, "PNG")
    return out.getvalue()


GIVEN, FOUND = png("red"), png("blue")
BY_NAME = [ImagePart("image/png", hashlib.sha256(data).hexdigest()) for data in (GIVEN, FOUND)]


@pytest.fixture
async def desk(home: Path) -> AsyncIterator[LocalDesk]:
    made = build_desk()
    yield made
    await made.aclose()


async def turn_with_pictures(desk: LocalDesk, home: Path, folder: Path) -> tuple[str, list[events.Event]]:
    """A prompt with a red picture, and a call that reads a blue one; (task, what was told)."""
    (folder / "blue.png").write_bytes(FOUND)
    script = home / "script.json"
    read = {"name": "read_file", "arguments": {"path": "blue.png"}}
    script.write_text(json.dumps({"steps": [{"calls": [read]}, {"text": "blue"}]}))
    session = await desk.open_task(folder, model=f"scripted:{script}", tools=["read_file"], approver=Unattended())
    given = ImagePart("image/png", data_b64=base64.b64encode(GIVEN).decode())
    return session.task.id, [e async for e in session.run_turn("look", [given])]


async def test_they_are_named_live_and_when_the_past_is_told_and_drawn_from_the_log(
    desk: LocalDesk, home: Path, folder: Path
) -> None:
    task, live = await turn_with_pictures(desk, home, folder)
    (begun,) = [e for e in live if isinstance(e, events.TurnStarted)]
    assert begun.images == (BY_NAME[0],)

    again = await desk.resume_task(task, approver=Unattended())
    told = [e.images for e in again.past() if isinstance(e, events.TurnStarted)]
    told += [e.result.images for e in again.past() if isinstance(e, events.CallFinished)]
    assert told == [(BY_NAME[0],), (BY_NAME[1],)], "by their address alone: the data is in the log"

    assert await desk.thumbnail(BY_NAME[0], 40, 20) == Thumbnail(8, 4, b"\xff\0\0" * 32)
    assert await desk.thumbnail(BY_NAME[1], 40, 20) == Thumbnail(8, 4, b"\0\0\xff" * 32)


async def test_what_was_erased_is_not_drawn(desk: LocalDesk, home: Path, folder: Path) -> None:
    await turn_with_pictures(desk, home, folder)
    erase(desk.log, [BY_NAME[1].sha256])
    assert await desk.thumbnail(BY_NAME[1], 40, 20) is None
    assert await desk.thumbnail(ImagePart("image/png", "0" * 64), 40, 20) is None


async def test_one_of_an_earlier_message_is_sent_again_by_its_address(
    desk: LocalDesk, home: Path, folder: Path
) -> None:
    task, _ = await turn_with_pictures(desk, home, folder)
    again = await desk.resume_task(task, approver=Unattended())
    told = [e async for e in again.run_turn("once more", [BY_NAME[0]])]
    (begun,) = [e for e in told if isinstance(e, events.TurnStarted)]
    assert begun.images == (BY_NAME[0],)
    asked = next(m for m in reversed(again.history()) if m.role == "user")
    sent = [part for part in asked.parts if isinstance(part, ImagePart)]
    assert [base64.b64decode(part.data_b64) for part in sent] == [GIVEN], "the model gets the picture itself"


async def test_one_that_was_erased_meanwhile_is_not_sent_and_that_is_said(
    desk: LocalDesk, home: Path, folder: Path
) -> None:
    task, _ = await turn_with_pictures(desk, home, folder)
    again = await desk.resume_task(task, approver=Unattended())
    erase(desk.log, [BY_NAME[0].sha256])
    told = [e async for e in again.run_turn("once more", [BY_NAME[0]])]
    assert [e.images for e in told if isinstance(e, events.TurnStarted)] == [()]
    assert any("1 of the pictures was erased" in e.text for e in told if isinstance(e, events.Notice))
