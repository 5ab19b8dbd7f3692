"""What is known of the log outside its database: the pinned public key, and the last checkpoint seen.

Two small text files in the trust folder. Someone who rewrites, cuts or replaces the database would have to change these
too; a copy of the folder on another machine or a witness makes even that visible.

    log.vkey          one verifier key a line: the first one and each that it was rotated to
    last-checkpoint   the newest checkpoint this machine has signed or seen
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from assistant.audit.note import NoteError, VerifierKey, split_note
from assistant.errors import LogDamaged, LogError

_LENGTH = 512
"""Bytes of `last-checkpoint`, filled up with line feeds: longer than any note of ours, even with two signatures."""


class Trust:
    """The trust folder. Reading makes nothing; writing makes it with mode 0700."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._vkey = folder / "log.vkey"
        self._last = folder / "last-checkpoint"
        self._handle = -1
        self._newest: tuple[int, str] | None = None

    def pinned(self) -> list[VerifierKey]:
        """The pinned keys, oldest first; empty when nothing is pinned. Raises LogDamaged for a file that isn't keys."""
        try:
            lines = self._vkey.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as error:
            raise LogError(f"the pinned key `{self._vkey}` can't be read: {error}") from error
        try:
            return [VerifierKey.parse(line) for line in lines if line]
        except NoteError as error:
            raise LogDamaged(f"the pinned key `{self._vkey}` is damaged: {error}") from error

    def pin(self, key: VerifierKey) -> None:
        """Add a key behind those that are pinned."""
        keys = [*self.pinned(), key]
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            temporary = self._vkey.with_suffix(f".{os.getpid()}")
            with temporary.open("w", encoding="utf-8") as file:
                file.write("".join(f"{key}\n" for key in keys))
                file.flush()
                os.fsync(file.fileno())
            temporary.rename(self._vkey)
        except OSError as error:
            raise LogError(f"the key can't be pinned in `{self.folder}`: {error.strerror}") from error

    def last_seen(self) -> str | None:
        """The newest checkpoint note seen here, not verified; None when there is none. Raises LogDamaged when malformed."""
        for attempt in range(3):  # a writer may be in the middle of replacing it
            try:
                note = self._last.read_bytes().decode().rstrip("\n")
                if note:
                    split_note(note + "\n")
                return f"{note}\n" if note else None
            except FileNotFoundError:
                return None
            except OSError as error:
                raise LogError(f"`{self._last}` can't be read: {error.strerror}") from error
            except ValueError as error:
                if attempt == 2:
                    raise LogDamaged(f"the last checkpoint seen, `{self._last}`, is damaged: {error}") from error
        return None

    def saw(self, size: int, note: str) -> None:
        """Remember a checkpoint that was just signed.

        One write of a fixed length, less than a sector, and not synced: losing the newest after a power cut, or to a process
        that signed a moment earlier, only weakens what can be noticed; it never accuses. `settle` sets it right.
        """
        self._newest = (size, note)
        try:
            os.pwrite(self._opened(), note.encode().ljust(_LENGTH, b"\n"), 0)
        except OSError as error:
            self.close()
            raise LogError(
                f"the last checkpoint can't be remembered in `{self.folder}`: {error.strerror}",
                hint="free space there or mend its permissions",
            ) from error

    def settle(self) -> None:
        """Write the newest checkpoint seen by this process again, unless another process remembers a newer one."""
        if self._newest is None:
            return
        size, note = self._newest
        try:
            handle = self._opened()
            fcntl.flock(handle, fcntl.LOCK_EX)
            if _size_of(os.pread(handle, _LENGTH, 0)) < size:
                os.pwrite(handle, note.encode().ljust(_LENGTH, b"\n"), 0)
            os.fsync(handle)
            fcntl.flock(handle, fcntl.LOCK_UN)
        except OSError:
            return  # every commit has said so already

    def _opened(self) -> int:
        if self._handle < 0:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._handle = os.open(self._last, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        return self._handle

    def close(self) -> None:
        """Let go of the file."""
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)


def _size_of(note: bytes) -> int:
    try:
        return int(note.split(b"\n", 2)[1])
    except (IndexError, ValueError):
        return -1
