"""An earlier message opened in the prompt again: sending it makes a branch of the task, beside the old one."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.errors import AssistantError
from assistant.ui.conversation import Said
from assistant.ui.language import _, ngettext

if TYPE_CHECKING:
    from assistant.agent.branching import BranchPoint
    from assistant.ui.screens.chat import ChatScreen


class Editing:
    """At most one message at a time. What stood in the prompt before comes back when the person gives up."""

    def __init__(self, chat: ChatScreen) -> None:
        self._chat = chat
        self._item: Said | None = None
        self._shown = ""
        """Its text as it was put into the prompt."""
        self.draft = ""
        """What stood in the prompt before."""

    @property
    def active(self) -> bool:
        """Whether the prompt holds an earlier message."""
        return self._item is not None

    def nth_last(self, number: int) -> Said | None:
        """The `number`th last message that can be edited, 1 being the last one."""
        own = [item for item in self._chat.conversation.items if isinstance(item, Said) and item.seq]
        return own[-number] if 1 <= number <= len(own) else None

    def begin(self, item: Said) -> None:
        """Open `item` in the prompt, or say why it can't be edited."""
        chat = self._chat
        if not item.seq:
            chat.tell("info", _("this can't be edited: it is no message to the model, or not in the log yet"))
            return
        if self._item is None:
            self.draft = chat.prompt.take()
        elif (changed := chat.prompt.take()) != self._shown:
            chat.prompt.remember(changed)
        self._item = item
        self._shown = chat.app.pictures().again(item.text, item.images) if item.images else item.text
        chat.prompt.put(self._shown)
        chat.prompt.border_title = _("editing what you said · Enter sends it as a branch · Esc gives up")
        chat.prompt.focus()

    def leave(self) -> bool:
        """Give up; False when nothing was being edited. What was changed stays in the prompt's history (U7)."""
        if self._item is None:
            return False
        self._end()
        if (changed := self._chat.prompt.take()) != self._shown:
            self._chat.prompt.remember(changed)
        self._chat.prompt.put(self.draft)
        self.draft = ""
        return True

    def _end(self) -> None:
        self._item = None
        self._chat.prompt.border_title = ""

    def send(self, text: str) -> None:
        """Branch before the message, and send `text` there. While a turn runs, it stays in the prompt."""
        chat, item = self._chat, self._item
        if item is None:
            return
        if chat.turns.active:
            chat.prompt.give_back(text)
            chat.tell("info", _("a turn is running: Esc stops it, then send this"))
            return
        self._end()
        chat.run_worker(partial(self._branch, item, text), group="branch", exit_on_error=False)

    async def _branch(self, item: Said, text: str) -> None:
        chat = self._chat
        draft, self.draft = self.draft, ""
        if chat.desk is None or chat.session is None:
            self._keep(draft, text)
            return
        try:
            point = await chat.desk.branch_point(chat.session.task.id, item.seq)
        except AssistantError as error:
            chat.tell("warning", error.message, error.hint)
            self._keep(draft, text)
            return
        except Exception:  # told as a worker's failure; the words are the person's all the same
            self._keep(draft, text)
            raise
        take_back = await self._take_back(point) if point.applied else False
        chat.prompt.give_back(draft)
        if take_back is None:
            self.begin(item)
            chat.prompt.put(text)
            return
        chat.app.open_branch(Path(chat.session.task.folder), point, text, take_back=take_back)

    def _keep(self, draft: str, text: str) -> None:
        """No branch: what was to be sent is in the prompt again, the draft one key away."""
        self._chat.prompt.remember(draft)
        self._chat.prompt.give_back(text)

    async def _take_back(self, point: BranchPoint) -> bool | None:
        """Ask what becomes of what was applied since; None is: don't branch."""
        from assistant.ui.screens.confirm import ChooseScreen

        files = sum(one.files for one in point.applied)
        question = ngettext(
            "{n} change was applied to your folder since then. Take it back first?",
            "{n} changes were applied to your folder since then. Take them back first?",
            files,
        )
        detail = _("The folder is one for all tasks: kept changes are seen by the branch too.")
        answers: list[tuple[str, str, bool | None]] = [
            ("t", _("take back"), True),
            ("k", _("keep them"), False),
            ("n", _("don't branch"), None),
        ]
        return await self._chat.app.push_screen_wait(ChooseScreen(question, detail, answers, None))


async def branch_here(chat: ChatScreen) -> None:
    """A branch at the end of the conversation, beside this task."""
    if chat.desk is None or chat.session is None:
        chat.tell("info", _("one moment: the task is still being opened"))
        return
    if chat.turns.active:
        chat.tell("info", _("a turn is running: Esc stops it, then branch"))
        return
    task = chat.session.task
    chat.app.open_branch(Path(task.folder), await chat.desk.branch_point(task.id), "")


def edit_earlier(chat: ChatScreen, argument: str) -> None:
    """`/edit`: the last message; `/edit 3`: the third last."""
    number = int(argument) if argument.isdecimal() else 1
    if (item := chat.editing.nth_last(number)) is not None:
        chat.editing.begin(item)
    else:
        chat.tell("info", _("there is no such message to edit"), _("Ctrl+↑ goes to earlier ones, Enter edits them"))
