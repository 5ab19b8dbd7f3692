"""Review: what is staged, as a tree with counts; each change as a diff; apply, drop, undo."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.content import Content
from textual.widgets import OptionList

from assistant.errors import AssistantError
from assistant.sandbox.protocol import ApplyReport
from assistant.types import Change
from assistant.ui import figures
from assistant.ui.diff import counts, parse
from assistant.ui.language import N_, _, ngettext
from assistant.ui.messages import StagedChanged
from assistant.ui.safe import join, line
from assistant.ui.screens.panel import PanelScreen, Rows
from assistant.ui.widgets.diff_view import DiffView

if TYPE_CHECKING:
    from assistant.ui.screens.chat import ChatScreen

WIDE = 110
"""Columns from which list and diff stand beside each other."""
COUNTED = 300
"""Files whose lines are counted; more would keep the disk busy for a number nobody adds up."""


class ReviewScreen(PanelScreen):
    """Nothing here changes a file by itself: every act is a key of the person, passed to the session."""

    TITLE_TEXT = N_("Review")
    CSS_PATH = "review.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "apply", N_("apply what is marked")),
        Binding("A,shift+a", "apply_all", N_("apply all")),
        Binding("d", "drop", N_("drop what is marked")),
        Binding("D,shift+d", "drop_all", N_("drop all")),
        Binding("u", "undo", N_("undo an earlier apply")),
        Binding("s", "beside", N_("side by side")),
        Binding("tab", "other_pane", N_("list or diff"), priority=True),
    ]

    def __init__(self, chat: ChatScreen) -> None:
        super().__init__()
        self._chat = chat
        if chat.session is None:
            raise RuntimeError("review needs an open task")
        self.session = chat.session
        self.changes: list[Change] = []
        self.counts: dict[str, tuple[int, int]] = {}
        self.conflicts: dict[str, str] = {}

    def parts(self) -> ComposeResult:
        """List and diff."""
        with Container(id="panes"):
            yield Rows(id="files")
            yield DiffView()

    def hints(self) -> list[tuple[str, str]]:
        """Keys that do something now."""
        pairs = [("u", _("undo"))]
        if self.changes:
            pairs = [
                ("a", _("apply")),
                ("A", _("all")),
                ("d", _("drop")),
                ("D", _("all")),
                ("s", _("side by side")),
                *pairs,
            ]
        return pairs

    def on_mount(self) -> None:
        """Read the stage."""
        self.query_one(Rows).focus()
        self._reload()

    def on_resize(self, event: events.Resize) -> None:
        """Wide terminals show both panes beside each other."""
        self.set_class(event.size.width >= WIDE, "-wide")

    # ------------------------------------------------------------ reading

    def _reload(self) -> None:
        self.run_worker(self._read, group="read", exclusive=True, exit_on_error=False)

    async def _read(self) -> None:
        try:
            self.changes = await self.session.changes()
        except AssistantError as error:
            self.app.notify(str(error), severity="error", markup=False)
            return
        self.conflicts = {
            path: why for path, why in self.conflicts.items() if any(c.path == path for c in self.changes)
        }
        self._draw()
        if not self.changes:
            self.query_one(DiffView).show(_("Nothing is staged."), Content(""))
        for change in self.changes[:COUNTED]:
            if change.path not in self.counts and change.type == "file":
                self.counts[change.path] = counts(parse(await self.session.diff(change.path)))
        self._draw()

    def _draw(self) -> None:
        held = sum(1 for c in self.changes if c.held)
        told = ngettext("{n} change", "{n} changes", len(self.changes))
        if held:
            told += " · " + _("{n} held").format(n=held)
        self.say_title(told)
        self.query_one(Rows).set_rows(tree(self.changes, self.counts, self.conflicts))
        self.refresh_keys()

    @on(OptionList.OptionHighlighted)
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        self.run_worker(partial(self._show, event.option.id or ""), group="diff", exclusive=True, exit_on_error=False)

    async def _show(self, path: str) -> None:
        view = self.query_one(DiffView)
        change = next((c for c in self.changes if c.path == path), None)
        if change is None:
            below = [c for c in self.changes if c.path.startswith(path)]
            view.show("\n".join(c.path for c in below), line(path, "bold"))
            return
        try:
            diff = await self.session.diff(path)
        except AssistantError as error:
            diff = str(error)
        view.show(diff, diff_head(change, self.conflicts.get(path, "")))

    # ------------------------------------------------------------ acts

    def _marked(self) -> list[str]:
        name = self.query_one(Rows).highlighted_id
        return [name.rstrip("/")] if name else []

    def action_apply(self) -> None:
        """Apply the marked file or folder."""
        self._act(self._apply(self._marked()))

    def action_apply_all(self) -> None:
        """Apply everything that isn't held."""
        self._act(self._apply(None))

    def action_drop(self) -> None:
        """Drop the marked file or folder."""
        self._act(self._drop(self._marked()))

    def action_drop_all(self) -> None:
        """Drop everything."""
        self._act(self._drop(None))

    def action_undo(self) -> None:
        """Choose an applied set to take back."""
        self._act(self._undo())

    def action_beside(self) -> None:
        """Side by side, or inline."""
        view = self.query_one(DiffView)
        view.beside = not view.beside
        view.redraw()

    def action_other_pane(self) -> None:
        """List or diff."""
        rows = self.query_one(Rows)
        (self.query_one(DiffView) if rows.has_focus else rows).focus()

    def _act(self, work: Any) -> None:
        self.run_worker(work, group="act", exclusive=False, exit_on_error=False)

    async def _apply(self, paths: Sequence[str] | None) -> None:
        if paths is not None and not paths:
            return
        picked = [c for c in self.changes if paths is None or _within(c.path, paths)]
        allow_held = False
        held = [c for c in picked if c.held]
        # A held change is applied only when it was marked itself: "all" never takes it along.
        if held and paths is not None:
            why = "\n".join(f"{c.path}: {c.held}" for c in held)
            allow_held = await self.app.confirm(_("Apply what is held?"), why)
            if not allow_held and len(held) == len(picked):
                return
        overwrite = False
        if paths is not None and any(c.path in self.conflicts for c in picked):
            overwrite = await self.app.confirm(_("Overwrite what was changed meanwhile?"), "\n".join(self.conflicts))
        try:
            report = await self.session.apply(paths, allow_held=allow_held, overwrite_conflicts=overwrite)
        except AssistantError as error:
            self.app.notify(str(error), severity="error", markup=False)
            return
        self._tell(report, _("applied"))

    def _tell(self, report: ApplyReport, word: str) -> None:
        parts = [f"{word}: {len(report.applied)}"]
        if report.held:
            parts.append(_("{n} held").format(n=len(report.held)))
        if report.conflicts:
            parts.append(_("{n} in conflict").format(n=len(report.conflicts)))
        parts += [f"{path}: {why}" for path, why in report.failed[:3]]
        if report.note:
            parts.append(report.note)
        for change in report.conflicts:
            self.conflicts[change.path] = _("the file was changed since it was staged")
        severity = "warning" if report.conflicts or report.failed else "information"
        self.app.notify(" · ".join(parts), severity=severity, markup=False)
        self._changed()

    def _changed(self) -> None:
        self.counts.clear()
        self._chat.post_message(StagedChanged())
        self._reload()

    async def _drop(self, paths: Sequence[str] | None) -> None:
        picked = [c for c in self.changes if paths is None or _within(c.path, paths)]
        if not picked or (paths is not None and not paths):
            return
        listed = "\n".join(c.path for c in picked[:12]) + ("\n…" if len(picked) > 12 else "")
        if not await self.app.confirm(
            ngettext("Drop {n} staged change?", "Drop {n} staged changes?", len(picked)), listed
        ):
            return
        if await self.attempt(self.session.drop(paths), _("dropped")):
            self._changed()

    async def _undo(self) -> None:
        from assistant.ui.screens.undo import choose_undo

        undo_id = await choose_undo(self.app, self._chat)
        if undo_id is None:
            return
        try:
            report = await self.session.undo(undo_id)
        except AssistantError as error:
            self.app.notify(str(error), severity="error", markup=False)
            return
        self._tell(report, _("taken back"))


def open_for(chat: ChatScreen) -> ReviewScreen:
    """The screen over `chat`."""
    return ReviewScreen(chat)


def _within(path: str, paths: Sequence[str]) -> bool:
    return any(path == p or path.startswith(p.rstrip("/") + "/") for p in paths)


_SIGNS = {
    "created": ("+", "$added"),
    "deleted": ("-", "$removed"),
    "renamed": ("→", "$primary"),
    "changed": ("~", "$warning"),
}


def tree(
    changes: Sequence[Change], counted: dict[str, tuple[int, int]], conflicts: dict[str, str]
) -> list[tuple[str, Content]]:
    """Rows `(path, label)`: a row for each folder with its counts, its files below it. A folder's path ends in `/`."""
    rows: list[tuple[str, Content]] = []
    open_folders: list[str] = []
    for change in sorted(changes, key=lambda c: (c.path.rpartition("/")[0], c.path)):
        folders = change.path.split("/")[:-1]
        for depth in range(len(folders)):
            path = "/".join(folders[: depth + 1]) + "/"
            if path not in open_folders:
                open_folders.append(path)
                below = [c for c in changes if c.path.startswith(path)]
                rows.append((path, _folder_label(folders[depth], depth, below, counted)))
        rows.append((change.path, _file_label(change, len(folders), counted, conflicts)))
    return rows


def _folder_label(name: str, depth: int, below: Sequence[Change], counted: dict[str, tuple[int, int]]) -> Content:
    added = sum(counted.get(c.path, (0, 0))[0] for c in below)
    removed = sum(counted.get(c.path, (0, 0))[1] for c in below)
    return join("  " * depth, line(name + "/", "bold"), (f"  {len(below)}", "$quiet"), *_lines(added, removed))


def _file_label(change: Change, depth: int, counted: dict[str, tuple[int, int]], conflicts: dict[str, str]) -> Content:
    sign, style = _SIGNS.get(change.kind, ("·", "$quiet"))
    name = change.path.rpartition("/")[2]
    if change.old_path:
        name = f"{change.old_path.rpartition('/')[2]} → {name}"
    parts: list[Content | str | tuple[str, str]] = ["  " * depth, (f"{sign} ", style), line(name)]
    if change.held:
        parts.append(("  " + _("held"), "bold $warning"))
    if change.path in conflicts:
        parts.append(("  " + _("conflict"), "bold $error"))
    return join(*parts, *_lines(*counted.get(change.path, (0, 0))))


def _lines(added: int, removed: int) -> list[tuple[str, str]]:
    return [(f"  +{added}", "$added")] * bool(added) + [(f"  -{removed}", "$removed")] * bool(removed)


def diff_head(change: Change, conflict: str) -> Content:
    """What a change is, above its diff: kind, size, and why it is held."""
    kinds = {
        "created": _("created"),
        "changed": _("changed"),
        "deleted": _("deleted"),
        "renamed": _("renamed"),
        "mode": _("permissions changed"),
        "link": _("link changed"),
    }
    head = join(
        line(change.path, "bold"),
        (f"  {kinds.get(change.kind, change.kind)} · {figures.size(change.size_bytes)}", "$quiet"),
    )
    rows = [head]
    if change.old_path:
        rows.append(line(_("from ") + change.old_path, "$quiet"))
    if change.held:
        rows.append(join((_("held: "), "bold $warning"), line(change.held, "$warning")))
        rows.append(Content.styled(_("Mark it alone and press a to apply it all the same."), "$quiet"))
    if conflict:
        rows.append(join((_("conflict: "), "bold $error"), line(conflict, "$error")))
        rows.append(Content.styled(_("a overwrites it after a question, d drops the staged change."), "$quiet"))
    return Content("\n").join(rows)
