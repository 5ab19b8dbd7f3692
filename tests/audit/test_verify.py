"""Verification of logs that are right, however they come, and its inputs."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from assistant.audit import upkeep
from assistant.audit.log import Log
from assistant.audit.note import VerifierKey, new_signing_key
from assistant.audit.trust import Trust
from assistant.audit.verification import Evidence
from assistant.audit.verify import evidence_of, verify
from assistant.config import Paths
from assistant.errors import LogError, UsageError

from .conftest import ENTRIES, Copy, fill


def _tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(p.relative_to(folder)): (p.stat().st_mtime_ns, p.read_bytes())
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


class TestCleanLogs:
    def test_a_closed_log_verifies(self, copy: Copy) -> None:
        result = copy.verify()
        assert result.ok
        assert result.verdict == "verified"
        assert (result.entries, result.checkpoints, result.contents) == (ENTRIES, 32, 10)

    def test_an_empty_log_verifies(self, log: Log, paths: Paths) -> None:
        log.close()
        assert verify(paths.log_db, evidence_of(log.trust)).ok

    def test_a_vacuumed_copy_verifies(self, copy: Copy) -> None:
        copy.run("VACUUM")
        assert copy.verify().ok

    def test_a_backup_by_sqlite_verifies(self, copy: Copy, tmp_path: Path) -> None:
        target = tmp_path / "backup.db"
        with closing(sqlite3.connect(copy.db)) as source, closing(sqlite3.connect(target)) as backup:
            source.backup(backup)
        assert verify(target, evidence_of(Trust(copy.trust))).ok

    def test_A5_a_log_with_a_pending_wal_verifies_and_nothing_is_written(self, sample: Path, tmp_path: Path) -> None:
        home = tmp_path / "killed"
        script = (
            "import os, sys\n"
            "from assistant.audit.log import Log\n"
            "from assistant.config import find_paths\n"
            "log = Log.open(find_paths())\n"
            "for i in range(40): log.append('message', 't', {'i': i}, blobs={'message': b'x%d' % i})\n"
            "os.kill(os.getpid(), 9)\n"
        )
        subprocess.run([sys.executable, "-c", script], env={**os.environ, "ASSISTANT_HOME": str(home)}, check=False)
        assert (home / "data" / "log.db-wal").stat().st_size > 0
        before = _tree(home)
        result = Copy(home).verify()
        assert result.ok
        assert result.entries == 40
        assert _tree(home) == before

    def test_A5_a_closed_log_is_read_without_writing_anything(self, copy: Copy) -> None:
        before = _tree(copy.home)
        assert copy.verify().ok
        assert _tree(copy.home) == before

    def test_A5_no_file_of_a_closed_log_is_even_opened_for_writing(self, copy: Copy, tmp_path: Path) -> None:
        strace = shutil.which("strace")
        if strace is None:
            pytest.skip("strace is not installed")
        calls = tmp_path / "calls"
        trace = "openat,open,creat,unlink,unlinkat,rename,renameat,renameat2,mkdir,mkdirat,truncate,ftruncate,chmod,utimensat"
        done = subprocess.run(
            [
                strace,
                "-f",
                "-y",
                "-e",
                f"trace={trace}",
                "-o",
                str(calls),
                sys.executable,
                "-m",
                "assistant",
                "log",
                "verify",
            ],
            env={**os.environ, "ASSISTANT_HOME": str(copy.home)},
            capture_output=True,
            text=True,
            check=False,
        )
        if "ptrace" in done.stderr:
            pytest.skip("processes can't be traced here")
        assert done.stdout.startswith("verified\n"), done.stderr
        ours = [line for line in calls.read_text().splitlines() if str(copy.home) in line]
        assert any("log.db" in line for line in ours)
        assert [line for line in ours if "O_RDONLY" not in line] == []

    def test_a_log_verifies_beside_a_running_writer(self, paths: Paths) -> None:
        script = (
            "import sys, time\n"
            "from assistant.audit.log import Log\n"
            "from assistant.config import find_paths\n"
            "log = Log.open(find_paths())\n"
            "log.append('x', 't', {})\n"
            "print('ready', flush=True)\n"
            "while True: log.append('x', 't', {}); time.sleep(0.001)\n"
        )
        home = str(Path(paths.data).parent)
        writer = subprocess.Popen(
            [sys.executable, "-c", script], env={**os.environ, "ASSISTANT_HOME": home}, stdout=subprocess.PIPE
        )
        try:
            assert writer.stdout is not None
            writer.stdout.readline()
            until = time.monotonic() + 20
            entries = 0
            while entries < 100:
                assert time.monotonic() < until, "the writer does not go on beside a reader"
                result = verify(paths.log_db, Evidence(Trust(Path(paths.trust)).pinned()))
                assert result.ok, result.problems
                entries = result.entries
        finally:
            writer.kill()
            writer.communicate()

    def test_a_read_only_folder_with_a_pending_wal_verifies(self, copy: Copy, tmp_path: Path) -> None:
        """Tried behind a read-only mount, since permissions don't hold root back."""
        with closing(Log.open(copy.paths)) as log:
            log.append("x", "", {})
            frozen = tmp_path / "frozen"
            shutil.copytree(copy.home, frozen)
        assert (frozen / "data" / "log.db-wal").stat().st_size > 0
        inside = (
            f"mount --bind {frozen} {frozen} && mount -o remount,ro,bind {frozen} && "
            f"exec {sys.executable} -m assistant log verify"
        )
        done = subprocess.run(
            ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", inside],
            env={**os.environ, "ASSISTANT_HOME": str(frozen)},
            capture_output=True,
            text=True,
        )
        if "unshare" in done.stderr or "mount" in done.stderr:
            pytest.skip(f"no user namespaces here: {done.stderr.strip()}")
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.startswith("verified\n")

    def test_two_processes_find_the_same(self, copy: Copy, monkeypatch: pytest.MonkeyPatch) -> None:
        from assistant.audit import verify as module

        one = copy.verify()
        monkeypatch.setattr(module, "WORTH_SPLITTING", 1)
        assert verify(copy.db, evidence_of(Trust(copy.trust)), processes=2) == one


class TestEvidence:
    def test_a_copy_from_elsewhere_verifies_with_the_public_key_alone(self, copy: Copy) -> None:
        (key,) = Trust(copy.trust).pinned()
        assert verify(copy.db, Evidence([VerifierKey.parse(str(key))])).ok

    def test_another_key_does_not_vouch(self, copy: Copy) -> None:
        stranger = new_signing_key("assistant.invalid/log/0").verifier
        result = verify(copy.db, Evidence([stranger]))
        assert result.first_bad_seq == 1

    def test_without_any_key_it_says_so(self, copy: Copy, tmp_path: Path) -> None:
        with pytest.raises(LogError, match="no key is known"):
            verify(copy.db, evidence_of(Trust(tmp_path / "nothing")))

    def test_a_checkpoint_that_is_kept_elsewhere_must_lie_in_the_log(
        self, copy: Copy, sample: Path, tmp_path: Path
    ) -> None:
        """Someone rewrites database, key and trust folder together: only the witness still knows."""
        with closing(Log.open(copy.paths)) as log:
            head = log.head()
        assert head is not None
        shutil.rmtree(copy.home)
        with closing(Log.open(copy.paths)) as log:
            fill(log)
        evidence = evidence_of(Trust(copy.trust))
        assert verify(copy.db, evidence).ok
        evidence = evidence_of(Trust(copy.trust), [("a witness", head[1])])
        result = verify(copy.db, evidence)
        assert not result.ok
        assert result.first_bad_seq == 1


class TestRotation:
    def test_a_rotated_log_verifies_with_the_first_and_with_the_last_key(self, copy: Copy) -> None:
        with closing(Log.open(copy.paths)) as log:
            first = log.trust.pinned()[0]
            second = upkeep.rotate_key(log)
            log.append("x", "", {})
            third = upkeep.rotate_key(log)
            log.append("x", "", {})
        assert copy.verify().ok
        for key in (str(first), second, third):
            assert verify(copy.db, Evidence([VerifierKey.parse(key)])).ok, key

    def test_a_process_that_made_the_first_key_rotates_it(self, log: Log, paths: Paths) -> None:
        """Whoever trusts the first key can follow to the second."""
        log.append("x", "", {})
        first = log.trust.pinned()[0]
        upkeep.rotate_key(log)
        log.append("x", "", {})
        log.close()
        assert verify(paths.log_db, Evidence([first])).ok

    def test_an_empty_log_has_no_key_to_rotate(self, log: Log) -> None:
        with pytest.raises(UsageError, match="the log is empty"):
            upkeep.rotate_key(log)

    def test_a_lost_key_is_told_and_only_the_new_key_vouches(self, copy: Copy) -> None:
        (copy.home / "config" / "log.key").unlink()
        with closing(Log.open(copy.paths)) as log:
            with pytest.raises(LogError, match="signing key is gone"):
                log.append("x", "", {})
            first = log.trust.pinned()[0]
            new = upkeep.rotate_key(log, lost=True)
            log.append("x", "", {})
        assert copy.verify().ok
        assert verify(copy.db, Evidence([VerifierKey.parse(new)])).ok
        result = verify(copy.db, Evidence([first]))
        assert result.first_bad_seq == ENTRIES + 1

    def test_the_old_key_signs_nothing_after_its_rotation(self, copy: Copy) -> None:
        old = (copy.home / "config" / "log.key").read_text()
        with closing(Log.open(copy.paths)) as log:
            upkeep.rotate_key(log)
        assert old.strip() not in (copy.home / "config" / "log.key").read_text()


class TestErasure:
    def test_A7_an_erased_content_is_gone_and_the_log_verifies(self, copy: Copy) -> None:
        with closing(Log.open(copy.paths)) as log:
            upkeep.erase_entry(log, 1, "asked to")
            assert log.blob(log.entry(1).blob_hashes()[0]) is None  # type: ignore[union-attr]
        result = copy.verify()
        assert result.ok
        assert result.erased == 1
        everything = b"".join(p.read_bytes() for p in copy.home.rglob("*") if p.is_file())
        assert b"content 0" not in everything
        assert b"content 3" in everything
