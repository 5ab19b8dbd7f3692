"""A new task: its folder and the kit that it starts with."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.suggester import Suggester
from textual.widgets import Input, OptionList, Static

from assistant.ui.language import _
from assistant.ui.safe import plain
from assistant.ui.screens.kits import kit_label
from assistant.ui.screens.manners import leave
from assistant.ui.screens.panel import Rows
from assistant.visible import one_line

if TYPE_CHECKING:
    from assistant.agent.kits import Kit


class NewTaskScreen(ModalScreen[tuple[Path, str] | None]):
    """Enter in the folder goes to the kits, Enter on a kit opens the task, Esc gives None."""

    CSS = """
    NewTaskScreen { align: center middle; background: $background 60%; }
    NewTaskScreen > Vertical {
        width: 84; max-width: 96%; height: auto; max-height: 90%; padding: 1 2; background: $surface; border: round $primary;
    }
    NewTaskScreen Static { height: auto; }
    NewTaskScreen Input, NewTaskScreen Input:focus { border: none; height: 1; margin: 1 0; padding: 0 1; background: $panel; }
    NewTaskScreen Rows { height: auto; max-height: 14; background: $surface; }
    NewTaskScreen .hint { color: $quiet; margin: 1 0 0 0; }
    """

    def __init__(self, folder: Path, kits: Iterable[Kit], kit: str) -> None:
        super().__init__()
        self._folder = folder
        self._kits = {one.name: one for one in kits}
        self._kit = kit

    def compose(self) -> ComposeResult:
        """Folder, kits, hint."""
        with Vertical():
            yield Static(plain(_("A new task: in which folder, with which tools?"), "bold"), markup=False)
            yield Input(str(self._folder), suggester=FolderSuggester())
            yield Rows()
            yield Static(
                plain(_("Enter: next, then open · → takes a suggestion · Esc: leave it")), markup=False, classes="hint"
            )

    def on_mount(self) -> None:
        """The kit of the settings is marked."""
        rows = self.query_one(Rows)
        rows.set_rows([(name, kit_label(one, own=False, used=name == self._kit)) for name, one in self._kits.items()])
        if self._kit in self._kits:
            rows.highlighted = list(self._kits).index(self._kit)

    @on(Input.Submitted)
    async def _folder_given(self, event: Input.Submitted) -> None:
        event.stop()
        if await self._real_folder() is not None:
            self.query_one(Rows).focus()

    @on(OptionList.OptionSelected)
    async def _kit_given(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if (folder := await self._real_folder()) is not None:
            leave(self, (folder, event.option.id or ""))

    async def _real_folder(self) -> Path | None:
        """The folder, or None when there is none: then it is said, and can be mended."""
        given = self.query_one(Input).value.strip()
        folder = (self._folder / Path(given).expanduser()) if given else self._folder
        if await asyncio.to_thread(folder.is_dir):
            return folder
        words = _("there is no folder `{folder}`").format(folder=one_line(str(folder), 200))
        self.query_one(".hint", Static).update(plain(words, "$warning"))
        self.query_one(Input).focus()
        return None

    def on_key(self, event: events.Key) -> None:
        """Back from the kits to the folder, from there to where one came from."""
        if event.key in ("escape", "ctrl+c"):
            event.stop()
            leave(self, None)
        elif event.key == "tab":
            event.stop()
            event.prevent_default()
            self.focus_next()


class FolderSuggester(Suggester):
    """The first folder whose name goes on as what was typed."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        """The whole path, or None."""
        return await asyncio.to_thread(_first_folder, value)


def _first_folder(value: str) -> str | None:
    head, _slash, start = value.rpartition("/")
    if not head and not value.startswith("/"):
        return None
    parent = Path(head or "/").expanduser()
    try:
        names = sorted(e.name for e in parent.iterdir() if e.name.startswith(start) and (start or e.name[0] != "."))
        name = next((n for n in names if (parent / n).is_dir()), None)
    except (OSError, RuntimeError):
        return None
    return f"{head}/{name}" if name and one_line(name) == name else None
