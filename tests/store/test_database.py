"""The log's database: who may write, who may read, and what happens to its files."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from assistant.errors import LogDamaged, LogError
from assistant.store import rows
from assistant.store.database import Database
from assistant.store.schema import TABLES, VERSION
from assistant.store.snapshot import Snapshot, in_use


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(Database(tmp_path / "data" / "log.db")) as opened:
        yield opened


def put(database: Database, seq: int) -> None:
    rows.insert_entries(database.begin(), [(seq, "{}", bytes(32))])
    database.commit()


class TestOpening:
    def test_a_new_database_has_exactly_the_tables_of_the_schema(self, database: Database) -> None:
        put(database, 1)
        assert dict(database.read("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'")) == TABLES
        assert database.read("PRAGMA user_version") == [(VERSION,)]

    def test_it_is_durable_by_default(self, database: Database) -> None:
        writer = database.writer()
        assert writer.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert writer.execute("PRAGMA synchronous").fetchone() == (2,), "FULL: a commit returns after its fsync"

    def test_several_processes_may_make_it_at_the_same_time(self, tmp_path: Path) -> None:
        script = (
            "import sys\nfrom pathlib import Path\nfrom assistant.store.database import Database\n"
            "Database(Path(sys.argv[1])).writer()\n"
        )
        command = [sys.executable, "-c", script, str(tmp_path / "log.db")]
        assert [p.wait(30) for p in [subprocess.Popen(command) for _ in range(6)]] == [0] * 6

    @pytest.mark.parametrize("read_only", [False, True])
    def test_DB2_a_newer_schema_is_refused_and_left_alone(self, database: Database, read_only: bool) -> None:
        put(database, 1)
        database.writer().execute(f"PRAGMA user_version={VERSION + 1}")
        database.close()
        before = database.path.read_bytes()
        again = Database(database.path, read_only=read_only)
        with pytest.raises(LogError, match="newer version"):
            again.read("SELECT 1") if read_only else again.writer()
        assert database.path.read_bytes() == before

    def test_a_known_log_is_not_made_anew(self, database: Database) -> None:
        database.may_create = False
        with pytest.raises(LogError, match="is gone"):
            database.writer()
        assert not database.path.exists()

    def test_a_folder_in_the_way_is_said(self, tmp_path: Path) -> None:
        (tmp_path / "log.db").mkdir()
        with pytest.raises(LogError):
            Database(tmp_path / "log.db").writer()

    def test_nonsense_in_the_way_is_said(self, tmp_path: Path) -> None:
        (tmp_path / "log.db").write_bytes(b"nonsense" * 1000)
        with pytest.raises(LogDamaged):
            Database(tmp_path / "log.db").writer()


class TestWriting:
    def test_a_failed_transaction_leaves_nothing_and_the_next_one_works(self, database: Database) -> None:
        put(database, 1)
        writer = database.begin()
        rows.insert_entries(writer, [(2, "{}", bytes(32))])
        database.fail()
        assert database.read("SELECT max(seq) FROM entries") == [(1,)]
        put(database, 2)

    def test_DB3_a_commit_into_a_file_that_was_replaced_is_not_acknowledged(self, database: Database) -> None:
        put(database, 1)
        database.path.rename(database.path.with_name("aside"))
        with pytest.raises(LogError, match="removed or replaced"):
            put(database, 2)

    def test_DB3_a_commit_into_a_wal_that_was_removed_is_not_acknowledged(self, database: Database) -> None:
        put(database, 1)
        database.path.with_name("log.db-wal").unlink()
        with pytest.raises(LogError, match="-wal"):
            put(database, 2)


class TestReading:
    def test_DB1_a_reader_never_blocks_a_writer(self, database: Database) -> None:
        put(database, 1)
        with closing(sqlite3.connect(database.path, isolation_level=None)) as other:
            other.execute("BEGIN")
            assert other.execute("SELECT count(*) FROM entries").fetchone() == (1,)
            started = time.monotonic()
            for seq in range(2, 50):
                put(database, seq)
            assert time.monotonic() - started < 5
            assert other.execute("SELECT count(*) FROM entries").fetchone() == (1,), "as of one moment"

    def test_DB1_a_writer_never_blocks_a_reader(self, database: Database) -> None:
        put(database, 1)
        rows.insert_entries(database.begin(), [(2, "{}", bytes(32))])
        assert database.read("SELECT count(*) FROM entries") == [(1,)]
        database.commit()
        assert database.read("SELECT count(*) FROM entries") == [(2,)]

    def test_pages_hold_no_lock_between_them(self, database: Database) -> None:
        for seq in range(1, 30):
            put(database, seq)
        pages = database.pages("SELECT seq FROM entries WHERE seq>? ORDER BY seq LIMIT ?", 0, None, size=5)
        first = next(pages)
        assert database.settle(), "the WAL can be moved while a reader is between two pages"
        assert [first[0], *(seq for (seq,) in pages)] == list(range(1, 30))
        limited = database.pages("SELECT seq FROM entries WHERE seq>? ORDER BY seq LIMIT ?", 3, 7, size=5)
        assert [seq for (seq,) in limited] == list(range(4, 11))

    def test_reading_is_safe_from_many_threads(self, database: Database) -> None:
        put(database, 1)
        failures: list[BaseException] = []

        def read() -> None:
            try:
                for _ in range(100):
                    assert database.read("SELECT count(*) FROM entries")[0][0] >= 1
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=read) for _ in range(5)]
        for thread in threads:
            thread.start()
        for seq in range(2, 60):
            put(database, seq)
        for thread in threads:
            thread.join()
        assert failures == []

    def test_what_can_not_be_read_is_a_log_error(self, database: Database) -> None:
        put(database, 1)
        with pytest.raises(LogError):
            database.read("SELECT nothing FROM nowhere")
        assert database.read("SELECT 1") == [(1,)]
        with pytest.raises(LogError):
            Database(database.path.with_name("nothing"), read_only=True).read("SELECT 1")

    def test_a_read_only_database_can_not_write(self, database: Database) -> None:
        put(database, 1)
        database.close()
        with closing(Database(database.path, read_only=True)) as reader:
            with pytest.raises(LogError, match="reading only"):
                reader.writer()
            with pytest.raises(LogError):
                reader.read("DELETE FROM entries")


class TestSnapshot:
    def test_it_reads_a_quiet_file_in_place(self, database: Database) -> None:
        put(database, 1)
        database.close()
        with closing(Snapshot(database.path)) as snapshot:
            assert (snapshot.file, snapshot.options) == (database.path, "mode=ro&immutable=1")
            with closing(snapshot.connect()) as connection:
                assert connection.execute("SELECT count(*) FROM entries").fetchone() == (1,)
            assert snapshot.held()
            put(database, 2)
            database.close()
            assert not snapshot.held(), "it has changed meanwhile: what was read may be of two moments"

    def test_it_reads_a_pending_wal_from_a_private_copy_that_goes(self, tmp_path: Path) -> None:
        script = (
            "import os, sys\nfrom pathlib import Path\nfrom assistant.store import rows\n"
            "from assistant.store.database import Database\n"
            "database = Database(Path(sys.argv[1]))\n"
            "rows.insert_entries(database.begin(), [(1, '{}', bytes(32))]); database.commit(); os.kill(os.getpid(), 9)\n"
        )
        path = tmp_path / "log.db"
        subprocess.run([sys.executable, "-c", script, str(path)], check=False)
        before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
        assert not in_use(path)
        snapshot = Snapshot(path)
        assert snapshot.file != path
        with closing(snapshot.connect()) as connection:
            assert connection.execute("SELECT count(*) FROM entries").fetchone() == (1,)
        snapshot.close()
        assert not snapshot.file.exists()
        assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before

    def test_it_sees_that_another_process_has_it_open(self, tmp_path: Path) -> None:
        script = (
            "import sys\nfrom pathlib import Path\nfrom assistant.store import rows\n"
            "from assistant.store.database import Database\n"
            "database = Database(Path(sys.argv[1]))\n"
            "rows.insert_entries(database.begin(), [(1, '{}', bytes(32))]); database.commit()\n"
            "print('open', flush=True); sys.stdin.read()\n"
        )
        path = tmp_path / "log.db"
        with subprocess.Popen(
            [sys.executable, "-c", script, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            assert in_use(path)
            with closing(Snapshot(path)) as snapshot:
                assert snapshot.options == "mode=ro"
                with closing(snapshot.connect()) as connection:
                    assert connection.execute("SELECT count(*) FROM entries").fetchone() == (1,)
            writer.communicate()
        assert not in_use(path)

    def test_there_must_be_a_file(self, tmp_path: Path) -> None:
        with pytest.raises(LogError, match="there is no log"):
            Snapshot(tmp_path / "nothing")


class TestErasing:
    def test_erased_bytes_are_in_no_file(self, database: Database) -> None:
        secret = b"a very private text " * 400
        writer = database.begin()
        rows.insert_blob(writer, "a" * 64, secret)
        database.commit()
        assert rows.delete_blob(database.begin(), "a" * 64)
        database.commit()
        assert database.settle()
        database.close()
        for file in database.path.parent.iterdir():
            assert b"very private" not in file.read_bytes(), os.fspath(file)
