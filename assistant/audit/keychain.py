"""Which key may sign which checkpoint: the first key, and each that the log was rotated to.

A rotation is an entry that names both keys, alone under a checkpoint that both keys sign. Whoever trusts an earlier key
follows it forward; whoever trusts a later one has it backward, since a later signature covers the whole log.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from assistant.audit.checkpoint import Checkpoint, open_checkpoint
from assistant.audit.entry import decode
from assistant.audit.note import NoteError, VerifierKey, split_note
from assistant.types import Data


class Link(Data, frozen=True):
    """A rotation: from entry `seq` on, `new` signs."""

    seq: int
    old: VerifierKey
    new: VerifierKey
    signed: bool
    """Whether the old key signed it too; not when it was lost."""


class KeyChain:
    """The keys of one log as it tells them, checked against the keys that are trusted."""

    def __init__(self, trusted: Sequence[VerifierKey], links: Sequence[Link], notes: Sequence[object] = ()) -> None:
        self.links = list(links)
        self._trusted = list(trusted)
        first = links[0].old if links else _signer_of(notes, trusted)
        self.keys: list[VerifierKey] = ([first] if first else []) + [link.new for link in links]
        self.problem: tuple[int, str] | None = self._find_problem(trusted)

    def _find_problem(self, trusted: Sequence[VerifierKey]) -> tuple[int, str] | None:
        if not self.keys:
            return (1, "its checkpoints are not signed with a key that is trusted here")
        for link, before in zip(self.links, self.keys, strict=False):
            if link.old != before:
                return (link.seq, "a rotation names another key than the one in force")
        known = [i for i, key in enumerate(self.keys) if key in trusted]
        if not known:
            return (1, "none of its keys is trusted here")
        unsigned = [link for i, link in enumerate(self.links) if i >= known[-1] and not link.signed]
        if unsigned:
            return (unsigned[0].seq, "the signing key was replaced without the old key's signature")
        return None

    def in_force(self, size: int) -> VerifierKey | None:
        """The key that signs the checkpoint of `size` entries."""
        if not self.keys:
            return None
        return self.keys[sum(link.seq <= size for link in self.links)]

    def holds(self, size: int, note: object) -> Checkpoint | None:
        """The checkpoint that `note` is, when it is of this size and signed by the key in force then; else None."""
        key = self.in_force(size)
        return _held(size, note, [key], self.keys) if key is not None else None

    def once_held(self, size: int, note: object) -> Checkpoint | None:
        """As `holds`, or signed by a trusted key that the log does not name any more: its rotation may be what was removed.

        Only for saying where a log that does not verify was changed.
        """
        moved = any(not link.signed for link in self.links)  # a rotation that stands elsewhere than where it was signed
        lost = [*self._trusted, *self.keys] if moved else [key for key in self._trusted if key not in self.keys]
        return self.holds(size, note) or (_held(size, note, lost, lost) if lost else None)


def _held(size: int, note: object, keys: Sequence[VerifierKey], known: Sequence[VerifierKey]) -> Checkpoint | None:
    """The checkpoint of `size` in a note signed by one of `keys`, and by nobody but `known` ones.

    Our notes hold what was signed and nothing besides: no extension, no other's signature, none twice. Whoever adds some
    has changed the row, although the signature still holds.
    """
    try:
        head, signers = open_checkpoint(note, keys)
        assert isinstance(note, str)  # noqa: S101 - `open_checkpoint` has seen to it
        every = open_checkpoint(note, known)[1] if known else signers
        lines = len(split_note(note)[1])
    except NoteError:
        return None
    is_ours = lines == len(every) and not head.extensions
    return head if is_ours and head.size == size and head.origin == signers[0].name else None


def read_links(connection: sqlite3.Connection, seqs: Sequence[int]) -> list[Link]:
    """The rotations at these entries. One that can't be read counts as not signed by anyone and is left out."""
    links: list[Link] = []
    for seq in seqs:
        row = connection.execute("SELECT body FROM entries WHERE seq=?", (seq,)).fetchone()
        note = connection.execute("SELECT note FROM checkpoints WHERE size=?", (seq,)).fetchone()
        try:
            body = decode(row[0]).body
            old, new = VerifierKey.parse(str(body.get("old_vkey"))), VerifierKey.parse(str(body.get("new_vkey")))
        except (ValueError, TypeError):
            continue
        links.append(Link(seq, old, new, note is not None and _both_signed(note[0], old, new)))
    return links


def _both_signed(note: object, old: VerifierKey, new: VerifierKey) -> bool:
    try:
        return len(open_checkpoint(note, [old, new])[1]) == 2
    except NoteError:
        return False


def _signer_of(notes: Sequence[object], trusted: Sequence[VerifierKey]) -> VerifierKey | None:
    """The trusted key that signed one of the notes; where none did, the only key that is trusted."""
    for note in notes:
        try:
            return open_checkpoint(note, trusted)[1][0]
        except NoteError:
            continue
    return trusted[-1] if trusted else None
