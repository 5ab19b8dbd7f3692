"""When the interpreter looks for unreachable cycles: never for long while a person may be typing (knows no Textual).

A full collection looks at every object that is alive. In a chat that streams, that is 100 ms several times a minute, which
a key would wait for. So what was loaded is set aside (`gc.freeze`), and what is new since is looked through often, so that
little is to be done each time. Cycles among what was set aside are found by `tidy`, which the app calls when nobody is
typing.
"""

from __future__ import annotations

import gc
from collections.abc import Mapping
from typing import Any

YOUNG = 6_000
"""New objects between two looks at them alone, which take 2 ms. Textual's widgets are cycles, and those that draw the end
of an answer live for a tenth of a second: at Python's 700 most would be taken for lasting ones."""

OFTEN = 1
"""After each second of those looks one at what they left; and after each second of these, at the next good moment, one at
all. With two thousand tokens a second that is one in 0.4 s and takes 13 ms, 30 at worst; at Python's 10 it is one in 17 s
that takes 300 ms."""

LATEST = 8
"""How many of them pass at most until all is looked at, good moment or not."""

LASTING = 60_000
"""When so many objects have survived a look at all, they are set aside. The widgets of a full screen are 25,000, which go
again: set aside, each of them would stay until `tidy`."""

GROWTH = 1.25
MARGIN = 20_000
"""`tidy` does nothing until so many times the objects, and so many more, are set aside as after the last time: it costs
about 0.5 µs an object, and an idle program should stay idle."""

MOST = 200_000
"""So many objects set aside since the last time are too many to wait for quiet: of the widgets that a busy task leaves behind
they are 50 MB."""

_PYTHON_S = gc.get_threshold()

_left = 0
"""Objects set aside after the last `tidy`."""


def begin() -> None:
    """Set aside all that is loaded now, and collect automatically from here on."""
    global _left  # noqa: PLW0603 - the collector is one for the process
    gc.freeze()
    _left = gc.get_freeze_count()
    if _set_aside not in gc.callbacks:
        gc.callbacks.append(_set_aside)
        gc.set_threshold(YOUNG, OFTEN, LATEST)
    gc.enable()


def end() -> None:
    """Leave the collector as it was found."""
    if _set_aside in gc.callbacks:
        gc.callbacks.remove(_set_aside)
        gc.set_threshold(*_PYTHON_S)
    gc.unfreeze()


def good_moment() -> None:
    """Nothing waits to be drawn just now: look at all that is new, if it is time. In the middle of a drawing, whoever waits
    for that would wait for this too."""
    if gc.get_threshold()[2] == LATEST and gc.get_count()[2] > OFTEN:
        gc.collect()


def settle() -> None:
    """Set aside what was just loaded and will stay, such as modules and a long conversation."""
    gc.freeze()


def tidy(*, busy: bool = False) -> bool:
    """Look through everything, set aside or not, if there is enough of it; whether it did. Blocks for up to 0.2 s. `busy`:
    somebody would notice, so only when it is pressing."""
    global _left  # noqa: PLW0603
    if gc.get_freeze_count() < (_left + MOST if busy else _left * GROWTH + MARGIN):
        return False
    gc.unfreeze()
    gc.collect()  # `_set_aside` follows it
    _left = gc.get_freeze_count()
    return True


def _set_aside(phase: str, info: Mapping[str, Any]) -> None:
    if phase == "stop" and info["generation"] == 2 and len(gc.get_objects(2)) > LASTING:
        gc.freeze()
