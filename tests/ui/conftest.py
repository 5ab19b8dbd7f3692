"""Fixtures for the screen's tests: an app over a fake desk, a fixed clock zone, English."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot, WaitForScreenTimeout

from assistant.config import Look
from assistant.ui import language
from assistant.ui.app import AssistantApp, Opening
from assistant.ui.screens.chat import ChatScreen
from tests.ui.fake_desk import FakeDesk
from tests.ui.scenes import screen_text

FOLDER = Path("/home/ada/project")


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The same words and times on every machine."""
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("HOME", "/home/ada")
    for name in ("NO_COLOR", "COLORFGBG", "ASSISTANT_THEME"):
        monkeypatch.delenv(name, raising=False)
    time.tzset()
    language.set_language("en")
    yield
    language.set_language("en")
    gc.unfreeze()  # each chat freezes what is there by its first frame: a thousand of them would never be given back


def make_app(
    desk: FakeDesk, *, resume: str | None = None, look: Look | None = None, folder: Path = FOLDER
) -> AssistantApp:
    """The app over `desk`, nothing moving by itself."""

    async def build() -> Any:
        return desk

    return AssistantApp(build, Opening(folder, resume), look or Look(theme="dark", reduced_motion=True))


class Chat:
    """A running app as a test sees it."""

    def __init__(self, app: AssistantApp, pilot: Pilot[int], desk: FakeDesk) -> None:
        self.app, self.pilot, self.desk = app, pilot, desk

    @property
    def screen(self) -> ChatScreen:
        """The chat in front, or the one below the screen in front."""
        screen = self.app.screen_stack[0]
        assert isinstance(screen, ChatScreen), type(screen)
        return screen

    async def until(self, condition: Callable[[], Any], timeout_s: float = 30.0) -> None:
        """Wait until `condition` holds. Raises at once what has ended the app, the reason why it never will."""
        deadline = asyncio.get_running_loop().time() + timeout_s
        while not condition():
            self._check()
            assert asyncio.get_running_loop().time() < deadline, f"never became true; screen:\n{self.text()}"
            await self.pause(0.01)
        await self.pause()

    async def pause(self, delay_s: float | None = None) -> None:
        """As the pilot's. Where it waits in vain, the reason is told: what ended the app, or which widgets take no messages."""
        try:
            await self.pilot.pause(delay_s)
        except WaitForScreenTimeout:
            self._check()
            dead = [w for w in self.app.screen.walk_children(with_self=True) if w._task is None or w._task.done()]
            raise AssertionError(f"nobody runs {dead}; screen:\n{self.text()}") from None

    def _check(self) -> None:
        if self.app._exception is not None:
            raise self.app._exception
        assert self.app._running or self.app._exit, "the app has ended by itself, without an error"

    async def type(self, text: str) -> None:
        await self.pilot.press(*[{" ": "space", "\n": "enter"}.get(c, c) for c in text])

    async def say(self, text: str, *, wait: bool = True) -> None:
        """Put `text` into the prompt, send it, and wait for the turn to end."""
        self.screen.prompt.put(text)
        await self.pilot.press("enter")
        if wait:
            await self.until(lambda: not self.screen.turns.active)

    async def card(self) -> None:
        """Wait until a card stands and takes answers."""
        await self.until(
            lambda: self.screen.panel and self.screen.panel.has_focus and self.screen.panel.has_class("-armed")
        )

    def text(self) -> str:
        """What is on the screen, as lines."""
        return screen_text(self.app)


@pytest.fixture
def open_chat() -> Callable[..., AbstractAsyncContextManager[Chat]]:
    """`async with open_chat(desk, size=(80, 24)) as chat`: the task is open when the body starts."""

    @asynccontextmanager
    async def opened(
        desk: FakeDesk | None = None, *, size: tuple[int, int] = (80, 24), wait: bool = True, **options: Any
    ) -> AsyncIterator[Chat]:
        desk = desk or FakeDesk()
        app = make_app(desk, **options)
        async with app.run_test(size=size) as pilot:
            chat = Chat(app, pilot, desk)
            if wait:
                await chat.until(lambda: chat.screen.session is not None)
            yield chat

    return opened
