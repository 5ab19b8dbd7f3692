"""The approval card: what will happen, the exact bytes, why it is asked, what would change, and the answers. A question of
an MCP server is a card of the same kind: it names the server, and nothing on it was checked by anyone.

The rules of its keys (invariants U1 to U3 in ui/README.md):
- Enter never approves. Only `y`, `t`, `a` do, and `a` asks twice, since it outlives the task.
- A key pressed before the card had stood ARM_S seconds, or before it had the focus, is typing: it goes to the prompt.
- `e` opens a form and answers nothing: a call that was changed comes back as a card of its own.
- The card takes the focus only from an empty prompt whose person has paused; otherwise Tab leads to it. Any other
  printable key on it is typing again, and takes the focus back with it: "stop" can't mean `t`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.cells import cell_len
from textual import events
from textual.app import App, ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Static

from assistant.gateway.approver import ApprovalRequest, ElicitAnswer, ElicitRequest
from assistant.types import JSON, Answer
from assistant.ui.decision import (
    COPY,
    EDIT,
    KEYS,
    LATER,
    Question,
    answer_names,
    card_rows,
    fields_of,
    headline,
    keys_of,
    scopes_in_words,
)
from assistant.ui.forms import of_action
from assistant.ui.language import _
from assistant.ui.messages import ApprovalAnswered, ApprovalEdited, ServerAnswered, TypedAhead
from assistant.ui.safe import join, line
from assistant.ui.screens.manners import leave

ARM_S = 0.4
"""How long a card must have been on screen before a key can be an answer to it. Reaction to something new that one did
not expect takes 0.4 s or more; a key that comes sooner was on its way already."""


LISTED = 6
"""Waiting questions that are listed above the one that is shown."""

SPELLED = 300
"""Characters of a scope beside its key: four rows of 80 columns. A longer one is spelled out in the text that scrolls."""


class ApprovalPanel(Vertical, can_focus=True):
    """Shows one waiting question, and above it a list when more wait. Hidden while none does."""

    DEFAULT_CSS = """
    ApprovalPanel {
        height: auto; max-height: 70%; margin: 0 1; padding: 0 1; display: none; background: $background;
        border: round $warning 60%; border-title-color: $warning; border-title-style: bold; border-subtitle-color: $quiet;
        &:focus, &:focus-within { border: round $warning; }
        & > VerticalScroll { height: auto; max-height: 100%; scrollbar-size-vertical: 1; }
        & > VerticalScroll > Static { height: auto; }
        & > .answers { height: auto; min-height: 1; dock: bottom; background: $background; }
        & > .answers { color: $quiet; }
        & > .waiting { height: auto; display: none; text-wrap: nowrap; text-overflow: ellipsis; }
        &.-armed > .answers { color: $foreground; }
        & > Input, & > Input:focus { dock: bottom; height: 1; margin: 0 0 1 0; border: none; padding: 0 1; background: $panel; }
    }
    ApprovalPanel.-low { border: none; max-height: 90%; }
    """

    app: App[Any]  # pyright: ignore[reportIncompatibleMethodOverride]  # the same, its type spelled out

    class WantsFocus(Message):
        """The card has stood long enough; the screen decides whether the person has paused."""

    def __init__(self) -> None:
        super().__init__(id="approval")
        self.waiting: list[Question] = []
        self.index = 0
        self.armed_at = 0.0
        """`Message.time` from which keys count."""
        self._always = False
        """`a` was pressed once."""
        self._form: tuple[Question, Screen[Any]] | None = None
        """The form that is open over the chat, and whose it is."""

    def compose(self) -> ComposeResult:
        """The text scrolls, the answers stay in view."""
        yield Static(markup=False, classes="waiting")
        with VerticalScroll(can_focus=False):
            yield Static(markup=False, classes="what")
        yield Static(markup=False, classes="answers")

    @property
    def current(self) -> Question | None:
        """The question that is shown."""
        return self.waiting[self.index] if self.waiting else None

    # ------------------------------------------------------------ questions come and go

    def add(self, request: Question) -> None:
        """One more question waits; the one on screen stays."""
        self.waiting.append(request)
        if len(self.waiting) == 1:
            self._show()
        else:
            self._titles()

    def remove(self, request: Question) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]  # a card is removed, never the panel
        """`request` was answered or withdrawn."""
        index = next((i for i, waiting in enumerate(self.waiting) if waiting is request), None)
        if index is None:
            return
        if self._form is not None and self._form[0] is request:
            leave(self._form[1], None)
        shown = self.current is request
        del self.waiting[index]
        if not shown and index < self.index:
            self.index -= 1
        if shown:
            self.index = min(self.index, max(0, len(self.waiting) - 1))
            self._show()
        else:
            self._titles()

    def _show(self) -> None:
        """A card appears: nothing pressed so far can be meant for it."""
        self._always = False
        self.display = bool(self.waiting)
        self.query("Input").remove()
        self.armed_at = Message().time + ARM_S
        self.remove_class("-armed")
        if self.current is not None:
            self.query_one(".what", Static).update(card_content(self.current, compact=self.screen.size.height < 30))
            self.query_one(VerticalScroll).scroll_home(animate=False)
            self.set_timer(ARM_S, self._armed)
        self._titles()

    def _armed(self) -> None:
        if self.waiting and Message().time >= self.armed_at:
            self.add_class("-armed")
            self.post_message(self.WantsFocus())

    def watch_has_focus(self, has_focus: bool) -> None:
        """What was pressed before the focus came was meant for where it was."""
        super().watch_has_focus(has_focus)
        if has_focus:
            self.armed_at = max(self.armed_at, Message().time)
        self._titles()

    def _titles(self) -> None:
        if self.current is None:
            return
        many = len(self.waiting) > 1
        place = _("{n} of {all} · ← → others").format(n=self.index + 1, all=len(self.waiting)) if many else ""
        listed = self.query_one(".waiting", Static)
        listed.display = many and self.screen.size.height >= 20
        listed.update(waiting_content(self.waiting, self.index))
        self.border_title = Content(_("Your decision") + (f" · {place}" if place else ""))
        self.border_subtitle = Content(_("↑ ↓ read · Esc stops the turn") if self.has_focus else _("Tab: answer"))
        width = self.content_size.width
        self.query_one(".answers", Static).update(answers_content(self.current, always=self._always, width=width))

    # ------------------------------------------------------------ keys

    def on_key(self, event: events.Key) -> None:
        """Answers, moving about, and typing that belongs elsewhere."""
        if not self.has_focus or self.current is None:
            return
        if event.key in ("left", "right") and len(self.waiting) > 1:
            self.index = (self.index + (1 if event.key == "right" else -1)) % len(self.waiting)
            self._show()
        elif event.key in _SCROLL:
            scroll = self.query_one(VerticalScroll)
            getattr(scroll, _SCROLL[event.key])(animate=False)
        elif event.key == "enter":
            self.app.bell()
        elif event.character is not None and event.is_printable and "+" not in event.key.removesuffix("+"):
            self._printable(event)
        else:
            return
        event.stop()
        event.prevent_default()

    def page(self, step: int) -> None:
        """Scroll the text by a page."""
        scroll = self.query_one(VerticalScroll)
        (scroll.scroll_page_up if step < 0 else scroll.scroll_page_down)(animate=False)

    def _printable(self, event: events.Key) -> None:
        key = event.character or ""
        request = self.current
        if request is None or event.time < self.armed_at:
            self.post_message(TypedAhead(key))
        elif key not in keys_of(request):
            self.post_message(TypedAhead(key))
            self.screen.query("#prompt").focus()  # a screen without one has nothing to type into
        elif key == EDIT:
            self._open_form(request)
        elif isinstance(request, ElicitRequest):
            self._answer_server(request, key)
        elif key == "w":
            self._ask_why()
        elif key == "a" and not self._always:
            self._always = True
            self._titles()
        else:
            self.post_message(ApprovalAnswered(request, KEYS[key]))

    def _answer_server(self, request: ElicitRequest, key: str) -> None:
        if key == COPY:
            self.app.copy_to_clipboard(request.url)
            self.app.notify(_("copied"), markup=False, timeout=2)
            return
        action = {"y": "accept", "n": "decline", LATER: "cancel"}[key]
        self.post_message(ServerAnswered(request, ElicitAnswer(action)))

    def _open_form(self, request: Question) -> None:
        """Change the call, or fill in what a server asks for. What comes of it is posted, never assumed."""
        from assistant.ui.screens.form import FormScreen  # only when someone fills one in

        if isinstance(request, ElicitRequest):
            form = FormScreen(headline(request), "", fields_of(request))
        else:
            about = _("What you change here is judged again, and shown again when you are to be asked.")
            form = FormScreen(_("Change this call"), about, of_action(request.action, request.editable))
        self._form = (request, form)
        self.app.push_screen(form, lambda values: self._filled(request, values))

    def _filled(self, request: Question, values: dict[str, JSON] | None) -> None:
        self._form = None
        if values is None:
            return
        if isinstance(request, ElicitRequest):
            self.post_message(ServerAnswered(request, ElicitAnswer("accept", values)))
        else:
            self.post_message(ApprovalEdited(request, values))

    def _ask_why(self) -> None:
        from textual.widgets import Input  # only when someone says why

        field = Input(placeholder=_("No, because … (Enter sends, Esc goes back)"))
        self.mount(field)
        field.focus()

    def on_input_submitted(self, event: events.Event) -> None:
        """The reason is complete: that is a no."""
        event.stop()
        request = self.current
        value = str(getattr(event, "value", ""))
        if isinstance(request, ApprovalRequest):
            self.post_message(ApprovalAnswered(request, Answer.NO, value.strip()))

    def leave_reason(self) -> bool:
        """Esc in the reason's field: back to the answers. False when no reason is being written."""
        fields = self.query("Input")
        if not fields:
            return False
        fields.remove()
        self.focus()
        return True


_SCROLL = {
    "up": "scroll_up",
    "down": "scroll_down",
    "home": "scroll_home",
    "end": "scroll_end",
}


def card_content(request: Question, *, compact: bool = False) -> Content:
    """The card's rows, drawn, and every scope that is too long to stand beside its key."""
    rows = card_rows(request, compact=compact)
    if isinstance(request, ApprovalRequest):
        for answer, words in scopes_in_words(request).items():
            if len(words) > SPELLED:
                name = answer_names()[answer][1]
                rows += [*([] if compact else [[]]), [(f"{name}:", "bold $secondary")], [("  ", ""), (words, "")]]
    return Content("\n").join(join(*row) for row in rows)


def waiting_content(waiting: Sequence[Question], index: int) -> Content:
    """Every question that waits, one a row, the one that is shown marked by a sign and not by colour alone."""
    first = max(0, min(index - LISTED // 2, len(waiting) - LISTED))
    rows = [
        join(
            ("▸ " if n == index else "  ", "bold $warning"),
            line(f"{n + 1} {headline(request)}", "bold" if n == index else "$quiet"),
        )
        for n, request in enumerate(waiting)
        if first <= n < first + LISTED
    ]
    return Content("\n").join(rows)


def answers_content(request: Question, *, always: bool, width: int = 0) -> Content:
    """The keys, one answer a row where a scope must be spelled out. In `width` columns (0: as many as it takes) the scope of
    what outlives the task has one row until its key is pressed once: nobody has agreed to anything before the second time."""
    if isinstance(request, ElicitRequest):
        return _server_answers(request)
    scopes = scopes_in_words(request)
    rows: list[Content] = []
    short: list[Content] = []
    for answer, (key, name) in answer_names().items():
        if answer not in request.answers:
            continue
        label = _key(key, name)
        if answer == Answer.ALWAYS and always:
            label = join((" a ", "bold reverse"), (" " + _("again, to allow it always"), "bold $warning"))
        if answer in scopes:
            once = answer == Answer.ALWAYS and not always
            rows.append(_scoped(label, scopes[answer], width if once else 0))
        else:
            short.append(label)
    short += [_key("n", _("no")), _key("w", _("no, and say why"))]
    if request.editable:
        short.append(_key(EDIT, _("change it")))
    return Content("\n").join([Content("   ").join(short), *rows])


def _scoped(label: Content, words: str, width: int) -> Content:
    """An answer and its scope, cut to `width` columns where that is not 0."""
    tail = ""
    if len(words) > SPELLED:
        words, tail = words[:SPELLED].rstrip() + "…", " " + _("↑ ↓ all of it above")
    row = join(label, ": ", line(words, limit=SPELLED + 1), (tail, "$quiet"))
    if not width or row.cell_length <= width:
        return row
    tail = " " + _("a: all of it")
    short = join(label, ": ", line(words, limit=SPELLED)).truncate(width - cell_len(tail), ellipsis=True)
    return join(short, (tail, "$quiet"))


def _server_answers(request: ElicitRequest) -> Content:
    if fields_of(request):
        short = [_key(EDIT, _("fill in"))]
    else:
        short = [_key("y", _("I opened it, go on") if request.url else _("yes"))]
    if request.url:
        short.append(_key(COPY, _("copy the address")))
    return Content("   ").join([*short, _key("n", _("decline")), _key(LATER, _("close without an answer"))])


def _key(key: str, name: str) -> Content:
    return join((f" {key} ", "bold reverse"), f" {name}")
