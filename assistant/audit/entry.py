"""An entry of the log and its exact bytes.

The body that is stored and hashed is RFC 8785 canonical JSON, restricted to integers, strings, booleans, null, lists and
objects with ASCII keys:

    {"blobs":[...],"body":{...},"head":"...","kind":"outcome","prev":"0123456789abcdef","seq":7,"task":"...","time_ms":...,"v":1}

`blobs` names the fields of `body` whose content lies apart (`name` -> `name_sha256`); left out when there are none.
`head`, on the first entry of each commit, is the start of the SHA-256 of the checkpoint note before it: so the tree covers
every older checkpoint, and one signature vouches for all of them. `prev` is the start of the previous entry's leaf hash: it
secures nothing (the tree does), it lets a verifier say exactly which entry of a group was changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec
import orjson

from assistant.errors import LogDamaged, LogError
from assistant.types import JSON, Data

FORMAT = 1
HEAD_BYTES = 16
PREV_BYTES = 8
FIRST_PREV = "0" * (2 * PREV_BYTES)

_MAX_EXACT = 2**53 - 1


class Entry(Data, frozen=True):
    """One record: when (Unix milliseconds), what kind, of which task ("" for none), and its body."""

    seq: int
    time_ms: int
    kind: str
    task: str
    body: dict[str, Any]
    blobs: tuple[str, ...] = ()
    """Names of contents that lie apart: `body[name + "_sha256"]` is the hash of each."""
    prev: str = ""
    head: str = ""
    v: int = FORMAT

    def blob_hashes(self) -> list[str]:
        """The hashes of its contents that lie apart."""
        return [str(self.body.get(f"{name}_sha256", "")) for name in self.blobs]


_decoder = msgspec.json.Decoder(Entry)


def decode(text: str) -> Entry:
    """Read a stored body. Raises ValueError for what no writer of this format has written."""
    entry = _decoder.decode(text)
    if entry.v != FORMAT:
        raise ValueError(f"entry format {entry.v} is not known here")
    return entry


def read_entry(seq: int, text: Any) -> Entry:
    """A stored entry by its number and text. Raises LogDamaged naming it when it can't be read."""
    try:
        return decode(text)
    except (ValueError, TypeError) as error:
        raise LogDamaged(
            f"entry {seq} can't be read: {error}", first_bad_seq=seq, hint="see `assistant log verify`"
        ) from error


def encode(entry: Entry) -> str:
    """The bytes to store and hash, as text. Raises LogError for values that have no exact form."""
    tree: dict[str, JSON] = {
        "body": entry.body,
        "kind": entry.kind,
        "prev": entry.prev,
        "seq": entry.seq,
        "task": entry.task,
        "time_ms": entry.time_ms,
        "v": entry.v,
    }
    if entry.blobs:
        tree["blobs"] = entry.blobs
    if entry.head:
        tree["head"] = entry.head
    try:
        return orjson.dumps(tree, option=orjson.OPT_SORT_KEYS).decode()
    except orjson.JSONEncodeError as error:
        raise LogError(f"an entry of kind `{entry.kind}` can't be written: {error}") from error


def plain(value: JSON, at: str = "body") -> JSON:
    """`value` as the log may hold it: records become objects, lone surrogates (file names that are not UTF-8) `\\udc80`.

    Raises LogError naming the place for a float, an integer beyond 2**53 - 1, a key that is not ASCII text, or any other
    type: an entry must mean the same to every reader.
    """
    if isinstance(value, str):
        return value if value.isascii() or not _has_surrogate(value) else _escape_surrogates(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if -_MAX_EXACT <= value <= _MAX_EXACT:
            return value
        raise LogError(f"`{at}` is an integer beyond 2**53 - 1: write it as text")
    if isinstance(value, Mapping):
        return _plain_mapping(value, at)  # pyright: ignore[reportUnknownArgumentType]  # JSON
    if isinstance(value, (list, tuple)):
        return [plain(item, at) for item in value]  # pyright: ignore[reportUnknownVariableType]  # JSON
    if isinstance(value, msgspec.Struct):
        return plain(msgspec.to_builtins(value), at)
    raise LogError(
        f"`{at}` is of type {type(value).__name__}: the log holds only integers, text, truth values, lists, objects"
    )


def _plain_mapping(value: Mapping[Any, JSON], at: str) -> dict[str, JSON]:
    result: dict[str, JSON] = {}
    for key, item in value.items():
        if not isinstance(key, str) or not key.isascii():
            raise LogError(f"`{at}` has the key `{key!r}`: keys are ASCII text")
        result[key] = plain(item, key)
    return result


def _has_surrogate(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _escape_surrogates(text: str) -> str:
    return "".join(f"\\u{ord(c):04x}" if 0xD800 <= ord(c) < 0xE000 else c for c in text)


def head_of(note: str) -> str:
    """How the next commit's first entry names a checkpoint note."""
    return hashlib.sha256(note.encode()).digest()[:HEAD_BYTES].hex()
