"""Where the signing key lies: the OS keyring, or a file of mode 0600 where there is none.

The keyring is asked only when a session bus is there (importing it costs 90 ms, and without a bus some backends hang) and
never waits longer than a deadline; a desktop that asks the person to unlock it gets more time than one that must answer by
itself.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from assistant.audit.note import NoteError, SigningKey, VerifierKey, open_note
from assistant.config import Paths
from assistant.errors import LogError
from assistant.store.keyring import ask_keyring

SERVICE = "assistant action log"
ASK_S = 3.0
"""How long a keyring may take that must answer by itself, in seconds; beyond it the key goes to a file. Chosen."""
UNLOCK_S = 60.0
"""How long one may take that asks the person to unlock it. Chosen: time to find and type a password."""


def key_file(paths: Paths) -> Path:
    """The file that holds the key where there is no keyring: apart from the database and from the trust folder."""
    return Path(paths.config) / "log.key"


def where(paths: Paths) -> str:
    """In words for a person: where the signing key lies, or will lie once the first entry is made."""
    file = key_file(paths)
    if file.exists():
        mode = file.stat().st_mode & 0o777
        why = "where no keyring answered" if _has_bus() else "no keyring here"
        return f"file `{file}` (mode {mode:04o}; {why})"
    return (
        "the system's keyring" if _has_bus() else f"file `{file}` (mode 0600; no keyring here), from the first entry on"
    )


def problem(paths: Paths) -> str:
    """What a person should mend about where the key lies; empty when nothing."""
    file = key_file(paths)
    if file.exists() and file.stat().st_mode & 0o077:
        return f"others can read the log's signing key: `chmod 600 {file}`, and sign with a new one: `assistant log rotate-key`"
    return ""


def load(paths: Paths, wanted: Sequence[VerifierKey]) -> SigningKey:
    """The signing key of the newest of the `wanted` public keys that is kept. Raises LogError when none is or can be read."""
    file = key_file(paths)
    try:
        kept = _read_file(file)
        for public in reversed(wanted):
            for key in kept:
                if key.verifier == public:
                    return key
            text = _from_keyring(public) if not kept and _has_bus() else None
            if text is not None:
                return SigningKey.parse(text)
    except NoteError as error:
        raise LogError(f"the log's signing key is damaged: {error}") from error
    raise LogError(
        f"the log's signing key is gone: neither in `{file}` nor in the keyring",
        hint="put it back, or begin with a new one, which the log will tell: `assistant log rotate-key --lost`",
    )


def kept(paths: Paths, note: str) -> list[SigningKey]:
    """The signing keys in the file that signed `note`: for a log whose trust folder was lost."""
    return [key for key in _read_file(key_file(paths)) if _signed(note, key)]


def _signed(note: str, key: SigningKey) -> bool:
    try:
        open_note(note, [key.verifier])
    except NoteError:
        return False
    return True


def save(paths: Paths, key: SigningKey) -> str:
    """Keep a signing key beside those that are kept; returns "keyring" or "file". Raises LogError when neither can hold it."""
    file = key_file(paths)
    if not file.exists() and _has_bus() and _to_keyring(key):
        return "keyring"
    _write_file(file, [*_read_file(file), key])
    return "file"


def forget(paths: Paths, public: VerifierKey) -> None:
    """Destroy a signing key that was rotated away."""
    file = key_file(paths)
    if file.exists():
        _write_file(file, [key for key in _read_file(file) if key.verifier != public])
    elif _has_bus():
        _off_keyring(public)


def _read_file(file: Path) -> list[SigningKey]:
    try:
        return [SigningKey.parse(line) for line in file.read_text(encoding="utf-8").split()]
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise LogError(f"the log's signing key `{file}` can't be read: {error}") from error


def _write_file(file: Path, keys: Sequence[SigningKey]) -> None:
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = file.with_suffix(f".{os.getpid()}")
        handle = os.open(temporary, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "w") as stream:
            stream.write("".join(f"{key.encode()}\n" for key in keys))
            stream.flush()
            os.fsync(stream.fileno())
        temporary.rename(file)
    except OSError as error:
        raise LogError(f"the log's signing key can't be kept in `{file}`: {error.strerror}") from error


def _has_bus() -> bool:
    if os.environ.get("PYTHON_KEYRING_BACKEND"):
        return True
    if sys.platform != "linux":
        return True
    if os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return True
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    return bool(runtime) and (Path(runtime) / "bus").exists()


def _from_keyring(public: VerifierKey) -> str | None:
    try:
        return ask_keyring(lambda ring: ring.get_password(SERVICE, _user(public)), UNLOCK_S)
    except Exception as error:
        raise LogError(
            f"the log's signing key can't be read from the keyring: {error or type(error).__name__}"
        ) from error


def _to_keyring(key: SigningKey) -> bool:
    def keep(ring: Any) -> bool:
        ring.set_password(SERVICE, _user(key.verifier), key.encode())
        return ring.get_password(SERVICE, _user(key.verifier)) == key.encode()

    try:
        return ask_keyring(keep, ASK_S)
    except Exception:  # whatever a backend raises, it is not there for us: the file is
        return False


def _off_keyring(public: VerifierKey) -> None:
    try:
        ask_keyring(lambda ring: ring.delete_password(SERVICE, _user(public)), ASK_S)
    except Exception:  # an old key that stays signs nothing that a verifier would take after its rotation
        return


def _user(public: VerifierKey) -> str:
    return f"{public.name}#{public.id.hex()}"
