"""Pictures in words, and as they were drawn in this run: scrolling back to one moves nothing. Knows no Textual."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from assistant.types import ImagePart
from assistant.ui.language import _
from assistant.visible import one_line

if TYPE_CHECKING:
    from assistant.agent.desk import Desk
    from assistant.gateway.thumbnails import Thumbnail

KEPT = 64
"""The last ones: at most 1.5 MB of pixels, and more than the transcript has mounted."""


def words(image: ImagePart) -> str:
    """What stands for a picture where none can be drawn, and beside it where it can."""
    return _("[picture: {kind}]").format(kind=one_line(image.media_type.removeprefix("image/").upper(), 20))


class Drawings:
    """Asks the desk once for each picture and size."""

    def __init__(self, desk: Callable[[], Awaitable[Desk]]) -> None:
        self._desk = desk
        self._kept: dict[tuple[str, int, int], Thumbnail] = {}

    def known(self, image: ImagePart, columns: int, rows: int) -> Thumbnail | None:
        """As it was drawn, when it was."""
        return self._kept.get((image.sha256, columns, rows))

    async def draw(self, image: ImagePart, columns: int, rows: int) -> Thumbnail | None:
        """None when it can't be drawn."""
        desk = await self._desk()
        found = await desk.thumbnail(image, columns, rows)
        if found is not None:
            self._kept[image.sha256, columns, rows] = found
            while len(self._kept) > KEPT:
                del self._kept[next(iter(self._kept))]
        return found
