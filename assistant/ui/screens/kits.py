"""Kits: named sets of tools. Use one in this task, keep the present set as one's own, delete one's own."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList

from assistant.agent.kits import Kit
from assistant.ui.language import N_, _, pick
from assistant.ui.safe import join, line
from assistant.ui.screens.panel import LongRows, PanelScreen, Rows

if TYPE_CHECKING:
    from assistant.ui.screens.chat import ChatScreen


class KitsScreen(PanelScreen):
    """One list."""

    TITLE_TEXT = N_("Kits")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "save", N_("keep the tools that are on now as a kit of your own")),
        Binding("x,delete", "forget", N_("delete a kit of your own")),
    ]

    def __init__(self, chat: ChatScreen) -> None:
        super().__init__()
        if chat.session is None or chat.desk is None:
            raise RuntimeError("kits need an open task")
        self._chat, self.session, self._arrange = chat, chat.session, chat.desk.arrangements

    def parts(self) -> ComposeResult:
        """The list."""
        yield LongRows()

    def hints(self) -> list[tuple[str, str]]:
        """The keys."""
        return [("Enter", _("use in this task")), ("s", _("save the present set")), ("x", _("delete your own"))]

    def on_mount(self) -> None:
        """As they stand."""
        self._draw()
        self.query_one(Rows).focus()

    def _draw(self) -> None:
        on_now = {spec.name for spec, is_on in self.session.tools() if is_on}
        there = {spec.name for spec, _is_on in self.session.tools()}
        rows = [
            (
                f"kit:{kit.name}",
                kit_label(kit, own=self._arrange.is_own(kit.name), used=set(kit.tools) & there == on_now),
            )
            for kit in self._arrange.kits.values()
        ]
        self.query_one(Rows).set_rows(rows)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.run_worker(partial(self._use, (event.option.id or "").partition(":")[2]), group="act", exit_on_error=False)

    async def _use(self, name: str) -> None:
        kit = self._arrange.kits.get(name)
        if kit is not None and await self.attempt(
            self.session.use_kit(name, kit.tools), _("from the next model call on: {kit}").format(kit=name)
        ):
            self._draw()
            self._chat.refresh_status()

    def action_save(self) -> None:
        """Keep the present set."""
        self.run_worker(self._save, group="act", exit_on_error=False)

    async def _save(self) -> None:
        from assistant.ui.screens.ask import AskScreen

        names = [spec.name for spec, is_on in self.session.tools() if is_on]
        hint = _("{n} tools. A name of small letters, digits and `-`; `assistant --kit NAME` starts a task with it")
        name = await self.app.push_screen_wait(AskScreen(_("Save this set as a kit"), hint=hint.format(n=len(names))))
        if name is None:
            return
        name = name.strip()
        if name in self._arrange.kits and self._arrange.is_own(name):
            question = _("Replace your kit `{name}`?").format(name=name)
            if not await self.app.confirm(question, ", ".join(self._arrange.kits[name].tools)):
                return
        if await self.attempt(self._arrange.save_kit(name, names), _("saved: {kit}").format(kit=name)):
            self._draw()

    def action_forget(self) -> None:
        """Delete the marked one, when it is the person's own."""
        name = self.query_one(Rows).highlighted_id.partition(":")[2]
        if name:
            self.run_worker(partial(self._forget, name), group="act", exit_on_error=False)

    async def _forget(self, name: str) -> None:
        if not self._arrange.is_own(name):
            told = _("`{name}` came with the program and stays").format(name=name)
            self.app.notify(told, severity="warning", markup=False)
            return
        detail = ", ".join(self._arrange.kits[name].tools)
        if await self.app.confirm(_("Delete your kit `{name}`?").format(name=name), detail):
            await self.attempt(self._arrange.delete_kit(name), _("deleted"))
            self._draw()


def open_for(chat: ChatScreen) -> KitsScreen:
    """The screen over `chat`."""
    return KitsScreen(chat)


def kit_label(kit: Kit, *, own: bool, used: bool) -> Content:
    """Whether its tools are those that are on, its name, whose it is, what it is for, its tools."""
    mark = ("(•) ", "bold $primary") if used else ("( ) ", "$quiet")
    rows = [join(mark, line(kit.name, "bold", 40), "  ", line(pick(kit.title), "", 80))]
    if own:
        rows[0] = join(rows[0], ("  " + _("your own"), "$accent"))
    if words := pick(kit.description):
        rows.append(join("    ", line(words, "$quiet", 200)))
    rows.append(join("    ", line(", ".join(kit.tools), "$quiet", 300)))
    return Content("\n").join(rows)
