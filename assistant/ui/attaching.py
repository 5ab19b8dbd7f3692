"""Pictures on their way into the prompt: a pasted path, a file dropped on the terminal, the desktop's clipboard."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from assistant.errors import AssistantError
from assistant.ui.language import _

if TYPE_CHECKING:
    from assistant.ui.screens.chat import ChatScreen


async def attach_paths(chat: ChatScreen, text: str) -> str:
    """The marks of the pictures that `text` names, or nothing when it is just text (or one of them can't be taken: said)."""
    lowered = text.lower()
    if not any(f".{kind}" in lowered for kind in ("png", "jpg", "jpeg", "gif", "webp")):
        return ""
    from assistant.ui import pictures  # few prompts have any

    try:
        found = await asyncio.to_thread(lambda: [pictures.read(path) for path in pictures.paths_in(text)])
    except AssistantError as error:
        chat.tell("warning", error.message, error.hint)
        return ""
    if found:
        _tell_if_blind(chat)
    return "".join(chat.app.pictures().add(one) + " " for one in found)


async def attach_clipboard(chat: ChatScreen) -> None:
    """The picture on the clipboard, into the prompt."""
    from assistant.ui import pictures

    try:
        picture = await pictures.from_clipboard()
    except AssistantError as error:
        chat.tell("info", error.message, error.hint)
        return
    chat.prompt.insert(chat.app.pictures().add(picture) + " ", maintain_selection_offset=False)
    _tell_if_blind(chat)


def _tell_if_blind(chat: ChatScreen) -> None:
    if chat.session is not None and not chat.session.model_info.sees_images:
        words = _("{model} does not see pictures: it is only told that there is one").format(
            model=chat.session.model_info.id
        )
        chat.app.notify(words, severity="warning", markup=False)
