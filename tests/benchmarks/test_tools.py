"""What tools cost over the work itself: ratios within one run, since machines differ."""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assistant.config import find_paths
from assistant.gateway.canonicalise import make_action
from assistant.gateway.output import read_json
from assistant.gateway.registry import Registry
from assistant.gateway.run import command_for
from assistant.sandbox.engine import find_sandbox
from assistant.sandbox.protocol import Command
from assistant.shipped import shipped

FILES = 50_000
WALL_S = 60.0
"""The limit that `tools/search_text/tool.toml` sets."""
IDLE_START_MS = 7.0
"""What Python's bare start takes on the reference machine when nothing else runs; a busy machine is allowed more."""
TOOLS = shipped("tools")
PYTHON = getattr(sys, "_base_executable", sys.executable)


def median_s(action: Callable[[], object], runs: int) -> float:
    times: list[float] = []
    for _ in range(runs):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


@pytest.fixture(scope="module")
def linux_like(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree like the kernel's: 50,000 files, three levels, a few kB of C each (median of linux 6.x: 4 kB)."""
    root = tmp_path_factory.mktemp("linux")
    pick = random.Random(1)
    words = [
        f"{a}_{b}"
        for a in ("dev", "irq", "page", "lock", "net", "fs")
        for b in ("init", "get", "put", "alloc", "free", "read")
    ]
    lines = [
        f"static int {pick.choice(words)}_{n}(struct {pick.choice(words)} *p, int {pick.choice(words)});\n"
        for n in range(2000)
    ]
    for folder in range(500):
        path = root / f"d{folder % 25}" / f"s{folder}"
        path.mkdir(parents=True)
        for n in range(FILES // 500):
            begin = pick.randrange(1900)
            text = "".join(lines[begin : begin + pick.randrange(20, 90)])
            (path / f"f{n}.c").write_text(text if pick.random() > 0.01 else text + "/* NEEDLE in here */\n")
    return root


class TestSearch:
    @pytest.mark.parametrize("pattern", ["NEEDLE", "irq_alloc_1[0-9]{2}\\b"])
    def test_at_most_one_and_a_half_times_ripgrep_alone(self, linux_like: Path, pattern: str) -> None:
        request = json.dumps({"args": {"pattern": pattern}, "folder": str(linux_like), "output_bytes": 24_000}).encode()
        argv = [PYTHON, "-I", "-S", str(TOOLS / "launch.py"), str(TOOLS / "search_text/main.py")]

        def ours() -> None:
            subprocess.run(argv, input=request, cwd=linux_like, capture_output=True, check=True)

        def alone() -> None:
            subprocess.run(
                ["rg", "--no-config", "--hidden", "-n", pattern, "."], cwd=linux_like, capture_output=True, check=True
            )

        alone()  # fill the page cache once for both
        theirs_s, ours_s = median_s(alone, 7), median_s(ours, 7)
        print(
            f"\nsearch `{pattern}` in {FILES} files: ours {ours_s * 1000:.0f} ms, ripgrep {theirs_s * 1000:.0f} ms, {ours_s / theirs_s:.2f}×"
        )
        assert ours_s <= 1.5 * theirs_s

    def test_without_ripgrep(self, linux_like: Path) -> None:
        request = json.dumps(
            {"args": {"pattern": "NEEDLE"}, "folder": str(linux_like), "output_bytes": 24_000}
        ).encode()
        argv = [PYTHON, "-I", "-S", str(TOOLS / "launch.py"), str(TOOLS / "search_text/main.py")]
        start = time.perf_counter()
        ran = subprocess.run(argv, input=request, cwd=linux_like, capture_output=True, check=True, env={"PATH": ""})
        seconds = time.perf_counter() - start
        print(f"\nsearch in {FILES} files without ripgrep: {seconds * 1000:.0f} ms")
        assert b"NEEDLE in here" in ran.stdout
        assert seconds < WALL_S, "within the tool's own limit"


CALLS: list[tuple[str, dict[str, Any]]] = [
    ("read_file", {"path": "a.txt"}),
    ("list_dir", {}),
    ("write_file", {"path": "b.txt", "content": "x"}),
    ("edit_file", {"path": "a.txt", "edits": [{"old": "hello", "new": "hello"}]}),
    ("find_files", {"glob": "*.txt"}),
    ("search_text", {"pattern": "hello"}),
    ("move_files", {"from": "none.*", "to": "x.*"}),
    ("delete_files", {"paths": ["none"]}),
]


class TestOverheadInAWarmRoom:
    async def test_a_call_costs_at_most_45_ms_over_the_bare_work(self, home: Path, tmp_path: Path) -> None:
        """The bare work: the same done in this process, by the few system calls that it takes (under 1 ms each).

        `true` in the same room shows how much of it is the room's.
        """
        folder = tmp_path / "work"
        folder.mkdir()
        (folder / "a.txt").write_text("hello\n")
        registry = Registry.load([TOOLS])
        room = await find_sandbox(find_paths()).open("bench", folder, tmp_path / "stages")

        async def measure(command: Command) -> float:
            times: list[float] = []
            for _ in range(15):
                start = time.perf_counter()
                await room.run(command)
                times.append(time.perf_counter() - start)
            return statistics.median(times) * 1000

        try:
            bare = await measure(Command(("true",)))
            medians: dict[str, float] = {}
            for name, arguments in CALLS:
                spec = registry.get(name)
                command = command_for(spec, make_action(spec, arguments, os.path.realpath(folder)), ())
                assert read_json(await room.run(command), 50_000).text
                medians[name] = await measure(command)
        finally:
            await room.aclose()
        start_ms = 1000 * median_s(lambda: subprocess.run([PYTHON, "-I", "-S", "-c", ""], check=True), 15)
        allowed = 45 * max(1.0, start_ms / IDLE_START_MS)
        print(
            f"\n`true` in the room {bare:.1f} ms, Python's own start {start_ms:.1f} ms; "
            + ", ".join(f"{n} {m:.1f}" for n, m in medians.items())
            + f"; median {statistics.median(medians.values()):.1f} of {allowed:.0f} allowed"
        )
        assert statistics.median(medians.values()) <= allowed
