"""What SQLite itself allows around the rows of a log: other objects, other spellings, other homes for the same contents."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest

from assistant.audit import upkeep
from assistant.audit.log import Log
from assistant.audit.note import new_signing_key
from assistant.audit.trust import Trust
from assistant.audit.verification import Evidence
from assistant.audit.verify import evidence_of, verify
from assistant.errors import LogDamaged

from .conftest import ENTRIES, Copy

_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def _restore(copy: Copy, *pragmas: str) -> None:
    """The database written anew from a dump of itself."""
    with closing(sqlite3.connect(copy.db)) as source:
        script = "\n".join(source.iterdump())
    copy.db.unlink()
    with closing(sqlite3.connect(copy.db)) as target:
        for pragma in pragmas:
            target.execute(pragma)
        target.executescript(script)


def _write_schema(copy: Copy, sql: str) -> None:
    with closing(sqlite3.connect(copy.db)) as connection, connection:
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute(sql)


class TestSameContents:
    """Clean logs, however they were copied."""

    @pytest.mark.parametrize(
        "pragmas",
        [
            ("PRAGMA journal_mode=DELETE", "PRAGMA page_size=8192", "VACUUM"),
            ("PRAGMA journal_mode=DELETE", "PRAGMA auto_vacuum=FULL", "VACUUM"),
            ("PRAGMA journal_mode=TRUNCATE",),
            ("ANALYZE",),
            ("REINDEX",),
        ],
        ids=lambda pragmas: pragmas[-2] if len(pragmas) > 1 else pragmas[0],
    )
    def test_another_form_of_the_file_verifies(self, copy: Copy, pragmas: tuple[str, ...]) -> None:
        with closing(sqlite3.connect(copy.db, isolation_level=None)) as connection:
            for pragma in pragmas:
                connection.execute(pragma)
        assert copy.verify().ok

    def test_vacuum_into_another_file_verifies(self, copy: Copy) -> None:
        copy.settle()
        with closing(sqlite3.connect(copy.db)) as connection:
            connection.execute("VACUUM INTO ?", (str(copy.home / "other.db"),))
        (copy.home / "other.db").rename(copy.db)
        assert copy.verify().ok

    @pytest.mark.parametrize("pragmas", [(), ("PRAGMA encoding='UTF-16'",)], ids=["as it was", "UTF-16"])
    def test_a_copy_restored_from_a_dump_verifies_and_is_named_for_what_it_is(
        self, copy: Copy, pragmas: tuple[str, ...]
    ) -> None:
        _restore(copy, *pragmas)
        result = copy.verify()
        assert result.ok
        assert any("restored from a dump" in note for note in result.notes)

    def test_a_copy_restored_from_a_dump_is_written_on(self, copy: Copy) -> None:
        _restore(copy)
        with closing(Log.open(copy.paths)) as log:
            assert log.append("x", "", {}).seq == ENTRIES + 1
        result = copy.verify()
        assert result.ok
        assert result.notes == ()

    def test_a_symbolic_link_to_the_database_verifies(self, copy: Copy) -> None:
        copy.settle()
        copy.db.rename(copy.home / "elsewhere.db")
        copy.db.symlink_to(copy.home / "elsewhere.db")
        assert copy.verify().ok


_OBJECTS = {
    "a trigger": "CREATE TRIGGER t AFTER INSERT ON entries BEGIN DELETE FROM entries WHERE seq=1; END",
    "a trigger called as a table": "CREATE TRIGGER entries AFTER INSERT ON entries BEGIN SELECT 1; END",
    "a view": "CREATE VIEW v AS SELECT * FROM entries",
    "an index": "CREATE INDEX i ON entries(leaf)",
    "a table": "CREATE TABLE notes(x)",
    "a table with a name like SQLite's own": "CREATE TABLE sqliteXevil(x)",
}


class TestObjects:
    @pytest.mark.parametrize("sql", _OBJECTS.values(), ids=_OBJECTS)
    def test_what_was_added_is_named_and_nothing_is_written_beside_it(self, copy: Copy, sql: str) -> None:
        copy.run(sql)
        result = copy.verify()
        assert result.verdict == "damaged"
        assert "added: " in result.problems[0].words
        with closing(Log(copy.paths)) as log, pytest.raises(LogDamaged, match="added: "):
            log.append("x", "", {})

    def test_a_trigger_under_a_name_that_sqlite_keeps_for_itself_is_named(self, copy: Copy) -> None:
        _write_schema(
            copy,
            "INSERT INTO sqlite_master VALUES('trigger','sqlite_t','entries',0,"
            "'CREATE TRIGGER sqlite_t AFTER INSERT ON entries BEGIN DELETE FROM entries WHERE seq=1; END')",
        )
        assert "added: trigger sqlite_t" in copy.verify().problems[0].words

    def test_a_view_in_the_place_of_a_table_is_no_log(self, copy: Copy) -> None:
        copy.run("ALTER TABLE entries RENAME TO sqliteXentries")
        copy.run("CREATE VIEW entries AS SELECT * FROM sqliteXentries WHERE seq<>7")
        result = copy.verify()
        assert not result.ok
        assert "missing: entries" in result.problems[0].words

    @pytest.mark.parametrize(
        "columns",
        [
            "seq INTEGER PRIMARY KEY, body BLOB NOT NULL, leaf BLOB NOT NULL",
            "seq INT, body TEXT NOT NULL, leaf BLOB NOT NULL",
            "seq INTEGER PRIMARY KEY, body TEXT, leaf BLOB",
        ],
    )
    def test_a_table_with_other_columns_is_named(self, copy: Copy, columns: str) -> None:
        copy.run(f"CREATE TABLE other({columns})")
        copy.run("INSERT INTO other SELECT * FROM entries")
        copy.run("DROP TABLE entries")
        copy.run("ALTER TABLE other RENAME TO entries")
        result = copy.verify()
        assert not result.ok
        assert "changed: entries" in result.problems[0].words

    @pytest.mark.parametrize("column", ["body", "leaf"])
    def test_a_null_where_none_may_be_is_found(self, copy: Copy, column: str) -> None:
        strict = str(copy.rows("SELECT sql FROM sqlite_master WHERE name='entries'")[0][0])
        _write_schema(copy, "UPDATE sqlite_master SET sql=replace(sql,' NOT NULL','') WHERE name='entries'")
        copy.run(f"UPDATE entries SET {column}=NULL WHERE seq=9")
        _write_schema(copy, f"UPDATE sqlite_master SET sql='{strict}' WHERE name='entries'")
        assert copy.verify().first_bad_seq == 9

    @pytest.mark.parametrize("marks", ["PRAGMA application_id=5", "PRAGMA user_version=0"])
    def test_other_marks_alone_are_named(self, copy: Copy, marks: str) -> None:
        copy.run(marks)
        assert "marks" in copy.verify().problems[0].words


def _respelt(note: str) -> str:
    """The same signature in base64 whose last digit has other bits that mean nothing."""
    at = len(note.rstrip("=\n")) - 1
    return note[:at] + _BASE64[_BASE64.index(note[at]) ^ 1] + note[at + 1 :]


_EDITS: dict[str, Callable[[str], str]] = {
    "another's signature": lambda note: note + "— somebody.example AAAAAAAAAAAA\n",
    "the same signature twice": lambda note: note + note.split("\n\n")[1],
    "the same signature spelt otherwise": _respelt,
    "a line more": lambda note: note + "\n",
    "a null character": lambda note: note + "\0",
}


class TestLastCheckpoint:
    """No entry behind it names it, so every byte of it must be what is written."""

    @pytest.mark.parametrize("edit", _EDITS.values(), ids=_EDITS)
    def test_an_edit_that_leaves_the_signature_right_is_found(self, copy: Copy, edit: Callable[[str], str]) -> None:
        note = str(copy.rows("SELECT note FROM checkpoints WHERE size=?", ENTRIES)[0][0])
        copy.run("UPDATE checkpoints SET note=? WHERE size=?", edit(note), ENTRIES)
        assert copy.verify().first_bad_seq == ENTRIES

    @pytest.mark.parametrize("size", [-3, 0])
    def test_a_checkpoint_of_no_entries_is_found(self, copy: Copy, size: int) -> None:
        copy.run("INSERT INTO checkpoints SELECT ?, note FROM checkpoints WHERE size=?", size, ENTRIES)
        assert copy.verify().first_bad_seq == 1

    def test_the_checkpoint_of_a_rotation_holds_both_signatures_and_no_more(self, copy: Copy) -> None:
        with closing(Log.open(copy.paths)) as log:
            upkeep.rotate_key(log)
        assert copy.verify().ok
        text = str(copy.rows("SELECT note FROM checkpoints WHERE size=?", ENTRIES + 1)[0][0])
        line = new_signing_key("somebody.example").signature_line(text.split("\n\n")[0] + "\n")
        copy.run("UPDATE checkpoints SET note=note||? WHERE size=?", line, ENTRIES + 1)
        assert copy.verify().first_bad_seq == ENTRIES + 1


class TestErasedContents:
    def test_an_erased_content_that_was_put_back_is_found(self, copy: Copy) -> None:
        with closing(Log.open(copy.paths)) as log:
            upkeep.erase_entry(log, 4, "asked to")
        copy.run("INSERT INTO blobs VALUES(?,?)", hashlib.sha256(b"content 3").hexdigest(), b"content 3")
        result = copy.verify()
        assert result.first_bad_seq == ENTRIES + 1
        assert "is here again" in result.problems[0].words

    def test_an_erased_content_that_was_put_back_changed_is_found(self, copy: Copy) -> None:
        with closing(Log.open(copy.paths)) as log:
            upkeep.erase_entry(log, 4, "asked to")
        copy.run("INSERT INTO blobs VALUES(?,?)", hashlib.sha256(b"content 3").hexdigest(), b"content X")
        assert copy.verify().first_bad_seq == 4

    def test_a_content_that_was_said_again_after_its_erasure_is_right(self, copy: Copy) -> None:
        with closing(Log.open(copy.paths)) as log:
            upkeep.erase_entry(log, 4, "asked to")
            log.append("message", "task3", {"role": "user"}, blobs={"message": b"content 3"})
        assert copy.verify().ok

    def test_an_erasure_that_nobody_signed_excuses_nothing(self, copy: Copy) -> None:
        sha256 = hashlib.sha256(b"content 3").hexdigest()
        copy.run("DELETE FROM blobs WHERE sha256=?", sha256)
        text = copy.body(ENTRIES).replace('"kind":"intent"', '"kind":"erased"')
        copy.run("UPDATE entries SET body=? WHERE seq=?", text, ENTRIES)
        assert copy.verify().first_bad_seq == ENTRIES


class TestContentsOfNobody:
    """A content whose hash is right and that no entry names: no signature covers it."""

    def _put(self, copy: Copy, *contents: bytes) -> list[str]:
        names = [hashlib.sha256(content).hexdigest() for content in contents]
        for name, content in zip(names, contents, strict=True):
            copy.run("INSERT INTO blobs VALUES(?,?)", name, content)
        return names

    def test_it_is_named_and_no_entry_is_blamed(self, copy: Copy) -> None:
        (name,) = self._put(copy, b"of nobody")
        found = copy.verify()
        assert found.verdict == "damaged"
        assert found.first_bad_seq is None
        assert name in found.problems[0].words

    def test_it_betrays_a_tail_cut_off_where_only_the_key_is_known(self, copy: Copy) -> None:
        copy.run("DELETE FROM entries WHERE seq>20")
        copy.run("DELETE FROM checkpoints WHERE size>20")
        found = verify(copy.db, Evidence(evidence_of(Trust(copy.trust)).keys))
        assert found.verdict == "damaged"
        assert hashlib.sha256(b"content 21").hexdigest() in found.problems[0].words

    def test_many_are_counted(self, copy: Copy) -> None:
        self._put(copy, *(f"of nobody {i}".encode() for i in range(5)))
        words = [problem.words for problem in copy.verify().problems]
        assert len(words) == 4
        assert "2 more" in words[-1]

    def test_two_processes_see_it_too(self, copy: Copy, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("assistant.audit.verify.WORTH_SPLITTING", 1)
        evidence = evidence_of(Trust(copy.trust))
        assert verify(copy.db, evidence, processes=2).ok
        self._put(copy, b"of nobody")
        assert verify(copy.db, evidence, processes=2).verdict == "damaged"

    def test_taken_out_on_the_record_the_log_verifies(self, copy: Copy) -> None:
        (name,) = self._put(copy, b"of nobody")
        with closing(Log.open(copy.paths)) as log:
            upkeep.erase(log, [name], "nobody's")
        assert copy.verify().ok

    def test_a_row_that_a_writer_has_not_committed_is_nobodys_business(self, copy: Copy) -> None:
        with closing(sqlite3.connect(copy.db, isolation_level=None)) as writer:
            writer.execute("PRAGMA journal_mode=WAL")
            writer.execute("BEGIN IMMEDIATE")
            writer.execute("INSERT INTO blobs VALUES(?,?)", (hashlib.sha256(b"in flight").hexdigest(), b"in flight"))
            assert copy.verify().ok
            writer.execute("ROLLBACK")
