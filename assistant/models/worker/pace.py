"""Whether an answer still gets anywhere: a byte now and then keeps a connection alive for ever and says nothing."""

from __future__ import annotations

from time import monotonic

from assistant.errors import ModelError

SLOWEST = 16.0
"""Bytes a second. A model that writes one word in ten seconds sends about this much, envelopes included; comments that
only keep a connection open are below it."""


class Pace:
    """One answer's. `patience_s` is the longest time without a whole message while less than `SLOWEST` comes."""

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self.got_on()

    def came(self, size: int) -> None:
        """So many bytes came. Raises ModelError `timeout` when they come too slowly to ever be a message."""
        self._bytes += size
        waited_s = monotonic() - self._since
        if waited_s > self._patience_s and self._bytes < SLOWEST * waited_s:
            raise ModelError(
                f"for {waited_s:.0f} s nothing came but signs of life ({self._bytes} bytes)",
                kind="timeout",
                retryable=True,
            )

    def got_on(self) -> None:
        """A whole message came."""
        self._since = monotonic()
        self._bytes = 0
