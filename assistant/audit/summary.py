"""One line for each entry, for timelines: what happened, in words, safe to show anywhere.

`summarise` tells what the entry itself says, `preview` also what lies apart of it: who said what, why something was asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from assistant.audit.apart import told
from assistant.audit.entry import Entry
from assistant.audit.phrases import fields
from assistant.audit.sentences import SENTENCES, Said
from assistant.errors import LogError
from assistant.types import Action, Message, ToolResult
from assistant.visible import one_line

if TYPE_CHECKING:
    from assistant.audit.log import Log

MAX_CHARS = 240

MAX_CONTENT_CHARS = 200_000
"""Of a content on the screen; the log has the rest."""


def preview(log: Log, entry: Entry) -> str:
    """The line of one entry, with what lies apart of it. Never raises, whatever the log holds."""
    try:
        body = told(log, entry)
    except LogError:
        body = entry.body
    return _line(entry.kind, body, _Contents(log, entry))


def summarise(entry: Entry) -> str:
    """The line of one entry by its body alone. Never raises, whatever a body holds."""
    return _line(entry.kind, entry.body, _nothing)


def whole_content(name: str, data: bytes) -> str:
    """A content as a person reads it: what was said or printed, else its JSON with indents, else its text. Not yet safe."""
    try:
        match name:
            case "message":
                text = msgspec.json.decode(data, type=Message).text
            case "result":
                text = msgspec.json.decode(data, type=ToolResult).text
            case _:
                text = ""
        return (text or msgspec.json.format(data, indent=2).decode())[:MAX_CONTENT_CHARS]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    if b"\x00" in data[:1000]:
        return f"{len(data)} bytes that are no text"
    return data[: MAX_CONTENT_CHARS * 4].decode(errors="replace")[:MAX_CONTENT_CHARS]


def _line(kind: str, body: Mapping[str, Any], said: Said) -> str:
    words = SENTENCES.get(kind)
    try:
        text = words(body, said) if words else ""
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError):
        text = ""
    return one_line(text or fields(body), MAX_CHARS)


def _nothing(name: str) -> str:
    return ""


class _Contents:
    """The contents of one entry as text; empty for one that it has not, that can't be read, or that says nothing."""

    def __init__(self, log: Log, entry: Entry) -> None:
        self._log = log
        self._entry = entry

    def __call__(self, name: str) -> str:
        if name not in self._entry.blobs:
            return ""
        try:
            data = self._log.blob(str(self._entry.body.get(f"{name}_sha256")))
            if data is None:
                return "(erased)"
            return _READERS.get(name, _as_text)(data)
        except (msgspec.DecodeError, LogError, ValueError, RecursionError):
            return ""


def _as_text(data: bytes) -> str:
    return data[:4000].decode(errors="replace")


def _resource(data: bytes) -> str:
    return msgspec.json.decode(data, type=Action).resource.id


_READERS: dict[str, Callable[[bytes], str]] = {
    "about": lambda data: "",  # `told` has put it back already: only that it is gone needs saying
    "message": lambda data: msgspec.json.decode(data, type=Message).text,
    "action": _resource,
}
