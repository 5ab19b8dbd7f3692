"""Painting that waits until the request has left."""

from __future__ import annotations

import asyncio
from typing import Any

from assistant.agent import events
from assistant.ui.holding import HELD_S
from tests.ui.fake_desk import FakeDesk, words


class TestHeld:
    async def test_nothing_is_painted_until_the_model_was_asked(self, open_chat: Any) -> None:
        asked, gate = asyncio.Event(), asyncio.Event()
        desk = FakeDesk({"go": [asked, gate, events.ModelStarted("m", 1), *words("hello")]})
        async with open_chat(desk) as chat:
            held = chat.screen.turns._held
            held.hold()
            assert chat.app._batch_count == 1
            held.hold()
            assert chat.app._batch_count == 1, "holding twice is holding once"
            held.release()
            held.release()
            assert chat.app._batch_count == 0
            asked.set()
            gate.set()
            await chat.say("go")
            await chat.until(lambda: "hello" in chat.text())
            assert chat.app._batch_count == 0

    async def test_it_ends_by_itself(self, open_chat: Any) -> None:
        gate = asyncio.Event()
        async with open_chat(FakeDesk({"go": [gate, *words("hello")]})) as chat:
            await chat.say("go", wait=False)
            await chat.until(lambda: chat.app._batch_count == 0 and "go" in chat.text())
            gate.set()
            await chat.until(lambda: "hello" in chat.text())
        assert HELD_S <= 0.05, "longer would be seen"
