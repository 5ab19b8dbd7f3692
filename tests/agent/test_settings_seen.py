"""What a person changes in the settings is told in the log when the next task opens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from assistant.agent.settings_seen import KIND, note_settings
from assistant.audit import upkeep
from assistant.audit.log import Log
from assistant.config import Settings, find_paths
from assistant.types import Autonomy, Budgets


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    with closing(Log.open(find_paths({"ASSISTANT_HOME": str(tmp_path / "home")}))) as opened:
        yield opened


def told(log: Log) -> list[list[str]]:
    return [entry.body["names"] for entry in log.entries(kinds=[KIND])]


def test_they_are_told_once_until_they_change(log: Log) -> None:
    for _ in range(3):
        note_settings(log, Settings())
    assert told(log) == [[]]
    changed = Settings(autonomy=Autonomy.OBSERVER, budgets=Budgets(calls=9))
    for _ in range(2):
        note_settings(log, changed)
    assert told(log) == [[], ["autonomy", "budgets.calls"]]
    note_settings(log, Settings())
    assert told(log)[2:] == [["autonomy", "budgets.calls"]]


def test_values_lie_apart_and_can_be_erased(log: Log) -> None:
    note_settings(log, Settings(me=("ada@example.com",)))
    [entry] = log.entries(kinds=[KIND])
    assert "ada@example.com" not in str(entry.body)
    values = msgspec.json.decode(log.blob(entry.body["settings_sha256"]) or b"", type=dict[str, str])
    assert "ada@example.com" in values["me"]
    upkeep.erase_entry(log, entry.seq)
    note_settings(log, Settings(me=("ada@example.com",)))
    assert len(told(log)) == 2, "what was told is not known any more"


def test_a_token_in_a_tools_settings_is_left_out(log: Log) -> None:
    token = "ghp_" + "a1B2" * 9
    note_settings(log, Settings(tools={"forge": {"token": token}}))
    assert token.encode() not in b"".join(row[0] for row in log.database.read("SELECT data FROM blobs"))
