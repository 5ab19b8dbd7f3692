"""Looking for unreachable cycles: short while someone may be typing, thorough when nobody does."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

from assistant.ui import collecting
from assistant.ui.app import CALM_S
from tests.ui.fake_desk import FakeDesk


class Node:
    """Part of a cycle."""

    def __init__(self) -> None:
        self.me = self


@pytest.fixture(autouse=True)
def collector() -> Iterator[None]:
    """This test's own; and the interpreter's afterwards."""
    collecting.begin()
    yield
    collecting.end()


def test_a_full_collection_does_not_look_again_at_much_that_survived_one() -> None:
    kept = [Node() for _ in range(collecting.LASTING)]
    gc.collect()
    set_aside = gc.get_freeze_count()
    assert set_aside > len(kept)
    assert len(gc.get_objects()) < len(kept)


def test_little_that_survived_one_is_looked_at_again() -> None:
    gc.collect()
    before = gc.get_freeze_count()
    widgets = [Node() for _ in range(collecting.LASTING // 10)]
    gone = weakref.ref(widgets[0])
    gc.collect()
    widgets.clear()
    gc.collect()
    assert gone() is None
    assert gc.get_freeze_count() <= before


def test_a_cycle_made_since_is_found_by_the_next_collection() -> None:
    gc.collect()
    gone = weakref.ref(Node())
    gc.collect()
    assert gone() is None


def test_what_is_set_aside_and_dropped_later_is_found_when_nobody_is_typing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collecting, "GROWTH", 1.0)  # this process may hold far more than these nodes
    nodes = [Node() for _ in range(collecting.LASTING)]
    gone = weakref.ref(nodes[0])
    gc.collect()
    nodes.clear()
    gc.collect()
    assert gone() is not None, "else there would be nothing to tidy"
    assert collecting.tidy()
    assert gone() is None


def test_while_somebody_types_only_much_is_tidied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collecting, "MOST", 2 * collecting.LASTING)
    nodes = [Node() for _ in range(collecting.LASTING)]
    gone = weakref.ref(nodes[0])
    gc.collect()
    nodes.clear()
    assert not collecting.tidy(busy=True)
    assert gone() is not None
    for _round in range(2):
        nodes = [Node() for _ in range(collecting.LASTING)]
        gc.collect()
    assert collecting.tidy(busy=True)
    assert gone() is None


async def test_a_turn_that_runs_for_long_is_tidied_up_after_where_nobody_types(
    open_chat: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []
    async with open_chat(FakeDesk({"go": [60.0]})) as chat:
        monkeypatch.setattr(collecting, "tidy", lambda *, busy: asked.append(busy))
        await chat.say("go", wait=False)
        await chat.until(lambda: chat.screen.turns.active)
        await chat.pilot.press("x")
        chat.app._tidy()
        chat.screen.prompt.last_key_at -= CALM_S + 1
        chat.app._tidy()
        assert asked == [True, False]


def test_nothing_is_tidied_where_little_has_grown() -> None:
    gc.collect()
    assert not collecting.tidy()


def test_the_interpreter_is_left_as_it_was() -> None:
    collecting.end()
    assert gc.get_freeze_count() == 0
    gc.collect()
    assert gc.get_freeze_count() == 0


def test_a_good_moment_is_used_when_it_is_time_and_not_before() -> None:
    gc.collect()
    gone = weakref.ref(Node())
    collecting.good_moment()
    assert gone() is not None, "nothing is new"
    while gc.get_count()[2] <= collecting.OFTEN:
        gc.collect(1)
    gone = weakref.ref(Node())
    gc.collect(0)
    gc.collect(1)  # it has become old
    collecting.good_moment()
    assert gone() is None
    assert gc.get_count()[2] == 0


def test_where_the_interpreter_decides_no_moment_is_good() -> None:
    collecting.end()
    gone = weakref.ref(Node())
    collecting.good_moment()
    assert gone() is not None
