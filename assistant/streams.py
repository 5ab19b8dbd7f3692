"""Whether standard input, output and error still lead anywhere. A terminal that was closed can be neither read nor written."""

from __future__ import annotations

import os
import select

STREAMS = (0, 1, 2)


def is_gone(descriptor: int) -> bool:
    """Whether the terminal behind `descriptor` was closed."""
    poll = select.poll()
    poll.register(descriptor, 0)
    return any(event & (select.POLLHUP | select.POLLERR) for _descriptor, event in poll.poll(0))


def let_go() -> None:
    """Let every stream whose terminal is gone lead nowhere instead: what is still written must not fail, here, in a library
    or when Python flushes at the end, and nobody may read in circles."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in STREAMS:
        if is_gone(stream):
            os.dup2(nowhere, stream)
    os.close(nowhere)
