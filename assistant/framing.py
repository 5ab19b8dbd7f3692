"""Lines out of a stream of bytes that comes in pieces of any size."""

from __future__ import annotations


class LineFrames:
    """Puts the pieces of lines together. Takes time in proportion to the bytes, however many pieces a line comes in."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self.pending = 0
        """Bytes of the line that has no end yet: whoever reads says how many are too many."""

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that `data` ends, without their line feeds, oldest first."""
        first, *rest = data.split(b"\n")
        self._pieces.append(first)
        self.pending += len(first)
        if not rest:
            return []
        lines = [b"".join(self._pieces), *rest[:-1]]
        self._pieces, self.pending = [rest[-1]], len(rest[-1])
        return lines
