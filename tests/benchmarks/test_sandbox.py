"""What the sandbox costs: ratios within one run, since machines differ. Prints the figures that the README names."""

from __future__ import annotations

import asyncio
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.sandbox.prepare import find_bwrap
from assistant.sandbox.protocol import Command
from tests.sandbox.places import Place, open_place
from tests.sandbox.test_crash import crash_loop

pytestmark = pytest.mark.timeout(900)
PLAIN = [
    find_bwrap(), "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--ro-bind", "/", "/",
    "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "true",
]  # fmt: skip


def median_ms(action: Callable[[], object], runs: int) -> float:
    times: list[float] = []
    for _ in range(runs):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000


def busy() -> float:
    """How much slower this machine is just now than the one of the figures when nothing else runs: by bare Python's start."""
    return max(1.0, median_ms(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True), 21) / 8.5)


async def one_by_one(place: Place, runs: int) -> tuple[float, float]:
    """(median of a warm call, median of plain bubblewrap), taken in turns so that both see the same machine."""
    call, plain = [], []
    for _ in range(runs):
        start = time.perf_counter()
        process = await asyncio.create_subprocess_exec(*PLAIN)
        await process.wait()
        plain.append(time.perf_counter() - start)
        start = time.perf_counter()
        await place.room.run(Command(("true",)))
        call.append(time.perf_counter() - start)
    return statistics.median(call) * 1000, statistics.median(plain) * 1000


async def test_a_warm_call_costs_at_most_four_plain_bubblewraps(tmp_path: Path) -> None:
    async with open_place(tmp_path) as place:
        await place.sh("true")
        call, plain = await one_by_one(place, 60)
    print(f"\nwarm call {call:.1f} ms, plain bubblewrap {plain:.1f} ms: {call / plain:.2f}x (at most 4)")
    assert call / plain <= 4


async def test_a_call_costs_the_same_for_a_folder_of_any_size(tmp_path: Path) -> None:
    large = tmp_path / "large" / "work"
    for n in range(100_000):
        if n % 500 == 0:
            (large / f"d{n // 500}").mkdir(parents=True)
        (large / f"d{n // 500}/f{n}").touch()
    small = tmp_path / "small" / "work"
    small.mkdir(parents=True)
    for n in range(10):
        (small / f"f{n}").touch()
    async with open_place(tmp_path / "small") as a, open_place(tmp_path / "large") as b:
        times: dict[str, list[float]] = {"small": [], "large": []}
        for _ in range(60):
            for name, place in (("small", a), ("large", b)):
                start = time.perf_counter()
                await place.room.run(Command(("true",)))
                await asyncio.to_thread(place.room.call_changes)
                times[name].append(time.perf_counter() - start)
    few, many = (statistics.median(times[n]) * 1000 for n in ("small", "large"))
    print(f"\ncall and difference: 10 files {few:.1f} ms, 100,000 files {many:.1f} ms: {many / few:.2f}x (under 1.3)")
    assert many / few < 1.3


def test_one_command_costs_at_most_150_ms_over_the_plain_one(tmp_path: Path) -> None:
    folder = tmp_path / "w"
    folder.mkdir()
    program = Path(sys.executable).with_name("assistant")
    argv = [str(program), "sandbox", "exec", "--folder", str(folder), "--apply", "--", "sh", "-c", "echo x > x"]
    environment = os.environ | {"ASSISTANT_HOME": str(tmp_path / "home")}
    over: list[float] = []
    for _ in range(25):
        plain = median_ms(lambda: subprocess.run(["sh", "-c", f"echo x > {folder}/x"], check=True), 1)
        ours = median_ms(lambda: subprocess.run(argv, check=True, env=environment), 1)
        over.append(ours - plain)
    print(f"\n`sandbox exec` cold: {statistics.median(over):.0f} ms over the plain command (at most 150)")
    assert statistics.median(over) <= 150 * busy()


async def test_stopping_200_processes_takes_less_than_200_ms(tmp_path: Path) -> None:
    times: list[float] = []
    async with open_place(tmp_path) as place:
        for _ in range(30):
            script = "i=0; while [ $i -lt 200 ]; do sleep 1000 & i=$((i+1)); done; echo ready; wait"
            process = await place.room.start(Command(("sh", "-c", script)))
            while b"ready" not in await process.read(wait_s=20):
                assert process.running
            start = time.perf_counter()
            await place.room.stop()
            times.append((time.perf_counter() - start) * 1000)
            assert not process.running
    print(
        f"\nstop with 200 processes: median {statistics.median(times):.0f} ms, worst of 30 {max(times):.0f} ms (p99 < 200)"
    )
    assert max(times) < 200 * busy()


async def test_applying_10000_files_takes_at_most_twice_copying_them(tmp_path: Path) -> None:
    ratios: list[float] = []
    for turn in range(3):
        top = tmp_path / str(turn)
        async with open_place(top) as place:
            for n in range(10_000):
                if n % 100 == 0:
                    (place.folder / f"d{n // 100}").mkdir()
                (place.folder / f"d{n // 100}/f{n}").write_text("old content of this file\n" * 20)
            os.sync()
            await place.sh("for f in d*/f*; do echo changed >> $f; done")
            await asyncio.to_thread(place.stage.changes)
            source = top / "data/stages/task/upper"
            start = time.perf_counter()
            subprocess.run(["cp", "-a", str(source), str(top / "copy")], check=True)
            for folder, _, names in os.walk(top / "copy"):
                for name in names:
                    fd = os.open(f"{folder}/{name}", os.O_RDONLY)
                    os.fsync(fd)
                    os.close(fd)
            copied = time.perf_counter() - start
            os.sync()
            start = time.perf_counter()
            report = await asyncio.to_thread(place.stage.apply)
            applied = time.perf_counter() - start
            assert len(report.applied) == 10_000
            ratios.append(applied / copied)
            print(
                f"\napply 10,000 files {applied:.2f} s, cp -a and fsync {copied:.2f} s: {applied / copied:.2f}x (at most 2)"
            )
        shutil.rmtree(top)
    assert statistics.median(ratios) <= 2


async def test_a_hundred_killed_applies_tear_nothing(tmp_path: Path) -> None:
    cut = await crash_loop(tmp_path, 100)
    print(f"\n100 applies killed, {cut} of them cut short: every file old or new, each second apply finished")
    assert cut >= 10
