"""Checkpoints: the signed head of a log's tree (c2sp.org/tlog-checkpoint).

The text of the note is three lines: origin, size, root in base64. We write no extension lines; read ones are kept.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence

from assistant.audit.merkle import HASH_BYTES
from assistant.audit.note import NoteError, SigningKey, VerifierKey, open_note, split_note
from assistant.types import Data

_SIZE = re.compile(r"(?:0|[1-9][0-9]{0,19})\Z")
MAX_SIZE = 2**64 - 1
"""What other implementations keep a size in."""


class Checkpoint(Data, frozen=True):
    """A tree head: how many entries, and the root over them."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The note's text."""
        return "".join(f"{line}\n" for line in (self.origin, self.size, encode_hash(self.root), *self.extensions))

    def sign(self, *keys: SigningKey) -> str:
        """The checkpoint as a note signed by `keys`, in order."""
        return f"{self.text}\n{''.join(key.signature_line(self.text) for key in keys)}"


def parse_text(text: str) -> Checkpoint:
    """Read the text of a checkpoint note. Raises NoteError for anything malformed."""
    lines = text.split("\n")[:-1]
    if len(lines) < 3 or "" in lines:
        raise NoteError("a checkpoint has at least three lines, and none of them is empty")
    if not _SIZE.match(lines[1]) or int(lines[1]) > MAX_SIZE:
        raise NoteError("a checkpoint's size is a decimal number below 2**64 without leading zeroes")
    return Checkpoint(lines[0], int(lines[1]), decode_hash(lines[2]), tuple(lines[3:]))


def read_checkpoint(note: str) -> Checkpoint:
    """Read a checkpoint without verifying any signature. Raises NoteError when malformed."""
    return parse_text(split_note(note)[0])


def open_checkpoint(note: object, keys: Sequence[VerifierKey]) -> tuple[Checkpoint, list[VerifierKey]]:
    """Verify and read a checkpoint; also returns the keys that signed it.

    Raises NoteError as `open_note` does, and for what is no text: a damaged database may hold bytes or a number there.
    """
    if not isinstance(note, str):
        raise NoteError("a checkpoint is text")
    text, signers = open_note(note, keys)
    return parse_text(text), signers


def encode_hash(value: bytes) -> str:
    """A hash as checkpoints and witnesses write it."""
    return base64.b64encode(value).decode()


def decode_hash(text: str) -> bytes:
    """Read a 32-byte hash in base64. Raises NoteError for other lengths and for a second spelling of the same bytes."""
    try:
        value = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise NoteError("a hash is written in base64") from error
    if len(value) != HASH_BYTES or encode_hash(value) != text:
        raise NoteError(f"a hash is {HASH_BYTES} bytes in canonical base64")
    return value
