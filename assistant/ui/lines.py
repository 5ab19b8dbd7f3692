"""The chat as plain lines: for screen readers, `TERM=dumb` and whoever prefers it. No cursor moves, nothing redrawn.

Knows nothing of Textual. Each line stands for itself: who speaks comes first, so that a screen reader says it first.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.agent import events
from assistant.errors import AssistantError, UsageError
from assistant.gateway.approver import ApprovalRequest, ElicitAnswer, ElicitRequest
from assistant.gateway.editing import Edited
from assistant.streams import is_gone
from assistant.types import Approval, ToolResult
from assistant.ui import asking, drawings, figures, line_commands, refusals
from assistant.ui.conversation import Conversation, Said
from assistant.ui.first_run import found_models
from assistant.ui.hangup import Hangup
from assistant.ui.language import _
from assistant.ui.pictures import Pictures, pictures_gone
from assistant.visible import one_line, prose, visible

if TYPE_CHECKING:
    from assistant.agent.desk import Desk, TaskSession


INTERRUPTED = 130
"""The exit code of whoever was ended from outside."""


def run_lines(
    desk: Callable[[], Awaitable[Desk]],
    folder: Path,
    resume: str | None = None,
    *,
    options: Mapping[str, Any] | None = None,
) -> int:
    """Chat until `/quit`, Ctrl+D or the end of input; returns the exit code.

    Raises UsageError when standard input isn't a terminal: a question could then be answered by a file.
    """
    if not sys.stdin or sys.stdin.closed or not sys.stdin.isatty():
        raise UsageError("the chat needs a terminal to read from", hint="without one: assistant run PROMPT")
    return asyncio.run(LineChat(desk, folder.absolute(), resume, options or {}).run())


class Keyboard:
    """Lines typed at the terminal, without blocking the loop and without a thread that can't be ended."""

    def __init__(self) -> None:
        self._descriptor = sys.stdin.fileno()
        self._buffer = b""
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()

    def start(self) -> None:
        """Begin to read."""
        asyncio.get_running_loop().add_reader(self._descriptor, self._read)

    def stop(self) -> None:
        """Leave the terminal alone."""
        asyncio.get_running_loop().remove_reader(self._descriptor)

    async def line(self) -> str | None:
        """The next line, or None at the end of input."""
        return await self._lines.get()

    def forget(self) -> None:
        """Drop what was typed ahead: it can't be the answer to a question that wasn't there yet."""
        import termios

        termios.tcflush(self._descriptor, termios.TCIFLUSH)
        self._buffer = b""
        while not self._lines.empty():
            self._lines.get_nowait()

    def _read(self) -> None:
        try:
            data = os.read(self._descriptor, 65_536)
        except OSError:  # the terminal is gone
            data = b""
        if not data and is_gone(self._descriptor):  # no line, and no end of input either: that would be an answer
            self.stop()
            return
        if not data:
            self._lines.put_nowait(None)
            self.stop()
            return
        *whole, self._buffer = (self._buffer + data).split(b"\n")
        for line in whole:
            self._lines.put_nowait(line.decode("utf-8", "replace").rstrip("\r"))


class LineChat:
    """One task as a dialogue of lines. It is its own Approver and Elicitor, over the controlling terminal."""

    def __init__(
        self, desk: Callable[[], Awaitable[Desk]], folder: Path, resume: str | None, options: Mapping[str, Any]
    ) -> None:
        self._build, self._folder, self._resume, self._options = desk, folder, resume, options
        self._keyboard = Keyboard()
        self.desk: Desk | None = None
        self.session: TaskSession | None = None
        self.conversation = Conversation()
        """What was said in the open task, for `/edit` and `/find`."""
        self.pictures = Pictures()
        self.stopping: Callable[[], Awaitable[None]] | None = None
        """What Ctrl+C ends besides a turn."""
        self._left = False
        self._partial = ""
        self._asking = asyncio.Lock()
        self._ending: asyncio.Future[None] | None = None
        self._hangup: Hangup | None = None

    async def run(self) -> int:
        """The whole chat."""
        leave = partial(self._leave, asyncio.current_task())
        hangup = self._hangup = Hangup(leave, self._leave_at_once, asked=(signal.SIGTERM,))
        hangup.start()
        desk = self.desk = await self._build()
        self._keyboard.start()
        loop = asyncio.get_running_loop()
        try:
            if self._resume is not None:
                session = await desk.resume_task(self._resume, approver=self)
            else:
                session = await desk.open_task(self._folder, approver=self, **self._options)
            self.enter(session)
            loop.add_signal_handler(signal.SIGINT, self._interrupted, asyncio.current_task())
            notices = await session.weakness()
            if self._resume is None:
                notices = [*notices, found_models(await desk.models(), session.model_info)]
            for notice in notices:
                self.tell(notice.level, notice.text, notice.hint)
            self._say(_("type a request and press Enter; /help lists the commands"))
            return await self._dialogue()
        except asyncio.CancelledError:
            return INTERRUPTED
        finally:
            self._keyboard.stop()
            loop.remove_signal_handler(signal.SIGINT)
            await desk.aclose()
            hangup.stop()

    def _interrupted(self, task: asyncio.Task[Any] | None) -> None:
        """Ctrl+C: the first ends the turn, one more before that is done, or without a turn, the chat."""
        session = self.session
        if self._ending is not None and not self._ending.done():
            self._leave(task)
        elif self.stopping is not None:
            self._ending = asyncio.ensure_future(self.stopping())
        elif session is not None and session.running:
            self._ending = asyncio.ensure_future(session.stop())
        else:
            self._leave(task)

    def _leave(self, task: asyncio.Task[Any] | None) -> None:
        if task is not None:
            task.cancel()

    def _leave_at_once(self) -> None:
        """Asked again while leaving."""
        os._exit(INTERRUPTED)

    def enter(self, session: TaskSession) -> None:
        """Talk in this task from now on. The one before stays in the log, where `/tasks` finds it."""
        self.session = session
        self.conversation = Conversation()
        self.conversation.load(session.past())
        session.warm_up()
        self._say(
            _("assistant in {folder}, model {model}").format(folder=session.task.folder, model=session.model_info.id)
        )
        for notice in session.notices():
            self.tell(notice.level, notice.text, notice.hint)

    async def _dialogue(self) -> int:
        while not self._left:
            self._print(_("you") + "> ", end="")
            text = await self._keyboard.line()
            if text is None:
                break
            if not text.strip():
                continue
            try:
                if text.startswith("/"):
                    await line_commands.run(self, text)
                else:
                    await self.turn(text)
            except AssistantError as error:
                self._say(f"{_('error')}: {error}")
        return 0

    async def turn(self, text: str) -> None:
        """Send a request, or run a command of one's own, and say what comes of it. Raises AssistantError."""
        session = self.session
        if session is None:
            return
        self.conversation.add(Said(text))
        if text.startswith("!"):
            stream = session.run_own_command(text[1:].strip())
        else:
            images, gone = self.pictures.of(text)
            if gone:
                self.tell("warning", pictures_gone(gone))
            stream = session.run_turn(text, images)
        async for event in stream:
            self.conversation.feed(event)
            self.show(event)

    # ------------------------------------------------------------ what commands use

    def tell(self, level: str, text: str, hint: str = "") -> None:
        """A line of our own; what is wrong says so first."""
        mark = f"{_(level)}: " if level in ("warning", "error") else ""
        self._say(mark + text + (f" ({hint})" if hint else ""))

    async def change(self, act: Callable[[TaskSession], Awaitable[object]], what: str, value: str) -> bool:
        """Do `act` on the session and say so. Raises AssistantError, which the dialogue says."""
        if self.session is None:
            return False
        await act(self.session)
        self._say(f"{what}: {value}")
        return True

    def leave(self) -> None:
        """End the chat when the command that said so is done."""
        self._left = True

    async def confirm(self, question: str, detail: str = "") -> bool:
        """Ask yes or no. Only `y` is a yes; what was typed before the question is dropped."""
        self._say("\n".join(part for part in (detail, question) if part))
        self.forget()
        return (await self.read(_("y: yes, anything else: no")) or "").strip() == "y"

    # ------------------------------------------------------------ what is said

    def _print(self, text: str, end: str = "\n") -> None:
        try:
            print(text, end=end, flush=True)  # noqa: T201 - the terminal is this module's screen
        except OSError:
            if self._hangup is None:
                raise
            self._hangup.gone()

    def _say(self, text: str) -> None:
        self._end_words()
        for line in visible(text).split("\n"):
            self._print(line)

    def _words(self, text: str) -> None:
        """Whole lines only: a reader speaks what is printed, once."""
        *whole, self._partial = (self._partial + text).split("\n")
        for line in whole:
            self._print(prose(line))

    def _end_words(self) -> None:
        if self._partial:
            self._print(prose(self._partial))
            self._partial = ""

    def show(self, event: events.Event) -> None:
        """Say what an event tells."""
        match event:
            case events.TextDelta(text=text):
                self._words(text)
            case events.CallStarted(tool=tool, title=title):
                self._say(f"{_('tool')} {tool}: {one_line(title)}")
            case events.CallFinished(tool=tool, result=result, duration_ms=ms):
                word = _("done") if result.ok else _("refused") if result.code == "refused" else _("failed")
                self._say(f"{_('tool')} {tool} {word}, {figures.duration(ms)}")
                if not result.ok:
                    self._say("  " + _why_not(result))
                for image in result.images:
                    self._say("  " + drawings.words(image))
            case events.ChildEvent(event=inner):
                self._of_helper(inner)
            case events.CallEdited(title=title):
                self._say(f"{_('changed by you')}: {one_line(title)}")
            case events.StageChanged(waiting=waiting) if waiting:
                self._say(_("{n} staged").format(n=waiting) + "; /review")
            case events.Applied(changes=changes):
                self._say(
                    _("applied {n}, held {held}, conflicts {conflicts}").format(
                        n=len(changes), held=0, conflicts=len(event.conflicts)
                    )
                )
            case events.Notice(text=text, hint=hint):
                self._say(f"{_('notice')}: {text}" + (f" ({hint})" if hint else ""))
            case events.TurnFinished(reason=reason, message=message):
                self._end_words()
                if reason != "done":
                    self._say(f"{_('the turn ended')}: {reason} {message}".rstrip())
            case _:
                pass

    def _of_helper(self, event: events.Event) -> None:
        """What a helper does, each line saying that it is one. Its words are for the model that asked it."""
        match event:
            case events.ChildEvent(event=inner):
                self._of_helper(inner)
            case events.CallStarted(title=title):
                self._say(f"{_('helper')}: {one_line(title)}")
            case events.CallFinished(tool=tool, result=result) if not result.ok:
                self._say(f"{_('helper')}: {tool} {_('failed')}: {_why_not(result)}")
            case events.TurnFinished(reason=reason):
                self._say(f"{_('helper')}: {_('ended')}, {reason}")
            case _:
                pass

    # ------------------------------------------------------------ Approver and Elicitor

    async def ask(self, request: ApprovalRequest) -> Approval | Edited:
        """Ask at the terminal. What was typed before the question is dropped; an empty line is no answer."""
        async with self._asking:  # several calls may ask at once, and there is one keyboard
            return await asking.ask(self, request)

    async def elicit(self, request: ElicitRequest) -> ElicitAnswer:
        """Ask what a server wants to know, field by field."""
        async with self._asking:
            return await asking.elicit(self, request)

    def say(self, text: str) -> None:
        """Print whole lines, every control character visible."""
        self._say(text)

    async def read(self, prompt: str) -> str | None:
        """Print `prompt` and give the next line, or None at the end of input."""
        self._print(f"{visible(prompt)}> ", end="")
        return await self._keyboard.line()

    def forget(self) -> None:
        """Drop what was typed before a question stood."""
        self._keyboard.forget()


def _why_not(result: ToolResult) -> str:
    return one_line(refusals.in_words(result.code, result.text).replace("\n", ": ", 1))
