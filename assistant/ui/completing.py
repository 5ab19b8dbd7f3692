"""Completion in the prompt: `/` commands at its start, `@` files anywhere. File search runs in a thread."""

from __future__ import annotations

import asyncio
import re
from functools import partial
from typing import TYPE_CHECKING

from assistant.ui.commands import COMMANDS, beginning
from assistant.ui.language import _
from assistant.ui.widgets.completion import Choice, Completion

if TYPE_CHECKING:
    from assistant.ui.screens.chat import ChatScreen

_MENTION = re.compile(r"(?:^|\s)@([^\s@]*)$")


def follow(chat: ChatScreen) -> None:
    """The text changed: offer what fits, or nothing."""
    row, column = chat.prompt.cursor_location
    before = chat.prompt.document.get_line(row)[:column]
    if row == 0 and before.startswith("/") and " " not in before and "\n" not in chat.prompt.text:
        start = before[1:].lower()
        chat.offer([_choice(c.name, c.takes, c.what) for c in beginning(start) if c.name != start])
    elif mention := _MENTION.search(before):
        chat.run_worker(partial(_files, chat, mention[1]), group="mention", exclusive=True, exit_on_error=False)
    else:
        chat.workers.cancel_group(chat, "mention")  # pyright: ignore[reportUnknownMemberType]  # Worker without its parameter
        chat.offer(())


async def take(chat: ChatScreen, chosen: Completion.Chosen) -> None:
    """Put the chosen row where it was being written. Enter on a command that takes nothing runs it. What stands behind the
    cursor stays, and so does what was typed since."""
    prompt, choice = chat.prompt, chosen.choice
    if choice.value.startswith("/"):
        name = choice.value.partition(" ")[0]
        takes = next((c.takes for c in COMMANDS if f"/{c.name}" == name), "")
        end = (0, min(prompt.cursor_location[1], len(chosen.written)))
        if chosen.send and (not takes or takes.startswith("[")):
            prompt.replace("", (0, 0), end)
            prompt.remember(name)
            from assistant.ui import commands

            await commands.run(chat, name)
        else:
            prompt.replace(
                name + (" " if takes else ""),
                (0, 0),
                end,
                maintain_selection_offset=len(prompt.text) > len(chosen.written),
            )
        return
    row, column = prompt.cursor_location
    before = prompt.document.get_line(row)[:column]
    if mention := _MENTION.search(before):
        quoted = f'"{choice.value}"' if re.search(r"\s", choice.value) else choice.value
        prompt.replace(f"@{quoted} ", (row, mention.start(1) - 1), (row, column), maintain_selection_offset=False)


async def _files(chat: ChatScreen, wanted: str) -> None:
    from assistant.ui.files import search  # only when a file is mentioned

    await asyncio.sleep(0.03)  # a fast typist starts one search, not five
    folder = chat.session.task.folder if chat.session else str(chat.opening.folder)
    found = await asyncio.to_thread(search, folder, wanted, 40)
    chat.offer([Choice(path) for path in found])


def _choice(name: str, takes: str, what: str) -> Choice:
    return Choice(f"/{name} {_(takes)}".rstrip() if takes else f"/{name}", _(what))
