"""Closing a screen while its worker is busy: the screen goes, and nothing else does."""

from __future__ import annotations

import asyncio
from typing import Any

from textual.containers import Vertical
from textual.widgets import Static

from tests.ui.fake_desk import FakeDesk


async def test_U8_a_screen_closed_before_its_question_is_opened_asks_nothing_and_the_program_goes_on(
    open_chat: Any,
) -> None:
    async with open_chat(FakeDesk()) as chat:
        for _time in range(3):
            chat.screen.open_screen("tasks")
            await chat.until(lambda: len(chat.app.screen_stack) == 2 and chat.app.screen.is_mounted)
            screen = chat.app.screen
            screen.action_new()  # its worker has not begun yet when the screen is closed
            screen.dismiss()
            await chat.until(lambda: not screen.is_attached)  # noqa: B023
            assert chat.app.is_running
            assert len(chat.app.screen_stack) == 1, "a dialogue of a screen that is gone"
        await chat.type("still here")
        assert chat.screen.prompt.text == "still here"


class Slow(Static):
    """Takes its time to leave."""

    def __init__(self) -> None:
        super().__init__()
        self.leaving, self.may_leave = asyncio.Event(), asyncio.Event()

    async def on_unmount(self) -> None:
        """Wait until it may."""
        self.leaving.set()
        await self.may_leave.wait()


async def test_U8_who_waits_for_a_widget_to_go_can_be_cancelled_and_it_still_goes(open_chat: Any) -> None:
    async with open_chat(FakeDesk()) as chat:
        slow = Slow()
        box = Vertical(slow)
        await chat.screen.mount(box)

        async def wait_for() -> None:
            await box.remove()

        waiting = asyncio.create_task(wait_for())
        await slow.leaving.wait()
        waiting.cancel()
        await asyncio.wait([waiting])
        slow.may_leave.set()
        await chat.until(lambda: not box.is_attached)
        assert chat.app.is_running
        await chat.type("still here")
        assert chat.screen.prompt.text == "still here"


async def test_what_was_rendered_for_a_widget_that_is_gone_is_let_go(open_chat: Any) -> None:
    async with open_chat(FakeDesk()) as chat:
        line = Static("many lines\n" * 10)
        box = Vertical(line)
        await chat.screen.transcript.mount(box)
        await chat.until(lambda: "many lines" in chat.text())
        assert line._styles_cache._cache
        assert line._render_cache.lines
        await box.remove()
        await chat.until(lambda: not line._styles_cache._cache)
        assert not line._render_cache.lines
        assert not box._styles_cache._cache
