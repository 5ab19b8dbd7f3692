"""What a verification needs and what it finds."""

from __future__ import annotations

from collections.abc import Callable

from assistant.audit.note import VerifierKey
from assistant.types import Data

Progress = Callable[[int, int], None]
"""Called with entries done and entries in all, a few times a second."""


class Evidence:
    """What is known of a log outside its database."""

    def __init__(
        self,
        keys: list[VerifierKey],
        last_seen: str | None = None,
        witnessed: list[tuple[str, str]] | None = None,
        *,
        begun: bool = False,
    ) -> None:
        self.keys = keys
        """Public keys that may vouch for it: pinned here, or given by whoever asks."""
        self.last_seen = last_seen
        """The newest checkpoint note seen, or None."""
        self.witnessed = witnessed or []
        """Checkpoint notes that others keep, each with who: all of them must lie in the log."""
        self.begun = begun or last_seen is not None
        """Whether it is known to hold entries: a key is made with the first one, so whoever was given it knows."""


class Problem(Data, frozen=True):
    """One thing that is wrong. `seq` is the first entry it concerns, or None when it is not about entries."""

    words: str
    seq: int | None = None


class Verification(Data, frozen=True):
    """The result. `ok` means: every entry is the one that was written, under a signature of a trusted key, none is missing
    up to what has been seen, and every content is there or was erased on the record."""

    ok: bool
    entries: int = 0
    root: str = ""
    """Hex."""
    checkpoints: int = 0
    contents: int = 0
    erased: int = 0
    signed_by: tuple[str, ...] = ()
    """Verifier keys, oldest first."""
    first_bad_seq: int | None = None
    unsigned_tail: int = 0
    """Entries at the end that no checkpoint covers: as a crash of a foreign writer leaves, or someone appended."""
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    """Harmless things that a person should know."""

    @property
    def verdict(self) -> str:
        """The first line of the answer: `verified`, `first_bad_seq=N`, `unsigned_tail=N` or `damaged`."""
        if self.ok:
            return "verified"
        if self.first_bad_seq is not None:
            return f"first_bad_seq={self.first_bad_seq}"
        return f"unsigned_tail={self.unsigned_tail}" if self.unsigned_tail else "damaged"
