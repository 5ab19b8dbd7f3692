"""The keyring of the operating system, asked so that it can't hold the program: it may be locked, or wait for a person."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


def ask_keyring(action: Callable[[Any], T], seconds: float) -> T:
    """What `action` returns, given the `keyring` module. Blocking, for at most `seconds`.

    It runs in a daemon thread that is left behind when it hangs. Raises TimeoutError then, else whatever the backend raised:
    each has errors of its own.
    """
    answer: list[T] = []
    failure: list[Exception] = []

    def run() -> None:
        try:
            import keyring  # 90 ms, and most runs need none

            answer.append(action(keyring))
        except Exception as error:
            failure.append(error)

    thread = threading.Thread(target=run, name="keyring", daemon=True)
    thread.start()
    thread.join(seconds)
    if failure:
        raise failure[0]
    if not answer:
        raise TimeoutError(f"no answer within {seconds:.0f} s")
    return answer[0]
