"""`assistant config`: settings shown and changed from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.cli import main as run


@pytest.fixture
def file(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The person's settings file, not there yet."""
    monkeypatch.setenv("ASSISTANT_HOME", str(home / "assistant"))
    return home / "assistant/config/config.toml"


def test_a_setting_is_set_shown_and_unset(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["config", "set", "autonomy", "observer", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"name": "autonomy", "value": "observer", "origin": str(file)}
    assert file.read_text() == 'autonomy = "observer"\n'
    assert run(["config", "unset", "autonomy"]) == 0
    assert 'autonomy = "consultant"    # default' in capsys.readouterr().out
    assert run(["log", "list", "--json"]) == 0
    assert capsys.readouterr().out.count("setting.changed") >= 2


def test_a_table_is_shown_entry_by_entry(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["config", "set", "model.api_base", '{ vllm = "http://localhost:8000/v1" }']) == 0
    assert "http://localhost:8000/v1" in capsys.readouterr().out


def test_the_environment_wins_and_that_is_said(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ASSISTANT_KIT", "look")
    assert run(["config", "set", "kit", "tidy"]) == 0
    assert "ASSISTANT_KIT is set and wins" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["set"],
        ["set", "autonomy"],
        ["unset"],
        ["unset", "autonomy", "x"],
        ["set", "autonomi", "observer"],
        ["set", "autonomy", "boss"],
        ["set", "max_steps", "a", "lot"],
        ["show", "autonomy"],
    ],
)
def test_what_cannot_be_understood_changes_nothing(
    file: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["config", *words]) == 2
    assert not file.exists()
