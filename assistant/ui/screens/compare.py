"""Compare: the last answer of the task beside the one that another model gives now, each with what it took.

Side by side where there is room, else one below the other. The other model's calls are served from the log: nothing is run.
"""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from assistant.agent import events as turn_events
from assistant.errors import AssistantError
from assistant.models.budgets import Spent
from assistant.ui import figures
from assistant.ui.conversation import Conversation, Note
from assistant.ui.language import N_, _
from assistant.ui.messages import ApprovalAnswered, ApprovalAsked, ApprovalEdited, ApprovalWithdrawn, ShowInLog
from assistant.ui.questions import Questions, Settled
from assistant.ui.safe import join, line
from assistant.ui.screens.manners import leave
from assistant.ui.screens.panel import PanelScreen
from assistant.ui.widgets.activity import Activity
from assistant.ui.widgets.transcript import Transcript

if TYPE_CHECKING:
    from assistant.agent.comparing import Compared
    from assistant.agent.events import Event
    from assistant.ui.screens.chat import ChatScreen

SIDE_BY_SIDE = 100
"""Columns from which two answers stand side by side: 48 for each leaves code and tables readable."""


class Side(Vertical):
    """One answer: whose, its words and calls, and what it took."""

    DEFAULT_CSS = """
    Side { width: 1fr; height: 1fr; }
    Side > .head { height: 1; padding: 0 3; text-wrap: nowrap; text-overflow: ellipsis; }
    Side > .figures { height: 1; padding: 0 3; color: $quiet; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def __init__(self, side: str, what: str) -> None:
        super().__init__(id=side)
        self._what = what
        self.conversation = Conversation()
        self.follows = False
        """Whether the end is to be followed once there is more than fits: until the person scrolls."""

    def compose(self) -> ComposeResult:
        """Head, transcript, figures."""
        yield Static(markup=False, classes="head")
        yield Transcript(self.conversation, from_top=True)
        yield Static(markup=False, classes="figures")

    def on_mount(self) -> None:
        """Two short answers begin in the same row; one that grows beyond the view is followed."""
        self.watch(self.transcript, "virtual_size", self._grown, init=False)

    def _grown(self) -> None:
        if self.follows:
            self.call_after_refresh(self._follow)  # by then the view has its size too

    async def _follow(self) -> None:
        if self.follows and self.transcript.max_scroll_y > 0:
            self.follows = False
            await self.transcript.show_end()

    @property
    def transcript(self) -> Transcript:
        """Its words and calls."""
        return self.query_one(Transcript)

    def say(self, model: str, spent: Spent | None = None) -> None:
        """Whose answer it is, and what it has taken so far."""
        self.query_one(".head", Static).update(join(line(model, "bold"), (f"  {self._what}", "$quiet")))
        self.query_one(".figures", Static).update(figures_line(spent) if spent is not None else Content(""))

    async def feed(self, event: Event) -> None:
        """Draw one event. The prompt stands in the title."""
        if not isinstance(event, turn_events.TurnStarted):
            await self.transcript.show_updates(self.conversation.feed(event))


class CompareScreen(PanelScreen):
    """Begins at once; Esc stops what runs, then leads back."""

    TITLE_TEXT = N_("Compare")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "swap", N_("go on with the other model")),
        Binding("up,k", "line(-1)", N_("both answers up")),
        Binding("down,j", "line(1)", N_("both answers down")),
        Binding("pageup", "page(-1)", N_("both a page up")),
        Binding("pagedown", "page(1)", N_("both a page down")),
        Binding("home", "begin", N_("both to the beginning")),
        Binding("end", "end", N_("both to the end")),
    ]
    CSS = """
    CompareScreen > .sides { layout: horizontal; height: 1fr; }
    CompareScreen.-narrow > .sides { layout: vertical; }
    CompareScreen #now { border-left: vkey $border-blurred; }
    CompareScreen.-narrow #now { border-left: none; border-top: hkey $border-blurred; }
    """

    def __init__(self, chat: ChatScreen, model: str) -> None:
        super().__init__()
        if chat.desk is None or chat.session is None:
            raise RuntimeError("a comparison needs an open task")
        self._chat, self._desk, self.session = chat, chat.desk, chat.session
        self._model = model
        self._compared: Compared | None = None
        self._stopping = False
        self.over = False
        """Whether the other model has ended, as it may."""
        self.questions = Questions(self, after=".sides")
        """Policy may ask whether that model may see this conversation."""

    def parts(self) -> ComposeResult:
        """Both answers, and that it works."""
        with Container(classes="sides"):
            yield Side("then", _("recorded"))
            yield Side("now", _("now"))
        yield Activity(still=self.app.look.reduced_motion)

    def hints(self) -> list[tuple[str, str]]:
        """The keys; `m` once there is something to go on with."""
        swap = [("m", _("go on with {model}").format(model=self._model))] if self._compared and self.over else []
        return [*swap, ("↑ ↓", _("scroll both"))]

    async def on_mount(self) -> None:
        """Ask in the background."""
        self.then.say(self.session.model_info.id)
        self.now.say(self._model)
        self.query_one(Activity).begin(_("{model} answers").format(model=self._model))
        self.run_worker(self._run, group="compare", exit_on_error=False)

    @property
    def then(self) -> Side:
        """The recorded answer."""
        return self.query_one("#then", Side)

    @property
    def now(self) -> Side:
        """The other model's."""
        return self.query_one("#now", Side)

    async def _run(self) -> None:
        try:
            compared = await self._desk.compare(self.session.task.id, self._model, approver=self.questions.approver)
        except AssistantError as error:
            updates = self.now.conversation.add(Note("error", error.message, error.hint))
            await self.now.transcript.show_updates(updates)
            self._ended()
            return
        self._compared, self._model = compared, compared.now_model
        self.say_title(line(compared.prompt, "$quiet"))
        past = [e for e in compared.past() if not isinstance(e, turn_events.TurnStarted)]
        self.then.conversation.load(past)
        self.then.say(compared.then_model or _("no model"), compared.then)
        if self.then.conversation.items:
            await self.then.transcript.reveal(0)
        self.now.follows = True
        try:
            async with aclosing(compared.run()) as told:
                async for event in told:
                    await self.now.feed(event)
                    if isinstance(event, turn_events.ModelFinished | turn_events.TurnFinished):
                        self.now.say(compared.now_model, compared.now)
        finally:
            await compared.stop()
            self._ended()

    def _ended(self) -> None:
        if self.is_mounted:
            self.over = True
            self.query_one(Activity).end()
            self.refresh_keys()

    # ------------------------------------------------------------ what policy asks

    @on(ApprovalAsked)
    async def _asked(self, message: ApprovalAsked) -> None:
        await self.questions.add(message.request)
        self.app.call_attention(_("a decision is needed"), self._chat)

    @on(ApprovalAnswered)
    @on(ApprovalEdited)
    @on(ApprovalWithdrawn)
    def _settled(self, message: Settled) -> None:
        self.questions.settle(message)

    def on_approval_panel_wants_focus(self, message: Message) -> None:
        """Nothing is written here, so the card may have the focus."""
        message.stop()
        if self.questions.panel is not None and self.questions.waiting:
            self.questions.panel.focus()

    # ------------------------------------------------------------ keys

    @on(ShowInLog)
    def _show_in_log(self, message: ShowInLog) -> None:
        from assistant.ui.screens.log import open_for

        self.app.push_screen(open_for(self._chat, message.call_id))

    def action_back(self) -> None:
        """Back from a reason; then stop what runs; then close."""
        if self.questions.leave_reason():
            return
        if self._compared is None or self.over or self._stopping:
            super().action_back()  # what has not ended by then ends with the screen
        else:
            self._stopping = True
            self.run_worker(self._compared.stop, group="stop", exit_on_error=False)

    async def action_swap(self) -> None:
        """The other model answers from now on."""
        if self._compared is None or not self.over:
            return
        said = _("{model} answers from now on").format(model=self._model)
        if await self.attempt(self.session.set_model(self._model), said):
            self._chat.refresh_status()
            leave(self, None)

    def _both(self) -> list[Transcript]:
        for side in self.query(Side):
            side.follows = False
        return list(self.query(Transcript))

    def action_line(self, step: int) -> None:
        """Both by a line."""
        for transcript in self._both():
            transcript.release_anchor()
            transcript.scroll_to(y=transcript.scroll_offset.y + step, animate=False, immediate=True)

    def action_page(self, step: int) -> None:
        """Both by a page."""
        for transcript in self._both():
            transcript.release_anchor()
            transcript.page(step)

    async def action_begin(self) -> None:
        """Both to their first line."""
        for transcript in self._both():
            if transcript.items:
                await transcript.reveal(0)

    async def action_end(self) -> None:
        """Both to their last line."""
        for transcript in self._both():
            await transcript.show_end()

    def on_resize(self, event: events.Resize) -> None:
        """One below the other where there is no room for two."""
        self.set_class(event.size.width < SIDE_BY_SIDE, "-narrow")


def figures_line(spent: Spent) -> Content:
    """Tokens, money and time; `+?` where a price is unknown."""
    parts = [
        _("{n} tokens").format(n=figures.count(spent.tokens)),
        figures.money(spent.cost_uusd) + ("+?" if spent.unpriced_calls else ""),
        figures.duration(spent.wall_ms) if spent.wall_ms else "",
    ]
    return Content(" · ".join(part for part in parts if part))
