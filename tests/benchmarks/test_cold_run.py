"""`assistant run` from cold over a four-step task on a scripted server, beside the least that a Python agent can be."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from assistant.types import Data

pytestmark = [pytest.mark.bench, pytest.mark.skipif(not shutil.which("bwrap"), reason="bubblewrap is not installed")]

PROMPT = "Read notes.txt, write out.txt, list the folder, then say done."


class Run(Data, frozen=True):
    """One run. Times in seconds; memory of all its processes together at its highest, shared pages counted each time."""

    total: float
    first_request: float
    memory_mb: float
    steps: int


@pytest.fixture
def server(shared: Path) -> Iterator[str]:
    """The scripted server beside the checkout."""
    script = shared / "peers" / "server.py"
    process = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    yield f"http://127.0.0.1:{json.loads(process.stdout.readline())['port']}"
    process.terminate()
    process.wait()


def play(command: list[str], server: str, folder: Path, home: Path) -> Run:
    """Run `command` over a fresh workspace and read the server's recording."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "notes.txt").write_text("marker-7f3a\n")
    log = folder.with_suffix(".jsonl")
    body = json.dumps({"log": str(log), "workspace": str(folder)}).encode()
    urlopen(Request(f"{server}/__reset", data=body)).read()
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "OPENAI_API_KEY": "k", "OPENAI_BASE_URL": f"{server}/v1"}
    begun = time.monotonic()
    process = subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, tree_mb(process.pid))
        time.sleep(0.02)
    total = time.monotonic() - begun
    requests = [json.loads(line) for line in log.read_text().splitlines()]
    main = [r for r in requests if r.get("main")]
    return Run(total, main[0]["t"] - begun, peak, len(main))


def tree_mb(root: int) -> float:
    """Resident memory of a process and all below it."""
    parents: dict[int, int] = {}
    sizes: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError, IndexError, ValueError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                parents[int(entry.name)], sizes[int(entry.name)] = int(fields[1]), int(fields[21])
    inside, more = {root}, True
    while more:
        added = {pid for pid, parent in parents.items() if parent in inside} - inside
        inside, more = inside | added, bool(added)
    return sum(sizes.get(pid, 0) for pid in inside) * os.sysconf("SC_PAGE_SIZE") / 2**20


def test_from_cold_over_four_steps(server: str, shared: Path, tmp_path: Path) -> None:
    ours = [sys.executable, "-m", "assistant", "run", "--model", "openai/gpt-5", "--kit", "write"]
    ours += ["--autonomy", "observer", "--apply", PROMPT]
    floor = [sys.executable, str(shared / "peers" / "floor_agent.py"), PROMPT]
    found: dict[str, list[Run]] = {"assistant": [], "floor": []}
    for _ in range(6):
        for name, command in (("assistant", ours), ("floor", floor)):
            home = tmp_path / name
            home.mkdir(exist_ok=True)
            found[name].append(play(command, server, tmp_path / "work", home))
    assert all(run.steps == 4 for runs in found.values() for run in runs)
    assert (tmp_path / "assistant").is_dir()
    medians = {
        name: {
            field: statistics.median(getattr(run, field) for run in runs[1:])
            for field in ("total", "first_request", "memory_mb")
        }
        for name, runs in found.items()
    }
    for name, row in medians.items():
        sys.stdout.write(
            f"\n{name:<10} total {row['total']:.2f} s, first request {row['first_request']:.2f} s, "
            f"memory of all processes {row['memory_mb']:.0f} MB; first run {found[name][0].total:.2f} s"
        )
    assert medians["assistant"]["total"] < 4 * medians["floor"]["total"]
    assert medians["assistant"]["first_request"] < 4 * medians["floor"]["first_request"]
    assert medians["assistant"]["memory_mb"] < 150
