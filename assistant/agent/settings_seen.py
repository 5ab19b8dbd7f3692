"""Settings are a file that a person edits, so the log tells what changed in it when the next task opens.

The entry names what changed; the values lie apart, since they may be personal, with secrets left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from assistant.audit.page import Deadline, Filter, find
from assistant.canonical import dumps
from assistant.config import plain_with_defaults
from assistant.policy.sensitive import redact

if TYPE_CHECKING:
    from assistant.audit.log import Log
    from assistant.config import Settings

KIND = "settings.read"
LOOK_S = 0.05
"""Most that is spent on finding the settings told last; when that is not enough, they are told again."""


def note_settings(log: Log, settings: Settings) -> None:
    """Tell in the log which settings hold now, unless they are those told last. Blocks for about one fsync. Raises LogError."""
    now = _flat(plain_with_defaults(settings))
    before = _told_last(log)
    if before == now:
        return
    names = sorted(name for name in {*now, *(before or {})} if (before or {}).get(name) != now.get(name))
    body = {"names": names if before is not None else [], "first": before is None}
    log.append(KIND, "", body, blobs={"settings": dumps(now)})


def _told_last(log: Log) -> dict[str, Any] | None:
    """None when they were never told, were erased, or lie too far back."""
    for entry in find(log.database, Filter(kinds=(KIND,)), deadline=Deadline(LOOK_S)):
        data = log.blob(str(entry.body.get("settings_sha256")))
        try:
            return msgspec.json.decode(data, type=dict[str, Any]) if data is not None else None
        except msgspec.DecodeError:
            return None
    return None


def _flat(tree: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """Each value as JSON text by its dotted name: settings may hold numbers that the log's own form has not."""
    found: dict[str, str] = {}
    for name, value in tree.items():
        if isinstance(value, dict) and value:
            found |= _flat(value, f"{prefix}{name}.")  # pyright: ignore[reportUnknownArgumentType]  # JSON
        else:
            found[prefix + name] = redact(msgspec.json.encode(value).decode())
    return found
