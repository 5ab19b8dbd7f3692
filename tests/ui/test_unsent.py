"""What was typed and not sent: kept in a file of its task, and in the prompt again when the task is resumed."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path
from typing import Any

import msgspec
import pytest

from assistant.types import Message, TextPart
from assistant.ui import unsent
from tests.ui.fake_desk import FakeDesk, words


@pytest.fixture
def desk(tmp_path: Path) -> FakeDesk:
    said = [Message("user", (TextPart("said already"),)), Message("assistant", (TextPart("so it is"),))]
    desk = FakeDesk({"next": words("done")}, history=said)
    desk.paths = msgspec.structs.replace(FakeDesk.paths, data=str(tmp_path))
    return desk


@pytest.fixture
def file(desk: FakeDesk) -> Path:
    """Of the task that these tests resume."""
    return desk.paths.unsent / "t1.json"


class TestKeeping:
    async def test_U7_what_the_prompt_holds_is_in_the_file_soon(self, open_chat: Any, desk: Any, file: Path) -> None:
        async with open_chat(desk, resume="t1") as chat:
            await chat.type("half a thou")
            await chat.until(lambda: unsent.read(file) == ["half a thou"])
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
            assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
            assert [f.name for f in file.parent.iterdir()] == ["t1.json"]

    async def test_prompts_that_wait_are_kept_before_it(self, open_chat: Any, desk: Any, file: Path) -> None:
        gate = asyncio.Event()
        desk.scripts["go"] = [gate]
        async with open_chat(desk, resume="t1") as chat:
            await chat.say("go", wait=False)
            await chat.say("next", wait=False)
            await chat.type("then")
            await chat.until(lambda: unsent.read(file) == ["next", "then"])
            gate.set()

    async def test_what_is_sent_is_kept_no_longer(self, open_chat: Any, desk: Any, file: Path) -> None:
        async with open_chat(desk, resume="t1") as chat:
            await chat.type("next")
            await chat.until(file.exists)
            await chat.pilot.press("enter")
            await chat.until(lambda: not file.exists())

    async def test_leaving_keeps_the_last_letter_too(self, open_chat: Any, desk: Any, file: Path) -> None:
        async with open_chat(desk, resume="t1") as chat:
            await chat.type("abc")
        assert unsent.read(file) == ["abc"]

    async def test_a_folded_paste_is_kept_in_full(self, open_chat: Any, desk: Any, file: Path) -> None:
        from textual.events import Paste

        async with open_chat(desk, resume="t1") as chat:
            await chat.screen.prompt.on_paste(Paste("long line\n" * 1_000))
            await chat.until(lambda: unsent.read(file) == ["long line\n" * 1_000])

    async def test_a_key_writes_nothing_itself(
        self, open_chat: Any, desk: Any, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """However many come, one writing follows them."""
        written: list[list[str]] = []
        monkeypatch.setattr(unsent, "write", lambda _file, texts: written.append(texts))
        async with open_chat(desk, resume="t1") as chat:
            for letter in "abcdef":
                chat.screen.prompt.insert(letter)
            await chat.until(lambda: written)
            assert written == [["abcdef"]]


class TestBringingBack:
    async def test_U7_a_resumed_task_has_it_in_the_prompt(self, open_chat: Any, desk: Any, file: Path) -> None:
        unsent.write(file, ["first", "second\nline"])
        async with open_chat(desk, resume="t1") as chat:
            await chat.until(lambda: chat.screen.prompt.text)
            assert chat.screen.prompt.text == "first\nsecond\nline"
            assert desk.session.prompts == [], "nothing is sent by itself"
            await chat.until(lambda: unsent.read(file) == ["first\nsecond\nline"])

    async def test_it_comes_before_what_was_typed_while_the_task_was_opened(
        self, open_chat: Any, desk: Any, file: Path
    ) -> None:
        unsent.write(file, ["kept"])
        async with open_chat(desk, resume="t1", wait=False) as chat:
            chat.screen.prompt.put("new")
            await chat.until(lambda: chat.screen.prompt.text == "kept\nnew")

    async def test_what_was_said_last_is_not_offered_again(self, open_chat: Any, desk: Any, file: Path) -> None:
        """The program died between sending it and forgetting it."""
        unsent.write(file, ["said already"])
        async with open_chat(desk, resume="t1") as chat:
            await chat.until(lambda: not file.exists())
            assert chat.screen.prompt.text == ""

    @pytest.mark.parametrize("held", [b"", b"{", b'{"a": 1}', b"[1]", b"\xff"])
    async def test_a_file_that_is_something_else_is_nothing(
        self, open_chat: Any, desk: Any, file: Path, held: bytes
    ) -> None:
        file.parent.mkdir(parents=True)
        file.write_bytes(held)
        async with open_chat(desk, resume="t1") as chat:
            await chat.until(lambda: "so it is" in chat.text())
            assert chat.screen.prompt.text == ""


def test_a_folder_that_can_not_be_written_is_no_error(tmp_path: Path) -> None:
    unsent.write(Path("/dev/null/x/t.json"), ["a"])
