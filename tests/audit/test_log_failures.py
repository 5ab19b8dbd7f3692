"""When the log can't be written it says so at once, and works again as soon as the cause is gone. Real disks, no mocks."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from assistant.audit.log import Log
from assistant.config import Paths
from assistant.errors import LogDamaged, LogError


def in_namespace(tmp_path: Path, mounts: str, script: str) -> str:
    """Run a Python script with mounts of its own; skips where the system has no user namespaces."""
    file = tmp_path / "script.py"
    file.write_text(script)
    home = tmp_path / "mnt"
    home.mkdir(exist_ok=True)
    inside = mounts.format(home=home) + f" && exec {sys.executable} {file}"
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", inside],
        env={**os.environ, "ASSISTANT_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    if "unshare:" in done.stderr or "mount:" in done.stderr:
        pytest.skip(f"no user namespaces here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


HEAD = """
import os, subprocess, time
from pathlib import Path
from assistant.audit.log import Log
from assistant.audit.trust import Trust
from assistant.audit.verify import evidence_of, verify
from assistant.config import find_paths
from assistant.errors import LogError
paths = find_paths()
home = Path(os.environ["ASSISTANT_HOME"])
log = Log.open(paths)
log.append("x", "t", {})
"""


class TestDiskFull:
    def test_A4_a_full_disk_is_said_and_recovers_without_a_restart(self, tmp_path: Path) -> None:
        script = (
            HEAD
            + """
acknowledged = 1
ballast = home / "ballast"
handle = os.open(ballast, os.O_CREAT | os.O_WRONLY)
try:
    while True: os.write(handle, b"x" * 4096)
except OSError: os.close(handle)
try:
    while True:
        log.append("x", "t", {"fill": "y" * 2000}, blobs={"c": os.urandom(3000)})
        acknowledged += 1
except LogError as error:
    print("full" if "full" in str(error) else error)
try:
    log.append("x", "t", {"fill": "y" * 9000})
    acknowledged += 1
    print("went on")
except LogError:
    print("still full")
ballast.unlink()
for _ in range(20):
    log.append("x", "t", {})
    acknowledged += 1
log.close()
result = verify(paths.log_db, evidence_of(Trust(Path(paths.trust))))
print(result.ok, result.entries == acknowledged)
"""
        )
        told = in_namespace(tmp_path, "mount -t tmpfs -o size=3m none {home}", script)
        assert told.split("\n")[:3] == ["full", "still full", "True True"]

    def test_a_log_that_is_opened_on_a_full_disk_says_so(self, tmp_path: Path) -> None:
        """SQLite only says that its shared memory could not be made."""
        script = (
            HEAD
            + """
log.close()
with open(home / "ballast", "wb") as ballast:
    try:
        while True: os.write(ballast.fileno(), b"x" * 4096)
    except OSError: pass
try:
    Log.open(paths).append("x", "t", {})
    print("wrote")
except LogError as error:
    print(error)
"""
        )
        told = in_namespace(tmp_path, "mount -t tmpfs -o size=3m none {home}", script)
        assert "is full" in told.splitlines()[0]


class TestReadOnly:
    def test_a_disk_that_turns_read_only_is_said_and_recovers(self, tmp_path: Path) -> None:
        script = (
            HEAD
            + """
log.close()
def remount(how): subprocess.run(["mount", "-o", f"remount,{how}", str(home)], check=True)
remount("ro")
try:
    Log.open(paths).append("x", "t", {})
    print("wrote")
except LogError as error:
    print("read-only" in str(error) or "opened" in str(error) or str(error))
with __import__("contextlib").closing(Log.open(paths, read_only=True)) as reader:
    print(len(list(reader.entries())))
remount("rw")
log = Log.open(paths)
print(log.append("x", "t", {}).seq)
"""
        )
        told = in_namespace(tmp_path, "mount -t tmpfs -o size=8m none {home}", script)
        assert told.split() == ["True", "1", "2"]


class TestLostDatabase:
    def test_A4_a_removed_database_stops_appends_until_it_is_back(self, log: Log, paths: Paths) -> None:
        log.append("x", "t", {})
        log.database.settle()
        aside = paths.log_db.with_name("aside")
        paths.log_db.rename(aside)
        for _ in range(2):
            with pytest.raises(LogError, match=r"removed or replaced|gone"):
                log.append("x", "t", {})
        assert not paths.log_db.exists(), "a new log must not begin by itself"
        for suffix in ("-wal", "-shm"):
            paths.log_db.with_name(f"log.db{suffix}").unlink(missing_ok=True)
        aside.rename(paths.log_db)
        assert log.append("x", "t", {}).seq >= 2

    def test_a_log_that_is_gone_at_the_start_is_said(self, log: Log, paths: Paths) -> None:
        log.append("x", "t", {})
        log.close()
        paths.log_db.unlink()
        with pytest.raises(LogError, match="is gone"):
            Log.open(paths)

    def test_an_older_copy_in_its_place_is_noticed(self, log: Log, paths: Paths) -> None:
        log.append("x", "t", {})
        log.close()
        old = paths.log_db.read_bytes()
        with closing(Log.open(paths)) as again:
            again.append("x", "t", {})
        paths.log_db.write_bytes(old)
        with closing(Log.open(paths)) as again, pytest.raises(LogDamaged, match="rolled back"):
            again.append("x", "t", {})

    def test_a_replaced_database_under_a_running_log_is_noticed(self, log: Log, paths: Paths) -> None:
        log.append("x", "t", {})
        log.database.settle()
        old = paths.log_db.read_bytes()
        log.append("x", "t", {})
        paths.log_db.unlink()
        paths.log_db.write_bytes(old)
        with pytest.raises(LogError):
            log.append("x", "t", {})


class TestHeld:
    def test_a_database_held_by_another_program_is_said_in_time(
        self, log: Log, paths: Paths, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from assistant.store import database

        monkeypatch.setattr(database, "BUSY_S", 0.2)
        log.append("x", "t", {})
        log.database.fail()
        with closing(sqlite3.connect(paths.log_db, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(LogError, match="held by another process"):
                log.append("x", "t", {})
            other.execute("ROLLBACK")
        assert log.append("x", "t", {}).seq == 2

    async def test_a_waiting_write_is_told_the_failure(self, log: Log, paths: Paths) -> None:
        log.append("x", "t", {})
        paths.log_db.rename(paths.log_db.with_name("aside"))
        with pytest.raises(LogError):
            await log.write("x", "t", {})


class TestChangedMeanwhile:
    """What another connection does to an open log is seen at the next append, before anything is signed over it."""

    @pytest.mark.parametrize(
        "change",
        [
            "DELETE FROM entries WHERE seq=(SELECT max(seq) FROM entries)",
            "DELETE FROM entries",
            "INSERT INTO entries SELECT seq+1, body, leaf FROM entries ORDER BY seq DESC LIMIT 1",
        ],
    )
    def test_entries_that_came_or_went_without_a_checkpoint_stop_the_log(
        self, log: Log, paths: Paths, change: str
    ) -> None:
        for _ in range(3):
            log.append("x", "t", {})
        notes = log.database.read("SELECT * FROM checkpoints")
        with closing(sqlite3.connect(paths.log_db)) as other, other:
            other.execute(change)
        with pytest.raises(LogDamaged):
            log.append("x", "t", {})
        assert log.database.read("SELECT * FROM checkpoints") == notes, "nothing was signed over it"

    def test_nothing_is_asked_while_nobody_else_writes(self, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
        log.append("x", "t", {})
        monkeypatch.setattr(log, "_caught_up", lambda *_: pytest.fail("the end was looked up again"))
        log.append("x", "t", {})


class TestTrustFolder:
    def test_a_trust_folder_that_cannot_be_written_stops_appends(self, paths: Paths) -> None:
        Path(paths.trust).parent.mkdir(parents=True, exist_ok=True)
        Path(paths.trust).write_text("in the way")
        with pytest.raises(LogError, match="can't be"):
            Log.open(paths).append("x", "t", {})
