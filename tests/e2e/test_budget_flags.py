"""The limits of `assistant run`: each is said at 80 %, and ends the task with exit 5 at 100 %."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.conftest import Program, Ran
from tests.support.openai_server import OpenAIServer, calls, text

LOOK = {"name": "list_dir", "arguments": {"path": "."}}


def steps(*tokens: int) -> list[dict[str, Any]]:
    """Calls of a model that look around, each with so many tokens, and an answer."""
    looking = [{"calls": [LOOK], "usage": {"input": n, "output": 0}} for n in tokens]
    return [*looking, {"text": "done", "usage": {"input": 1, "output": 0}}]


def warnings(ran: Ran) -> list[str]:
    """What was said of budgets: on a busy machine there may be something else to say."""
    found = [e["text"] for e in ran.events if e["type"] == "notice" and e["level"] == "warning"]
    return [text for text in found if text.startswith("budget: ")]


def answers(program: Program) -> int:
    """How many answers of models the log has."""
    return program.run("log", "list", "--json").out.count('"model.result"')


@pytest.mark.parametrize(
    ("flag", "limit", "said"),
    [
        ("--max-tokens", "100", "tokens: 90 of 100 for this task (90 %)"),
        ("--max-calls", "2", "model calls: 2 of 2 for this task (100 %)"),
    ],
)
def test_tokens_and_calls(program: Program, flag: str, limit: str, said: str) -> None:
    ran = program.run("run", "go", "--model", program.script(*steps(90, 10, 10, 10)), flag, limit, "--json")
    assert ran.code == 5
    assert warnings(ran) == [f"budget: {said}"]
    assert answers(program) == 2
    end = ran.event("turn_finished")
    assert "budget reached" in end["message"]


def test_time(program: Program) -> None:
    slow = [{"calls": [LOOK]}, {"text": "never said", "delay_s": 30}]
    ran = program.run("run", "go", "--model", program.script(*slow), "--max-seconds", "3", "--json")
    assert ran.code == 5
    assert answers(program) == 1, "the second one is not waited for"
    assert warnings(ran)[0].startswith("budget: time: ")


def test_energy(program: Program) -> None:
    with OpenAIServer([calls(("list_dir", {"path": "."})), text("never asked")]) as server:
        where = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": server.base}
        ran = program.run("run", "go", "--model", "openai/gpt-4o", "--max-wh", "0.000001", "--json", **where)
    assert ran.code == 5
    assert len(server.requests) == 1
    assert any(text.startswith("budget: energy: ") for text in warnings(ran))


def test_a_flag_leaves_the_other_limits_as_they_are_configured(program: Program) -> None:
    assert program.run("config", "set", "budgets.calls", "1").code == 0
    ran = program.run("run", "go", "--model", program.script(*steps(5, 5)), "--max-tokens", "1000", "--json")
    assert ran.code == 5
    assert answers(program) == 1


def test_a_task_that_goes_on_can_be_given_more(program: Program) -> None:
    model = program.script(*steps(50, 50))
    ran = program.run("run", "go", "--model", model, "--max-tokens", "50", "--json")
    assert ran.code == 5
    task = ran.event("turn_started")["task"]
    again = program.run("run", "go on", "--resume", task, "--model", model, "--json")
    assert again.code == 5, "the limit is the task's, not the command's"
    more = program.run("run", "go on", "--resume", task, "--model", model, "--max-tokens", "1000", "--json")
    assert more.code == 0


@pytest.mark.parametrize(
    "wrong", [("--max-usd", "nan"), ("--max-calls", "1.5"), ("--max-tokens", "-3"), ("--max-wh", "inf")]
)
def test_what_is_no_limit_is_refused(program: Program, wrong: tuple[str, str]) -> None:
    ran = program.run("run", "go", *wrong)
    assert ran.code == 2
    assert "is no limit" in ran.err
