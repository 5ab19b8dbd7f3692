"""A conflict: the real file was changed since the task staged its own. The sides, and what shall become of each clash."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from assistant.agent.reviewing import joined, merged_regions, with_markers
from assistant.errors import AssistantError, StageError
from assistant.sandbox.protocol import Sides
from assistant.sandbox.stage.merge import Region, has_markers
from assistant.types import Change
from assistant.ui import editor
from assistant.ui.language import N_, _, ngettext
from assistant.ui.safe import join, line
from assistant.ui.screens.manners import TellsFailures, leave
from assistant.ui.widgets.merge_view import MergeView

if TYPE_CHECKING:
    from assistant.agent.desk import TaskSession
    from assistant.ui.app import AssistantApp


async def solve(app: AssistantApp, session: TaskSession, change: Change) -> bool:
    """Let the person solve it; whether something was decided. Call from a worker. Raises StageError."""
    sides: Sides | None = None
    try:
        sides = await session.review.sides(change.path)
        regions = merged_regions(sides)
    except StageError:
        regions = None
    if sides is None or regions is None:
        return await _whole(app, session, change)
    while True:
        answer = await app.push_screen_wait(MergeScreen(change.path, regions, sides))
        if answer is None:
            return False
        if isinstance(answer, str):
            await _take(app, session, sides, answer.encode())
            return True
        edited = await _edit(
            app, sides, with_markers(answer) if any(r.settled is None for r in answer) else joined(answer, ())
        )
        if edited is not None:
            await _take(app, session, sides, edited.data, edited)
            return True


async def _take(
    app: AssistantApp, session: TaskSession, sides: Sides, data: bytes, edited: editor.Edited | None = None
) -> None:
    if sides.mine is None and not data:
        await session.drop([sides.path])
        return
    try:
        await session.review.write(sides, data, merged=True)
    except AssistantError as error:
        if edited is None:
            raise
        raise StageError(f"{error}; {_('your text is kept in')} {edited.file}") from error
    if edited is not None:
        edited.forget()
    words = (
        _("`{path}` is yours again: nothing is staged for it")
        if data == sides.mine
        else _("merged: `{path}` is staged, a applies it")
    )
    app.notify(words.format(path=sides.path), markup=False)


async def _edit(app: AssistantApp, sides: Sides, text: str) -> editor.Edited | None:
    """The merge by hand: opened again as long as marks of a clash are left in it, unless the person gives up."""
    edited = await editor.edit(app, text.encode(), sides.path)
    while edited is not None and has_markers(edited.data.decode("utf-8", "replace")):
        again = await app.confirm(_("Clashes are still marked. Open it again?"), _("No leaves everything as it was."))
        data = edited.data
        edited.forget()
        edited = await editor.edit(app, data, sides.path) if again else None
    return edited


async def _whole(app: AssistantApp, session: TaskSession, change: Change) -> bool:
    """What can't be merged line by line (a deletion, a binary file): one or the other."""
    if not await app.confirm(
        _("Overwrite what was changed meanwhile?"),
        _(
            "`{path}` can't be merged line by line. Yes: the staged one replaces yours. No: nothing happens; d drops it."
        ).format(path=change.path),
    ):
        return False
    report = await session.apply([change.path], allow_held=False, overwrite_conflicts=True)
    if report.held:
        if not await app.confirm(_("Apply what is held?"), f"{change.path}: {change.held}"):
            return False
        report = await session.apply([change.path], allow_held=True, overwrite_conflicts=True)
    for path, why in report.failed:
        app.notify(f"{path}: {why}", severity="warning", markup=False)
    return True


class MergeScreen(TellsFailures, ModalScreen["str | list[Region] | None"]):
    """Gives the merged text, or the regions with their choices to be opened in the editor, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "choose('mine')", N_("yours")),
        Binding("t", "choose('staged')", N_("the staged one")),
        Binding("b", "choose('both')", N_("both")),
        Binding("M,shift+m", "choose('mine', True)", N_("yours everywhere")),
        Binding("T,shift+t", "choose('staged', True)", N_("the staged one everywhere")),
        Binding("n", "step(1)", N_("next clash")),
        Binding("p", "step(-1)", N_("clash before")),
        Binding("e", "edit", N_("open in your editor")),
        Binding("enter", "take", N_("take this merge")),
        Binding("escape,q,ctrl+c", "back", N_("back, nothing is decided")),
    ]
    CSS = """
    MergeScreen { background: $background; }
    MergeScreen > Vertical { height: 1fr; }
    MergeScreen .title { height: auto; padding: 0 2; margin: 1 0 1 0; }
    MergeScreen .keys { height: auto; max-height: 3; padding: 0 2; color: $quiet; }
    """

    def __init__(self, path: str, regions: list[Region], sides: Sides) -> None:
        super().__init__()
        self._path = path
        self._regions = regions
        self._sides = sides

    def compose(self) -> ComposeResult:
        """Title, the merge, the keys."""
        with Vertical():
            yield Static(markup=False, classes="title")
            yield MergeView(self._regions, with_base=self._sides.base is not None)
            yield Static(markup=False, classes="keys")

    def on_mount(self) -> None:
        """The first clash is marked."""
        self.query_one(MergeView).focus()
        self._tell()
        self.call_after_refresh(self.query_one(MergeView).mark, 0)

    @on(MergeView.ClashMarked)
    def _tell(self) -> None:
        view = self.query_one(MergeView)
        left = view.choices.count("")
        if not view.clashes:
            told = _("both sides changed other lines: nothing clashes")
        elif left:
            told = ngettext("{n} clash to decide", "{n} clashes to decide", left)
        else:
            told = _("all decided")
        words = [join((_("Conflict"), "bold $primary"), "  ", line(self._path, "bold"), (f"  {told}", "$quiet"))]
        if self._sides.mine is None:
            words.append(Content.styled(_("You deleted the file; the task changed it."), "$quiet"))
        elif self._sides.base is None:
            words.append(
                Content.styled(
                    _("What it was before is not known surely, so every difference is yours to decide."), "$quiet"
                )
            )
        self.query_one(".title", Static).update(Content("\n").join(words))
        pairs = [("n p", _("clash"))] if len(view.clashes) > 1 else []
        if view.clashes:
            pairs += [("m", _("yours")), ("t", _("staged")), ("b", _("both")), ("M T", _("for all clashes"))]
        pairs.append(("e", _("in your editor, with marks") if view.clashes else _("in your editor")))
        if not left:
            pairs.append(("Enter", _("stage this merge")))
        pairs.append(("Esc", _("back")))
        keys = Content("   ").join(join((key, "bold $foreground"), f" {what}") for key, what in pairs)
        self.query_one(".keys", Static).update(keys)

    def action_choose(self, choice: str, everywhere: bool = False) -> None:
        """Settle a clash, or all."""
        if choice in ("mine", "staged", "both"):
            self.query_one(MergeView).choose(choice, everywhere=everywhere)

    def action_step(self, step: int) -> None:
        """To another clash."""
        view = self.query_one(MergeView)
        view.mark(view.clash + step)

    def action_take(self) -> None:
        """Take the merge, when every clash is decided."""
        choices = self.query_one(MergeView).choices
        if "" in choices:
            self.notify(_("some clashes are not decided: m yours, t staged, b both"), markup=False)
            return
        leave(self, joined(self._regions, choices))

    def action_edit(self) -> None:
        """By hand: what is chosen stays chosen, the rest is marked in the text."""
        choices = iter(self.query_one(MergeView).choices)
        regions: list[Region] = []
        for region in self._regions:
            choice = next(choices) if region.settled is None else ""
            regions.append(Region(tuple(joined([region], [choice]).splitlines(keepends=True))) if choice else region)
        leave(self, regions)

    def action_back(self) -> None:
        """Nothing is decided."""
        leave(self, None)
