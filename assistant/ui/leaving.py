"""The keys that a shell ends things with: Ctrl+C copies, clears, stops, and leaves when pressed twice; Ctrl+D leaves."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from assistant.ui.language import _

if TYPE_CHECKING:
    from assistant.ui.screens.chat import ChatScreen

AGAIN_S = 2.0
"""How long a second Ctrl+C counts as the second. Chosen: longer than a double press, shorter than a change of mind."""


class Leaving:
    """What these keys do in one chat."""

    def __init__(self, chat: ChatScreen) -> None:
        self._chat = chat
        self._interrupted_at = -AGAIN_S

    async def interrupt(self) -> None:
        """Copy what is selected; else leave at the second press; else clear the prompt and stop the turn."""
        chat = self._chat
        now = asyncio.get_running_loop().time()
        again = now - self._interrupted_at < AGAIN_S
        self._interrupted_at = now
        if selected := chat.get_selected_text():
            chat.app.copy_to_clipboard(selected)
            chat.app.notify(_("copied"), markup=False, timeout=2)
        elif again:
            await chat.app.run_action("quit")
        else:
            if chat.prompt.text:
                chat.prompt.remember(chat.prompt.take())
            chat.editing.leave()
            chat.turns.stop()
            chat.app.notify(_("press Ctrl+C again to leave"), markup=False, timeout=AGAIN_S)

    async def end_of_input(self) -> None:
        """Leave when the prompt is empty; otherwise delete a character, as usual."""
        if self._chat.prompt.text:
            self._chat.prompt.action_delete_right()
        else:
            await self._chat.app.run_action("quit")
