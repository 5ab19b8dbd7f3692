"""Planted checks: a question that should be refused, beside a real one; nothing ever comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from assistant.config import Settings, find_paths
from assistant.gateway.approver import ApprovalRequest, Unattended
from assistant.gateway.events import Notice
from assistant.gateway.planting import Planting
from assistant.gateway.sentences import sentence
from assistant.policy.planted import TOOL, PlantedChecks
from assistant.types import Answer, Approval, Autonomy, Channel
from tests.gateway.test_door import Says, World


class Answers(Says):
    """Gives one answer to checks and another to real questions."""

    def __init__(self, to_checks: Answer, to_real: Answer) -> None:
        super().__init__(to_real)
        self.to_checks = to_checks

    async def ask(self, request: ApprovalRequest) -> Approval:
        real = await super().ask(request)
        if request.action.tool != TOOL:
            return real
        return Approval(request.digest, self.to_checks, Channel.KEY)


def world(folder: Path, approver: Says | Unattended, draws: Sequence[float]) -> World:
    made = World(folder, find_paths(), approver, Autonomy.COLLABORATOR)
    left = list(draws)
    made.gateway.planting = Planting(PlantedChecks(enabled=True, every=20), lambda: left.pop(0))
    return made


@pytest.mark.parametrize("to_checks", [Answer.NO, Answer.ONCE])
async def test_a_check_is_asked_told_and_recorded_and_never_run(tmp_path: Path, home: Path, to_checks: Answer) -> None:
    approver = Answers(to_checks, Answer.ONCE)
    made = world(tmp_path, approver, [0.0, 0.5])
    for command in ("make", "make test"):
        assert (await made.call("run_command", command=command)).ok
    assert [r.action.tool for r in approver.shown] == [TOOL, "run_command", "run_command"]
    planted = approver.shown[0]
    assert planted.answers == (Answer.ONCE, Answer.NO)
    assert "planted-check@example.invalid" in sentence(planted.action)
    (told,) = [e for e in made.events if isinstance(e, Notice)]
    noticed = to_checks is Answer.NO
    assert (told.level, f"{int(noticed)} of 1 such checks noticed" in told.text) == (
        "info" if noticed else "warning",
        True,
    )
    (entry,) = made.log.entries(kinds=["check.planted"])
    assert entry.body["noticed"] is noticed
    assert not any(TOOL in str(e.body.get("tool")) for e in made.log.entries(kinds=["intent", "outcome"]))
    assert len(made.room.commands) == 2
    assert made.policy.attention.asks == 2


async def test_nobody_is_checked_who_is_not_there(tmp_path: Path, home: Path) -> None:
    made = world(tmp_path, Unattended(), [0.0])
    assert (await made.call("run_command", command="make")).code == "needs_person"
    assert made.log.entries(kinds=["check.planted"]) is not None
    assert list(made.log.entries(kinds=["check.planted"])) == []


def test_checks_are_off_unless_turned_on() -> None:
    assert Settings().planted_checks is False
