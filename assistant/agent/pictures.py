"""Pictures in a person's message: each a content of its own in the log, and nobody's word for policy."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

import msgspec

from assistant.canonical import dumps
from assistant.policy.provenance import Observation
from assistant.types import Confidentiality, ImagePart, Integrity, Label, Message

if TYPE_CHECKING:
    from assistant.audit.log import Log


def message_blobs(message: Message) -> dict[str, bytes]:
    """The contents of a `message` entry: the message, its pictures apart from it, named by their SHA-256."""
    pictures: dict[str, bytes] = {}
    parts = list(message.parts)
    for at, part in enumerate(parts):
        if isinstance(part, ImagePart):
            data = base64.b64decode(part.data_b64)
            pictures[f"image{len(pictures)}"] = data
            parts[at] = ImagePart(part.media_type, hashlib.sha256(data).hexdigest())
    if not pictures:
        return {"message": dumps(message)}
    return {"message": dumps(msgspec.structs.replace(message, parts=tuple(parts))), **pictures}


def with_pictures(message: Message, log: Log) -> Message:
    """The message as it was sent. A picture that was erased is left out."""
    if not any(isinstance(part, ImagePart) and not part.data_b64 for part in message.parts):
        return message
    parts = [_filled(part, log) if isinstance(part, ImagePart) else part for part in message.parts]
    return msgspec.structs.replace(message, parts=tuple(part for part in parts if part is not None))


def _filled(part: ImagePart, log: Log) -> ImagePart | None:
    data = log.blob(part.sha256) if not part.data_b64 else None
    if data is None:
        return part if part.data_b64 else None
    return ImagePart(part.media_type, data_b64=base64.b64encode(data).decode())


def pictures_seen(message: Message) -> Observation | None:
    """What policy must know of a person's message with pictures: what is written in them steers nothing. None without any."""
    if message.role != "user" or not any(isinstance(part, ImagePart) for part in message.parts):
        return None
    label = Label(Integrity.UNTRUSTED, Confidentiality.PRIVATE, ("picture",))
    return Observation("a picture that the person gave", "picture", "", label)
