"""Stages that single commands leave behind: the newest stay, the rest go, and looking costs the same however many there are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from assistant.sandbox import leftover
from assistant.sandbox.leftover import mark_empty, trim_command_stages
from assistant.sandbox.prepare import task_stage
from assistant.sandbox.stage.locks import Locks
from assistant.sandbox.stage.place import find_place


@pytest.fixture
def stages(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    return tmp_path / "stages"


def make(stages: Path, name: str, *, staged: bool = False, marked: bool = False) -> None:
    place = find_place(name, stages.parent / "work", stages)
    task_stage(place)
    if staged:
        (place.upper / "new").write_text("new")
    if marked:
        mark_empty(stages / name)


def names(stages: Path) -> set[str]:
    return set(os.listdir(stages))


def test_the_newest_stages_are_kept_so_that_they_can_be_undone(stages: Path) -> None:
    for n in range(25):
        make(stages, f"exec-{n:02}", marked=True)
    assert set(trim_command_stages(stages, keep="exec-24")) == {f"exec-{n:02}" for n in range(5)}
    assert names(stages) == {f"exec-{n:02}" for n in range(5, 25)}


def test_what_still_waits_on_a_stage_is_never_removed(stages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftover, "_KEPT", 1)
    make(stages, "exec-1", staged=True)
    make(stages, "exec-2", marked=True)
    for _ in range(3):
        assert trim_command_stages(stages, keep="exec-2") == []


def test_a_stage_that_was_emptied_later_goes_too(stages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftover, "_KEPT", 1)
    make(stages, "exec-1", staged=True)
    make(stages, "exec-2", marked=True)
    task_stage(find_place("exec-1", stages.parent / "work", stages)).drop()
    assert trim_command_stages(stages, keep="exec-2") == ["exec-1"]


def test_a_stage_whose_command_still_runs_stays(stages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftover, "_KEPT", 1)
    make(stages, "exec-1")
    make(stages, "exec-2", marked=True)
    running = Locks(stages / "exec-1").hold_running()
    assert trim_command_stages(stages, keep="exec-2") == []
    os.close(running)
    assert trim_command_stages(stages, keep="exec-2") == ["exec-1"]


def test_a_stage_goes_although_its_folder_is_gone(stages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftover, "_KEPT", 1)
    make(stages, "exec-1", marked=True)
    make(stages, "exec-2", marked=True)
    (stages.parent / "work").rmdir()
    assert trim_command_stages(stages, keep="exec-2") == ["exec-1"]


def test_one_stage_at_most_is_looked_into_each_time(stages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftover, "_KEPT", 0)
    for n in range(12):
        make(stages, f"exec-{n:02}", staged=True)
    looked: list[str] = []
    is_empty = leftover._is_empty
    monkeypatch.setattr(leftover, "_is_empty", lambda base: looked.append(base.name) or is_empty(base))
    trim_command_stages(stages, keep="")
    assert len(looked) == 1
