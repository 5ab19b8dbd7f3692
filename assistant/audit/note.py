"""Signed notes with Ed25519 (c2sp.org/signed-note) and witness cosignatures (c2sp.org/tlog-cosignature, type 0x04).

A note is a text, an empty line, and signature lines `— name base64(key id || signature)`. A verifier key is written
`name+hex(key id)+base64(type || public key)`, a signing key `PRIVATE+KEY+name+hex(key id)+base64(type || seed)`.

The key id is a hint, not a hash to rely on: every check ends in the signature itself. Signatures are libsodium's: it signs
in 19 µs where OpenSSL takes 31 to 50, is imported in a third of the time, and refuses keys of small order, under which a
signature would hold for many texts.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence

ED25519 = 1
COSIGNATURE = 4
"""Signature types of the specification."""

MAX_NOTE_BYTES = 1_000_000
MAX_SIGNATURES = 100
"""As in the Go implementation; the specification asks for at least 16."""

_PRIVATE = "PRIVATE+KEY+"
_HEX_ID = re.compile(r"[0-9a-f]{8}\Z")


class NoteError(ValueError):
    """A note or key is malformed, or no signature of a known key holds. The message says which."""


class VerifierKey:
    """A name and a public key. `kind` is ED25519 for logs, COSIGNATURE for witnesses."""

    def __init__(self, name: str, public: bytes, kind: int = ED25519) -> None:
        _check_name(name)
        if len(public) != 32:
            raise NoteError(f"an Ed25519 public key has 32 bytes, not {len(public)}")
        if kind not in (ED25519, COSIGNATURE):
            raise NoteError(f"signature type {kind} is not known here")
        self.name = name
        self.public = public
        self.kind = kind
        self.id = key_id(name, kind, public)

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Read a verifier key. Raises NoteError for anything that is not exactly one."""
        name, number, data = _split_key(text)
        key = cls(name, data[1:], data[0])
        if key.id.hex() != number:
            raise NoteError("the key id of the verifier key does not belong to its name and key")
        return key

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{_encode(bytes([self.kind]) + self.public)}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, VerifierKey) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(self.public)

    def holds(self, text: str, signature: bytes) -> bool:
        """Whether `signature` (without key id) is this key's over the note's text."""
        message = text.encode()
        if self.kind == COSIGNATURE:
            if len(signature) != 72 or signature[0] & 0x80:
                return False
            message = b"cosignature/v1\ntime %d\n" % int.from_bytes(signature[:8], "big") + message
            signature = signature[8:]
        return self.verify(message, signature)

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether the plain Ed25519 `signature` is this key's over `message`."""
        from nacl import bindings, exceptions  # 13 ms: only when it is needed

        if len(signature) != bindings.crypto_sign_BYTES:
            return False
        try:
            bindings.crypto_sign_open(signature + message, self.public)
        except exceptions.BadSignatureError:
            return False
        return True


class SigningKey:
    """A name and an Ed25519 seed. Never printed by `repr`."""

    def __init__(self, name: str, seed: bytes, kind: int = ED25519) -> None:
        from nacl import bindings

        if len(seed) != bindings.crypto_sign_SEEDBYTES:
            raise NoteError(f"an Ed25519 seed has 32 bytes, not {len(seed)}")
        self._seed = seed
        self._sign = bindings.crypto_sign
        public, self._pair = bindings.crypto_sign_seed_keypair(seed)
        self.verifier = VerifierKey(name, public, kind)

    @classmethod
    def parse(cls, text: str) -> SigningKey:
        """Read a signing key. Raises NoteError for anything that is not exactly one."""
        if not text.startswith(_PRIVATE):
            raise NoteError("a signing key begins with `PRIVATE+KEY+`")
        name, number, data = _split_key(text[len(_PRIVATE) :])
        key = cls(name, data[1:], data[0])
        if key.verifier.id.hex() != number:
            raise NoteError("the key id of the signing key does not belong to its name and key")
        return key

    def encode(self) -> str:
        """The secret text form: for the keyring or a file of mode 0600, nowhere else."""
        kind = bytes([self.verifier.kind])
        return f"{_PRIVATE}{self.verifier.name}+{self.verifier.id.hex()}+{_encode(kind + self._seed)}"

    def signature_line(self, text: str, *, time_s: int = 0) -> str:
        """The line that signs the note's `text`; `time_s` (Unix seconds) is part of a cosignature."""
        message = text.encode()
        stamp = b""
        if self.verifier.kind == COSIGNATURE:
            message = b"cosignature/v1\ntime %d\n" % time_s + message
            stamp = time_s.to_bytes(8, "big")
        return f"— {self.verifier.name} {_encode(self.verifier.id + stamp + self._sign(message, self._pair)[:64])}\n"

    def sign(self, text: str) -> str:
        """A note of `text` and this key's signature. Raises NoteError for a text that can't be a note's."""
        check_text(text)
        return f"{text}\n{self.signature_line(text)}"


def new_signing_key(name: str, kind: int = ED25519) -> SigningKey:
    """A fresh key from the system's randomness."""
    import secrets

    return SigningKey(name, secrets.token_bytes(32), kind)


def key_id(name: str, kind: int, public: bytes) -> bytes:
    """The four bytes that name a key in signature lines."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]


class Signature:
    """One signature line, not verified."""

    __slots__ = ("key_id", "line", "name", "value")

    def __init__(self, line: str) -> None:
        if not line.startswith("— "):
            raise NoteError("a signature line begins with an em dash and a space")
        name, separator, data = line[2:].partition(" ")
        if not separator:
            raise NoteError("a signature line has a name and a signature")
        _check_name(name)
        raw = _decode(data)
        if len(raw) < 5:
            raise NoteError("a signature is too short")
        self.line = line + "\n"
        self.name = name
        self.key_id = raw[:4]
        self.value = raw[4:]


def check_text(text: str) -> None:
    """Raise NoteError unless `text` may be a note's text."""
    if not text.endswith("\n"):
        raise NoteError("a note's text ends with a line feed")
    try:
        data = text.encode()
    except UnicodeEncodeError as error:
        raise NoteError("a note is valid UTF-8") from error
    if len(data) > MAX_NOTE_BYTES:
        raise NoteError(f"a note is at most {MAX_NOTE_BYTES} bytes long")
    if any(byte < 0x20 and byte != 0x0A for byte in data):
        raise NoteError("a note holds no control characters but line feeds")


def split_note(note: str) -> tuple[str, list[Signature]]:
    """A note's text and its signatures, none of them verified. Raises NoteError for a malformed note."""
    check_text(note)
    at = note.rfind("\n\n")
    if at < 0:
        raise NoteError("a note has an empty line before its signatures")
    lines = note[at + 2 :].split("\n")[:-1]
    if not lines:
        raise NoteError("a note has at least one signature")
    if len(lines) > MAX_SIGNATURES:
        raise NoteError(f"a note has at most {MAX_SIGNATURES} signatures")
    return note[: at + 1], [Signature(line) for line in lines]


def open_note(note: str, keys: Sequence[VerifierKey]) -> tuple[str, list[VerifierKey]]:
    """The verified text of a note and the keys that signed it.

    Signatures of unknown keys are ignored. Raises NoteError when the note is malformed, when a signature that carries a
    known key's name and id does not hold, when it might be of either of two keys, or when no known key signed.
    """
    text, signatures = split_note(note)
    known: dict[tuple[str, bytes], VerifierKey] = {}
    ambiguous: set[tuple[str, bytes]] = set()
    for key in keys:
        if known.setdefault((key.name, key.id), key) != key:
            ambiguous.add((key.name, key.id))
    signers: list[VerifierKey] = []
    for signature in signatures:
        key = known.get((signature.name, signature.key_id))
        if key is None or key in signers:
            continue
        if (key.name, key.id) in ambiguous:
            raise NoteError(f"two different keys are known as `{key.name}+{key.id.hex()}`")
        if not key.holds(text, signature.value):
            raise NoteError(f"the signature of `{key.name}` does not hold")
        signers.append(key)
    if not signers:
        raise NoteError("no known key signed this note")
    return text, signers


def _split_key(text: str) -> tuple[str, str, bytes]:
    """Name, key id (hex) and key data of a written key. Base64 may itself hold plus signs, so only the first two part."""
    name, _, rest = text.partition("+")
    number, _, data = rest.partition("+")
    _check_name(name)
    if not _HEX_ID.match(number):
        raise NoteError("a key's id is eight lowercase hexadecimal digits")
    raw = _decode(data)
    if len(raw) != 33:
        raise NoteError("a key's data is a type byte and 32 bytes")
    return name, number, raw


def _check_name(name: str) -> None:
    if not name or "+" in name or any(c.isspace() or c < " " or "\ud800" <= c <= "\udfff" for c in name):
        raise NoteError("a key's name is not empty and holds neither spaces, plus signs nor control characters")


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decode(text: str) -> bytes:
    """Only the one spelling of each value (RFC 4648, section 3.5): a signature that may be respelt can be changed unnoticed."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise NoteError("not valid base64") from error
    if _encode(data) != text:
        raise NoteError("not canonical base64")
    return data
