"""A notice in the transcript: what happened, and what to do about it."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from assistant.ui.conversation import Note, Update
from assistant.ui.language import _, ngettext
from assistant.ui.safe import join, plain

_SIGNS = {"info": ("·", "$quiet"), "done": ("✓", "$success"), "warning": ("!", "$warning"), "error": ("✗", "$error")}


class NoteView(Static):
    """One notice. The sign and its word carry the level, the colour only repeats it."""

    DEFAULT_CSS = """
    NoteView {
        margin: 1 0 0 0; padding: 0 2; height: auto;
        &.-found { background: $panel; }
    }
    """

    def __init__(self, item: Note) -> None:
        super().__init__(note_content(item), markup=False)
        self.item = item

    def show_update(self, update: Update) -> None:
        """Draw the item anew."""
        del update
        self.update(note_content(self.item))


def note_content(item: Note) -> Content:
    """The notice in words, with its level."""
    sign, style = _SIGNS.get(item.level, _SIGNS["info"])
    words = {"warning": _("warning") + ": ", "error": _("error") + ": "}.get(item.level, "")
    body = plain(_told(item), "" if item.level in ("warning", "error") else "$quiet")
    parts: list[Content | str | tuple[str, str]] = [(f"{sign} {words}", f"bold {style}"), body]
    if item.hint:
        parts += ["\n  ", plain(item.hint, "$quiet")]
    return join(*parts)


def _told(item: Note) -> str:
    if item.kind == "turn" and item.word == "done":
        told = ngettext("{n} call was refused", "{n} calls were refused", item.number) + " · " + _("F4 shows why")
        return told if item.number else item.text
    if item.kind == "turn":
        ended = {
            "stopped": _("stopped"),
            "refused": _("ended with a refusal"),
            "failed": _("the turn failed"),
            "budget": _("a budget is spent"),
            "steps": _("stopped after many steps: say “go on” to continue"),
        }.get(item.word, item.word)
        return f"{ended}: {item.text}" if item.text else ended
    if item.kind == "applied":
        return ngettext("applied {n} change", "applied {n} changes", item.number) + f": {item.text}"
    if item.kind == "undone":
        return ngettext("took back {n} change", "took back {n} changes", item.number) + f": {item.text}"
    if item.kind == "conflicts":
        said = ngettext(
            "{n} change meets a file that was changed meanwhile",
            "{n} changes meet files that were changed meanwhile",
            item.number,
        )
        return f"{said}: {item.text}"
    return item.text
