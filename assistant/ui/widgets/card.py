"""A tool card: what is called, how it stands, what it printed."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.reactive import reactive
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Static

from assistant.types import Change
from assistant.ui import figures, refusals
from assistant.ui.conversation import Card, Update
from assistant.ui.helpers import Helper, HelperStep
from assistant.ui.language import N_, _, ngettext
from assistant.ui.messages import ShowInLog
from assistant.ui.safe import join, line
from assistant.visible import one_line, visible

TAIL_LINES = 6
"""Lines of output that a folded card shows while it runs, or after it failed."""
HELPER_LINES = 5
"""Steps of a helper that a folded card shows while it works."""
OPEN_LINES = 300
"""Lines that an opened card shows; the log has all of them."""
REDRAW_S = 0.06
"""Pause between two drawings of a card."""

_SIGNS = {
    "running": ("●", "$primary"),
    "asking": ("?", "$warning"),
    "done": ("✓", "$success"),
    "failed": ("✗", "$error"),
    "refused": ("⊘", "$warning"),
    "stopped": ("■", "$quiet"),
}


class CardView(Vertical, can_focus=True):
    """One call. Enter, Space or a click opens and folds it; `l`, or a click on its last line, shows it in the log."""

    DEFAULT_CSS = """
    CardView {
        margin: 1 0 0 0; padding: 0 2; height: auto;
        & > Static { height: auto; }
        & > .body { padding: 0 0 0 2; color: $quiet; text-wrap: nowrap; text-overflow: ellipsis; display: none; }
        &.-body > .body { display: block; }
        &.-opened > .body { text-wrap: wrap; text-overflow: fold; }
        & > .in-log { padding: 0 0 0 2; width: auto; color: $secondary; display: none; }
        & > .in-log:hover { text-style: underline; }
        &.-opened > .in-log { display: block; }
        &:focus { background: $surface; }
        &.-found { background: $panel; }
    }
    CardView.-joined { margin: 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "fold", N_("open or fold")),
        Binding("l", "in_log", N_("what led to it, in the log")),
        Binding("x", "stop_helper", N_("stop the helper of this card")),
    ]

    class StopHelper(Message):
        """The person stops a helper, and nothing else."""

        def __init__(self, task: str) -> None:
            super().__init__()
            self.task = task

    opened = reactive(False, init=False)

    def __init__(self, item: Card) -> None:
        super().__init__()
        self.item = item
        content = body(item, opened=False)
        self.set_class(bool(content), "-body")
        self._head = Static(head(item, opened=False), markup=False, classes="head")
        self._body = Static(content, markup=False, classes="body")
        self._in_log = Static(Content(_("l · in the log")), markup=False, classes="in-log")
        self._redraw: Timer | None = None
        self._pictured = False

    def compose(self) -> ComposeResult:
        """Head, body, the way to the log."""
        yield self._head
        yield self._body
        yield from self._pictures()
        yield self._in_log

    def show_update(self, update: Update) -> None:
        """Draw the item anew, at most every REDRAW_S seconds: a call may print thousands of lines."""
        del update
        if self._redraw is None:
            self._redraw = self.set_timer(REDRAW_S, self._draw)

    def _draw(self) -> None:
        self._redraw = None
        content = body(self.item, opened=self.opened)
        self.set_class(bool(content), "-body")
        self._head.update(head(self.item, opened=self.opened))
        self._body.update(content)
        if self.is_mounted and (pictures := self._pictures()):
            self.mount(*pictures, after=self._body)

    def _pictures(self) -> list[Widget]:
        """Those of the result, once: they come with it and stay as they are."""
        if self._pictured or not self.item.images:
            return []
        from assistant.ui.widgets.picture import MOST, PictureView  # few cards have any

        self._pictured = True
        return [PictureView(image) for image in self.item.images[:MOST]]

    def watch_opened(self) -> None:
        """Open or folded."""
        self.set_class(self.opened, "-opened")
        self._draw()

    def action_fold(self) -> None:
        """Open or fold."""
        self.opened = not self.opened

    def action_stop_helper(self) -> None:
        """Stop the helper that this call started."""
        helper = self.item.helper
        if helper is not None and helper.running:
            self.post_message(self.StopHelper(helper.task))

    def on_click(self, event: Click) -> None:
        """A click is a toggle."""
        event.stop()
        if event.widget is self._in_log:
            self.action_in_log()
        else:
            self.action_fold()

    def action_in_log(self) -> None:
        """What led to this call, and what came of it."""
        self.post_message(ShowInLog(self.item.call_id))


def status_word(status: str) -> str:
    """The status in words: colour and sign alone would leave some people out."""
    return {
        "running": _("running"),
        "asking": _("asks you"),
        "done": _("done"),
        "failed": _("failed"),
        "refused": _("refused"),
        "stopped": _("stopped"),
    }.get(status, status)


def head(card: Card, *, opened: bool) -> Content:
    """The first line: sign, word, tool, title, and the figures at the end."""
    sign, style = _SIGNS.get(card.status, _SIGNS["running"])
    parts: list[Content | str | tuple[str, str]] = [
        (f"{sign} {status_word(card.status)} ", f"bold {style}"),
        line(card.tool, "bold", 60),
    ]
    if card.title and card.title != card.tool:
        title = card.title.removeprefix(card.tool).lstrip(" :") or card.title
        parts += ["  ", line(title, limit=2_000 if opened else 160)]
    if card.edited:
        parts.append(("  " + _("changed by you"), "$secondary"))
    figures_ = [figures.duration(card.duration_ms)] if card.duration_ms else []
    if card.changes:
        figures_.append(ngettext("{n} change", "{n} changes", len(card.changes)))
    if card.exit_status:
        figures_.append(_("exit status {n}").format(n=card.exit_status))
    if figures_:
        parts.append(("  " + " · ".join(figures_), "$quiet"))
    return join(*parts)


def body(card: Card, *, opened: bool) -> Content:
    """What is below the first line, or nothing."""
    lines: list[Content] = []
    if card.status in ("refused", "asking") and card.reason:
        lines += [line(ground, "$warning") for ground in card.reason.split("\n")]
        if opened and card.policies:
            lines.append(line(_("policies: ") + ", ".join(card.policies), "$quiet"))
    if card.helper is not None:
        lines += helper_lines(card.helper, opened=opened)
    text = visible(card.output or refusals.in_words(card.code, card.result)).rstrip("\n")
    limit = OPEN_LINES if opened else TAIL_LINES if card.status in ("running", "failed") else 0
    if limit and text:
        # Only the end is split into lines: a card may hold 60,000 characters and is drawn many times a second.
        rows = text[-limit * 400 :].splitlines()
        hidden = text.count("\n") + 1 - min(limit, len(rows))
        if hidden > 0 or card.dropped:
            lines.append(
                Content.styled("… " + ngettext("{n} line above", "{n} lines above", max(hidden, 1)), "italic $quiet")
            )
        lines += [Content(one_line(row, 400)) for row in rows[-limit:]]
    if opened:
        lines += [line(_changed(change), "$secondary") for change in card.changes[:50]]
        if not lines:
            lines.append(Content.styled(_("it printed nothing"), "italic $quiet"))
    if card.images:
        from assistant.ui.drawings import words

        lines += [line(words(image), "$quiet") for image in card.images]
    return Content("\n").join(lines) if lines else Content("")


def helper_lines(helper: Helper, *, opened: bool) -> list[Content]:
    """What a helper did and does, one step a row; the last ones while it runs, all when opened, and how to stop it."""
    most = OPEN_LINES if opened else HELPER_LINES if helper.running else 0
    steps = list(helper.steps)[-most:] if most else []
    hidden = helper.dropped + len(helper.steps) - len(steps)
    rows: list[Content] = []
    if hidden and steps:
        rows.append(Content.styled("… " + ngettext("{n} earlier step", "{n} earlier steps", hidden), "italic $quiet"))
    rows += [_step_line(step) for step in steps]
    if helper.running:
        if helper.words.strip() and helper.doing is None:
            rows.append(line(helper.words.strip().split("\n")[-1][-160:], "italic"))
        rows.append(Content.styled(_("Tab to this card, then x: stops this helper alone"), "$quiet"))
    return rows


def _step_line(step: HelperStep) -> Content:
    indent = "  " * step.depth
    if step.status == "note":
        return join(indent, "· ", line(step.title, "$quiet", 300))
    sign, style = _SIGNS.get(step.status, _SIGNS["running"])
    took = f"  {figures.duration(step.duration_ms)}" if step.duration_ms else ""
    return join(indent, (f"{sign} {status_word(step.status)} ", style), line(step.title, "", 200), (took, "$quiet"))


def _changed(change: Change) -> str:
    if change.kind == "renamed":
        return f"{change.old_path} → {change.path}"
    sign = {"created": "+", "deleted": "-"}.get(change.kind, "~")
    return f"{sign} {change.path}"
