"""What models have cost, day by day, as the log has it."""

from __future__ import annotations

import argparse
import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from assistant.agent.usage import used, with_energy
from assistant.audit.log import Log
from assistant.cli.costs import bar, run_costs
from assistant.config import find_paths
from assistant.models.budgets import Energy
from assistant.types import ModelInfo, Usage

CLAUDE = {
    "model": "anthropic/claude-sonnet-4-5",
    "finish": "stop",
    "usage": {"input": 1000, "output": 200, "cache_read": 600, "cache_write": 100},
    "cost_uusd": 4200,
    "duration_ms": 3000,
}
LOCAL = {"model": "ollama/qwen3", "finish": "stop", "usage": None, "cost_uusd": None, "duration_ms": 50}
COUNTED = {**CLAUDE, "energy_uwh": [1000, 3000], "energy_mwh": 3}


@pytest.fixture
async def log(home: Path) -> Log:
    """Four answers of two models; one with energy, as a budget had it counted."""
    opened = Log.open(find_paths())
    for body in (CLAUDE, CLAUDE, COUNTED, LOCAL):
        await opened.write("model.result", "t1", body)
    await opened.write("turn.finished", "t1", {"reason": "done", "wall_ms": 10})
    return opened


def two_a_token(info: ModelInfo, usage: Usage | None, seconds: float) -> Energy | None:
    if info.provider != "anthropic" or usage is None:
        return None
    return Energy(usage.output * 1.0, usage.output * 2.0 + seconds)


async def test_tokens_caches_and_money_are_added_up_by_day_and_model(log: Log) -> None:
    first, second = used(log)
    assert first.day == second.day == datetime.now().astimezone().strftime("%Y-%m-%d")
    assert (first.model, first.spent.calls, first.input, first.output) == (CLAUDE["model"], 3, 3000, 600)
    assert (first.cache_read, first.cache_write, first.spent.cost_uusd) == (1800, 300, 12_600)
    assert (second.model, second.spent.unpriced_calls, second.input) == ("ollama/qwen3", 1, 0)


async def test_energy_is_estimated_for_what_has_none_and_kept_where_it_was_counted(log: Log) -> None:
    first, second = with_energy(used(log), two_a_token)
    assert first.spent.energy == Energy(1.0 + 400, 3.0 + 800 + 6)
    assert first.spent.unmeasured_calls == 0
    assert (second.spent.energy, second.spent.unmeasured_calls) == (Energy(), 1)


async def test_older_days_do_not_count(log: Log) -> None:
    later = datetime.now().astimezone() + timedelta(days=3)
    assert used(log, 2, later) == []
    assert len(used(log, 14, later)) == 2


async def test_the_command_says_it(log: Log, capsys: pytest.CaptureFixture[str]) -> None:
    log.close()
    assert run_costs(argparse.Namespace(days=14, json=False)) == 0
    said = capsys.readouterr().out
    assert "1,800 read from caches, 300 written to caches" in said
    assert "1 of unknown price" in said
    assert "$0.0126" in said
    assert " Wh" in said
    assert "█" * 24 in said
    run_costs(argparse.Namespace(days=14, json=True))
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["model"] for row in rows] == [CLAUDE["model"], "ollama/qwen3"]


def test_a_bar_is_as_long_as_its_share_and_never_nothing_for_something() -> None:
    assert bar(10, 10, 4) == "████"
    assert bar(5, 10, 4) == "██"
    assert bar(0, 10, 4) == ""
    assert bar(1, 10_000, 4) == "▏"
    assert bar(0, 0, 4) == ""
