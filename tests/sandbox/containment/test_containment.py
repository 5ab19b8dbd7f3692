"""What a room must hold against, and what it must not get in the way of, as root and as an ordinary user."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.conftest import PYTHON, as_user, give, identity_or_skip
from tests.sandbox.containment.attacks import ATTACKS
from tests.sandbox.containment.work import WORK

pytestmark = pytest.mark.timeout(450)
"""The first of them waits for the whole battery: 27 s on two busy cores, more on one."""

IDENTITIES = ["as whoever runs this", "as an ordinary user"]


def results(mode: str, identity: str, package: Path, factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the driver found, run once for all tests and all workers."""
    identity_or_skip(identity)
    base = factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    name = f"containment-{mode}-{identity.replace(' ', '-')}"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = shared / f"{name}.json"
        if not found.exists():
            top = give(Path(tempfile.mkdtemp(prefix=f"{mode}-", dir=package.parent)), identity)
            done = subprocess.run(
                [*as_user(identity), PYTHON, str(package / "probes/containment/driver.py"), mode, str(top)],
                env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(package), "LANG": "C.UTF-8"},
                capture_output=True, text=True, timeout=400, cwd="/",
            )  # fmt: skip
            if done.returncode:
                raise RuntimeError(done.stderr[-3000:])
            found.write_text(done.stdout)
        return json.loads(found.read_text())


@pytest.fixture(params=IDENTITIES)
def room(request: pytest.FixtureRequest, package: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return results("room", request.param, package, tmp_path_factory)


@pytest.mark.parametrize("name", [a.name for a in ATTACKS])
def test_S1_a_room_holds_against_a_program_that_tries_to(name: str, room: dict[str, Any]) -> None:
    said = room["attacks"][name]
    assert "BREACH" not in said
    assert "held" in said, f"the probe itself did not run to its end: {said}"


@pytest.mark.parametrize("name", [w.name for w in WORK])
def test_a_room_lets_a_person_do(name: str, room: dict[str, Any]) -> None:
    found = room["work"][name]
    if "skipped" in found:
        pytest.skip(found["skipped"])
    assert found["good"], found["said"]


def test_S2_after_all_attacks_the_host_is_unharmed(room: dict[str, Any]) -> None:
    assert {what: held for what, held in room["host"].items() if not held} == {}


def test_the_probes_do_breach_where_there_is_no_room(package: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A probe that could not succeed anywhere would prove nothing."""
    found = results("outside", IDENTITIES[0], package, tmp_path_factory)
    assert {name: said for name, said in found["attacks"].items() if "BREACH" not in said} == {}


def test_there_are_enough_of_them() -> None:
    assert len(ATTACKS) >= 80
    assert len(WORK) >= 35
