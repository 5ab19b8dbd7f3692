"""The application: looks, the desk, and which screen is open. What is on a screen is the screen's business."""

from __future__ import annotations

import asyncio
import importlib
import os
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

import msgspec
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.filter import LineFilter, Monochrome
from textual.keys import Keys
from textual.message import Message
from textual.screen import Screen
from textual.theme import Theme
from textual.widget import Widget
from textual.worker import Worker, get_current_worker  # pyright: ignore[reportUnknownVariableType]

from assistant.config import Look
from assistant.errors import LogError
from assistant.ui import collecting, forgetting, themes
from assistant.ui.language import N_, _
from assistant.ui.painter import Painter
from assistant.ui.removal import Removal
from assistant.ui.safe import ControlFilter
from assistant.ui.screens.chat import ChatScreen
from assistant.visible import one_line

if TYPE_CHECKING:
    from rich.console import RenderableType
    from textual.await_remove import AwaitRemove
    from textual.dom import DOMNode
    from textual.driver import Driver
    from textual.signal import Signal

    from assistant.agent.branching import BranchPoint
    from assistant.agent.desk import Desk
    from assistant.agent.logbook import LogBook
    from assistant.types import ImagePart
    from assistant.ui.drawings import Drawings
    from assistant.ui.pictures import Pictures

# Alt+Enter, as terminals without the Kitty protocol send it: Textual would drop the Alt and send the prompt.
cast("dict[str, Any]", ANSI_SEQUENCES_KEYS).setdefault("\x1b\r", (Keys.ControlJ,))

CALM_S = 5.0
"""Nobody is typing any more when no key came for so long."""

TIDY_S = 10.0
"""How often it is asked whether there is something to tidy, and a moment for it. A fast answer leaves 20 MB behind in that time."""

CLOSE_S = 5.0
"""How long leaving waits for what runs to stop."""
HURRY_S = 1.5
"""The same when nobody sees it any more: whoever closes a terminal or ends a session soon kills what is left in it."""
INTERRUPTED = 130
"""The exit code of whoever was ended from outside."""


class Opening(msgspec.Struct, frozen=True):
    """What a chat opens: a new task in `folder`, or the earlier one `resume` names (empty: the latest)."""

    folder: Path
    resume: str | None = None
    options: Mapping[str, Any] = {}
    """Passed to `Desk.open_task`: model, kit, tools, autonomy, budgets."""
    branch: BranchPoint | None = None
    """Instead: a branch that leaves another task there, `take_back` undoing first what was applied since."""
    take_back: bool = False
    prompt: str = ""
    """Sent as soon as the task is open."""

    @property
    def goes_on(self) -> bool:
        """Whether there is a conversation already."""
        return self.resume is not None or self.branch is not None

    @property
    def asks_first(self) -> bool:
        """Whether the folder is so wide that the person must confirm it."""
        if self.options.get("broad_ok"):
            return False
        home = os.environ.get("HOME", "")
        return self.folder == Path("/") or (bool(home) and self.folder == Path(home))


class AssistantApp(App[int], inherit_bindings=False):
    """Bindings and routing."""

    ENABLE_COMMAND_PALETTE = True
    TITLE = "assistant"
    DEFAULT_MODE = "chat-0"
    CSS_PATH = "screens/chat.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "quit", N_("leave"), priority=True),
        Binding("ctrl+l", "redraw", N_("draw the screen anew"), priority=True),
        Binding("ctrl+z", "suspend_process", N_("to the shell; `fg` comes back"), priority=True),
        Binding("ctrl+c", "quit", N_("leave"), show=False),
    ]
    CSS = """
    Screen { scrollbar-color: $border-blurred; scrollbar-background: $background; scrollbar-color-hover: $quiet; }
    * { scrollbar-color: $border-blurred; scrollbar-background: $background; scrollbar-background-hover: $background;
        scrollbar-color-hover: $quiet; scrollbar-color-active: $primary; scrollbar-background-active: $background; }
    Toast { background: $panel; color: $foreground; }
    """

    def __init__(
        self,
        desk: Callable[[], Awaitable[Desk]],
        opening: Opening,
        look: Look | None = None,
        logbook: Callable[[], LogBook] | None = None,
    ) -> None:
        super().__init__()
        self._open_logbook = logbook
        self._logbook: LogBook | None = None
        self.look = look or Look()
        self.painter = Painter()
        self._build = desk
        self._desk: asyncio.Future[Desk] | None = None
        self._focused = True
        self.hurried = False
        self.models_told = False
        """Whether a chat of this run has looked which models there are, and said so: once is enough."""
        self._pictures: Pictures | None = None
        self._drawings: Drawings | None = None
        self.chats: dict[str, ChatScreen] = {}
        """Open tasks by Textual mode, in the order of opening. Each keeps its own stack of screens."""
        self._add_chat(opening)
        for theme in themes.THEMES.values():
            self.register_theme(theme)
        self._own_filters: list[LineFilter] = []
        self._moving: Literal["none", "basic", "full"] = self.animation_level
        self._draw_look()

    def take_look(self, look: Look) -> None:
        """Another theme, colour or none, motion or none, at once and in every open task."""
        self.look = look
        self._draw_look()
        for chat in self.chats.values():
            chat.activity.still = look.reduced_motion
        self.refresh_css(animate=False)

    def _draw_look(self) -> None:
        self.theme, without_colour = themes.choose(self.look.theme)
        self._own_filters = [ControlFilter()]
        if without_colour and not self.no_color:
            self._own_filters.append(Monochrome())
        self.animation_level = "none" if self.look.reduced_motion else self._moving

    def get_theme(self, theme_name: str) -> Theme | None:
        """A theme by its name. Textual copies all themes for each line that it draws."""
        found = self._registered_themes.get(theme_name)
        return found if found is not None else super().get_theme(theme_name)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's filters, and the wall against control characters in front of the terminal."""
        return [*super().get_line_filters(), *self._own_filters]

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        super()._display(screen, self.painter.frame(screen, renderable))  # pyright: ignore[reportUnknownMemberType]

    def on_mount(self) -> None:
        """After an editor, or a shell, was in front, everything is written again."""
        resumed = cast("Signal[Any]", self.app_resume_signal)  # pyright: ignore[reportUnknownMemberType]
        resumed.subscribe(self, lambda _app: self.action_redraw())
        self.set_interval(TIDY_S, self._tidy)

    def on_unmount(self) -> None:
        """Leave the interpreter's collector as it was."""
        collecting.end()

    def _tidy(self) -> None:
        now = Message().time  # as keys count it
        calm = all(now - chat.prompt.last_key_at > CALM_S for chat in self.chats.values())
        # While a turn runs too: one that runs for an hour would leave all its widgets behind.
        collecting.tidy(busy=not calm)

    def on_resize(self) -> None:
        """A terminal of another size has moved what it shows."""
        self.painter.forget()

    def action_redraw(self) -> None:
        """Write everything again: another program may have written over it."""
        self.painter.forget()
        self.screen.refresh()

    def _prune(self, *nodes: Widget, parent: DOMNode | None = None) -> AwaitRemove:
        """Every removal of a widget passes here: who waits for it can be cancelled, the removal can't."""
        gone = [widget for node in nodes for widget in node.walk_children(Widget, with_self=True)]
        removal = Removal.of(super()._prune(*nodes, parent=parent))
        removal.when_gone(partial(forgetting.forget, gone))
        return removal

    def action_suspend_process(self) -> None:
        """Ctrl+Z: to the shell, where there is one: nobody could wake a program that is its session's first."""
        if self._driver is not None and self._driver.can_suspend and os.getpgrp() != os.getsid(0):
            super().action_suspend_process()
        else:
            self.notify(_("there is no shell to go to"), markup=False, timeout=2)

    # ------------------------------------------------------------ the desk

    async def desk(self) -> Desk:
        """The one desk of this run, built when first asked for. Raises what building raised, to everyone who waits for it;
        who asks later has it built anew: what was in the way may be gone."""
        if self._desk is None or (self._desk.done() and self._desk.exception() is not None):
            self._desk = asyncio.ensure_future(self._build())
        return await asyncio.shield(self._desk)

    async def logbook(self) -> LogBook:
        """The log, to be read when there is no desk. Raises LogError when it can't even be read."""
        if self._logbook is None:
            if self._open_logbook is None:
                raise LogError(_("the log can't be read here"))
            self._logbook = await asyncio.to_thread(self._open_logbook)
        return self._logbook

    async def close(self) -> None:
        """Stop what runs and close the desk, within CLOSE_S seconds (HURRY_S when `hurried`)."""
        if self._logbook is not None:
            self._logbook.close()
        if self._desk is None:
            return
        if not self._desk.done():
            self._desk.cancel()
        elif self._desk.exception() is None:
            try:
                async with asyncio.timeout(HURRY_S if self.hurried else CLOSE_S):
                    await self._desk.result().aclose()
            except TimeoutError:
                self.log.warning("the desk did not close in time")

    async def action_quit(self) -> None:
        """Leave. The desk is closed after the screen is gone."""
        self.exit(0)

    def leave(self) -> None:
        """Leave since the terminal is gone or a signal asks for it: as `action_quit`, but sooner and with another exit code."""
        self.hurried = True
        self.exit(INTERRUPTED, return_code=INTERRUPTED)

    def leave_at_once(self) -> None:
        """Asked again while leaving: give the terminal back and end here and now. What isn't in the log yet is not written."""
        if self._running and self._driver is not None:
            self._driver.suspend_application_mode()
        os._exit(INTERRUPTED)

    def get_driver_class(self) -> type[Driver]:
        """Textual's, but for a terminal of our own."""
        found = super().get_driver_class()
        if found.__name__ != "LinuxDriver":
            return found
        from assistant.ui.terminal import TerminalDriver

        return TerminalDriver

    # ------------------------------------------------------------ pictures

    def pictures(self) -> Pictures:
        """The pictures that were pasted in this run, made when there is a first one."""
        if self._pictures is None:
            from assistant.ui.pictures import Pictures

            self._pictures = Pictures()
        return self._pictures

    def pictures_of(self, text: str) -> tuple[list[ImagePart], int]:
        """The pictures that `text` has marks for, and how many marks have none any more."""
        if self._pictures is None and "[image " not in text and "[图片 " not in text:
            return [], 0
        return self.pictures().of(text)

    def drawings(self) -> Drawings | None:
        """The pictures as they were drawn; None where colours are not wanted, since they are nothing but colours."""
        if self.no_color or themes.choose(self.look.theme)[1]:
            return None
        if self._drawings is None:
            from assistant.ui.drawings import Drawings

            self._drawings = Drawings(self.desk)
        return self._drawings

    # ------------------------------------------------------------ screens

    def open_screen(self, name: str, chat: ChatScreen) -> None:
        """Open review, log, tasks, tools, models, help or settings over `chat`. Each is imported when first opened."""
        module = importlib.import_module(f"assistant.ui.screens.{name}")
        self.push_screen(module.open_for(chat))

    def open_help(self) -> None:
        """Help needs no task."""
        from assistant.ui.screens.help import HelpScreen

        self.push_screen(HelpScreen())

    def open_chat(self, folder: Path, resume: str | None = None, **options: Any) -> None:
        """Another task beside the open ones; `options` go to `Desk.open_task`."""
        if resume:
            for mode, chat in self.chats.items():
                if chat.session is not None and chat.session.task.id == resume:
                    self.switch_mode(mode)
                    return
        self.switch_mode(self._add_chat(Opening(folder, resume, options)))

    def open_branch(self, folder: Path, point: BranchPoint, prompt: str, *, take_back: bool = False) -> None:
        """A branch of a task in `folder`, beside the open ones; `prompt` is sent there."""
        self.switch_mode(self._add_chat(Opening(folder, branch=point, take_back=take_back, prompt=prompt)))

    def _add_chat(self, opening: Opening) -> str:
        mode = f"chat-{len(self.chats)}"
        chat = self.chats[mode] = ChatScreen(opening)
        self.add_mode(mode, lambda: chat)  # pyright: ignore[reportUnknownMemberType]  # Screen without its parameter there
        return mode

    def next_chat(self) -> None:
        """Go round the open tasks, those that need the person first."""
        modes = list(self.chats)
        here = modes.index(self.current_mode)
        others = [*modes[here + 1 :], *modes[:here]]
        if others:
            self.switch_mode(next((m for m in others if self.chats[m].needs_person), others[0]))

    def badge(self) -> None:
        """Tell every chat how many of the others need the person."""
        for chat in self.chats.values():
            chat.status.set(others=sum(1 for other in self.chats.values() if other is not chat and other.needs_person))

    async def push_screen_wait(self, screen: Screen[Any] | str, *, mode: str | None = None) -> Any:
        """Open `screen` over the one whose worker calls this, and wait for its result.

        Textual first runs here whatever the application was to do next, the closing of that very screen too: the worker
        would wait for its own end. A screen that was closed meanwhile asks nothing any more: its worker ends instead.
        """
        asker = cast("Worker[Any]", get_current_worker()).node.screen
        if not any(asker in stack for stack in self._screen_stacks.values()):
            raise asyncio.CancelledError
        return await asyncio.shield(self.push_screen(screen, wait_for_dismiss=True, mode=mode))

    async def confirm(self, question: str, detail: str = "") -> bool:
        """Ask yes or no. Call from a worker."""
        from assistant.ui.screens.confirm import ConfirmScreen

        return await self.push_screen_wait(ConfirmScreen(question, detail))

    async def confirm_folder(self, folder: Path) -> bool:
        """A folder that holds everything is opened only after a yes."""
        return await self.confirm(
            _("Work in the whole of `{folder}`?").format(folder=one_line(str(folder))),
            _("A task sees every file below its folder. A folder of its own is safer."),
        )

    def turn_ended(self, chat: ChatScreen) -> None:
        """A turn is over: say so where the person isn't looking."""
        told = _("a turn is over")
        if self.chats.get(self.current_mode) is not chat:
            self.notify(one_line(chat.title_words), title=told, markup=False)
        self.call_attention(told, chat)

    def call_attention(self, words: str, chat: ChatScreen) -> None:
        """Ring and show `words` with the task's title, unless the person is looking."""
        if self._focused:
            return
        if self.look.bell:
            self.bell()
        if self.look.popup:
            told = f"{words}: {chat.title_words}" if chat.title_words else words
            self.run_worker(self._pop_up(told), group="popup", exit_on_error=False)

    async def _pop_up(self, text: str) -> None:
        """On the desktop where there is one, else in the terminal."""
        from assistant.ui import attention

        if await attention.show_on_desktop(text) or self.is_web or self._driver is None:
            return
        if sequence := attention.terminal_sequence(text, os.environ):
            self._driver.write(sequence)

    def on_app_focus(self) -> None:
        """The terminal has the focus."""
        self._focused = True

    def on_app_blur(self) -> None:
        """The person looks elsewhere."""
        self._focused = False

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The command palette: our commands and actions instead of Textual's."""
        from assistant.ui.palette import system_commands  # not before the palette is opened

        yield from system_commands(self, screen)
