"""Tools per task: what each can do and how far it reaches, on or off; kit, servers, permissions, boundaries, autonomy,
budgets. Each change is logged and holds at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList

from assistant.errors import AssistantError
from assistant.gateway.servers import ServerState
from assistant.types import Autonomy, Boundary, Budgets, Grant, ToolSpec
from assistant.ui import acting, figures, standing
from assistant.ui.facts import effect_word
from assistant.ui.language import N_, _, pick
from assistant.ui.levels import AUTONOMY, autonomy_word
from assistant.ui.reach import grants_of, reach, state_words
from assistant.ui.safe import join, line, pad
from assistant.ui.screens.panel import LongRows, PanelScreen, Rows

if TYPE_CHECKING:
    from assistant.ui.screens.chat import ChatScreen

BUDGETS = ("cost", "tokens", "calls", "time", "energy")


class ToolsScreen(PanelScreen):
    """One list in seven parts."""

    TITLE_TEXT = N_("Tools and permissions")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "choose", N_("turn on or off, set")),
        Binding("x,delete", "end", N_("revoke a permission, lift a boundary")),
        Binding("b", "boundary", N_("state a boundary")),
        Binding("k", "open('kits')", N_("kits: use one, save the present set")),
        Binding("m", "open('servers')", N_("MCP servers")),
    ]

    def __init__(self, chat: ChatScreen) -> None:
        super().__init__()
        if chat.session is None:
            raise RuntimeError("tools need an open task")
        if chat.desk is None:
            raise RuntimeError("tools need an open desk")
        self._chat, self.session, self._desk = chat, chat.session, chat.desk

    def parts(self) -> ComposeResult:
        """The list."""
        yield LongRows()

    def hints(self) -> list[tuple[str, str]]:
        """The keys."""
        return [
            ("Enter", _("on/off, set")),
            ("x", _("revoke, lift")),
            ("b", _("new boundary")),
            ("k", _("kits")),
            ("m", _("servers")),
        ]

    def on_mount(self) -> None:
        """Everything as it stands."""
        self.query_one(Rows).focus()
        self._draw()

    def on_screen_resume(self) -> None:
        """Back from kits or servers: they may have changed what is on."""
        if self.is_mounted and self.query(Rows):
            self._draw()

    def _draw(self) -> None:
        session = self.session
        tools = session.tools()
        states = self._servers()
        configs = {s.config.name: s.config for s in states}
        given = self._desk.settings.tools
        rows: list[tuple[str, Content]] = [("-tools", Content(_("Tools")))]
        for spec, is_on in tools:
            server = configs.get(spec.program[0]) if spec.protocol == "server" and spec.program else None
            where = reach(spec, session.task.folder, given.get(spec.name, {}), server)
            label = tool_label(spec, on=is_on, where=where, granted=grants_of(spec, session.grants()))
            rows.append((f"tool:{spec.name}", label))
        rows.append(("-kit", join("\n", _("Kit"))))
        rows.append(("kit:", self._kit_label({spec.name for spec, on in tools if on})))
        rows.append(("-servers", join("\n", _("Servers"))))
        rows += [(f"server:{s.config.name}", _server_row(s)) for s in states] or [("-s", _none())]
        rows.append(("-grants", join("\n", _("Permissions you gave"))))
        rows += [(f"grant:{grant.id}", grant_label(grant)) for grant in session.grants()] or [("-g", _none())]
        rows.append(("-boundaries", join("\n", _("Boundaries"))))
        rows += [(f"boundary:{b.id}", boundary_label(b)) for b in session.boundaries()] or [("-b", _none())]
        rows.append(("-autonomy", join("\n", _("Autonomy"))))
        rows += [(f"level:{level.value}", level_label(level, session.task.autonomy)) for level in Autonomy]
        rows.append(("-budgets", join("\n", _("Budgets"))))
        rows += [(f"budget:{name}", budget_label(name, session.task.budgets)) for name in BUDGETS]
        self.query_one(Rows).set_rows(rows)
        on = sum(1 for _spec, is_on in tools if is_on)
        self.say_title(_("{on} of {all} on").format(on=on, all=len(tools)))

    # ------------------------------------------------------------ acts

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self._choose(event.option.id or "")

    def action_choose(self) -> None:
        """The marked row."""
        self._choose(self.query_one(Rows).highlighted_id)

    def _choose(self, row: str) -> None:
        kind, _colon, name = row.partition(":")
        session = self.session
        if kind == "tool":
            names = [spec.name for spec, on in session.tools() if on != (spec.name == name)]
            self._act(session.set_tools(names))
        elif kind in ("kit", "server"):
            self.action_open(f"{kind}s")
        elif kind == "level":
            self._act(session.set_autonomy(Autonomy(name)))
        elif kind == "budget":
            self.run_worker(partial(self._budget, name), group="act", exit_on_error=False)

    def action_open(self, name: str) -> None:
        """Kits or servers, over this screen."""
        self.app.open_screen(name, self._chat)

    def _servers(self) -> list[ServerState]:
        try:
            return self._desk.arrangements.servers()
        except AssistantError as error:
            self.app.notify(str(error), severity="warning", markup=False, timeout=8)
            return []

    def _kit_label(self, on_now: set[str]) -> Content:
        name = self.session.task.kit
        kit = self._desk.arrangements.kits.get(name)
        same = (
            kit is not None
            and {t for t in kit.tools if any(spec.name == t for spec, _on in self.session.tools())} == on_now
        )
        changed = "" if same else "  " + _("changed since: k, then s saves this set as your own")
        return join(
            "    ", line(name, "bold", 40), "  ", line(pick(kit.title) if kit else "", "", 80), (changed, "$quiet")
        )

    def action_end(self) -> None:
        """Revoke or lift the marked row."""
        kind, _colon, name = self.query_one(Rows).highlighted_id.partition(":")
        if kind == "grant":
            self._act(self.session.revoke(name), _("revoked"))
        elif kind == "boundary":
            self.run_worker(partial(self._lift, name), group="act", exit_on_error=False)

    def action_boundary(self) -> None:
        """State one."""
        self.run_worker(self._boundary, group="act", exit_on_error=False)

    def _act(self, work: Any, done: str = "") -> None:
        async def act() -> None:
            await self.attempt(work, done)
            self._draw()
            self._chat.refresh_status()

        self.run_worker(act(), group="act", exit_on_error=False)

    async def _lift(self, name: str) -> None:
        boundary = next((b for b in self.session.boundaries() if b.id == name), None)
        if boundary and await self.app.confirm(_("Lift this boundary?"), f"{boundary.words}\n\n{boundary.policy}"):
            await self.attempt(self.session.remove_boundary(name), _("lifted"))
            self._draw()

    async def _boundary(self) -> None:
        from assistant.ui.screens.ask import AskScreen

        words = await self.app.push_screen_wait(
            AskScreen(_("What must never happen?"), hint=_("for example: push · delete · example.com"))
        )
        if words:
            await acting.never(self._chat, words)
            self._draw()

    async def _budget(self, name: str) -> None:
        from assistant.ui.screens.ask import AskScreen

        text = await self.app.push_screen_wait(
            AskScreen(
                _("A limit for {what}").format(what=budget_name(name)),
                hint=_("a number ({unit}), or nothing for no limit").format(unit=budget_unit(name)),
            )
        )
        if text is None:
            return
        budgets = with_budget(self.session.task.budgets, name, text)
        if budgets is None:
            self.app.notify(_("`{text}` is no number above zero").format(text=text), severity="warning", markup=False)
            return
        await self.attempt(self.session.set_budgets(budgets))
        self._draw()


def open_for(chat: ChatScreen) -> ToolsScreen:
    """The screen over `chat`."""
    return ToolsScreen(chat)


def _none() -> Content:
    return Content.styled("  " + _("none"), "italic not bold $quiet")


def _server_row(state: ServerState) -> Content:
    words, style = state_words(state)
    return join("    ", line(state.config.name, "bold", 60), "  ", line(words, style, 80))


def tool_label(spec: ToolSpec, *, on: bool, where: Sequence[tuple[str, str]] = (), granted: str = "") -> Content:
    """On or off, what it can do, what it can't, and how far it reaches."""
    mark = ("[x] ", "bold $success") if on else ("[ ] ", "$quiet")
    rows = [
        join(
            mark,
            line(spec.name, "bold", 60),
            (f"  {effect_word(spec.effect)}", "$accent"),
            ("" if on else "  " + _("off"), "$quiet"),
        )
    ]
    if spec.can:
        rows.append(join("    ", line(spec.can)))
    if spec.cannot:
        rows.append(join("    ", (_("Not: "), "$quiet"), line(spec.cannot, "$quiet")))
    if where:
        parts = " · ".join(f"{what}: {which}" for what, which in where)
        rows.append(join("    ", line(parts, "$quiet", 600)))
    if granted:
        rows.append(join("    ", (_("Allowed by you: "), "$quiet"), line(granted, "$accent")))
    return Content("\n").join(rows)


def grant_label(grant: Grant) -> Content:
    """What is allowed, where, until when."""
    what, until = standing.grant_words(grant)
    return join("    ", line(what), (f"  {until}", "$quiet"))


def boundary_label(boundary: Boundary) -> Content:
    """What never happens, and where that holds."""
    where = _("in this task") if boundary.task else _("everywhere")
    return join("    ", line(boundary.words), (f"  {where}", "$quiet"))


def level_label(level: Autonomy, now: Autonomy) -> Content:
    """One position of the dial."""
    mark = ("(•) ", "bold $primary") if level == now else ("( ) ", "$quiet")
    return join(
        mark, (pad(autonomy_word(level.value), 14), "bold" if level == now else ""), (_(AUTONOMY[level]), "$quiet")
    )


def budget_name(name: str) -> str:
    """A budget's name."""
    names = {
        "cost": _("money"),
        "tokens": _("tokens"),
        "calls": _("tool calls"),
        "time": _("time"),
        "energy": _("energy"),
    }
    return names[name]


def budget_unit(name: str) -> str:
    """What its number counts."""
    units = {"cost": "US$", "tokens": _("tokens"), "calls": _("calls"), "time": _("seconds"), "energy": "Wh"}
    return units[name]


def budget_label(name: str, budgets: Budgets) -> Content:
    """A budget and its limit."""
    value = {
        "cost": figures.money(budgets.cost_uusd) if budgets.cost_uusd is not None else "",
        "tokens": figures.count(budgets.tokens) if budgets.tokens is not None else "",
        "calls": str(budgets.calls) if budgets.calls is not None else "",
        "time": figures.duration(budgets.wall_s * 1_000) if budgets.wall_s is not None else "",
        "energy": f"{budgets.energy_mwh / 1_000:g} Wh" if budgets.energy_mwh is not None else "",
    }[name]
    return join("    ", pad(budget_name(name), 14), (value or _("no limit"), "" if value else "$quiet"))


def with_budget(budgets: Budgets, name: str, text: str) -> Budgets | None:
    """`budgets` with one limit replaced by what was typed, or None when that is no positive number."""
    import msgspec

    fields = {"cost": "cost_uusd", "tokens": "tokens", "calls": "calls", "time": "wall_s", "energy": "energy_mwh"}
    scale = {"cost": 1_000_000, "energy": 1_000}.get(name, 1)
    value: int | None = None
    if text.strip():
        try:
            number = float(text.strip().lstrip("$"))
        except ValueError:
            return None
        if not 0 < number < 1e12:  # NaN and infinity fail this too
            return None
        value = round(number * scale)
    return msgspec.structs.replace(budgets, **{fields[name]: value})
