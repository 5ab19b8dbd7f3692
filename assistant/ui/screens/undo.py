"""The list of applied sets that can be taken back, as the log tells them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static

from assistant.audit.views import LogRow
from assistant.ui import figures
from assistant.ui.language import _
from assistant.ui.safe import join, line
from assistant.ui.screens.manners import leave
from assistant.ui.screens.panel import Rows

if TYPE_CHECKING:
    from assistant.ui.app import AssistantApp
    from assistant.ui.screens.chat import ChatScreen


async def choose_undo(app: AssistantApp, chat: ChatScreen) -> str | None:
    """The chosen set's id, or None. Call from a worker."""
    if chat.desk is None or chat.session is None:
        return None
    rows = await chat.desk.log_page(task=chat.session.task.id, kinds=("stage.apply", "stage.undo"), limit=50)
    sets = undoable(rows)
    if not sets:
        app.notify(_("nothing was applied in this task"), markup=False)
        return None
    return await app.push_screen_wait(UndoScreen(sets))


def undoable(rows: list[LogRow]) -> list[tuple[str, LogRow]]:
    """`(undo_id, row)` of the applied sets, newest first, without those that were taken back since."""
    out: list[tuple[str, LogRow]] = []
    gone: set[str] = set()
    for row in rows:
        undo_id = _undo_id(row.detail)
        if row.kind == "stage.undo":
            gone.add(undo_id)
        elif undo_id and undo_id not in gone:
            out.append((undo_id, row))
    return out


def _undo_id(detail: str) -> str:
    try:
        body: Any = json.loads(detail)
    except ValueError:
        return ""
    return str(cast("dict[str, Any]", body).get("undo_id", "")) if isinstance(body, dict) else ""


class UndoScreen(ModalScreen[str | None]):
    """Enter takes the marked set back; what changed since then stays."""

    CSS = """
    UndoScreen { align: center middle; background: $background 60%; }
    UndoScreen > Vertical { width: 76; max-width: 96%; height: auto; max-height: 80%; padding: 1 2; background: $surface; border: round $primary; }
    UndoScreen Rows { height: auto; max-height: 14; margin: 1 0; background: $surface; }
    UndoScreen .hint { color: $quiet; }
    """

    def __init__(self, sets: list[tuple[str, LogRow]]) -> None:
        super().__init__()
        self._sets = sets

    def compose(self) -> ComposeResult:
        """The list."""
        with Vertical():
            yield Static(Content.styled(_("Take back what was applied"), "bold"), markup=False)
            yield Rows()
            yield Static(Content(_("Enter: take it back · Esc: leave it")), markup=False, classes="hint")

    def on_mount(self) -> None:
        """Newest first."""
        rows = self.query_one(Rows)
        rows.set_rows(
            [(name, join((figures.moment(row.time_ms), "$quiet"), "  ", line(row.summary))) for name, row in self._sets]
        )
        rows.focus()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        leave(self, event.option.id)

    def on_key(self, event: events.Key) -> None:
        """Left."""
        if event.key in ("escape", "ctrl+c"):
            event.stop()
            leave(self, None)
