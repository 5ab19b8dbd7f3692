"""How the log screen shows an entry: its line in the list, its part in a chain, all of it beside the list."""

from __future__ import annotations

import time
from collections.abc import Sequence

from textual.content import Content
from textual.events import Click

from assistant.audit.views import LogRow
from assistant.ui import figures
from assistant.ui.language import N_, _
from assistant.ui.safe import join, line, pad, plain
from assistant.ui.screens.panel import Rows

MAX_LINES = 400
"""Of one content in the detail; the log has the rest."""

_STYLES = {
    "decision": "$accent",
    "approval": "$warning",
    "outcome": "$success",
    "failure": "$error",
    "model.failed": "$error",
    "crash.found": "$error",
}
ROLES = {
    "prompt": N_("prompt"),
    "model": N_("model"),
    "action": N_("action"),
    "decision": N_("decision"),
    "answer": N_("answer"),
    "outcome": N_("outcome"),
    "applied": N_("applied"),
    "end": N_("end"),
}
"""The parts that entries have in a chain, see `audit.chain.role_in`."""


class LogRows(Rows):
    """A click marks a row; a second one on it, like Enter, chooses it: looking through entries by mouse opens nothing."""

    async def _on_click(self, event: Click) -> None:
        clicked = event.style.meta.get("option")
        if isinstance(clicked, int) and clicked != self.highlighted:
            self.highlighted = clicked
            event.prevent_default()


def row_label(row: LogRow, today: str) -> Content:
    """One line of the timeline. `today` is the date for which the time of day is enough."""
    date, _space, clock = figures.moment(row.time_ms).partition(" ")
    when = f"   {clock}" if date == today else f"{date[5:]} {clock[:5]}"
    return join((f"{row.seq:>6}  {when}  ", "$quiet"), _kind(row), "  ", line(row.summary))


def chain_label(role: str, row: LogRow, *, asked: bool) -> Content:
    """One line of cause and effect: the entry that was asked about is marked with a sign, not by colour alone."""
    mark = ("▶ ", "bold $primary") if asked else "  "
    words = pad(_(ROLES[role]) if role in ROLES else "", 10)
    return join(mark, (f"{row.seq:>6}  ", "$quiet"), (words, "bold $secondary"), line(row.summary))


def _kind(row: LogRow) -> Content:
    return line(f"{row.kind:<14}", _STYLES.get(row.kind, "$secondary"), 20)


def today() -> str:
    """The date here and now."""
    return figures.moment(time.time_ns() // 1_000_000)[:10]


def detail_content(row: LogRow, contents: Sequence[tuple[str, str | None]] = ()) -> Content:
    """All of one entry: its sentence, what lies apart of it, then its body as it is signed."""
    parts = [
        join(
            (f"#{row.seq} ", "bold $primary"),
            line(row.kind, "bold"),
            (f"  {figures.moment(row.time_ms)} · {row.task}", "$quiet"),
        ),
        plain(row.summary),
        Content(""),
    ]
    for name, text in contents:
        parts += [line(name, "bold $secondary"), *_content(name, text), Content("")]
    return Content("\n").join([*parts, plain(row.detail, "$secondary")])


def _content(name: str, text: str | None) -> list[Content]:
    if text is None:
        return [Content.styled(_("erased"), "italic $quiet")]
    lines = text.splitlines()
    shown = [plain(one, _diff_style(one) if name == "diff" else "") for one in lines[:MAX_LINES]]
    if len(lines) > MAX_LINES:
        shown.append(Content.styled(_("… the log has all of it"), "italic $quiet"))
    return shown


def _diff_style(text: str) -> str:
    return "$success" if text.startswith("+") else "$error" if text.startswith("-") else ""
