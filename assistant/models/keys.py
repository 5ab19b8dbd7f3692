"""API keys in the keyring of the operating system: never in files, never in the log, never in an argument list.

The keyring may be missing, locked, or waiting for a password in another window, so every look-up runs in a worker thread
with a deadline, and each failure has its own plain word.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from assistant.errors import UsageError
from assistant.types import Data

SERVICE = "assistant"
"""Name of our entries in the keyring; the account is the provider's name."""

DEADLINE_S = 2.0
"""A keyring that has not answered by then is treated as locked."""

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

    def ask() -> dict[str, Looked]:
        ring = _keyring()
        return {name: Looked(ring.get_password(SERVICE, name) or "") for name in providers}

    try:
        return _within(ask, deadline_s)
    except _Trouble as trouble:
        return dict.fromkeys(providers, Looked(problem=str(trouble)))


def store(provider: str, key: str) -> None:
    """Keep `key`. Raises UsageError when there is no keyring, or it refuses."""
    _do(lambda: _keyring().set_password(SERVICE, provider, key))


def forget(provider: str) -> None:
    """Remove the key of `provider`. Raises UsageError when none is kept or there is no keyring."""
    if not look_up(provider).key:
        raise UsageError(f"no key for `{provider}` is kept in the keyring", hint="see `assistant models keys`")
    _do(lambda: _keyring().delete_password(SERVICE, provider))


def _do(action: Callable[[], None]) -> None:
    try:
        _within(action, 60.0)  # the person may have to unlock it
    except _Trouble as trouble:
        raise UsageError(
            str(trouble), hint="put the key in the environment instead, for example OPENAI_API_KEY"
        ) from trouble


class _Trouble(Exception):
    """Why the keyring did not answer, in plain words."""


def _keyring() -> Any:
    import keyring  # slow to import (90 ms), and most runs find their key in the environment

    return keyring


def _within(action: Callable[[], T], deadline_s: float) -> T:
    """The result of `action`, run in a daemon thread: a keyring that waits for a password must not hold the program."""
    box: list[T] = []
    failure: list[Exception] = []

    def work() -> None:
        try:
            box.append(action())
        except Exception as error:  # each backend has its own errors
            failure.append(error)

    thread = threading.Thread(target=work, name="keyring", daemon=True)
    thread.start()
    thread.join(deadline_s)
    if box:
        return box[0]
    if not failure:
        raise _Trouble(f"the keyring did not answer within {deadline_s:.0f} s (is it locked?)")
    name = type(failure[0]).__name__
    if name == "NoKeyringError":
        raise _Trouble("there is no keyring on this system")
    raise _Trouble(f"the keyring refused ({name})") from None
