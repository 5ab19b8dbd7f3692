"""The log as the screen reads it, over a real one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from assistant.agent.logbook import LogBook
from assistant.audit import upkeep
from assistant.audit.log import Log
from assistant.audit.query import parse
from assistant.audit.views import Views
from assistant.config import find_paths
from assistant.errors import UsageError
from tests.audit.test_views import one_turn, open_task


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    with closing(Log.open(find_paths({"ASSISTANT_HOME": str(tmp_path / "home")}))) as opened:
        open_task(opened, "3f-one", title="invoices")
        one_turn(opened, "3f-one", "compare the invoices", "they differ", call="c1")
        open_task(opened, "3f-two", title="garden")
        one_turn(opened, "3f-two", "water the garden", "done", call="c2")
        yield opened


@pytest.fixture
def book(log: Log) -> Iterator[LogBook]:
    with closing(Views(log)) as views:
        yield LogBook(views)


async def test_filters_and_words_narrow_a_page(book: LogBook) -> None:
    rows = (await book.page(parse("task:3f-t host:example.com kind:outcome"))).rows
    assert [(row.task, row.kind) for row in rows] == [("3f-two", "outcome")]
    rows = (await book.page(parse("invoices kind:message"))).rows
    assert [(row.task, row.summary) for row in rows] == [("3f-one", "the person said “compare the invoices”")]
    with pytest.raises(UsageError, match="no task `9z`"):
        await book.page(parse("task:9z"))


async def test_a_call_leads_from_its_prompt_to_what_was_applied(book: LogBook) -> None:
    seq = await book.of_call("3f-one", "c1")
    chain = await book.chain(seq)
    roles = ["prompt", "model", "model", "action", "decision", "answer", "outcome", "applied", "end"]
    assert [role for role, _ in chain] == roles
    assert chain[0][1].summary == "the person said “compare the invoices”"
    assert {row.task for _, row in chain} == {"3f-one"}


async def test_a_call_of_a_helper_is_found_from_the_task_that_started_it(book: LogBook) -> None:
    assert await book.of_call("3f-one", "c2") == await book.of_call("3f-two", "c2") > 0
    assert await book.of_call("3f-one", "c999") == 0


async def test_contents_are_shown_until_they_are_erased(book: LogBook, log: Log) -> None:
    seq = (await book.page(parse("kind:decision task:3f-one"))).rows[0].seq
    assert await book.contents(seq) == [("reason", "changes a file")]
    upkeep.erase_entry(log, seq)
    assert await book.contents(seq) == [("reason", None)]
    [(name, text)] = await book.contents(1)
    assert (name, "invoices" in str(text)) == ("about", True)


async def test_the_log_is_verified_apart_while_it_is_open(book: LogBook, log: Log) -> None:
    result = await book.verify(lambda done, total: None, threading.Event())
    assert (result.ok, result.entries) == (True, log.head()[0])  # type: ignore[index]
    assert log.append("x", "t", {}).seq == result.entries + 1
