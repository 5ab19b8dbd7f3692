"""Runs the turns of one chat and draws what they yield. Prompts that come meanwhile wait in a line."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from assistant.agent import events
from assistant.errors import AssistantError
from assistant.ui.conversation import Said, Update
from assistant.ui.gathering import Gathering
from assistant.ui.holding import Held
from assistant.ui.language import _
from assistant.ui.messages import TurnEvent
from assistant.visible import one_line

if TYPE_CHECKING:
    from assistant.ui.screens.chat import ChatScreen


class Turns:
    """One turn at a time; the order of prompts is kept."""

    def __init__(self, chat: ChatScreen) -> None:
        self._chat = chat
        self.waiting: list[str] = []
        """Prompts that wait, oldest first."""
        self._stopping = False
        self._held = Held(chat)
        self._tool = ""
        """The tool whose call was started last."""
        self.idle = asyncio.Event()
        self.idle.set()
        self.active = False
        """From the start of a turn until its TurnFinished was drawn."""
        self.broken = False
        """The task could not be opened."""

    async def submit(self, text: str) -> None:
        """Run `text` now, or after what runs."""
        if self.active or self._chat.session is None:
            self.waiting.append(text)
            self._show_waiting()
            if self.broken:
                self.broken = False
                self._chat.open_task()
        else:
            await self._start(text)

    def take_back(self) -> str | None:
        """Take the newest waiting prompt out of the line, to be edited."""
        if not self.waiting:
            return None
        text = self.waiting.pop()
        self._show_waiting()
        return text

    async def next(self) -> None:
        """Start the prompt that has waited longest."""
        if self.waiting and not self.active and self._chat.session is not None:
            text = self.waiting.pop(0)
            self._show_waiting()
            await self._start(text)

    def _show_waiting(self) -> None:
        self._chat.queue.show(self.waiting, opening=self._chat.session is None)
        self._chat.unsent.changed()

    def failed_to_open(self) -> None:
        """No task: what waits goes back into the prompt, nothing is lost. Sending it tries again."""
        self.broken = True
        texts, self.waiting = self.waiting, []
        self._show_waiting()
        if texts:
            self._chat.prompt.give_back("\n".join(texts))

    def stop(self) -> None:
        """Ask the session to end the turn. Asking again tells it again: a stop must not be lost, wherever it got stuck."""
        if self.active and self._chat.session is not None:
            self._stopping = True
            self._chat.activity.what = _("stopping")
            self._tell_stop()

    def _tell_stop(self) -> None:
        if self._chat.session is not None:
            self._chat.run_worker(self._chat.session.stop, group="stop", exit_on_error=False)

    async def _start(self, text: str) -> None:
        self.active, self._stopping = True, False
        self.idle.clear()
        self._held.hold()  # painting one's own words takes longer than sending them
        await self._draw(self._chat.conversation.add(Said(text)))
        await self._chat.transcript.show_end()
        self._chat.activity.begin(_("thinking"))
        self._chat.run_worker(partial(self._run, text), group="turn", exit_on_error=False)

    async def _run(self, text: str) -> None:
        """Worker: pass on every event; a turn always ends with TurnFinished, whatever breaks."""
        session, post = self._chat.session, self._chat.post_message
        if session is None:
            return
        finished, begins = False, True
        gathering = Gathering(lambda event: post(TurnEvent(event)))
        try:
            stripped = text.strip()
            own = stripped.startswith("!") and len(stripped) > 1
            images, gone = self._chat.app.pictures_of(text)
            if gone:
                post(TurnEvent(_gone(gone)))
            if own:
                stream = session.run_own_command(stripped[1:].strip())
            else:
                stream = session.run_turn(text, images) if images else session.run_turn(text)
            async for event in stream:
                gathering.take(event)
                if begins and self._stopping:  # Esc came before the session knew of the turn
                    self._tell_stop()
                begins = False
                finished = isinstance(event, events.TurnFinished)
                await asyncio.sleep(0)  # a fast stream must not keep the keys waiting
            gathering.flush()
        except AssistantError as error:
            gathering.flush()
            post(TurnEvent(events.TurnFinished("failed", error.exit_code, str(error))))
        except asyncio.CancelledError:
            gathering.flush()
            raise
        except Exception as error:  # shown plainly rather than ending the program: the log has what was done
            gathering.flush()
            self._chat.log.error(error)
            post(TurnEvent(events.TurnFinished("failed", 1, f"{type(error).__name__}: {error}")))
        else:
            if not finished:
                post(TurnEvent(events.TurnFinished("failed", 1, _("the turn ended without saying how"))))

    async def show(self, event: events.Event) -> None:
        """Draw one event."""
        chat = self._chat
        match event:
            case events.StageChanged(waiting=waiting, held=held):
                chat.status.set(staged=waiting, held=held)
            case events.ModelStarted():
                await chat.transcript.make_place()
                self._held.release_soon()
                chat.activity.what = _("stopping") if self._stopping else _("thinking")
            case events.TextDelta():
                if chat.activity.what == _("thinking"):
                    chat.activity.what = _("answering")
            case events.CallDelta(name=name) if name and not self._stopping:
                chat.activity.what = _("preparing {tool}").format(tool=name)
            case events.CallStarted(tool=tool) if not self._stopping:
                self._tool = one_line(tool, 60)
                chat.activity.what = _("running {tool}").format(tool=self._tool)
            case events.CallApproved() if not self._stopping:
                chat.activity.what = _("running {tool}").format(tool=self._tool)
            case events.ChildEvent(event=events.CallStarted(tool=tool)) if not self._stopping:
                chat.activity.what = _("a helper runs {tool}").format(tool=one_line(tool, 60))
            case events.CallJudged(verdict=verdict) if verdict.decision == "ask" and not self._stopping:
                chat.activity.what = _("waiting for your decision")
            case events.ModelFinished() | events.CallFinished():
                chat.refresh_status()
            case _:
                pass
        updates = chat.conversation.feed(event)
        if isinstance(event, events.TextDelta) and updates and updates[0].what == "added":
            await self._draw_first_words(updates)
        else:
            await self._draw(updates)
        if isinstance(event, events.TurnFinished):
            await chat.transcript.clear_place()
            self.active = self._stopping = False
            self.idle.set()
            chat.activity.end()
            chat.refresh_status()
            chat.app.turn_ended(chat)
            await self.next()

    async def _draw_first_words(self, updates: list[Update]) -> None:
        """An answer begins: its place and its first words in one frame, not in two."""
        self._held.hold()
        await self._draw(updates)
        view = self._chat.transcript.view(updates[-1].item)
        if view is not None:
            view.call_next(self._held.release)
        else:
            self._held.release()

    async def _draw(self, updates: list[Update]) -> None:
        await self._chat.transcript.show_updates(updates)


def _gone(number: int) -> events.Notice:
    from assistant.ui.pictures import pictures_gone  # few prompts have any

    return events.Notice("warning", pictures_gone(number), _("paste it again to send it"))
