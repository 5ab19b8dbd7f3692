"""An apply that is killed at any moment leaves every file old or new, and a second apply finishes."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

from tests.sandbox.places import open_place

ROOT = str(Path(__file__).resolve().parents[2])
APPLY = """
import sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from assistant.sandbox.bubblewrap import BubblewrapSandbox
top = Path(sys.argv[1])
stage = BubblewrapSandbox().stage("task", top / "work", top / "data/stages")
print("go", flush=True)
report = stage.apply()
print(len(report.applied), len(report.conflicts), len(report.failed), flush=True)
"""
FILES = 200


async def crash_loop(top: Path, rounds: int) -> int:
    """Kill an apply at `rounds` moments spread over its course; returns how often it was really cut short."""
    cut = 0
    work = top / "work"
    work.mkdir()
    for n in range(FILES):
        (work / f"f{n}").write_text("old" * 500)
    for number in range(rounds):
        async with open_place(top) as place:
            script = (
                f"for n in $(seq 0 {FILES - 1}); do printf 'new{number}%.0s' $(seq 300) > f$n; done; "
                f"mkdir -p made{number}; echo x > made{number}/x; rm -rf made{number - 1}"
            )
            await place.sh(script)
        before = {p.name: p.read_bytes() for p in work.iterdir() if p.is_file()}
        after = f"new{number}".encode() * 300
        process = subprocess.Popen([sys.executable, "-c", APPLY, str(top), ROOT], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.4 * number / rounds)
        process.kill()
        said, _ = process.communicate()
        cut += not said
        for n in range(FILES):
            assert (work / f"f{n}").read_bytes() in (before[f"f{n}"], after), f"f{n} is torn"
        finish = subprocess.run(
            [sys.executable, "-c", APPLY, str(top), ROOT], capture_output=True, check=True, timeout=60
        )
        assert finish.stdout.split()[-2:] == [b"0", b"0"], finish
        assert all((work / f"f{n}").read_bytes() == after for n in range(FILES))
        assert not [name for name in os.listdir(work) if name.endswith(".assistant-new")]
        assert not (work / f"made{number - 1}").exists()
    return cut


async def test_S6_a_killed_apply_tears_nothing_and_a_second_one_finishes(tmp_path: Path) -> None:
    cut = await asyncio.wait_for(crash_loop(tmp_path, 6), 100)
    assert cut >= 1, "no apply was cut short: the moments are badly chosen"


async def test_what_a_killed_apply_wrote_can_be_undone(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    for n in range(FILES):
        (work / f"f{n}").write_text("old")
    async with open_place(tmp_path) as place:
        await place.sh(f"for n in $(seq 0 {FILES - 1}); do echo new > f$n; done")
    process = subprocess.Popen([sys.executable, "-c", APPLY, str(tmp_path), ROOT], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    deadline = time.monotonic() + 5
    while (work / "f0").read_text() == "old" and time.monotonic() < deadline:
        time.sleep(0.0005)
    process.kill()
    process.communicate()
    async with open_place(tmp_path) as place:
        place.stage.undo()
        assert {(work / f"f{n}").read_text() for n in range(FILES)} == {"old"}
