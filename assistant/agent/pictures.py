"""Pictures of messages and results: each a content of its own in the log, nobody's word for policy, drawn small for a screen."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from assistant.canonical import dumps
from assistant.errors import LogError
from assistant.policy.provenance import Observation
from assistant.types import Confidentiality, ImagePart, Integrity, Label, Message

if TYPE_CHECKING:
    from assistant.audit.log import Log
    from assistant.gateway.thumbnails import Thumbnail, Thumbnails
    from assistant.sandbox.protocol import Sandbox


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


def named(image: ImagePart) -> ImagePart:
    """The picture by its content address alone, as a screen keeps it: the data is in the log."""
    if not image.data_b64:
        return image
    return ImagePart(image.media_type, hashlib.sha256(base64.b64decode(image.data_b64)).hexdigest())


def pictures_in(message: Message) -> tuple[ImagePart, ...]:
    """The pictures of a message by their content address alone."""
    return tuple(named(part) for part in message.parts if isinstance(part, ImagePart))


class Shown:
    """The pictures of the log as a screen shows them: small, and decoded where they can do no harm."""

    def __init__(self, sandbox: Callable[[], Sandbox], log: Log) -> None:
        self._sandbox = sandbox
        self._log = log
        self._thumbnails: Thumbnails | None = None

    async def thumbnail(self, image: ImagePart, columns: int, rows: int) -> Thumbnail | None:
        """See `assistant.agent.desk.Desk`."""
        if self._thumbnails is None:
            from assistant.gateway.thumbnails import Thumbnails  # few tasks show a picture

            self._thumbnails = Thumbnails(self._sandbox)
        try:
            data = await asyncio.to_thread(self._data, image)
        except LogError:
            return None
        return await self._thumbnails.draw(data, columns, rows) if data else None

    async def aclose(self) -> None:
        """End what is being drawn."""
        if self._thumbnails is not None:
            await self._thumbnails.aclose()

    def _data(self, image: ImagePart) -> bytes | None:
        return base64.b64decode(image.data_b64) if image.data_b64 else self._log.blob(image.sha256)


def pictures_seen(message: Message) -> Observation | None:
    """What policy must know of a person's message with pictures: what is written in them steers nothing. None without any."""
    if message.role != "user" or not any(isinstance(part, ImagePart) for part in message.parts):
        return None
    label = Label(Integrity.UNTRUSTED, Confidentiality.PRIVATE, ("picture",))
    return Observation("a picture that the person gave", "picture", "", label)
