"""A task without a screen: runs one turn and renders its events to stdout as text or JSON lines. Answers nothing."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, TextIO

import msgspec

from assistant.agent import events
from assistant.streams import STREAMS, is_gone, let_go
from assistant.types import Channel, Decision
from assistant.visible import Spoken, one_line, visible, visible_json

if TYPE_CHECKING:
    from assistant.agent.session import LocalSession

_ENCODER = msgspec.json.Encoder()
INTERRUPTED = 130
"""The exit code of the contract for whoever was interrupted."""
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class JsonRenderer:
    """Each event as one JSON object a line, its kind in `type`; nothing else ever goes to stdout."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def show(self, event: events.Event) -> None:
        """Write one event."""
        self._out.write(visible_json(_ENCODER.encode(event).decode()) + "\n")
        self._out.flush()


class TextRenderer:
    """The answer to stdout, everything else to stderr, all of it made visible."""

    def __init__(self, out: TextIO, err: TextIO) -> None:
        self._out = out
        self._err = err
        self._answer = Spoken()
        self._open_line = False
        self._indent = ""

    def show(self, event: events.Event) -> None:
        """Write one event."""
        match event:
            case events.TextDelta(text):
                self._write(self._answer.take(text))
            case events.ModelFinished():
                self._end_line()
            case events.CallStarted(_, _, title):
                self._say(f"• {title}")
            case events.CallJudged(_, verdict) if verdict.decision is not Decision.ALLOW:
                self._say(f"  {verdict.decision}: {one_line(verdict.reason, 300)} ({', '.join(verdict.policies)})")
            case events.CallFinished(_, _, result) if not result.ok:
                self._say(f"  {result.code}: {one_line(result.text, 300)}")
            case events.StageChanged(waiting, held) if waiting:
                extra = f", {held} of them held for review" if held else ""
                self._say(f"{waiting} staged change(s) wait{extra}: assistant stage diff, then apply or drop")
            case events.Applied(changes, undo_id, conflicts):
                self._say(f"applied {len(changes)} change(s); undo with: assistant stage undo ({undo_id})")
                if conflicts:
                    self._say(f"{len(conflicts)} left alone, since the real files changed meanwhile")
            case events.Notice(level, text, hint):
                self._say(f"{level}: {visible(text)}" + (f"\n  {visible(hint)}" if hint else ""))
            case events.ChildEvent(_, inner):
                self._of_child(inner)
            case events.TurnFinished(_, _, message) if message:
                self._say(visible(message))
            case _:
                pass

    def _of_child(self, event: events.Event) -> None:
        """What a helper does, indented. Its words are for the model that asked it."""
        if isinstance(
            event, (events.CallStarted, events.CallJudged, events.CallFinished, events.Notice, events.ChildEvent)
        ):
            self._indent += "  "
            self.show(event)
            self._indent = self._indent[:-2]

    def _write(self, words: str) -> None:
        self._out.write(words)
        self._out.flush()
        self._open_line = not words.endswith("\n") if words else self._open_line

    def _end_line(self) -> None:
        if held := self._answer.end():
            self._write(held)
        if self._open_line:
            self._out.write("\n")
            self._out.flush()
            self._open_line = False

    def _say(self, text: str) -> None:
        self._end_line()
        self._err.write(f"{self._indent}{visible(text)}\n")
        self._err.flush()


async def render(stream: AsyncIterator[events.Event], *, as_json: bool) -> events.TurnFinished:
    """Show every event of a turn; returns its end."""
    renderer = JsonRenderer(sys.stdout) if as_json else TextRenderer(sys.stdout, sys.stderr)
    ended = events.TurnFinished("failed", 1, "the turn gave no end")
    async for event in stream:
        renderer.show(event)
        if isinstance(event, events.TurnFinished):
            ended = event
    return ended


class Interruption:
    """Ctrl+C, SIGTERM and a closed terminal: the first stops what runs in good order, another one ends the program at once.

    Use as a context manager around everything that a command does, in the task that does it. Before the turn has begun, that
    task is cancelled; while it runs, the session is told to stop, and the turn ends with exit code 130; after it, cancelled
    again, since what follows can be left at any point.
    """

    def __init__(self) -> None:
        self._session: LocalSession | None = None
        self._stopping: asyncio.Task[None] | None = None
        self._task: asyncio.Task[object] | None = None
        self.came = False
        """Whether it was interrupted."""

    def __enter__(self) -> Interruption:
        self._task = asyncio.current_task()
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:  # by nohup, or a script that runs it in the background
                asyncio.get_running_loop().add_signal_handler(number, self._on_signal)
        return self

    def __exit__(self, *_error: object) -> None:
        self._leave_signals()

    @property
    def begun(self) -> bool:
        """Whether there was a session whose turn could be stopped."""
        return self._session is not None

    def during(self, session: LocalSession) -> None:
        """From now on, it is this session's turn that is stopped."""
        self._session = session

    def _leave_signals(self) -> None:
        for number in SIGNALS:
            asyncio.get_running_loop().remove_signal_handler(number)

    def _on_signal(self) -> None:
        self.came = True
        self._leave_signals()
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # a terminal that closes may send several
        if any(is_gone(stream) for stream in STREAMS):
            let_go()
        session = self._session
        if session is not None and session.running:
            self._stopping = asyncio.get_running_loop().create_task(session.stop())
        elif self._task is not None:
            self._task.cancel()


def not_begun(*, as_json: bool) -> None:
    """Say that the turn was interrupted before it began; for a reader of events, as its end."""
    renderer = JsonRenderer(sys.stdout) if as_json else TextRenderer(sys.stdout, sys.stderr)
    renderer.show(events.TurnFinished("stopped", INTERRUPTED, "interrupted before the turn began"))


async def finish(
    session: LocalSession, ended: events.TurnFinished, *, apply: bool, channel: Channel, as_json: bool
) -> int:
    """After the turn: apply when the person's command said so, and list what was refused. Returns the exit code."""
    renderer = JsonRenderer(sys.stdout) if as_json else TextRenderer(sys.stdout, sys.stderr)
    code = ended.exit_code
    if apply and ended.reason == "done":
        report = await session.apply_by_command(channel)
        if report.applied or report.conflicts:
            renderer.show(events.Applied(report.applied, report.undo_id, report.conflicts))
        for path, why in report.failed:
            renderer.show(events.Notice("error", f"`{path}` could not be applied: {why}"))
        if report.held:
            names = ", ".join(one_line(c.path, 80) for c in report.held[:5])
            renderer.show(events.Notice("warning", f"held for review: {names}", "assistant stage diff"))
        if (report.held or report.conflicts or report.failed) and code == 0:
            code = 3
    for title, why in session.refused:
        sys.stderr.write(visible(f"refused ({why}): {title}\n"))
    return code
