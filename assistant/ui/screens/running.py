"""What runs beside the conversation: long-running programs and helpers, each with a key that stops it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from assistant.gateway.processes import Running
from assistant.ui.helpers import Helper
from assistant.ui.language import N_, _
from assistant.ui.safe import join, line
from assistant.ui.screens.panel import PanelScreen, Rows

if TYPE_CHECKING:
    from assistant.ui.screens.chat import ChatScreen

LOOK_S = 1.0
"""How often the list is looked at anew: a program may end by itself, and says nothing about it."""


class RunningScreen(PanelScreen):
    """One list in two parts."""

    TITLE_TEXT = N_("Running")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x,delete", "end", N_("stop the marked one")),
        Binding("A", "end_all", N_("stop every program of this task")),
    ]

    def __init__(self, chat: ChatScreen) -> None:
        super().__init__()
        if chat.session is None:
            raise RuntimeError("what runs is a task's")
        self._chat, self.session = chat, chat.session
        self._shown: list[tuple[str, Content]] = []

    def parts(self) -> ComposeResult:
        """The list."""
        yield Rows()

    def hints(self) -> list[tuple[str, str]]:
        """The keys."""
        return [("x", _("stop")), ("A", _("stop all"))]

    def on_mount(self) -> None:
        """As it stands, and again every LOOK_S seconds while the screen is open."""
        self.query_one(Rows).focus()
        self._draw()
        self.set_interval(LOOK_S, self._draw)

    def _draw(self) -> None:
        programs, helpers = self.session.processes(), self._chat.conversation.helpers()
        rows = [("-programs", Content(_("Programs that go on across calls")))]
        rows += [(f"program:{p.id}", program_label(p)) for p in programs] or [("-none", _none())]
        rows.append(("-helpers", join("\n", _("Helpers"))))
        rows += [(f"helper:{h.task}", helper_label(h)) for h in helpers] or [("-nobody", _none())]
        if rows != self._shown:
            self._shown = rows
            self.query_one(Rows).set_rows(rows)
            number = sum(p.running for p in programs) + len(helpers)
            self.say_title(_("{n} running").format(n=number))

    def action_end(self) -> None:
        """Stop the marked one."""
        kind, _colon, name = self.query_one(Rows).highlighted_id.partition(":")
        if kind == "program":
            self._act(partial(self.session.stop_process, name))
        elif kind == "helper":
            self._act(partial(self.session.stop_child, name))

    def action_end_all(self) -> None:
        """Stop every program."""
        self._act(self.session.stop_processes)

    def _act(self, stop: Callable[[], Awaitable[object]]) -> None:
        async def act() -> None:
            if await self.attempt(stop(), _("stopped")):
                self._draw()
                self._chat.refresh_status()

        self.run_worker(act(), group="act", exit_on_error=False)


def open_for(chat: ChatScreen) -> RunningScreen:
    """The screen over `chat`."""
    return RunningScreen(chat)


def program_label(program: Running) -> Content:
    """Id, command, whether it still runs."""
    sign = ("● " + _("runs"), "$primary") if program.running else ("■ " + _("ended"), "$quiet")
    return join("  ", sign, "  ", line(program.command), "  ", line(program.id, "$quiet", 60))


def helper_label(helper: Helper) -> Content:
    """What it does now."""
    doing = helper.doing
    return join(
        "  ", ("● " + _("works"), "$primary"), "  ", line(doing.title if doing else helper.words or helper.task)
    )


def _none() -> Content:
    return Content.styled("  " + _("none"), "italic not bold $quiet")
