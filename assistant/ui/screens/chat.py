"""The chat: transcript, what runs, what is asked, the prompt, and a line of figures.

    ChatScreen
    ├── Transcript          what was said and done
    ├── ApprovalPanel       what waits for the person
    ├── Activity            that it works
    ├── Queue               prompts that wait for their turn
    ├── Completion          commands and files while one is being typed
    ├── Prompt
    └── StatusLine

Routing only: the task is opened by `ui/opening.py`, turns are run by `ui/turns.py`, questions wait in `ui/questions.py`,
commands stand in `ui/commands.py`, other screens are opened by name.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.screen import Screen

from assistant.agent import events as turn_events
from assistant.errors import AssistantError
from assistant.ui import collecting, commands
from assistant.ui.conversation import Conversation
from assistant.ui.editing import Editing
from assistant.ui.language import N_, _
from assistant.ui.messages import (
    ApprovalAnswered,
    ApprovalAsked,
    ApprovalEdited,
    ApprovalWithdrawn,
    DeskFailed,
    DeskReady,
    EditAsked,
    PromptSubmitted,
    ServerAnswered,
    ShowInLog,
    StagedChanged,
    TurnEvent,
    TypedAhead,
)
from assistant.ui.questions import Questions
from assistant.ui.screens.manners import TellsFailures
from assistant.ui.turns import Turns
from assistant.ui.unsent import Unsent
from assistant.ui.widgets.activity import Activity
from assistant.ui.widgets.completion import Choice, Completion
from assistant.ui.widgets.ground import Ground
from assistant.ui.widgets.prompt import Prompt
from assistant.ui.widgets.queue import Queue
from assistant.ui.widgets.said import SaidView
from assistant.ui.widgets.status_line import StatusLine
from assistant.ui.widgets.transcript import Transcript
from assistant.ui.widgets.welcome import Welcome

if TYPE_CHECKING:
    from assistant.agent.desk import Desk, TaskSession
    from assistant.ui.app import AssistantApp, Opening
    from assistant.ui.leaving import Leaving
    from assistant.ui.opening import Opener
    from assistant.ui.questions import Settled
    from assistant.ui.widgets.approval import ApprovalPanel

FRAME_S = 0.02
"""How often to look whether the first frame is drawn, so that the desk can be begun: `call_after_refresh` may come before
it, and whatever runs then, in a thread too, holds it up."""


class ChatScreen(TellsFailures, Ground, Screen[None]):
    """One task. Draws what it is told; every decision is made behind `TaskSession`."""

    app: AssistantApp  # pyright: ignore[reportIncompatibleMethodOverride]  # narrowed: only our App shows this screen
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "stop", N_("stop the turn")),
        Binding("ctrl+c", "interrupt", N_("copy, clear, or leave when pressed twice")),
        Binding("ctrl+d", "leave_if_empty", N_("leave, when the prompt is empty")),
        Binding("tab", "tab", N_("to the question and back, or to the next card")),
        Binding("f1", "open('help')", N_("help"), priority=True),
        Binding("f2", "open('review')", N_("review staged changes"), priority=True),
        Binding("f3", "open('tools')", N_("tools and permissions"), priority=True),
        Binding("f4", "open('log')", N_("log"), priority=True),
        Binding("f5", "open('tasks')", N_("tasks"), priority=True),
        Binding("f6", "open('models')", N_("models"), priority=True),
        Binding("pageup,shift+pageup", "page(-1)", N_("scroll up a page"), priority=True),
        Binding("pagedown,shift+pagedown", "page(1)", N_("scroll down a page"), priority=True),
        Binding("ctrl+up,alt+up", "jump(-1)", N_("to the earlier turn"), priority=True),
        Binding("ctrl+down,alt+down", "jump(1)", N_("to the later turn"), priority=True),
        Binding("ctrl+end", "end", N_("to the newest line"), priority=True),
        Binding("ctrl+f", "find", N_("search in this conversation"), priority=True),
        Binding("ctrl+t", "next_chat", N_("to the next open task")),
        Binding("alt+v", "paste_picture", N_("paste the picture on the clipboard"), priority=True),
        Binding("alt+c", "copy_answer", N_("copy the last answer"), priority=True),
    ]

    def __init__(self, opening: Opening) -> None:
        super().__init__()
        self.opening = opening
        self.desk: Desk | None = None
        self.session: TaskSession | None = None
        self.conversation = Conversation()
        self.transcript = Transcript(self.conversation)
        self.activity = Activity()
        self.queue = Queue()
        self.completion = Completion()
        self.prompt = Prompt()
        self.status = StatusLine()
        self.turns = Turns(self)
        self.editing = Editing(self)
        self.questions = Questions(self, before="#below")
        self.unsent = Unsent(self)

    def compose(self) -> ComposeResult:
        """Nothing here waits: the desk is built after the first frame."""
        self.activity.still = self.app.look.reduced_motion
        yield self.transcript
        with Vertical(id="below"):
            yield from (self.activity, self.queue, self.completion, self.prompt)
        yield self.status

    async def on_mount(self) -> None:
        """First frame, then the desk."""
        self.prompt.completion = self.completion
        self.prompt.take_back = self.turns.take_back
        self.prompt.attach = self._take_pictures
        self.prompt.focus()
        self.status.set(folder=str(self.opening.folder))
        if not self.opening.goes_on:
            await self.transcript.mount(Welcome(self.opening.folder))
        if self.opening.prompt:
            await self.turns.submit(self.opening.prompt)
        self.set_timer(FRAME_S, self._after_first_frame)

    def _after_first_frame(self) -> None:
        if not self.prompt.drawn:
            self.set_timer(FRAME_S, self._after_first_frame)
            return
        collecting.begin()
        self.open_task()

    def on_unmount(self) -> None:
        """The chat ends."""
        self.unsent.keep_now()

    def open_task(self) -> None:
        """Begin to open the task, also again when that has failed."""
        self.run_worker(self.opener.open, group="open", exit_on_error=False)

    # ------------------------------------------------------------ parts

    @cached_property
    def opener(self) -> Opener:
        """Opens the task. Not before the first frame: that pays for each import."""
        from assistant.ui.opening import Opener

        return Opener(self)

    @cached_property
    def leaving(self) -> Leaving:
        """What Ctrl+C and Ctrl+D do."""
        from assistant.ui.leaving import Leaving

        return Leaving(self)

    @property
    def panel(self) -> ApprovalPanel | None:
        """The cards, once a question was asked."""
        return self.questions.panel

    @property
    def needs_person(self) -> bool:
        """Whether a question waits here."""
        return self.questions.waiting

    @property
    def title_words(self) -> str:
        """The task's title, or empty. As foreign as the first prompt."""
        return self.session.task.title if self.session is not None else ""

    # ------------------------------------------------------------ what comes in

    @on(DeskReady)
    async def _desk_ready(self, message: DeskReady) -> None:
        self.desk, self.session = message.desk, message.session
        await self.opener.show(message.session)
        self.run_worker(self.opener.look_round, group="look", exit_on_error=False)
        self.run_worker(self.opener.load_ahead, group="ahead", exit_on_error=False)
        await self.turns.next()
        self.opener.open_wanted()

    @on(DeskFailed)
    async def _desk_failed(self, message: DeskFailed) -> None:
        self.tell("error", message.text, " · ".join(w for w in (message.hint, _("sending something tries again")) if w))
        self.opener.forget_wanted()
        self.turns.failed_to_open()

    @on(PromptSubmitted)
    async def _prompt_submitted(self, message: PromptSubmitted) -> None:
        text = message.text
        if text.lstrip().startswith("/") and not text.lstrip().startswith("//"):
            self.editing.leave()
            await commands.run(self, text.strip())
        elif self.editing.active:
            self.editing.send(text)
        else:
            await self.turns.submit(text)

    @on(TurnEvent)
    async def _turn_event(self, message: TurnEvent) -> None:
        await self.turns.show(message.event)

    @on(ApprovalAsked)
    async def _approval_asked(self, message: ApprovalAsked) -> None:
        await self.questions.add(message.request)
        self.app.badge()
        self.app.call_attention(_("a decision is needed"), self)

    @on(ApprovalAnswered)
    @on(ApprovalEdited)
    @on(ServerAnswered)
    @on(ApprovalWithdrawn)
    def _question_settled(self, message: Settled) -> None:
        self.questions.settle(message)
        if not self.questions.waiting and self.questions.focused:
            self.prompt.focus()
        self.app.badge()

    @on(ShowInLog)
    def _show_in_log(self, message: ShowInLog) -> None:
        if self.desk is None or self.session is None:
            return
        from assistant.ui.screens.log import open_for

        self.app.push_screen(open_for(self, message.call_id))

    @on(TypedAhead)
    def _typed_ahead(self, message: TypedAhead) -> None:
        self.prompt.type_ahead(message.character)
        if isinstance(self.focused, SaidView):
            self.prompt.focus()

    @on(EditAsked)
    def _edit_asked(self, message: EditAsked) -> None:
        self.editing.begin(message.item)

    def on_approval_panel_wants_focus(self, message: Message) -> None:
        """The card may have the focus once the person has paused and isn't writing anything."""
        message.stop()
        self.questions.take_focus(self.prompt)

    def on_card_view_stop_helper(self, message: Message) -> None:
        """A helper is stopped; its parent goes on."""
        task = str(getattr(message, "task", ""))
        if self.session is not None and task:
            self.run_worker(partial(self.session.stop_child, task), group="stop-helper", exit_on_error=False)

    @on(StagedChanged)
    def _staged_changed(self) -> None:
        self.run_worker(self.opener.look_round, group="look", exclusive=True, exit_on_error=False)

    @on(Prompt.Edited)
    def _prompt_edited(self) -> None:
        from assistant.ui import completing

        self.unsent.changed()
        completing.follow(self)
        if self.panel is not None and not self.prompt.text:
            self.panel.post_message(self.panel.WantsFocus())

    @on(Completion.Chosen)
    async def _completion_chosen(self, message: Completion.Chosen) -> None:
        from assistant.ui import completing

        await completing.take(self, message)

    def offer(self, choices: Sequence[Choice]) -> None:
        """Show completions."""
        self.completion.offer(choices, self.prompt.text)

    # ------------------------------------------------------------ what the person does

    def open_screen(self, name: str) -> None:
        """Open another screen over this one."""
        if self.desk is not None and self.session is not None:
            self.app.open_screen(name, self)
        else:
            self.opener.open_screen(name)

    def tell(self, level: str, text: str, hint: str = "") -> None:
        """A notice of the screen's own: in the conversation, or beside it while an answer is being written."""
        if self.turns.active:
            severity = {"warning": "warning", "error": "error"}.get(level, "information")
            self.app.notify(f"{text}\n{hint}".rstrip(), severity=severity, markup=False)  # pyright: ignore[reportArgumentType]
            return
        self.post_message(TurnEvent(turn_events.Notice(level, text, hint)))

    async def change(self, act: Callable[[TaskSession], Awaitable[object]], what: str, value: str) -> bool:
        """Do `act` on the session and say so, or say why not."""
        if self.session is None:
            self.tell("info", _("one moment: the task is still being opened"))
            return False
        try:
            await act(self.session)
        except AssistantError as error:
            self.tell("warning", error.message, error.hint)
            return False
        self.refresh_status()
        self.tell("done", f"{what}: {value}")
        return True

    def refresh_status(self) -> None:
        """Draw the figures of the session as they stand."""
        if self.session is not None:
            self.status.show(self.session)

    # ------------------------------------------------------------ keys

    def action_stop(self) -> None:
        """Esc: back from a reason, from an earlier message, to the prompt; else end the turn."""
        if self.questions.leave_reason() or self.opener.forget_wanted():
            return
        if isinstance(self.focused, SaidView):
            self.prompt.focus()
        elif not self.editing.leave():
            self.turns.stop()

    async def action_interrupt(self) -> None:
        """Ctrl+C."""
        await self.leaving.interrupt()

    async def action_leave_if_empty(self) -> None:
        """Ctrl+D."""
        await self.leaving.end_of_input()

    def action_tab(self) -> None:
        """While a question waits, between it and the prompt; else as usual."""
        if not self.questions.switch_focus(self.prompt):
            self.focus_next()

    def action_next_chat(self) -> None:
        """Another open task."""
        self.app.next_chat()

    def action_open(self, name: str) -> None:
        """A function key."""
        self.open_screen(name)

    def action_page(self, step: int) -> None:
        """Scroll the transcript, whatever has the focus but a card that is longer than its place."""
        if self.panel is not None and self.panel.has_focus:
            self.panel.page(step)
        else:
            self.transcript.page(step)

    async def action_jump(self, step: int) -> None:
        """To the turn before or after."""
        index = self.transcript.turn_from(step)
        if index is not None:
            view = await self.transcript.reveal(index)
            if view is not None and not self.prompt.text and not self.needs_person:
                view.focus(scroll_visible=False)  # Enter edits it; what is typed still goes to the prompt
        elif step > 0:
            await self.transcript.show_end()
            if isinstance(self.focused, SaidView):
                self.prompt.focus()

    async def action_end(self) -> None:
        """To the newest line."""
        await self.transcript.show_end()

    def action_find(self) -> None:
        """Open the search line."""
        from assistant.ui import acting

        acting.find(self, "")

    async def _take_pictures(self, text: str) -> str:
        from assistant.ui.attaching import attach_paths

        return await attach_paths(self, text)

    def action_paste_picture(self) -> None:
        """The picture on the clipboard, into the prompt."""
        from assistant.ui.attaching import attach_clipboard

        self.run_worker(attach_clipboard(self), group="attach", exit_on_error=False)

    def action_copy_answer(self) -> None:
        """Copy the last answer as Markdown (OSC 52)."""
        from assistant.ui import acting

        acting.copy_answer(self)

    def on_resize(self, event: events.Resize) -> None:
        """Give up borders, then the status line, where there is little room."""
        low = event.size.height < 16 or event.size.width < 36
        self.set_class(low, "-low")
        self.set_class(event.size.height < 8, "-tiny")
        self.prompt.set_class(low, "-low")
        self.questions.set_low(low)
