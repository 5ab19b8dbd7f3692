"""What all screens over the chat share: a title, a hint of the keys, Esc leads back."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Resize
from textual.screen import Screen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from assistant.errors import AssistantError
from assistant.ui.hanging import Hanging
from assistant.ui.language import N_, _
from assistant.ui.safe import join
from assistant.ui.screens.manners import TellsFailures, leave

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from assistant.ui.app import AssistantApp


GAP = "   "
"""Between two keys and their words."""


class Rows(OptionList):
    """A list in our looks. Labels are `Content`, never markup. Textual can't wrap words into no columns, so it is never narrower
    than its paddings, a scroll bar and some letters."""

    DEFAULT_CSS = """
    Rows {
        height: 1fr; min-width: 8; border: none; padding: 0 1; background: $background; scrollbar-size-vertical: 1;
        text-wrap: nowrap; text-overflow: ellipsis;
        background-tint: $background 0%;
        &:focus { border: none; background: $background; background-tint: $background 0%; }
        & > .option-list--option { padding: 0 1; }
        & > .option-list--option-highlighted { background: $surface; color: $foreground; text-style: none; }
        &:focus > .option-list--option-highlighted { background: $panel; color: $foreground; text-style: none; }
        & > .option-list--option-disabled { color: $secondary; text-style: bold; }
    }
    """

    def set_rows(self, rows: Sequence[tuple[str, Content]], *, keep: bool = True) -> None:
        """Replace all rows; `(id, label)`, an id that starts with `-` is a heading. The highlight stays on its id."""
        held = self.highlighted_id if keep else ""
        self.clear_options()
        self.add_options([Option(self.drawn(label), id=name, disabled=name.startswith("-")) for name, label in rows])
        names = [name for name, _label in rows]
        if held in names:
            self.highlighted = names.index(held)
        else:
            self.highlighted = next((i for i, name in enumerate(names) if not name.startswith("-")), None)

    def drawn(self, label: Content) -> Content | Hanging:
        """How a label is drawn."""
        return label

    def action_page_up(self) -> None:
        """A page up. Textual counts in lines it lays out later, and fails while there are none yet."""
        with suppress(KeyError):
            super().action_page_up()

    def action_page_down(self) -> None:
        """A page down."""
        with suppress(KeyError):
            super().action_page_down()

    @property
    def highlighted_id(self) -> str:
        """Id of the highlighted row, or empty."""
        option = self.highlighted_option
        return option.id or "" if option is not None else ""


class LongRows(Rows):
    """A list whose words are wrapped and never cut: where they say what something may do, all of them count."""

    DEFAULT_CSS = """
    LongRows { text-wrap: wrap; text-overflow: fold; }
    """

    def drawn(self, label: Content) -> Content | Hanging:
        """What is wrapped of a line stands below its words."""
        return Hanging(label)


class PanelScreen(TellsFailures, Screen[None]):
    """Base of the screens over the chat."""

    app: AssistantApp  # pyright: ignore[reportIncompatibleMethodOverride]  # narrowed: only our App shows these
    TITLE_TEXT: ClassVar[str] = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "back", N_("back to the chat")),
        Binding("ctrl+c", "back", show=False),
    ]
    DEFAULT_CSS = """
    PanelScreen { background: $background; overflow: hidden; }
    PanelScreen > .title { height: 1; padding: 0 2; margin: 1 0 1 0; }
    PanelScreen > .keys { height: auto; max-height: 2; padding: 0 2; color: $quiet; }
    PanelScreen .search { height: 1; padding: 0 2; margin: 0 0 1 0; }
    PanelScreen Input, PanelScreen Input:focus { border: none; height: 1; padding: 0 1; background: $surface; }
    """

    def compose(self) -> ComposeResult:
        """Title, the screen's own parts, the keys."""
        yield Static(Content.styled(_(self.TITLE_TEXT), "bold $primary"), markup=False, classes="title")
        yield from self.parts()
        yield Static(self.keys(), markup=False, classes="keys")

    def parts(self) -> ComposeResult:
        """What is between title and keys."""
        yield from ()

    def hints(self) -> list[tuple[str, str]]:
        """(key, what it does) for the last line."""
        return []

    def keys(self) -> Content:
        """The last line, or two: a key stays beside its words."""
        pairs = [*self.hints(), ("Esc", _("back"))]
        rows: list[list[Content]] = [[]]
        room = left = max(1, self.app.size.width - 4)
        for key, what in pairs:
            pair = join((key, "bold $foreground"), f" {what}")
            if rows[-1] and pair.cell_length + len(GAP) > left:
                rows.append([])
                left = room
            left -= pair.cell_length + (len(GAP) if rows[-1] else 0)
            rows[-1].append(pair)
        return Content("\n").join(Content(GAP).join(row) for row in rows)

    @on(Resize)
    def _resized(self) -> None:
        """The keys may need another row."""
        if self.query(".keys"):
            self.refresh_keys()

    def say_title(self, more: str | Content = "") -> None:
        """The title, and a quiet remark beside it."""
        remark = more if isinstance(more, Content) else Content.styled(more, "$quiet")
        title = Content.styled(_(self.TITLE_TEXT), "bold $primary")
        self.query_one(".title", Static).update(join(title, "  ", remark) if remark else title)

    def refresh_keys(self) -> None:
        """The keys have changed."""
        self.query_one(".keys", Static).update(self.keys())

    async def attempt(self, act: Awaitable[object], done: str = "") -> bool:
        """Await `act`; say `done`, or plainly why it failed."""
        try:
            await act
        except AssistantError as error:
            self.app.notify(str(error), severity="warning", markup=False, timeout=8)
            return False
        if done:
            self.app.notify(done, markup=False, timeout=3)
        return True

    def action_back(self) -> None:
        """Close this screen."""
        leave(self, None)
