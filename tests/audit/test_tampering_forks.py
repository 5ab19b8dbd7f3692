"""Two histories under one key: entries of one log in another, a log that forked, witnesses that know better or lie."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from pathlib import Path

import pytest

from assistant.audit import upkeep
from assistant.audit.checkpoint import Checkpoint, read_checkpoint
from assistant.audit.log import Log
from assistant.audit.merkle import leaf_hash
from assistant.audit.note import SigningKey, new_signing_key
from assistant.audit.trust import Trust
from assistant.audit.verify import evidence_of, verify
from assistant.audit.witness import kept_checkpoints
from assistant.errors import LogDamaged

from .conftest import ENTRIES, Copy


def _append(copy: Copy, count: int, who: str) -> None:
    with closing(Log.open(copy.paths)) as log:
        for i in range(count):
            log.append("x", "t", {"i": i, "who": who})


@pytest.fixture
def other(sample: Path, tmp_path: Path, copy: Copy) -> Copy:
    """A second log with the same key and the same beginning, that went another way."""
    shutil.copytree(sample, tmp_path / "other")
    other = Copy(tmp_path / "other")
    _append(copy, 5, "one")
    _append(other, 5, "other")
    return other


def _own_key(copy: Copy) -> SigningKey:
    return SigningKey.parse((copy.home / "config" / "log.key").read_text().split()[-1])


def _head(copy: Copy, size: int) -> Checkpoint:
    return read_checkpoint(str(copy.rows("SELECT note FROM checkpoints WHERE size=?", size)[0][0]))


class TestForks:
    def test_an_entry_of_the_other_log_is_named(self, copy: Copy, other: Copy) -> None:
        seq = ENTRIES + 3
        ((body, leaf),) = other.rows("SELECT body, leaf FROM entries WHERE seq=?", seq)
        copy.run("UPDATE entries SET body=?, leaf=? WHERE seq=?", body, leaf, seq)
        assert copy.verify().first_bad_seq == seq

    def test_the_first_entry_of_the_other_logs_end_is_named(self, copy: Copy, other: Copy) -> None:
        seq = ENTRIES + 3
        for table, column in (("entries", "seq"), ("checkpoints", "size")):
            rows = other.rows(f"SELECT * FROM {table} WHERE {column}>=?", seq)
            copy.run(f"DELETE FROM {table} WHERE {column}>=?", seq)
            for row in rows:
                copy.run(f"INSERT INTO {table} VALUES({','.join('?' * len(row))})", *row)
        assert copy.verify().first_bad_seq == seq

    @pytest.mark.parametrize("more", [0, 4])
    def test_the_other_log_in_its_place_is_told_as_rewritten(self, copy: Copy, other: Copy, more: int) -> None:
        _append(other, more, "other")
        shutil.copy(other.db, copy.db)
        result = copy.verify()
        assert not result.ok
        assert "rewritten" in result.problems[0].words

    def test_another_root_of_the_same_size_is_told_as_rewritten(self, copy: Copy) -> None:
        """The last checkpoint seen and the stored one, both signed with the log's own key."""
        forked = Checkpoint(_head(copy, ENTRIES).origin, ENTRIES, bytes(32)).sign(_own_key(copy))
        (copy.trust / "last-checkpoint").write_text(forked)
        result = copy.verify()
        assert not result.ok
        assert "rewritten" in result.problems[0].words


class TestRotations:
    def test_a_rotation_that_is_repeated_is_named(self, copy: Copy) -> None:
        with closing(Log.open(copy.paths)) as log:
            upkeep.rotate_key(log)
            log.append("x", "", {})
        seq = ENTRIES + 3
        body = json.dumps({**json.loads(copy.body(ENTRIES + 1)), "seq": seq}, separators=(",", ":"), sort_keys=True)
        copy.run("INSERT INTO entries VALUES(?,?,?)", seq, body, leaf_hash(body.encode()))
        assert copy.verify().first_bad_seq == seq

    def test_a_rotation_that_is_rolled_back_is_named(self, copy: Copy) -> None:
        with closing(Log.open(copy.paths)) as log:
            upkeep.rotate_key(log)
        copy.run("DELETE FROM entries WHERE seq>?", ENTRIES)
        copy.run("DELETE FROM checkpoints WHERE size>?", ENTRIES)
        assert copy.verify().first_bad_seq == ENTRIES + 1

    def test_the_old_key_in_the_place_of_the_new_one_is_named(self, copy: Copy) -> None:
        old = _own_key(copy)
        with closing(Log.open(copy.paths)) as log:
            upkeep.rotate_key(log)
            log.append("x", "", {})
        head = _head(copy, ENTRIES + 2)
        copy.run("UPDATE checkpoints SET note=? WHERE size=?", head.sign(old), ENTRIES + 2)
        assert copy.verify().first_bad_seq == ENTRIES + 2

    def test_a_rotation_without_the_new_keys_signature_is_named(self, copy: Copy) -> None:
        old = _own_key(copy)
        with closing(Log.open(copy.paths)) as log:
            upkeep.rotate_key(log)
        copy.run("UPDATE checkpoints SET note=? WHERE size=?", _head(copy, ENTRIES + 1).sign(old), ENTRIES + 1)
        assert copy.verify().first_bad_seq == ENTRIES + 1

    def test_a_rotation_that_nobody_signed_is_not_taken_in_with_a_tail(self, copy: Copy) -> None:
        """It would hand the log to whoever wrote it."""
        thief, seq = new_signing_key("assistant.invalid/log/x").verifier, ENTRIES + 1
        forged = {"old_vkey": str(_own_key(copy).verifier), "new_vkey": str(thief), "lost": False}
        entry = {**json.loads(copy.body(ENTRIES)), "seq": seq, "kind": "key.rotated", "body": forged}
        body = json.dumps(entry, separators=(",", ":"), sort_keys=True)
        copy.run("INSERT INTO entries VALUES(?,?,?)", seq, body, leaf_hash(body.encode()))
        with closing(Log.open(copy.paths)) as log, pytest.raises(LogDamaged, match="nobody signed it"):
            log.accept_tail()
        assert copy.verify().first_bad_seq == seq


class TestWitnesses:
    @staticmethod
    def _verify(copy: Copy, note: str) -> tuple[bool, str]:
        kept = copy.home / "kept"
        kept.write_text(note, encoding="utf-8")
        (copy.trust / "witnesses").write_text(f"\nfile:{kept}\n\n", encoding="utf-8")
        result = verify(copy.db, evidence_of(Trust(copy.trust), kept_checkpoints(copy.trust)))
        return result.ok, result.problems[0].words if result.problems else ""

    def test_one_that_is_behind_agrees(self, copy: Copy) -> None:
        assert self._verify(copy, _head(copy, 20).sign(_own_key(copy))) == (True, "")

    def test_one_that_saw_more_tells_that_the_end_is_missing(self, copy: Copy, sample: Path) -> None:
        _append(copy, 1, "one")
        note = _head(copy, ENTRIES + 1).sign(_own_key(copy))
        shutil.copy(sample / "data" / "log.db", copy.db)
        shutil.copy(sample / "trust" / "last-checkpoint", copy.trust / "last-checkpoint")
        assert copy.verify().ok, "database and trust folder were rolled back together: nothing else could tell"
        ok, words = self._verify(copy, note)
        assert not ok
        assert "missing" in words

    def test_one_that_saw_another_history_tells_that_it_was_rewritten(self, copy: Copy) -> None:
        ok, words = self._verify(copy, Checkpoint(_head(copy, 20).origin, 20, bytes(32)).sign(_own_key(copy)))
        assert not ok
        assert "rewritten" in words

    def test_one_that_lies_is_told_apart_by_its_signature(self, copy: Copy) -> None:
        origin = _head(copy, 20).origin
        ok, words = self._verify(copy, Checkpoint(origin, ENTRIES + 49, bytes(32)).sign(new_signing_key(origin)))
        assert not ok
        assert "of another log, or forged" in words

    @pytest.mark.parametrize("note", ["", "hello\n", "\x00"])
    def test_one_that_keeps_no_checkpoint_is_named(self, copy: Copy, note: str) -> None:
        ok, words = self._verify(copy, note)
        assert not ok
        assert "malformed" in words
