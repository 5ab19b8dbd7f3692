"""Nothing acknowledged is lost: not by `kill -9` at any moment, and no acknowledgement goes out before its fsync."""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from assistant.audit.trust import Trust
from assistant.audit.verify import evidence_of, verify
from assistant.config import find_paths

WRITER = """
import asyncio, os, sys
from assistant.audit.log import Draft, Log
from assistant.config import find_paths
log = Log.open(find_paths())
def acknowledge(entries):
    os.write(1, b"".join(b"%d\\n" % entry.seq for entry in entries))
async def grouped():
    while True:
        acknowledge(await asyncio.gather(*(log.write("x", "t", {"i": i}, blobs={"c": b"%d" % i}) for i in range(7))))
        acknowledge([log.append("y", "t", {"fill": "z" * 900})])
asyncio.run(grouped())
"""


def kill_once(home: Path, delay_s: float) -> int:
    """Start a writer, kill it after a while, and return the highest number that it acknowledged."""
    env = {**os.environ, "ASSISTANT_HOME": str(home)}
    with subprocess.Popen(
        [sys.executable, "-c", WRITER], env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as writer:
        assert writer.stdout is not None
        first = writer.stdout.readline()
        time.sleep(delay_s)
        writer.kill()
        told = first + writer.stdout.read()
    complete = told[: told.rfind(b"\n") + 1].split()
    return max(int(line) for line in complete)


def check_after_kill(home: Path, acknowledged: int) -> None:
    """No acknowledged entry is lost, and the log verifies as it lies there."""
    paths = find_paths({"ASSISTANT_HOME": str(home)})
    result = verify(paths.log_db, evidence_of(Trust(Path(paths.trust))))
    assert result.ok, result.problems
    assert result.entries >= acknowledged


def test_A3_no_acknowledged_entry_is_lost_by_kill_9(tmp_path: Path) -> None:
    """Eight kills here; the benchmarks do two hundred."""
    chance = random.Random(5)
    last = 0
    for _ in range(8):
        acknowledged = kill_once(tmp_path, chance.uniform(0, 0.08))
        assert acknowledged > last
        check_after_kill(tmp_path, acknowledged)
        last = acknowledged


def test_A3_every_acknowledgement_follows_the_fsync_of_its_commit(tmp_path: Path) -> None:
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed: the order of fsync and acknowledgement can't be watched")
    script = (
        "import os\n"
        "from assistant.audit.log import Log\n"
        "from assistant.config import find_paths\n"
        "log = Log.open(find_paths())\n"
        "for i in range(40):\n"
        "    entry = log.append('x', 't', {'i': i}, blobs={'c': b'%d' % i})\n"
        "    os.write(1, b'ack %d\\n' % entry.seq)\n"
    )
    trace = tmp_path / "trace"
    done = subprocess.run(
        [
            strace,
            "-f",
            "-y",
            "-e",
            "trace=write,pwrite64,fsync,fdatasync",
            "-o",
            str(trace),
            sys.executable,
            "-c",
            script,
        ],
        env={**os.environ, "ASSISTANT_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
    )
    if "Operation not permitted" in done.stderr:
        pytest.skip("strace may not watch processes here")
    assert done.returncode == 0, done.stderr
    synced = False
    dirty = False
    acknowledged = 0
    for line in trace.read_text(errors="replace").splitlines():
        if re.search(r'write\(1<[^>]*>, "ack ', line):
            acknowledged += 1
            assert synced, f"acknowledgement {acknowledged} went out before its fsync"
            assert not dirty, f"acknowledgement {acknowledged} went out with unsynced frames in the WAL"
            synced = False
        elif "log.db-wal>" in line and "pwrite64" in line:
            dirty = True
        elif "log.db-wal>" in line and re.search(r"\bf(data)?sync\(", line) and line.rstrip().endswith("= 0"):
            synced, dirty = True, False
    assert acknowledged == 40
