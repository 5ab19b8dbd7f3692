"""What the transcript is made of: items, grown from events, live ones or those of a resumed task's past. Knows no screen.

`Conversation.feed` takes one event and says what became of the items; the transcript widget draws that. Text here is as
foreign as it came; it is made safe where it is drawn.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from assistant.agent import events
from assistant.types import Change, Decision, ImagePart
from assistant.ui.helpers import Helper
from assistant.ui.pages import cut
from assistant.ui.reasons import grounds

OUTPUT_CHARS = 60_000
"""How much of a call's live output is kept for the screen; all of it is in the log."""


class Item(msgspec.Struct, eq=False):
    """One thing in the transcript. Compared by identity."""


class Said(Item, eq=False):
    """The person's words. `seq` is their entry in the log, where a branch may leave, or 0 when none may."""

    text: str
    seq: int = 0
    images: tuple[ImagePart, ...] = ()
    """The pictures that were sent with them, by their content address; the text has a mark for each."""


class Thought(Item, eq=False):
    """A model's reasoning, as far as it is told."""

    text: str
    done: bool = False


class Answer(Item, eq=False):
    """A model's words, Markdown; of a long answer one page. `goes_on`: the page before is of the same answer, and the first
    `opened` characters only open again what was open there. `joined`: no empty row stands between the two."""

    text: str
    done: bool = False
    goes_on: bool = False
    opened: int = 0
    joined: bool = False


class Card(Item, eq=False):
    """A tool call. status: running, asking, done, failed, refused, stopped."""

    call_id: str
    tool: str
    title: str = ""
    status: str = "running"
    reason: str = ""
    """Why it was refused or is asked about, each ground on a line of its own."""
    policies: tuple[str, ...] = ()
    output: str = ""
    result: str = ""
    code: str = ""
    """Why it did not do what it was asked, in the fixed word that the model is given."""
    changes: tuple[Change, ...] = ()
    duration_ms: int = 0
    exit_status: int | None = None
    helper: Helper | None = None
    """The child task that this call started."""
    edited: bool = False
    """The person changed it before it ran."""
    dropped: int = 0
    """Characters of live output no longer kept here."""
    images: tuple[ImagePart, ...] = ()
    """The pictures of the result, by their content address: the data is in the log."""


class Note(Item, eq=False):
    """Something to know. level: info, warning, error, done. kind: empty for a plain notice, `turn` (`word` is how it
    ended, `number` how many calls were refused), `applied` or `undone` (`number` files) or `conflicts`; the widget has the words for these."""

    level: str
    text: str
    hint: str = ""
    kind: str = ""
    word: str = ""
    number: int = 0


class Update(msgspec.Struct, eq=False):
    """What `feed` did. what: added, text (more of an answer or thought), state (anything else of the item changed)."""

    item: Item
    what: str
    text: str = ""


class Conversation:
    """The items of one task, oldest first."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self._answer: Answer | None = None
        self._thought: Thought | None = None
        self._cards: dict[str, Card] = {}
        self._sent: Said | None = None
        """What was sent and is not known to be in the log yet."""

    def add(self, item: Item) -> list[Update]:
        """Append an item; text that was being written is closed first."""
        updates = self._close_text()
        self.items.append(item)
        if isinstance(item, Said):
            self._sent = item
        return [*updates, Update(item, "added")]

    def load(self, past: Iterable[events.Event]) -> None:
        """Take in what happened before, as it was told then. Nothing of it looks as if it still went on."""
        for event in past:
            self.feed(event)
        self._close_text()
        self._end_cards()

    def feed(self, event: events.Event) -> list[Update]:
        """Take one event in."""
        match event:
            case events.TurnStarted():
                return self._turn_started(event)
            case events.TextDelta(text=text):
                return self._words(text)
            case events.ReasoningDelta(text=text):
                return self._reasoning(text)
            case events.ModelFinished():
                return self._model_finished(event)
            case (
                events.CallStarted()
                | events.CallJudged()
                | events.CallApproved()
                | events.CallEdited()
                | events.CallOutput()
                | events.CallFinished()
            ):
                return self._call(event)
            case events.ChildEvent(task=task, event=inner, call=call):
                return self._child(task, call, inner)
            case events.Applied():
                return self.add(_applied(event))
            case events.Notice(level=level, text=text, hint=hint):
                return self.add(Note(level, text, hint))
            case events.TurnFinished():
                return self._turn_finished(event)
            case _:
                return []

    def _words(self, text: str) -> list[Update]:
        """More of the answer. What would make its page too long begins another one."""
        updates: list[Update] = []
        if self._answer is None:
            updates = self.add(answer := Answer(""))
            self._answer = answer
        answer = self._answer
        while (found := cut(answer.text, text)) is not None:
            place, opening = found
            answer.text += text[:place]
            answer.done = True
            updates += [Update(answer, "text", text[:place]), Update(answer, "state")]
            joined = not answer.text.endswith("\n\n")
            answer = self._answer = Answer(opening, goes_on=True, opened=len(opening), joined=joined)
            self.items.append(answer)
            updates.append(Update(answer, "added"))
            text = text[place:]
        answer.text += text
        return [*updates, Update(answer, "text", text)]

    def last_answer(self) -> str:
        """The model's last answer, all of its pages; empty when there is none."""
        pages: list[str] = []
        for item in reversed(self.items):
            if isinstance(item, Answer):
                pages.append(item.text[item.opened :])
                if not item.goes_on:
                    break
        return "".join(reversed(pages))

    def _reasoning(self, text: str) -> list[Update]:
        if self._thought is not None:
            self._thought.text += text
            return [Update(self._thought, "text", text)]
        thought = Thought(text)
        updates = self.add(thought)
        self._thought = thought
        return updates

    def _model_finished(self, event: events.ModelFinished) -> list[Update]:
        updates = self._close_text()
        if event.refusal:
            updates += self.add(Note("warning", event.refusal))
        return updates

    def _close_text(self) -> list[Update]:
        closed: list[Update] = []
        for item in (self._answer, self._thought):
            if item is not None:
                item.done = True
                closed.append(Update(item, "state"))
        self._answer = self._thought = None
        return closed

    def _call(
        self,
        event: events.CallStarted
        | events.CallJudged
        | events.CallApproved
        | events.CallEdited
        | events.CallOutput
        | events.CallFinished,
    ) -> list[Update]:
        card = self._cards.get(event.call_id)
        updates: list[Update] = []
        if card is None:
            card = self._cards[event.call_id] = Card(event.call_id, getattr(event, "tool", ""))
            updates = self.add(card)
        match event:
            case events.CallStarted():
                card.tool, card.title = event.tool, event.title
            case events.CallJudged(verdict=verdict):
                card.reason, card.policies = "\n".join(grounds(verdict.reason)), verdict.policies
                card.status = {Decision.ASK: "asking", Decision.DENY: "refused"}.get(verdict.decision, "running")
            case events.CallApproved(approval=approval):
                card.status = "refused" if approval.answer == "no" else "running"
            case events.CallEdited(title=title):
                card.title, card.edited = title, True
            case events.CallOutput(text=text):
                card.output += text
                if len(card.output) > OUTPUT_CHARS * 2:
                    card.dropped += len(card.output) - OUTPUT_CHARS
                    card.output = card.output[-OUTPUT_CHARS:]
            case events.CallFinished():
                self._cards.pop(event.call_id, None)
                _finish(card, event)
        return [*updates, Update(card, "state")]

    def helpers(self) -> list[Helper]:
        """Helpers that work now, oldest first."""
        found = [card.helper for card in self._cards.values() if card.helper is not None]
        return [helper for helper in found if helper.running]

    def _child(self, task: str, call: str, event: events.Event) -> list[Update]:
        """An event of the helper `task`: it belongs to the card of the call that started it; the newest where none is named."""
        own = next((c for c in self._cards.values() if c.helper is not None and c.helper.task == task), None)
        card = (
            own or self._cards.get(call) or next((c for c in reversed(self._cards.values()) if c.helper is None), None)
        )
        if card is None:
            return []
        if card.helper is None:
            card.helper = Helper(task)
        return [Update(card, "state")] if card.helper.feed(event) else []

    def _turn_started(self, event: events.TurnStarted) -> list[Update]:
        """The prompt is in the log. Live, it is in the transcript already: from the moment it was sent."""
        if isinstance(self._sent, Said):
            said, self._sent = self._sent, None
            said.seq, said.images = event.seq, event.images
            return [Update(said, "state")]
        updates = self.add(Said(event.prompt, event.seq, event.images))
        self._sent = None
        return updates

    def _end_cards(self) -> list[Update]:
        """A turn that broke off: nothing may look as if it still ran."""
        updates: list[Update] = []
        for card in self._cards.values():
            if card.helper is not None and card.helper.running:
                card.helper.feed(events.TurnFinished("stopped"))
            if card.status in ("running", "asking"):
                card.status = "stopped"
                updates.append(Update(card, "state"))
        self._cards.clear()
        return updates

    def _turn_finished(self, event: events.TurnFinished) -> list[Update]:
        updates = self._close_text() + self._end_cards()
        if event.reason != "done" or event.message:
            level = {"done": "info", "stopped": "info", "refused": "warning"}.get(event.reason, "error")
            updates += self.add(Note(level, event.message, kind="turn", word=event.reason, number=event.refused))
        return updates


def _finish(card: Card, event: events.CallFinished) -> None:
    card.tool = card.tool or event.tool
    card.result, card.code, card.changes = event.result.text, event.result.code, event.changes
    card.duration_ms, card.exit_status = event.duration_ms, event.exit_status
    if event.result.images:
        from assistant.agent.pictures import named  # few results have any

        card.images = tuple(named(image) for image in event.result.images)
    if event.result.ok:
        card.status = "done"
    elif event.result.code in ("refused", "needs_person"):
        card.status = "refused"
    else:
        card.status = "stopped" if event.result.code == "stopped" else "failed"


def _applied(event: events.Applied) -> Note:
    names = ", ".join(change.path for change in event.changes[:5]) + (" …" if len(event.changes) > 5 else "")
    if event.conflicts:
        names = ", ".join(change.path for change in event.conflicts[:5])
        return Note("warning", names, kind="conflicts", number=len(event.conflicts))
    return Note("done", names, kind="undone" if event.undone else "applied", number=len(event.changes))
