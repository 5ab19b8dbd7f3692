"""What a person types to look for something in the log."""

from __future__ import annotations

from datetime import datetime

import pytest

from assistant.audit.page import Filter
from assistant.audit.query import Query, narrowed, parse, when
from assistant.errors import UsageError


@pytest.mark.parametrize(
    ("text", "wanted", "words"),
    [
        ("", Filter(), ""),
        ("quarterly report", Filter(), "quarterly report"),
        ("tool:run verdict:deny", Filter(tool="run", verdict="deny"), ""),
        ('a path:"my notes" b', Filter(path="my notes"), "a b"),
        ("kind:intent kind:outcome task:3f", Filter(kinds=("intent", "outcome"), task="3f"), ""),
        ("host:example.com model:openai/gpt-x", Filter(host="example.com", model="openai/gpt-x"), ""),
        ('"tool:run" x', Filter(), "tool:run x"),
        ("https://example.com/a:b", Filter(), "https://example.com/a:b"),
        ("note:this", Filter(), "note:this"),
        ("tool:", Filter(), "tool:"),
        ('tool:""', Filter(), ""),
        ("税务 path:报告", Filter(path="报告"), "税务"),
    ],
)
def test_words_and_filters_are_told_apart(text: str, wanted: Filter, words: str) -> None:
    assert parse(text) == Query(wanted, words)


def test_times_are_dates_or_so_long_ago() -> None:
    assert when("90m", lambda: 10_000.0) == (10_000 - 5_400) * 1000
    assert when("2026-11-24") == int(datetime(2026, 11, 24).timestamp() * 1000)  # noqa: DTZ001 - local time is meant
    assert parse("since:2026-11-24T13:00+00:00").wanted.from_ms == 1_795_525_200_000


@pytest.mark.parametrize("text", ["since:soon", "until:2026-13-01", "since:999999999w9", "verdict:maybe"])
def test_what_means_nothing_is_said(text: str) -> None:
    with pytest.raises(UsageError):
        parse(text)


def test_what_is_typed_beats_what_is_set() -> None:
    typed = parse("kind:intent")
    assert narrowed(typed, ("outcome",), "t1").wanted == Filter(kinds=("intent",), task="t1")
    assert narrowed(parse("x"), ("outcome",), "").wanted == Filter(kinds=("outcome",))
