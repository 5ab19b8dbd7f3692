"""Personal words of an entry lie apart from it: a title, a folder's name, what was granted or forbidden.

An entry's body can never be taken back, since the tree is made of it; a content can be erased. So whoever appends gives
such fields like all others, the log moves them into one content, and `told` puts them back for whoever reads. A pinch of
random salt lies with them: the hash of "tax 2025" alone could be guessed from what stays in the body.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from assistant.types import JSON

if TYPE_CHECKING:
    from assistant.audit.entry import Entry
    from assistant.audit.log import Log

ABOUT = "about"
"""Name of the content."""

FOR = "for"
"""Which task a grant or boundary binds; it stays in the body, so that an erased boundary of one task stops no other."""

SALT = "salt"
SALT_BYTES = 8

_PERSONAL: dict[str, frozenset[str]] = {
    "task.opened": frozenset({"folder", "title"}),
    "task.changed": frozenset({"old", "new"}),
    "grant.added": frozenset({"grant"}),
    "boundary.added": frozenset({"boundary"}),
}

_PERSONAL_SETTINGS = frozenset({"title", "folder"})
"""`what` of the `task.changed` entries whose values are personal."""


def set_apart(kind: str, body: Mapping[str, JSON]) -> tuple[Mapping[str, JSON], dict[str, JSON]]:
    """`body` without its personal fields, and those, with salt; nothing apart when it has none."""
    names = _PERSONAL.get(kind)
    if names is None or (kind == "task.changed" and str(body.get("what")) not in _PERSONAL_SETTINGS):
        return body, {}
    apart = {name: value for name, value in body.items() if name in names and value}
    if not apart:
        return body, {}
    rest = {name: value for name, value in body.items() if name not in apart}
    for value in apart.values():
        if isinstance(value, dict) and "task" in value:
            rest[FOR] = value["task"]
    return rest, {**apart, SALT: secrets.token_hex(SALT_BYTES)}


def told(log: Log, entry: Entry) -> dict[str, Any]:
    """The body of `entry` with what lies apart put back; what was erased is not in it. Raises LogDamaged."""
    if ABOUT not in entry.blobs:
        return entry.body
    data = log.blob(str(entry.body.get(f"{ABOUT}_sha256")))
    if data is None:
        return entry.body
    return {**entry.body, **_fields(data)}


def is_erased(log: Log, entry: Entry) -> bool:
    """Whether what lay apart of `entry` is gone."""
    return ABOUT in entry.blobs and log.blob(str(entry.body.get(f"{ABOUT}_sha256"))) is None


def _fields(data: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError):
        return {}
    return {name: value for name, value in found.items() if name != SALT} if isinstance(found, dict) else {}  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]  # JSON
