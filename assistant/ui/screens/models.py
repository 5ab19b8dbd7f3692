"""Models: the catalogue with price, context and whether each can be used; Enter swaps, in the middle of a task too."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.content import Content
from textual.widgets import Input, OptionList

from assistant.errors import AssistantError
from assistant.types import ModelInfo
from assistant.ui import figures
from assistant.ui.language import N_, _
from assistant.ui.safe import join, line
from assistant.ui.screens.manners import leave
from assistant.ui.screens.panel import PanelScreen, Rows

if TYPE_CHECKING:
    from assistant.ui.screens.chat import ChatScreen

SHOWN = 400


class ModelsScreen(PanelScreen):
    """Usable ones first."""

    TITLE_TEXT = N_("Models")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", N_("search")),
        Binding("u", "usable", N_("only those that can be used")),
        Binding("equals_sign", "compare", N_("compare the last answer with this model's")),
        Binding("c", "costs", N_("what they have cost")),
    ]

    def __init__(self, chat: ChatScreen) -> None:
        super().__init__()
        if chat.desk is None or chat.session is None:
            raise RuntimeError("models need an open task")
        self._chat, self._desk, self.session = chat, chat.desk, chat.session
        self._models: list[ModelInfo] = []
        self._only_usable = False

    def parts(self) -> ComposeResult:
        """Search field and list."""
        with Container(classes="search"):
            yield Input(placeholder=_("search · press / to type here"))
        yield Rows()

    def hints(self) -> list[tuple[str, str]]:
        """The keys."""
        usable = _("all") if self._only_usable else _("usable only")
        return [("Enter", _("use it")), ("=", _("compare")), ("u", usable), ("c", _("costs")), ("/", _("search"))]

    def on_mount(self) -> None:
        """Ask the catalogue; local servers are probed, which may take a second."""
        self.query_one(Rows).focus()
        self.say_title(_("looking …"))
        self.run_worker(self._read, group="read", exit_on_error=False)

    async def _read(self) -> None:
        try:
            self._models = await self._desk.models()
        except AssistantError as error:
            self.app.notify(str(error), severity="error", markup=False)
        info = self.session.model_info
        if all(m.id != info.id for m in self._models):  # named by its id, and in no catalogue
            self._models = [info, *self._models]
        self._draw()

    def _draw(self) -> None:
        words = self.query_one(Input).value.casefold().split()
        found = [m for m in self._models if all(w in f"{m.id} {m.provider}".casefold() for w in words)]
        found = [m for m in found if m.usable or not self._only_usable]
        now = self.session.model_info.id
        found.sort(key=lambda m: (m.id != now, not m.usable, m.provider != "builtin" and not m.local, m.id))
        width = min(44, max((len(m.id) for m in found[:SHOWN]), default=10))
        self.query_one(Rows).set_rows([(m.id, model_label(m, width, now=m.id == now)) for m in found[:SHOWN]])
        usable = sum(1 for m in self._models if m.usable)
        self.say_title(_("{usable} of {all} can be used").format(usable=usable, all=len(self._models)))
        self.refresh_keys()

    @on(OptionList.OptionSelected)
    async def _selected(self, event: OptionList.OptionSelected) -> None:
        name = event.option.id or ""
        if await self.attempt(self.session.set_model(name), _("{model} answers from now on").format(model=name)):
            self._chat.refresh_status()
            leave(self, None)

    @on(Input.Changed)
    def _search_changed(self) -> None:
        self._draw()

    @on(Input.Submitted)
    def _searched(self) -> None:
        self.query_one(Rows).focus()

    def action_search(self) -> None:
        """Type in the search field."""
        self.query_one(Input).focus()

    def action_usable(self) -> None:
        """All, or usable ones."""
        self._only_usable = not self._only_usable
        self._draw()

    def action_compare(self) -> None:
        """What the marked model would have answered, beside the last answer."""
        from assistant.ui.screens.compare import CompareScreen  # not before somebody asks

        model = next((m for m in self._models if m.id == self.query_one(Rows).highlighted_id), None)
        if model is None:
            return
        if model.usable:
            self.app.push_screen(CompareScreen(self._chat, model.id))
        else:
            self.app.notify(model.why_not, severity="warning", markup=False)

    def on_screen_resume(self) -> None:
        """Another model may answer since a comparison. A screen that is closed together with the one above it shows nothing."""
        if self._models and self.query(Rows):
            self._draw()

    def action_costs(self) -> None:
        """What models have cost, over time."""
        from assistant.ui.screens.costs import CostsScreen  # not before somebody asks

        self.app.push_screen(CostsScreen(self._chat))

    def action_back(self) -> None:
        """From the search field to the list, from the list to the chat."""
        if self.query_one(Input).has_focus:
            self.query_one(Rows).focus()
        else:
            super().action_back()


def open_for(chat: ChatScreen) -> ModelsScreen:
    """The screen over `chat`."""
    return ModelsScreen(chat)


def model_label(model: ModelInfo, width: int, *, now: bool) -> Content:
    """Name, context, price in and out of a million tokens, what it can do; and why not, where it can't be used."""
    mark = ("● ", "bold $primary") if now else ("✓ ", "$success") if model.usable else ("✗ ", "$quiet")
    facts = [
        _("context {n}").format(n=figures.count(model.context_tokens)) if model.context_tokens else "",
        _("on this machine")
        if model.local
        else f"{figures.price(model.input_uusd_per_mtok)} → {figures.price(model.output_uusd_per_mtok)}",
        _("sees images") if model.sees_images else "",
        "" if model.calls_tools else _("no tools"),
    ]
    name = line(model.id, "bold" if now else "" if model.usable else "$quiet").truncate(width, ellipsis=True)
    head = join(mark, name, " " * (width - name.cell_length + 2), (" · ".join(f for f in facts if f), "$quiet"))
    if model.usable:
        return head
    return join(head, "\n", "    ", line(model.why_not, "$warning"))
