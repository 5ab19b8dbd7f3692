"""A storm of random events. The long one runs with the benchmarks."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ui.fuzz import calm, desk, nothing_lost, storm


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_nothing_raises_and_the_prompt_still_works(open_chat: Any, seed: int) -> None:
    async with open_chat(desk(seed), resume="t1", size=(90, 30)) as chat:
        sent = await storm(chat, seed, 200)
        await calm(chat)
        nothing_lost(chat, sent)
        chat.screen.prompt.focus()
        chat.screen.prompt.put("after the storm")
        await chat.pilot.pause()
        assert chat.screen.prompt.text == "after the storm"
        assert "after the storm" in chat.text()
