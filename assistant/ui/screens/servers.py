"""MCP servers: what each is given, what it offers, whether it is still what was trusted. Nothing is trusted unseen."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList

from assistant.errors import AssistantError
from assistant.gateway.approver import ElicitAnswer, ElicitRequest
from assistant.gateway.roles import guessed
from assistant.gateway.servers import ServerState
from assistant.servers.offer import Offer, difference
from assistant.types import Role
from assistant.ui.forms import MOST_FIELDS, Field
from assistant.ui.language import N_, _, ngettext
from assistant.ui.reach import given, state_words
from assistant.ui.safe import join, line
from assistant.ui.screens.form import FormScreen
from assistant.ui.screens.panel import LongRows, PanelScreen, Rows
from assistant.visible import one_line, visible

if TYPE_CHECKING:
    from assistant.ui.app import AssistantApp
    from assistant.ui.screens.chat import ChatScreen

MOST_LINES = 2_000
"""Lines of an offer that a person is shown before they trust it. What is longer isn't trusted here: nobody has read it."""
DIFF_LINES = 14
"""Lines of a change that the list shows; the question shows all of them."""


class ServersScreen(PanelScreen):
    """One list."""

    TITLE_TEXT = N_("Servers")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "trust", N_("start the marked server, see what it offers, trust it or not")),
        Binding("x,delete", "distrust", N_("take the trust back")),
    ]

    def __init__(self, chat: ChatScreen) -> None:
        super().__init__()
        if chat.desk is None:
            raise RuntimeError("servers need an open desk")
        self._chat, self._arrange = chat, chat.desk.arrangements

    def parts(self) -> ComposeResult:
        """The list."""
        yield LongRows()

    def hints(self) -> list[tuple[str, str]]:
        """The keys."""
        return [("Enter", _("look, and trust or not")), ("x", _("take the trust back"))]

    def on_mount(self) -> None:
        """As they stand."""
        self._draw()
        self.query_one(Rows).focus()

    def _draw(self) -> None:
        try:
            states = self._arrange.servers()
        except AssistantError as error:
            self.query_one(Rows).set_rows([("-problem", line(str(error), "$error"))])
            return
        empty = [("-none", Content.styled(_("none is configured: assistant servers add NAME …"), "italic $quiet"))]
        self.query_one(Rows).set_rows([(f"server:{s.config.name}", server_label(s)) for s in states] or empty)
        self.say_title(_("{on} of {all} trusted").format(on=sum(s.state == "trusted" for s in states), all=len(states)))

    def _marked(self) -> str:
        return self.query_one(Rows).highlighted_id.partition(":")[2]

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.action_trust()

    def action_trust(self) -> None:
        """Start it, show what it offers, and ask."""
        if name := self._marked():
            self.run_worker(partial(self._trust, name), group="act", exclusive=True, exit_on_error=False)

    async def _trust(self, name: str) -> None:
        state = next((s for s in self._arrange.servers() if s.config.name == name), None)
        if state is None or state.state == "disabled":
            self.app.notify(_("it is disabled in its configuration"), markup=False)
            return
        self.say_title(_("starting {name} …").format(name=one_line(name, 60)))
        try:
            offer = await self._arrange.offer_of(name, SignsIn(self.app))
        except AssistantError as error:
            self.app.notify(str(error), severity="warning", markup=False, timeout=10)
            return
        finally:
            self._draw()
        lines = offer_lines(state, offer)
        if len(lines) > MOST_LINES:
            told = _("it offers more than can be read here: assistant servers show {name}").format(name=name)
            self.app.notify(told, severity="warning", markup=False, timeout=10)
            return
        if state.state == "trusted" and state.pin is not None and state.pin.offer.sha256 == offer.sha256:
            await self.app.confirm(
                _("`{name}` is what you trusted. Nothing to do.").format(name=name), "\n".join(lines)
            )
            return
        if await self.app.confirm(_("Trust `{name}` exactly as it is shown here?").format(name=name), "\n".join(lines)):
            roles = await self._ask_roles(state, offer)
            if roles is None:
                return
            done = _("trusted: turn its tools on in the tools list")
            await self.attempt(self._arrange.trust_server(name, offer, roles), done)
            self._draw()

    async def _ask_roles(self, state: ServerState, offer: Offer) -> list[tuple[str, str, Role]] | None:
        """What the person corrects of the guessed meanings; None when they left the question."""
        guesses = guessed(state.config, offer)[:MOST_FIELDS]
        if not guesses:
            return []
        words = _role_words()
        fields = [
            Field(str(n), f"{tool}.{argument}", "choice", str(of.role), required=True, choices=words)
            for n, (tool, argument, of) in enumerate(guesses)
        ]
        about = _(
            "Nothing in a server's offer says it, so it is guessed from names. It decides what you are asked about."
        )
        filled = await self.app.push_screen_wait(FormScreen(_("What do these arguments mean?"), about, fields))
        if filled is None:
            return None
        said = [(tool, argument, Role(str(filled[str(n)]))) for n, (tool, argument, _of) in enumerate(guesses)]
        return [new for new, (_tool, _argument, of) in zip(said, guesses, strict=True) if new[2] != of.role]

    def action_distrust(self) -> None:
        """Its tools go, in every task."""
        if name := self._marked():
            self.run_worker(partial(self._distrust, name), group="act", exit_on_error=False)

    async def _distrust(self, name: str) -> None:
        question = _("Take the trust in `{name}` back?").format(name=name)
        if await self.app.confirm(question, _("Its tools are gone at once, in every task.")):
            await self.attempt(self._arrange.distrust_server(name), _("no longer trusted"))
            self._draw()


class SignsIn:
    """While a server is looked at, it may ask to be signed in to; its other questions are declined."""

    def __init__(self, app: AssistantApp) -> None:
        self._app = app

    async def elicit(self, request: ElicitRequest) -> ElicitAnswer:
        """See `assistant.gateway.approver.Elicitor`."""
        if request.kind != "sign_in":
            return ElicitAnswer("decline")
        self._app.copy_to_clipboard(request.url)
        question = _("Open this address and sign in to `{name}`?").format(name=one_line(request.server, 60))
        detail = f"{request.url}\n\n{_('It was copied. Look at its host first; it is not opened from here.')}"
        return ElicitAnswer("accept" if await self._app.confirm(question, detail) else "decline")


def _role_words() -> tuple[tuple[str, str], ...]:
    return (
        (str(Role.DEST), _("where something goes")),
        (str(Role.TARGET), _("what is changed or deleted")),
        (str(Role.PAYLOAD), _("what is carried")),
        (str(Role.SECRET), _("a password or a key")),
        (str(Role.PARAM), _("how it is done")),
    )


def open_for(chat: ChatScreen) -> ServersScreen:
    """The screen over `chat`."""
    return ServersScreen(chat)


def server_label(state: ServerState) -> Content:
    """Name, state, how it is reached, what it is given, its tools, what changed."""
    config = state.config
    words, style = state_words(state)
    rows = [join(line(config.name, "bold", 60), "  ", line(words, style, 80))]
    rows.append(join("    ", line(config.url or " ".join((config.command, *config.args)), "$quiet", 200)))
    rows += [join("    ", (f"{what}: ", "$quiet"), line(which, "", 200)) for what, which in given(config)]
    if state.tools:
        names = ", ".join(spec.name for spec in state.tools)
        rows.append(join("    ", (ngettext("{n} tool", "{n} tools", len(state.tools)) + ": ", "$quiet"), line(names)))
    if state.problem:
        rows.append(join("    ", line(state.problem, "$error")))
    if state.pin is not None and state.pin.seen is not None:
        changed = difference(state.pin.offer, state.pin.seen)
        rows += [join("    ", line(row, _style(row), 160)) for row in changed[:DIFF_LINES]]
        if len(changed) > DIFF_LINES:
            more = ngettext("… {n} more line", "… {n} more lines", len(changed) - DIFF_LINES)
            rows.append(join("    ", (more, "italic $quiet")))
    elif state.state == "changed":
        rows.append(join("    ", (_("how it is started, or what it is given, is not what you trusted"), "$warning")))
    return Content("\n").join(rows)


def offer_lines(state: ServerState, offer: Offer) -> list[str]:
    """What a person reads before they trust: what it is given, what changed or all that it offers, in its own words."""
    lines = [f"{what}: {which}" for what, which in given(state.config)]
    lines.append("")
    if state.pin is not None and state.pin.offer.sha256 != offer.sha256:
        lines += [_("since you trusted it:"), *difference(state.pin.offer, offer)]
        return lines
    if state.pin is None:
        lines.append(_("these are the server's own words:"))
    if offer.instructions:
        lines += [one_line(row, 400) for row in visible(offer.instructions).split("\n")]
    for tool in offer.tools:
        lines += ["", one_line(f"• {tool.name}", 120)]
        lines += [f"  {one_line(row, 400)}" for row in visible(tool.description).split("\n")]
    return lines


def _style(row: str) -> str:
    return "$added" if row.startswith("+") else "$removed" if row.startswith("-") else "$quiet"
