"""API keys in the keyring of the operating system: never in files, never in the log, never in an argument list.

The keyring may be missing, locked, or waiting for a password in another window, so every look-up runs in a worker thread
with a deadline, and each failure has its own plain word.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from assistant.errors import UsageError
from assistant.store.keyring import ask_keyring
from assistant.types import Data

SERVICE = "assistant"
"""Name of our entries in the keyring; the account is the provider's name."""

DEADLINE_S = 2.0
"""A keyring that has not answered by then is treated as locked. Seconds; chosen."""
UNLOCK_S = 60.0
"""How long a person may take to unlock it, when they asked for something to be kept or removed. Chosen."""

T = TypeVar("T")


class Looked(Data, frozen=True):
    """What a look-up gave. `problem` is empty when the keyring answered, with a key or without."""

    key: str = ""
    problem: str = ""

    def __repr__(self) -> str:
        return f"Looked(key={'…' if self.key else ''}, problem={self.problem!r})"


def look_up(provider: str, *, deadline_s: float = DEADLINE_S) -> Looked:
    """The key kept for `provider`. Never raises. Blocking, up to the deadline."""
    return look_up_all([provider], deadline_s=deadline_s)[provider]


def look_up_all(providers: Sequence[str], *, deadline_s: float = DEADLINE_S) -> dict[str, Looked]:
    """The keys kept for `providers`, all within one deadline. Never raises. Blocking."""

    def ask(ring: Any) -> dict[str, Looked]:
        return {name: Looked(ring.get_password(SERVICE, name) or "") for name in providers}

    try:
        return _ask(ask, deadline_s)
    except _Trouble as trouble:
        return dict.fromkeys(providers, Looked(problem=str(trouble)))


def store(provider: str, key: str) -> None:
    """Keep `key`. Raises UsageError when there is no keyring, or it refuses."""
    _do(lambda ring: ring.set_password(SERVICE, provider, key))


def forget(provider: str) -> None:
    """Remove the key of `provider`. Raises UsageError when none is kept or there is no keyring."""
    if not look_up(provider).key:
        raise UsageError(f"no key for `{provider}` is kept in the keyring", hint="see `assistant models keys`")
    _do(lambda ring: ring.delete_password(SERVICE, provider))


def _do(action: Callable[[Any], None]) -> None:
    try:
        _ask(action, UNLOCK_S)
    except _Trouble as trouble:
        raise UsageError(
            str(trouble), hint="put the key in the environment instead, for example OPENAI_API_KEY"
        ) from trouble


class _Trouble(Exception):
    """Why the keyring did not answer, in plain words."""


def _ask(action: Callable[[Any], T], seconds: float) -> T:
    """The answer of the keyring. Raises _Trouble."""
    try:
        return ask_keyring(action, seconds)
    except TimeoutError:
        raise _Trouble(f"the keyring did not answer within {seconds:.0f} s (is it locked?)") from None
    except Exception as error:  # each backend has its own errors
        name = type(error).__name__
        missing = name == "NoKeyringError"
        raise _Trouble("there is no keyring on this system" if missing else f"the keyring refused ({name})") from None
