"""Review: what is staged, as a tree with counts, and each change as a diff. Apply, drop, keep, by file and by hunk."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.content import Content
from textual.widgets import OptionList, Static

from assistant.errors import AssistantError, StageError
from assistant.sandbox.protocol import ApplyReport, Hunks
from assistant.types import Change
from assistant.ui import editor
from assistant.ui.diff import counts, parse
from assistant.ui.language import N_, _, ngettext
from assistant.ui.line_review import within
from assistant.ui.messages import StagedChanged
from assistant.ui.review_rows import diff_head, tree
from assistant.ui.safe import line
from assistant.ui.screens.panel import PanelScreen, Rows
from assistant.ui.widgets.diff_view import DiffView

if TYPE_CHECKING:
    from assistant.ui.screens.chat import ChatScreen

WIDE = 110
"""Columns from which list and diff stand beside each other."""
BESIDE = 120
"""Columns from which a diff is shown side by side, unless the person chose otherwise."""
COUNTED = 300
"""Files whose lines are counted; more would keep the disk busy for a number nobody adds up."""


class ReviewScreen(PanelScreen):
    """Nothing here changes a file by itself: every act is a key of the person, passed to the session.

    With the focus in the list a key acts on the marked file or folder, with the focus in the diff on the marked hunk.
    """

    TITLE_TEXT = N_("Review")
    CSS_PATH = "review.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "apply", N_("apply what is marked")),
        Binding("A,shift+a", "apply_all", N_("apply all")),
        Binding("d", "drop", N_("drop what is marked")),
        Binding("D,shift+d", "drop_all", N_("drop all")),
        Binding("k,space", "keep", N_("keep it staged, go on")),
        Binding("n", "hunk(1)", N_("next hunk")),
        Binding("p", "hunk(-1)", N_("hunk before")),
        Binding("e", "edit", N_("open in your editor")),
        Binding("c", "solve", N_("solve a conflict")),
        Binding("u", "undo", N_("undo an earlier apply")),
        Binding("s", "beside", N_("side by side")),
        Binding("tab", "other_pane", N_("list or diff"), priority=True),
        Binding("enter", "other_pane", show=False),
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
        self._read_once = False
        self._typed: list[events.Key] = []
        self._shown: Change | None = None
        """The change whose diff is shown: its hashes name the diff that a hunk's number belongs to."""
        self._chosen_beside: bool | None = None

    def parts(self) -> ComposeResult:
        """List and diff."""
        with Container(id="panes"):
            yield Rows(id="files")
            with Vertical(id="change"):
                yield Static(markup=False, id="head")
                yield DiffView()

    @property
    def _in_diff(self) -> bool:
        return self.query_one(DiffView).has_focus

    def hints(self) -> list[tuple[str, str]]:
        """Keys that do something now."""
        if not self.changes:
            return [("u", _("undo"))]
        shown = self._shown
        if self._in_diff and shown is not None:
            view = self.query_one(DiffView)
            pairs = [("n p", _("hunk"))] if view.hunks > 1 else []
            what = _("apply hunk"), _("drop hunk")
            pairs += [("a", what[0]), ("d", what[1]), ("k", _("keep"))]
        else:
            pairs = [("a", _("apply")), ("A", _("all")), ("d", _("drop")), ("D", _("all")), ("k", _("keep"))]
        if shown is not None and shown.path in self.conflicts:
            pairs.append(("c", _("solve conflict")))
        if shown is not None and _editable(shown):
            pairs.append(("e", _("edit")))
        there = _("list") if self._in_diff else _("hunks")
        return [*pairs, ("Tab", there), ("s", _("side by side")), ("u", _("undo"))]

    def on_mount(self) -> None:
        """Read the stage."""
        self.query_one(Rows).focus()
        self._reload()

    def on_resize(self, event: events.Resize) -> None:
        """Wide terminals show both panes beside each other."""
        self.set_class(event.size.width >= WIDE, "-wide")
        wide = event.size.width >= BESIDE
        self.query_one(DiffView).set_beside(wide if self._chosen_beside is None else self._chosen_beside)

    def on_descendant_focus(self) -> None:
        """Other keys do something now."""
        if self.is_mounted:
            self.refresh_keys()

    @on(DiffView.HunkMarked)
    def _marked_another(self) -> None:
        self.refresh_keys()

    # ------------------------------------------------------------ keys typed before there is a list

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Until the list is there, keys wait for it instead of meaning nothing."""
        return self._read_once or action == "back"

    def on_key(self, event: events.Key) -> None:
        """A key that came before the list."""
        if not self._read_once:
            event.stop()
            self._typed.append(event)

    def _give_typed(self) -> None:
        typed, self._typed = self._typed, []
        for event in typed:
            self.app.post_message(events.Key(event.key, event.character))

    # ------------------------------------------------------------ reading

    def _reload(self) -> None:
        self.run_worker(self._read, group="read", exclusive=True, exit_on_error=False)

    async def _read(self) -> None:
        try:
            self.changes = await self.session.changes()
            self.conflicts = await self.session.review.conflicts()
        except AssistantError as error:
            self.app.notify(str(error), severity="error", markup=False)
            return
        finally:
            self._read_once = True
        self._draw()
        self._give_typed()
        if not self.changes:
            self._shown = None
            self._head(_("Nothing is staged."))
            self.query_one(DiffView).show("")
        else:
            await self._show(self.query_one(Rows).highlighted_id, keep=True)
        before = dict(self.counts)
        for change in self.changes[:COUNTED]:
            if change.path not in self.counts and change.type == "file":
                self.counts[change.path] = counts(parse(await self.session.diff(change.path)))
        if before != self.counts:
            self._draw()

    def _draw(self) -> None:
        held = sum(1 for c in self.changes if c.held)
        told = ngettext("{n} change", "{n} changes", len(self.changes))
        if held:
            told += " · " + _("{n} held").format(n=held)
        if self.conflicts:
            told += " · " + _("{n} in conflict").format(n=len(self.conflicts))
        self.say_title(told)
        self.query_one(Rows).set_rows(tree(self.changes, self.counts, self.conflicts))
        self.refresh_keys()

    @on(OptionList.OptionHighlighted)
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        self.run_worker(partial(self._show, event.option.id or ""), group="diff", exclusive=True, exit_on_error=False)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.action_other_pane()

    async def _show(self, path: str, *, keep: bool = False) -> None:
        view = self.query_one(DiffView)
        change = next((c for c in self.changes if c.path == path), None)
        if change is None:
            below = [c for c in self.changes if c.path.startswith(path)]
            self._shown = None
            self._head(line(path, "bold"))
            view.show("\n".join(c.path for c in below))
            return
        try:
            diff = await self.session.diff(path)
        except AssistantError as error:
            diff = str(error)
        same = self._shown is not None and self._shown.path == path
        self._shown = change
        self._head(diff_head(change, self.conflicts.get(path, "")))
        view.show(diff, keep=keep or same)
        self.refresh_keys()

    def _head(self, words: Content | str) -> None:
        self.query_one("#head", Static).update(words)

    # ------------------------------------------------------------ acts

    def _marked(self) -> list[str]:
        name = self.query_one(Rows).highlighted_id
        return [name.rstrip("/")] if name else []

    def _hunk(self) -> Hunks | None:
        """The marked hunk, when the focus is in the diff of a file that has parts."""
        view, shown = self.query_one(DiffView), self._shown
        if not self._in_diff or shown is None or shown.kind != "changed" or not view.hunk:
            return None
        return Hunks(shown.path, (view.hunk,), shown.before_sha256, shown.after_sha256)

    def action_apply(self) -> None:
        """Apply the marked hunk, file or folder."""
        hunk = self._hunk()
        self._act(self._apply_hunk(hunk) if hunk else self._apply(self._marked()))

    def action_apply_all(self) -> None:
        """Apply everything that isn't held."""
        self._act(self._apply(None))

    def action_drop(self) -> None:
        """Drop the marked hunk, file or folder."""
        hunk = self._hunk()
        self._act(self._drop_hunk(hunk) if hunk else self._drop(self._marked()))

    def action_drop_all(self) -> None:
        """Drop everything."""
        self._act(self._drop(None))

    def action_keep(self) -> None:
        """Leave it staged: on to the next hunk, and after the last one to the next file."""
        rows = self.query_one(Rows)
        if not self._in_diff or not self.query_one(DiffView).mark(self.query_one(DiffView).hunk + 1):
            rows.focus()
            if rows.highlighted is not None and rows.highlighted + 1 < rows.option_count:
                rows.action_cursor_down()

    def action_hunk(self, step: int) -> None:
        """To another hunk of the file that is shown."""
        view = self.query_one(DiffView)
        if view.hunks:
            view.mark(view.hunk + step if self._in_diff else view.hunk)
            view.focus()

    def action_edit(self) -> None:
        """Open the staged file in the person's editor."""
        self._act(self._edit())

    def action_solve(self) -> None:
        """Compare the sides of a conflict and choose."""
        self._act(self._solve())

    def action_undo(self) -> None:
        """Choose an applied set to take back."""
        self._act(self._undo())

    def action_beside(self) -> None:
        """Side by side, or inline."""
        view = self.query_one(DiffView)
        self._chosen_beside = not view.beside
        view.set_beside(self._chosen_beside)

    def action_other_pane(self) -> None:
        """List or diff."""
        rows = self.query_one(Rows)
        (self.query_one(DiffView) if rows.has_focus else rows).focus()

    def _act(self, work: Awaitable[None]) -> None:
        self.run_worker(self._safely(work), group="act", exclusive=False, exit_on_error=False)

    async def _safely(self, work: Awaitable[None]) -> None:
        try:
            await work
        except AssistantError as error:
            self.app.notify(str(error), severity="error", markup=False, timeout=8)
            self._changed()

    async def _apply(self, paths: Sequence[str] | None) -> None:
        if paths is not None and not paths:
            return
        picked = [c for c in self.changes if paths is None or within(c.path, paths)]
        if paths is not None and len(picked) == 1 and picked[0].path in self.conflicts:
            await self._solve()
            return
        allow_held = False
        held = [c for c in picked if c.held]
        # A held change is applied only when it was marked itself: "all" never takes it along.
        if held and paths is not None:
            why = "\n".join(f"{c.path}: {_(c.held)}" for c in held)
            allow_held = await self.app.confirm(_("Apply what is held?"), why)
            if not allow_held and len(held) == len(picked):
                return
        self._tell(await self.session.apply(paths, allow_held=allow_held), _("applied"))

    async def _apply_hunk(self, hunk: Hunks) -> None:
        if hunk.path in self.conflicts:
            await self._solve()
            return
        shown = self._shown
        held = bool(shown and shown.held)
        if shown and held and not await self.app.confirm(_("Apply what is held?"), f"{shown.path}: {_(shown.held)}"):
            return
        report = await self.session.review.apply_hunks(hunk, allow_held=held)
        if report.held and not held:
            part = report.held[0]
            if not await self.app.confirm(_("Apply what is held?"), f"{part.path}: {_(part.held)}"):
                return
            report = await self.session.review.apply_hunks(hunk, allow_held=True)
        self._tell(report, _("applied a hunk of"))

    async def _drop_hunk(self, hunk: Hunks) -> None:
        question = _("Drop hunk {n} of `{path}`?").format(n=hunk.numbers[0], path=hunk.path)
        if await self.app.confirm(question, _("It leaves the stage. The real file is not touched.")):
            await self.session.review.drop_hunks(hunk)
            self._changed()

    def _tell(self, report: ApplyReport, word: str) -> None:
        one = report.applied[0].path if len(report.applied) == 1 else str(len(report.applied))
        parts = [f"{word}: {one}"] if report.applied else []
        if report.held:
            parts.append(_("{n} held").format(n=len(report.held)))
        if report.conflicts:
            parts.append(_("{n} in conflict").format(n=len(report.conflicts)))
        parts += [f"{path}: {why}" for path, why in report.failed[:3]]
        if report.note:
            parts.append(report.note)
        severity = "warning" if report.conflicts or report.failed else "information"
        self.app.notify(" · ".join(parts) or _("nothing to do"), severity=severity, markup=False)
        self._changed()

    def _changed(self) -> None:
        self.counts.clear()
        self._chat.post_message(StagedChanged())
        self._reload()

    async def _drop(self, paths: Sequence[str] | None) -> None:
        picked = [c for c in self.changes if paths is None or within(c.path, paths)]
        if not picked or (paths is not None and not paths):
            return
        listed = "\n".join(c.path for c in picked[:12]) + ("\n…" if len(picked) > 12 else "")
        if await self.app.confirm(
            ngettext("Drop {n} staged change?", "Drop {n} staged changes?", len(picked)), listed
        ) and await self.attempt(self.session.drop(paths), _("dropped")):
            self._changed()

    async def _edit(self) -> None:
        shown = self._shown
        if shown is None or not _editable(shown):
            self.app.notify(_("mark a file that has a text to edit"), markup=False)
            return
        sides = await self.session.review.sides(shown.path)
        edited = await editor.edit(self.app, sides.staged, shown.path)
        if edited is None:
            return
        try:
            await self.session.review.write(sides, edited.data)
        except AssistantError as error:
            raise StageError(f"{error}; {_('your text is kept in')} {edited.file}") from error
        edited.forget()
        self.app.notify(_("your text is staged: {path}").format(path=shown.path), markup=False)
        self._changed()

    async def _solve(self) -> None:
        shown = self._shown
        if shown is None or shown.path not in self.conflicts:
            self.app.notify(_("mark a file that is in conflict"), markup=False)
            return
        from assistant.ui.screens.merge import solve

        if await solve(self.app, self.session, shown):
            self._changed()

    async def _undo(self) -> None:
        from assistant.ui.screens.undo import choose_undo

        undo_id = await choose_undo(self.app, self._chat)
        if undo_id is not None:
            self._tell(await self.session.undo(undo_id), _("taken back"))


def _editable(change: Change) -> bool:
    return change.type == "file" and change.kind in ("created", "changed", "renamed", "mode")


def open_for(chat: ChatScreen) -> ReviewScreen:
    """The screen over `chat`."""
    return ReviewScreen(chat)
