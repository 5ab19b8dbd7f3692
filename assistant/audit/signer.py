"""Signs a log's checkpoints: finds the key in force, makes the first one, and refuses to sign over a log that isn't ours."""

from __future__ import annotations

import secrets
import sqlite3

from assistant.audit import keys
from assistant.audit.checkpoint import encode_hash, open_checkpoint
from assistant.audit.merkle import Frontier
from assistant.audit.note import NoteError, SigningKey, VerifierKey, new_signing_key
from assistant.audit.stored_tree import StoredTree
from assistant.audit.trust import Trust
from assistant.config import Paths
from assistant.errors import LogDamaged, LogError
from assistant.store.rows import last_note

_SEE_VERIFY = "run `assistant log verify`; nothing that has an effect runs until the log is mended or moved away"


class Signer:
    """The key in force of one log. Used under the log's writing lock."""

    def __init__(self, paths: Paths, trust: Trust) -> None:
        self._paths = paths
        self._trust = trust
        self._key: SigningKey | None = None
        self.in_force: VerifierKey | None = None
        """The public key that signed the last checkpoint, once `check` has seen it."""

    def forget(self) -> None:
        """Find the key anew at the next use: after a failure, anything may have changed."""
        self._key = None

    @property
    def key(self) -> SigningKey:
        """The key in force; `check` has found it."""
        if self._key is None:
            raise LogError("the log's signing key has not been found yet")
        return self._key

    def check(
        self, connection: sqlite3.Connection, frontier: Frontier, *, lost_key: bool = False, tail: bool = False
    ) -> str:
        """Compare the stored tree with the last checkpoint, its signature, and what this machine saw last; returns its note.

        With `lost_key` the signing key is not looked for, with `tail` entries behind the last checkpoint are let pass: both
        only for a person who asked for it. Raises LogDamaged unless everything agrees: signing a new checkpoint over a
        changed log would hide the change.
        """
        found = last_note(connection)
        size = found[0] if found else 0
        if tail and found is not None and frontier.size > size:
            frontier = StoredTree(connection).frontier(size)
        if frontier.size > size:
            raise LogDamaged(
                f"the log's last {frontier.size - size} entries are under no checkpoint",
                first_bad_seq=size + 1,
                hint=_SEE_VERIFY + ", or taken in: `assistant log checkpoint --accept-tail`",
            )
        if frontier.size < size:
            raise LogDamaged(
                f"entries are missing from {frontier.size + 1} on", first_bad_seq=frontier.size + 1, hint=_SEE_VERIFY
            )
        pinned = self._trust.pinned()
        if found is None:
            self._check_not_lost(0)
            self._key = self._first_key(pinned)
            return ""
        if not pinned:
            pinned = self._pin_again(found[1])
        try:
            head, signers = open_checkpoint(found[1], pinned)
        except NoteError as error:
            raise LogDamaged(f"the log's last checkpoint does not hold: {error}", hint=_SEE_VERIFY) from error
        if (head.size, head.root) != (size, frontier.root()):
            raise LogDamaged("the log's last checkpoint is over other entries than these", hint=_SEE_VERIFY)
        self._check_not_lost(size)
        in_force = max(signers, key=pinned.index)
        self.in_force = in_force
        if not lost_key and (self._key is None or self._key.verifier != in_force):
            self._key = keys.load(self._paths, [in_force])
        return found[1]

    def sign(self, frontier: Frontier, *also: SigningKey) -> str:
        """The note of the checkpoint over `frontier`."""
        key = self.key
        text = f"{key.verifier.name}\n{frontier.size}\n{encode_hash(frontier.root())}\n"
        return f"{text}\n{''.join(k.signature_line(text) for k in (key, *also))}"

    def adopt(self, key: SigningKey) -> None:
        """From now on, sign with this key (it has been rotated to)."""
        self._key = key

    def _check_not_lost(self, size: int) -> None:
        note = self._trust.last_seen()
        if note is None:
            return
        try:
            seen = int(note.split("\n", 2)[1])
        except ValueError:
            raise LogDamaged("the last checkpoint seen here is damaged", hint=_SEE_VERIFY) from None
        if seen > size:
            raise LogDamaged(
                f"the log has {size} entries, but {seen} have been seen here: it was lost, cut or rolled back",
                first_bad_seq=size + 1,
                hint=_SEE_VERIFY,
            )

    def _first_key(self, pinned: list[VerifierKey]) -> SigningKey:
        if pinned:  # made at an earlier start that wrote no entry
            return keys.load(self._paths, pinned)
        key = new_signing_key(f"assistant.invalid/log/{secrets.token_hex(8)}")
        keys.save(self._paths, key)
        self._trust.pin(key.verifier)
        return key

    def _pin_again(self, note: str) -> list[VerifierKey]:
        """The trust folder was lost: our own signing key, if it signed the last checkpoint, says which key to pin."""
        for key in keys.kept(self._paths, note):
            self._trust.pin(key.verifier)
            self._key = key
            return [key.verifier]
        raise LogDamaged(
            f"no key is pinned in `{self._trust.folder}`, and this log was not signed with the key kept here",
            hint="put the trust folder back, or move the log away to begin a new one",
        )
