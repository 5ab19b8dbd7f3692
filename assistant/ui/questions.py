"""What waits for the person on one screen: the cards, and the way of their answers back to who asked."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from textual.message import Message

from assistant.ui.messages import ApprovalAnswered, ApprovalEdited, ApprovalWithdrawn, ServerAnswered

if TYPE_CHECKING:
    from textual.screen import Screen

    from assistant.ui.approver import ScreenApprover
    from assistant.ui.decision import Question
    from assistant.ui.widgets.approval import ApprovalPanel
    from assistant.ui.widgets.prompt import Prompt

Settled = ApprovalAnswered | ApprovalEdited | ServerAnswered | ApprovalWithdrawn


class Questions:
    """The questions of one screen. `place` is where the cards are mounted, as `Screen.mount` takes it."""

    def __init__(self, screen: Screen[Any], **place: str) -> None:
        self._screen = screen
        self._place: dict[str, Any] = place
        self.panel: ApprovalPanel | None = None
        """Mounted with the first question."""
        self._low = False

    @cached_property
    def approver(self) -> ScreenApprover:
        """Given to whoever asks."""
        from assistant.ui.approver import ScreenApprover  # not before the first frame

        return ScreenApprover(self._screen.post_message)

    @property
    def waiting(self) -> bool:
        """Whether one waits."""
        return self.panel is not None and self.panel.current is not None

    @property
    def focused(self) -> bool:
        """Whether the focus is on the card, or on a line that belongs to it."""
        return self.panel is not None and self.panel.has_focus_within

    async def add(self, request: Question) -> None:
        """One more waits."""
        if self.panel is None:
            from assistant.ui.widgets.approval import ApprovalPanel  # not before the first question

            self.panel = ApprovalPanel()
            self.panel.set_class(self._low, "-low")
            await self._screen.mount(self.panel, **self._place)
        self.panel.add(request)

    def settle(self, message: Settled) -> None:
        """Pass an answer on, if there is one; its card is gone."""
        match message:
            case ApprovalAnswered():
                self.approver.answer(message.request, message.answer, message.reason)
            case ApprovalEdited():
                self.approver.edit(message.request, message.arguments)
            case ServerAnswered():
                self.approver.reply(message.request, message.answer)
            case ApprovalWithdrawn():
                pass
        if self.panel is not None:
            self.panel.remove(message.request)

    def take_focus(self, prompt: Prompt) -> None:
        """Give the card the focus, once the person has paused and isn't writing anything in `prompt` (U2)."""
        from assistant.ui.widgets.approval import ARM_S

        panel = self.panel
        if panel is None or panel.current is None or prompt.text or not prompt.has_focus:
            return
        if Message().time - prompt.last_key_at < ARM_S:
            self._screen.set_timer(ARM_S / 4, lambda: panel.post_message(panel.WantsFocus()))
        else:
            panel.focus()

    def switch_focus(self, prompt: Prompt) -> bool:
        """From the card to `prompt` and back; False when nothing waits."""
        if self.panel is None or not self.waiting:
            return False
        (prompt if self.panel.has_focus else self.panel).focus()
        return True

    def leave_reason(self) -> bool:
        """Back from writing a reason to the card; False when none is being written."""
        return self.panel is not None and self.panel.leave_reason()

    def set_low(self, low: bool) -> None:
        """Whether there is too little room for borders."""
        self._low = low
        if self.panel is not None:
            self.panel.set_class(low, "-low")
