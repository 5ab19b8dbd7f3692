"""Before the task is open, and when it can't be: what is asked for waits, what is typed is kept."""

from __future__ import annotations

import asyncio
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from assistant.audit.log import Log
from assistant.compose import open_logbook
from assistant.config import Look, find_paths
from assistant.errors import LogError
from assistant.ui.app import AssistantApp, Opening
from assistant.ui.screens.chat import ChatScreen
from assistant.ui.screens.help import HelpScreen
from assistant.ui.screens.review import ReviewScreen
from assistant.ui.screens.tools import ToolsScreen
from tests.ui.conftest import FOLDER, Chat
from tests.ui.fake_desk import FakeDesk, words


@pytest.fixture
def gate() -> asyncio.Event:
    """Set it, and the task opens."""
    return asyncio.Event()


def held(gate: asyncio.Event, *failures: Exception, **scripts: Any) -> FakeDesk:
    """A desk that opens no task before `gate` is set, and fails with each of `failures` first."""
    desk, left = FakeDesk(scripts), list(failures)
    really = desk.open_task

    async def open_task(*args: Any, **options: Any) -> Any:
        await gate.wait()
        if left:
            raise left.pop(0)
        return await really(*args, **options)

    desk.open_task = open_task  # type: ignore[method-assign]
    return desk


class TestScreensAskedForTooEarly:
    async def test_the_last_one_opens_with_the_task(self, open_chat: Any, gate: asyncio.Event) -> None:
        async with open_chat(held(gate), wait=False) as chat:
            await chat.pilot.press("f2", "f3")
            assert [n.message for n in chat.app._notifications] == [
                "opens as soon as the task is open · Esc forgets it"
            ] * 2
            gate.set()
            await chat.until(lambda: isinstance(chat.app.screen, ToolsScreen))
            await chat.pilot.press("escape")
            await chat.until(lambda: isinstance(chat.app.screen, ChatScreen))
            await chat.pause(0.1)
            assert isinstance(chat.app.screen, ChatScreen), "the review that was asked for before it does not come too"

    async def test_a_command_opens_its_screen_too(self, open_chat: Any, gate: asyncio.Event) -> None:
        async with open_chat(held(gate), wait=False) as chat:
            await chat.say("/review", wait=False)
            gate.set()
            await chat.until(lambda: isinstance(chat.app.screen, ReviewScreen))

    @pytest.mark.parametrize(("key", "screen"), [("escape", ChatScreen), ("f1", HelpScreen)])
    async def test_escape_forgets_it_and_so_does_help(
        self, open_chat: Any, gate: asyncio.Event, key: str, screen: type
    ) -> None:
        async with open_chat(held(gate), wait=False) as chat:
            await chat.pilot.press("f2", key)
            gate.set()
            await chat.until(lambda: chat.screen.session is not None)
            await chat.pause(0.1)
            assert isinstance(chat.app.screen, screen)


class TestPromptsSentTooEarly:
    async def test_they_say_what_they_wait_for(self, open_chat: Any, gate: asyncio.Event) -> None:
        async with open_chat(held(gate, hello=words("hi there")), wait=False) as chat:
            await chat.say("hello", wait=False)
            await chat.until(lambda: "sent when the task is open" in chat.text())
            assert "this turn" not in chat.text()
            gate.set()
            await chat.until(lambda: "hi there" in chat.text())


class TestATaskThatCanNotBeOpened:
    async def test_sending_again_tries_again(self, open_chat: Any, gate: asyncio.Event) -> None:
        """What was in the way may be gone: a full disk, a locked log."""
        async with open_chat(held(gate, LogError("the disk is full"), hello=words("hi there")), wait=False) as chat:
            await chat.say("hello", wait=False)
            gate.set()
            await chat.until(lambda: "the disk is full" in chat.text() and chat.screen.prompt.text == "hello")
            assert "sending something tries again" in chat.text()
            await chat.pilot.press("enter")
            await chat.until(lambda: "hi there" in chat.text())

    async def test_the_desk_too_is_built_again(self) -> None:
        built: list[int] = []
        desk = FakeDesk({"hello": words("hi there")})

        async def build() -> Any:
            built.append(1)
            if len(built) == 1:
                raise LogError("the log is locked")
            return desk

        app = AssistantApp(build, Opening(FOLDER), Look(theme="dark", reduced_motion=True))
        async with app.run_test(size=(80, 24)) as pilot:
            chat = Chat(app, pilot, desk)
            await chat.until(lambda: "the log is locked" in chat.text())
            await chat.say("hello", wait=False)
            await chat.until(lambda: "hi there" in chat.text())

    async def test_no_screen_is_promised(self, open_chat: Any, gate: asyncio.Event) -> None:
        gate.set()
        async with open_chat(held(gate, LogError("the disk is full")), wait=False) as chat:
            await chat.until(lambda: chat.screen.turns.broken)
            await chat.pilot.press("f2")
            await chat.until(lambda: "no task is open here" in chat.text())
            assert not list(chat.app._notifications)

    async def test_the_log_can_still_be_read(self, tmp_path: Path) -> None:
        """A disk that is full keeps tasks from opening, and what was done is what one wants to look at then."""
        environ = {"ASSISTANT_HOME": str(tmp_path)}
        with closing(Log.open(find_paths(environ))) as log:
            log.append("stage.drop", "t1", {"paths": ["kept-in-mind.txt"]})

        async def build() -> Any:
            raise LogError("the disk is full")

        look = Look(theme="dark", reduced_motion=True)
        app = AssistantApp(build, Opening(FOLDER), look, partial(open_logbook, environ))
        async with app.run_test(size=(80, 24)) as pilot:
            chat = Chat(app, pilot, FakeDesk())
            await chat.until(lambda: chat.screen.turns.broken)
            await pilot.press("f4")
            await chat.until(lambda: "stage.drop" in chat.text())
            assert "all tasks" in chat.text()
            assert "this task" not in chat.text(), "there is none that it could be narrowed to"
            await pilot.press("t", "escape")
            await chat.until(lambda: isinstance(app.screen, ChatScreen))
        await app.close()
