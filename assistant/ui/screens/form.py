"""A form over the chat: what a server asks for, or the arguments of a call that the person changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, cast

import msgspec
from textual import on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Checkbox, Input, Select, SelectionList, Static, TextArea
from textual.widgets.selection_list import Selection

from assistant.types import JSON
from assistant.ui.forms import Field, fill, items
from assistant.ui.language import N_, _
from assistant.ui.safe import join, line, plain
from assistant.ui.screens.manners import leave


class FormScreen(ModalScreen[dict[str, JSON] | None]):
    """Ctrl+S, or Enter in the last field of one line, gives the values; Esc gives None. Enter elsewhere only moves on."""

    app: App[Any]  # pyright: ignore[reportIncompatibleMethodOverride]  # the same, its type spelled out
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "send", N_("take what is filled in"), priority=True),
        Binding("escape,ctrl+c", "leave", N_("leave it as it was"), priority=True),
    ]
    CSS = """
    FormScreen { align: center middle; background: $background 60%; }
    FormScreen > Vertical {
        width: 90; max-width: 96%; height: auto; max-height: 94%; padding: 1 2; background: $surface; border: round $primary;
    }
    FormScreen VerticalScroll { height: auto; max-height: 30; scrollbar-size-vertical: 1; }
    FormScreen Static { height: auto; }
    FormScreen .about { margin: 0 0 1 0; }
    FormScreen .hint, FormScreen .keys { color: $quiet; }
    FormScreen .wrong { color: $error; display: none; }
    FormScreen .keys { margin: 1 0 0 0; }
    FormScreen Input, FormScreen Input:focus { border: none; height: 1; padding: 0 1; background: $panel; }
    FormScreen TextArea, FormScreen TextArea:focus {
        border: none; height: auto; min-height: 2; max-height: 12; padding: 0 1; background: $panel;
    }
    FormScreen Checkbox, FormScreen Checkbox:focus { border: none; background: $panel; padding: 0 1; }
    FormScreen SelectionList, FormScreen SelectionList:focus { border: none; height: auto; max-height: 8; background: $panel; }
    FormScreen Select { height: auto; }
    FormScreen .name:focus-within { text-style: bold; }
    """

    def __init__(self, title: str, about: str, fields: Sequence[Field]) -> None:
        super().__init__()
        self._title, self._about, self._fields = title, about, tuple(fields)

    def compose(self) -> ComposeResult:
        """Title, whose words follow, the fields, the keys."""
        with Vertical():
            yield Static(plain(self._title, "bold"), markup=False)
            if self._about:
                yield Static(plain(self._about), markup=False, classes="about")
            with VerticalScroll(can_focus=False):
                for number, field in enumerate(self._fields):
                    yield from self._rows(number, field)
            yield Static(
                join(("Ctrl+S", "bold"), " " + _("take it"), "   ", ("Tab", "bold"), " " + _("next field"), "   ",
                     ("Esc", "bold"), " " + _("leave it")),
                markup=False,
                classes="keys",
            )  # fmt: skip

    def _rows(self, number: int, field: Field) -> ComposeResult:
        needed = (" *", "bold $warning") if field.required else ("", "")
        yield Static(join(line(field.title, "bold", 120), needed), markup=False)
        if field.hint:
            yield Static(line(field.hint, "", 300), markup=False, classes="hint")
        yield _widget(number, field)
        yield Static("", markup=False, classes="wrong", id=f"wrong-{number}")

    def on_mount(self) -> None:
        """The first field has the focus. None is there when the question was withdrawn before the form stood."""
        for first in self.query("#field-0"):
            first.focus()

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        if event.input.id == f"field-{len(self._fields) - 1}":
            self.action_send()
        else:
            self.focus_next()

    def action_send(self) -> None:
        """Give the values, or say what is wrong with them."""
        texts = {field.name: _text(self.query_one(f"#field-{n}"), field) for n, field in enumerate(self._fields)}
        values, wrong = fill(self._fields, texts)
        for number, field in enumerate(self._fields):
            told = self.query_one(f"#wrong-{number}", Static)
            told.display = field.name in wrong
            told.update(plain(wrong.get(field.name, "")))
        if wrong:
            first = next(n for n, field in enumerate(self._fields) if field.name in wrong)
            self.query_one(f"#field-{first}").focus()
            self.app.bell()
        else:
            leave(self, values)

    def action_leave(self) -> None:
        """Nothing is taken."""
        leave(self, None)


def _widget(number: int, field: Field) -> Widget:
    name = f"field-{number}"
    match field.kind:
        case "bool":
            return Checkbox(Content(_("yes")), bool(field.value), id=name)
        case "choice":
            options = [(line(words, "", 200), value) for value, words in field.choices]
            known = any(value == field.value for value, _words in field.choices)
            if known:
                return Select(options, prompt=_("choose"), value=str(field.value), id=name)
            return Select(options, prompt=_("choose"), id=name)
        case "choices":
            chosen = [str(v) for v in items(field.value)]
            return SelectionList[str](
                *(Selection(line(words, "", 200), value, value in chosen) for value, words in field.choices), id=name
            )
        case "long" | "list" | "json":
            return TextArea(field.shown, soft_wrap=True, show_line_numbers=False, id=name)
        case _:
            return Input(field.shown, id=name)


def _text(widget: Widget, field: Field) -> str:
    """What stands in a field, as `read` takes it."""
    if isinstance(widget, Checkbox):
        return "yes" if widget.value else "no"
    if isinstance(widget, Select):
        chosen = cast("Select[str]", widget).value
        return chosen if isinstance(chosen, str) else ""
    if isinstance(widget, SelectionList):
        several = cast("SelectionList[str]", widget).selected
        return msgspec.json.encode(several).decode() if several else ""
    if isinstance(widget, TextArea):
        return widget.text
    assert isinstance(widget, Input)  # noqa: S101 - there is no other kind
    return widget.value
