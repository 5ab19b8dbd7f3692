"""Appending and reading: what is acknowledged is there, in order, exactly as given."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import orjson
import pytest
import rfc8785

from assistant.audit.log import Draft, Log
from assistant.audit.merkle import leaf_hash
from assistant.audit.trust import Trust
from assistant.audit.verify import evidence_of, verify
from assistant.config import Paths
from assistant.errors import LogDamaged, LogError
from assistant.types import Change


def verified(paths: Paths) -> int:
    """The number of entries of a log that verifies."""
    result = verify(paths.log_db, evidence_of(Trust(Path(paths.trust))))
    assert result.ok, result.problems
    return result.entries


class TestAppend:
    def test_an_entry_reads_back_as_it_was_given(self, log: Log) -> None:
        body = {
            "folder": "/x",
            "tools": ["a", "b"],
            "budgets": {"calls": 3},
            "parent": None,
            "on": True,
            "text": "é税\x1b",
        }
        entry = log.append("something", "t1", body)
        assert (entry.seq, entry.kind, entry.task, entry.body) == (1, "something", "t1", body)
        assert log.entry(1) == entry
        assert list(log.entries()) == [entry]

    def test_A1_the_stored_body_is_canonical_and_its_leaf_is_rfc_6962(self, log: Log) -> None:
        log.append(
            "message", "t1", {"z": 1, "a": "é\u2028\x07", "m": {"b": [1, None], "a": False}}, blobs={"message": b"x"}
        )
        ((body, leaf),) = log.database.read("SELECT body, leaf FROM entries")
        assert rfc8785.dumps(orjson.loads(body)) == body.encode()
        assert leaf == leaf_hash(body.encode())

    def test_contents_lie_apart_by_their_hash_in_the_same_commit(self, log: Log) -> None:
        entry = log.append("message", "t1", {"role": "user"}, blobs={"message": b"hello", "more": b""})
        assert entry.blobs == ("message", "more")
        assert log.blob(entry.body["message_sha256"]) == b"hello"
        assert log.blob(entry.body["more_sha256"]) == b""
        assert log.blob("0" * 64) is None

    def test_records_of_the_product_become_objects(self, log: Log) -> None:
        entry = log.append("outcome", "t", {"changes": [Change("a", "created")]})
        assert entry.body["changes"] == [{"path": "a", "kind": "created"}]

    def test_a_file_name_that_is_not_unicode_is_kept_readable(self, log: Log) -> None:
        entry = log.append("outcome", "t", {"path": os.fsdecode(b"bad\xff.txt")})
        assert entry.body["path"] == "bad\\udcff.txt"

    @pytest.mark.parametrize(
        ("body", "words"),
        [
            ({"cost": 0.5}, "`cost` is of type float"),
            ({"n": {"m": 2**53}}, "`m` is an integer beyond"),
            ({"é": 1}, "keys are ASCII"),
            ({1: 1}, "keys are ASCII"),
            ({"data": b"x"}, "`data` is of type bytes"),
        ],
    )
    def test_a_value_without_one_exact_form_is_refused_and_nothing_is_written(
        self, log: Log, body: dict[str, object], words: str
    ) -> None:
        with pytest.raises(LogError, match=words):
            log.append("x", "t", body)
        assert log.head() is None
        assert log.append("x", "t", {}).seq == 1

    def test_a_group_is_written_whole_or_not_at_all(self, log: Log) -> None:
        with pytest.raises(LogError):
            log.append_many([Draft("x", "t", {"i": 1}), Draft("x", "t", {"i": 0.1})])
        assert list(log.entries()) == []
        assert [e.seq for e in log.append_many([Draft("x", "t", {"i": i}) for i in range(5)])] == [1, 2, 3, 4, 5]
        head = log.head()
        assert head is not None
        assert head[0] == 5

    def test_A2_every_commit_has_its_signed_checkpoint(self, log: Log, paths: Paths) -> None:
        for i in range(300):
            log.append("x", "t", {"i": i})
        sizes = [size for (size,) in log.database.read("SELECT size FROM checkpoints")]
        assert sizes == list(range(1, 301))
        log.close()
        assert verified(paths) == 300

    def test_threads_may_append_at_the_same_time(self, log: Log, paths: Paths) -> None:
        def work(name: str) -> None:
            for i in range(40):
                log.append("x", name, {"i": i})

        threads = [threading.Thread(target=work, args=(f"t{n}",)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for name in ("t0", "t3"):
            assert [e.body["i"] for e in log.entries(task=name)] == list(range(40))
        log.close()
        assert verified(paths) == 160


class TestWrite:
    async def test_writes_that_wait_together_share_a_checkpoint(self, log: Log) -> None:
        entries = await asyncio.gather(*(log.write("x", "t", {"i": i}) for i in range(200)))
        assert [e.body["i"] for e in entries] == list(range(200))
        assert [e.seq for e in entries] == list(range(1, 201))
        ((count,),) = log.database.read("SELECT count(*) FROM checkpoints")
        assert count < 100

    async def test_one_bad_draft_does_not_fail_its_neighbours(self, log: Log) -> None:
        results = await asyncio.gather(
            *(log.write("x", "t", {"i": i if i != 3 else 0.5}) for i in range(6)), return_exceptions=True
        )
        assert [type(r).__name__ for r in results] == ["Entry", "Entry", "Entry", "LogError", "Entry", "Entry"]
        assert len(list(log.entries())) == 5

    async def test_a_write_that_was_given_up_breaks_nothing(self, log: Log) -> None:
        task = asyncio.ensure_future(log.write("x", "t", {}))
        await asyncio.sleep(0)
        task.cancel()
        assert (await log.write("y", "t", {})).kind == "y"

    async def test_closing_writes_what_waits(self, paths: Paths) -> None:
        log = Log.open(paths)
        waiting = [asyncio.ensure_future(log.write("x", "t", {"i": i})) for i in range(50)]
        await asyncio.sleep(0)
        await asyncio.to_thread(log.close)
        assert len({(await w).seq for w in waiting}) == 50
        with pytest.raises(LogError, match="closed"):
            await log.write("x", "t", {})


class TestReading:
    def test_entries_can_be_asked_by_task_kind_and_number(self, log: Log) -> None:
        for i in range(10):
            log.append("a" if i % 2 else "b", f"t{i % 3}", {"i": i, "fake": '"task":"t1"'})
        assert [e.body["i"] for e in log.entries(task="t1")] == [1, 4, 7]
        assert [e.body["i"] for e in log.entries(kinds=["a"], after_seq=4)] == [5, 7, 9]
        assert [e.body["i"] for e in log.entries(task="t0", kinds=["b"], limit=1)] == [0]
        assert list(log.entries(task="t")) == []
        assert list(log.entries(limit=0)) == []

    def test_reading_goes_on_while_others_write(self, log: Log) -> None:
        for i in range(2500):
            log.append_many([Draft("x", "t", {"i": i})] * 2) if i % 500 == 0 else None
        reader = log.entries()
        first = next(reader)
        log.append("y", "t", {})
        assert first.seq == 1
        assert [e.seq for e in reader][-1] >= 10

    def test_an_entry_that_cannot_be_read_is_named(self, log: Log) -> None:
        log.append("x", "t", {})
        log._database.writer().execute("UPDATE entries SET body='{}' WHERE seq=1")  # pyright: ignore[reportPrivateUsage]
        with pytest.raises(LogDamaged) as caught:
            list(log.entries())
        assert caught.value.first_bad_seq == 1

    def test_A7_a_changed_content_is_never_given_out(self, log: Log) -> None:
        entry = log.append("x", "t", {}, blobs={"c": b"right"})
        log._database.writer().execute("UPDATE blobs SET data=x'00'")  # pyright: ignore[reportPrivateUsage]
        with pytest.raises(LogDamaged, match="was changed"):
            log.blob(entry.body["c_sha256"])

    def test_a_log_opened_for_reading_does_not_write(self, log: Log, paths: Paths) -> None:
        log.append("x", "t", {})
        with closing(Log.open(paths, read_only=True)) as reader:
            assert [e.kind for e in reader.entries()] == ["x"]
            with pytest.raises(LogError, match="reading only"):
                reader.append("x", "t", {})


class TestProcesses:
    def test_several_processes_append_to_one_log(self, paths: Paths) -> None:
        script = (
            "import sys\n"
            "from assistant.audit.log import Draft, Log\n"
            "from assistant.config import find_paths\n"
            "log = Log.open(find_paths())\n"
            "for i in range(60):\n"
            "    log.append('x', sys.argv[1], {'i': i}, blobs={'c': b'%d' % i})\n"
            "    if i % 20 == 0: log.append_many([Draft('g', sys.argv[1], {'i': i})] * 30)\n"
            "log.close()\n"
        )
        env = {**os.environ, "ASSISTANT_HOME": str(Path(paths.data).parent)}
        running = [subprocess.Popen([sys.executable, "-c", script, f"t{n}"], env=env) for n in range(3)]
        assert [p.wait(60) for p in running] == [0, 0, 0]
        assert verified(paths) == 3 * (60 + 90)
        with closing(Log.open(paths)) as log:
            for n in range(3):
                assert [e.body["i"] for e in log.entries(task=f"t{n}", kinds=["x"])] == list(range(60))

    def test_what_another_process_appended_is_under_the_next_checkpoint(self, paths: Paths) -> None:
        with closing(Log.open(paths)) as first, closing(Log.open(paths)) as second:
            for i in range(400):
                (first if i % 3 else second).append("x", "t", {"i": i})
            first.append_many([Draft("x", "t", {"i": i}) for i in range(5000)])
            second.append("x", "t", {})
        assert verified(paths) == 5401


class TestOpening:
    def test_the_key_of_a_machine_without_keyring_is_a_private_file_and_said_so(self, log: Log, paths: Paths) -> None:
        log.append("x", "t", {})
        file = Path(paths.config) / "log.key"
        assert file.stat().st_mode & 0o777 == 0o600
        assert paths.log_db.stat().st_mode & 0o777 == 0o600
        assert Path(paths.data).stat().st_mode & 0o777 == 0o700
        assert "no keyring" in log.key_place()

    def test_a_newer_log_is_refused_untouched(self, log: Log, paths: Paths) -> None:
        log.append("x", "t", {})
        log._database.writer().execute("PRAGMA user_version=9")  # pyright: ignore[reportPrivateUsage]
        log.close()
        before = paths.log_db.read_bytes()
        for read_only in (False, True):
            with pytest.raises(LogError, match="newer version"):
                Log.open(paths, read_only=read_only)
        assert paths.log_db.read_bytes() == before

    def test_a_database_of_another_program_is_refused_untouched(self, paths: Paths) -> None:
        import sqlite3

        paths.log_db.parent.mkdir(parents=True)
        with closing(sqlite3.connect(paths.log_db)) as connection:
            connection.execute("PRAGMA application_id=7")
            connection.execute("CREATE TABLE t(x)")
        before = paths.log_db.read_bytes()
        with pytest.raises(LogDamaged, match="not a log"):
            Log.open(paths)
        assert paths.log_db.read_bytes() == before

    def test_a_lost_trust_folder_is_pinned_again_by_the_key_that_signed(self, log: Log, paths: Paths) -> None:
        import shutil

        log.append("x", "t", {})
        log.close()
        shutil.rmtree(paths.trust)
        with closing(Log.open(paths)) as again:
            again.append("x", "t", {})
        assert verified(paths) == 2

    def test_opening_imports_neither_cryptography_nor_keyring(self, paths: Paths) -> None:
        script = (
            "import sys\n"
            "from assistant.audit.log import Log\n"
            "from assistant.config import find_paths\n"
            "Log.open(find_paths()).close()\n"
            "print([m for m in ('cryptography', 'keyring', 'httpx', 'sqlite_utils') if m in sys.modules])\n"
        )
        env = {**os.environ, "ASSISTANT_HOME": str(Path(paths.data).parent)}
        done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "[]"
