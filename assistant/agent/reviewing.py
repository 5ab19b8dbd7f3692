"""Review in detail, for one open task: hunks, the person's own edits, conflicts. Each act is the person's, and is logged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from assistant.gateway.settle import Settlement
from assistant.sandbox.protocol import ApplyReport, Hunks, Sides
from assistant.sandbox.stage.merge import Region, joined, merge, with_markers
from assistant.types import Change, Channel

if TYPE_CHECKING:
    from assistant.sandbox.protocol import Stage

__all__ = ["Review", "joined", "merged_regions", "with_markers"]


class Review:
    """What `TaskSession.review` gives. `stage` is asked for at each act, since it opens on disk."""

    def __init__(self, settlement: Settlement, stage: Callable[[], Stage]) -> None:
        self._settlement = settlement
        self._stage = stage

    async def conflicts(self) -> dict[str, str]:
        """Staged paths whose real file is another than the task started from, and why."""
        return await asyncio.to_thread(lambda: self._stage().conflicts())

    async def apply_hunks(self, chosen: Hunks, *, allow_held: bool = False) -> ApplyReport:
        """Apply some hunks of one file. Raises StageError when it changed since it was shown, NeedsPerson when a policy forbids it."""
        return await self._settlement.hunks_by_person(self._stage(), chosen, Channel.KEY, allow_held=allow_held)

    async def drop_hunks(self, chosen: Hunks) -> Change:
        """Take hunks out of a staged file. Raises StageError as `apply_hunks` does, and while programs of the task run."""
        return await self._settlement.drop_hunks(self._stage(), chosen)

    async def sides(self, path: str) -> Sides:
        """One staged file from all sides. Raises StageError for what has no text of at most 1 MiB."""
        return await asyncio.to_thread(lambda: self._stage().sides(path))

    async def write(self, seen: Sides, data: bytes, *, merged: bool = False) -> None:
        """Put the person's own text in place of the staged file. Raises StageError when a side is not as seen any more."""
        await self._settlement.write(self._stage(), seen, data, Channel.KEY, merged=merged)


def merged_regions(sides: Sides) -> list[Region] | None:
    """The merge of a conflict, or None for what is no text on one side."""
    try:
        base = sides.base.decode("utf-8") if sides.base is not None else None
        mine, staged = (sides.mine or b"").decode("utf-8"), sides.staged.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if "\0" in mine or "\0" in staged:
        return None
    return merge(base, mine, staged)
