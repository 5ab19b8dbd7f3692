"""E-mail and MHTML files: head, text, and what is attached."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from email.message import EmailMessage
from email.utils import getaddresses
from typing import Any

from parts import Part, Wanted

from _kit.markdown import from_html
from _kit.problem import Problem
from _kit.text import size

BYTES = 100_000_000
_HEAD = ("From", "To", "Cc", "Date", "Subject")


def read(path: str, wanted: Wanted) -> Iterator[Part]:
    """One part; the addresses and the date are fields."""
    wanted.total = 1
    with open(path, "rb") as file:
        data = file.read(BYTES + 1)
    if len(data) > BYTES:
        raise Problem("too_big", f"the message is larger than {BYTES // 1_000_000} MB")
    message = email.message_from_bytes(data, policy=email.policy.default)
    head = [f"{name}: {_flat(message.get(name))}" for name in _HEAD if message.get(name)]
    attached = [
        f"- {a.get_filename() or '[no name]'} ({a.get_content_type()}, {size(_length(a))})"
        for a in message.iter_attachments()
    ]
    text = "\n".join([*head, "", _body(message)])
    if attached:
        text += "\n\nAttached:\n" + "\n".join(attached)
    if 1 in wanted:
        yield Part("message", text, _fields(message))


def _body(message: EmailMessage) -> str:
    part = message.get_body(("plain", "html"))
    if part is None:
        return ""
    try:
        content = str(part.get_content())
    except (LookupError, UnicodeError, KeyError):
        payload = part.get_payload(decode=True)
        content = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
    return from_html(content) if part.get_content_subtype() == "html" else content.replace("\r\n", "\n")


def _length(part: Any) -> int:
    payload = part.get_payload(decode=True)
    return len(payload) if isinstance(payload, bytes) else 0


def _flat(value: object) -> str:
    return " ".join(str(value).split())


def _fields(message: EmailMessage) -> list[dict[str, Any]]:
    fields: list[dict[str, Any]] = []
    for name in ("From", "To", "Cc", "Reply-To"):
        for _, address in getaddresses([str(v) for v in message.get_all(name, [])]):
            if address:
                fields.append({"path": name.lower(), "value": address, "kind": "address"})
    if message.get("Date"):
        fields.append({"path": "date", "value": _flat(message["Date"]), "kind": "time"})
    return fields
