"""Every way we know to falsify a log: each is found, and the first bad entry is named."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from assistant.audit import upkeep
from assistant.audit.checkpoint import Checkpoint, read_checkpoint
from assistant.audit.keychain import KeyChain
from assistant.audit.log import Log
from assistant.audit.merkle import leaf_hash, root_of
from assistant.audit.note import new_signing_key
from assistant.audit.trust import Trust
from assistant.audit.verification import Evidence
from assistant.audit.verify import evidence_of, verify
from assistant.errors import LogDamaged, LogError

from .conftest import ENTRIES, SINGLES, Copy, fill

IN_GROUP = SINGLES + 5
"""An entry in the middle of a group of ten under one checkpoint."""


def _forge(copy: Copy, seq: int, change: dict[str, object], *, leaf: bool = True) -> None:
    """Change an entry's body, and its leaf hash as the log would have computed it."""
    body = json.dumps({**json.loads(copy.body(seq)), **change}, separators=(",", ":"), sort_keys=True)
    copy.run("UPDATE entries SET body=? WHERE seq=?", body, seq)
    if leaf:
        copy.run("UPDATE entries SET leaf=? WHERE seq=?", leaf_hash(body.encode()), seq)


class TestEntries:
    @pytest.mark.parametrize("seq", [1, 2, 17, SINGLES, IN_GROUP, ENTRIES])
    def test_a_changed_byte(self, copy: Copy, seq: int) -> None:
        copy.run("UPDATE entries SET body=replace(body, '\"v\":1', '\"v\":2') WHERE seq=?", seq)
        assert copy.verify().first_bad_seq == seq

    @pytest.mark.parametrize("seq", [1, 2, 17, SINGLES, SINGLES + 1, IN_GROUP, SINGLES + 10, ENTRIES])
    def test_a_forged_entry_with_the_right_leaf_hash(self, copy: Copy, seq: int) -> None:
        _forge(copy, seq, {"kind": "forged"})
        assert copy.verify().first_bad_seq == seq

    @pytest.mark.parametrize("seq", [3, IN_GROUP])
    def test_a_changed_time(self, copy: Copy, seq: int) -> None:
        _forge(copy, seq, {"time_ms": 1})
        assert copy.verify().first_bad_seq == seq

    @pytest.mark.parametrize("seq", [3, SINGLES, SINGLES + 2])
    def test_a_change_before_a_rotation_of_the_key_is_named_too(self, copy: Copy, seq: int) -> None:
        """The old key vouches for what was before it, although the scan has not reached the rotation."""
        with closing(Log.open(copy.paths)) as log:
            upkeep.rotate_key(log)
            log.append("x", "", {})
        _forge(copy, seq, {"kind": "forged"})
        assert copy.verify().first_bad_seq == seq

    def test_a_removed_rotation_is_named(self, copy: Copy) -> None:
        with closing(Log.open(copy.paths)) as log:
            upkeep.rotate_key(log)
            log.append("x", "", {})
        copy.run("DELETE FROM entries WHERE seq>=? AND seq<=?", ENTRIES - 1, ENTRIES + 1)
        assert copy.verify().first_bad_seq == ENTRIES - 1

    @pytest.mark.parametrize("seq", [4, SINGLES + 3, IN_GROUP])
    def test_an_entry_taken_out_and_the_rest_renumbered_and_rehashed(self, copy: Copy, seq: int) -> None:
        later = copy.rows("SELECT seq, body FROM entries WHERE seq>? ORDER BY seq", seq)
        copy.run("DELETE FROM entries WHERE seq>=?", seq)
        for old, body in later:
            moved = json.dumps(
                {**json.loads(str(body)), "seq": int(str(old)) - 1}, separators=(",", ":"), sort_keys=True
            )
            copy.run("INSERT INTO entries VALUES(?,?,?)", int(str(old)) - 1, moved, leaf_hash(moved.encode()))
        assert copy.verify().first_bad_seq == seq

    def test_two_changes_name_the_first(self, copy: Copy) -> None:
        _forge(copy, 9, {"kind": "forged"})
        copy.run("UPDATE entries SET body=body || ' ' WHERE seq=20")
        assert copy.verify().first_bad_seq == 9
        _forge(copy, 5, {"kind": "forged"}, leaf=False)
        assert copy.verify().first_bad_seq == 5

    def test_a_changed_leaf_hash_alone(self, copy: Copy) -> None:
        copy.run("UPDATE entries SET leaf=zeroblob(32) WHERE seq=12")
        assert copy.verify().first_bad_seq == 12

    @pytest.mark.parametrize(("first", "second"), [(4, 5), (3, 22), (IN_GROUP, IN_GROUP + 2), (10, IN_GROUP)])
    def test_reordered_entries(self, copy: Copy, first: int, second: int) -> None:
        rows = {seq: (body, leaf) for seq, body, leaf in copy.rows("SELECT seq, body, leaf FROM entries")}
        for seq, other in ((first, second), (second, first)):
            copy.run("UPDATE entries SET body=?, leaf=? WHERE seq=?", *rows[other], seq)
        assert copy.verify().first_bad_seq == first

    def test_swapped_tasks(self, copy: Copy) -> None:
        _forge(copy, 6, {"task": "task2"})
        _forge(copy, 7, {"task": "task1"})
        assert copy.verify().first_bad_seq == 6

    @pytest.mark.parametrize("seq", [1, 14, IN_GROUP])
    def test_a_deleted_entry_leaves_a_gap(self, copy: Copy, seq: int) -> None:
        copy.run("DELETE FROM entries WHERE seq=?", seq)
        assert copy.verify().first_bad_seq == seq

    @pytest.mark.parametrize("seq", [2, 14, IN_GROUP])
    def test_a_deleted_entry_with_the_rest_moved_up(self, copy: Copy, seq: int) -> None:
        copy.run("DELETE FROM entries WHERE seq=?", seq)
        copy.run("UPDATE entries SET seq=-seq+1 WHERE seq>?", seq)
        copy.run("UPDATE entries SET seq=-seq WHERE seq<0")
        assert copy.verify().first_bad_seq == seq

    def test_a_duplicated_entry_in_the_middle(self, copy: Copy) -> None:
        body, leaf = copy.rows("SELECT body, leaf FROM entries WHERE seq=10")[0]
        copy.run("UPDATE entries SET seq=-seq-1 WHERE seq>10")
        copy.run("UPDATE entries SET seq=-seq WHERE seq<0")
        copy.run("INSERT INTO entries VALUES(11,?,?)", body, leaf)
        assert copy.verify().first_bad_seq == 11

    @pytest.mark.parametrize("seq", [0, -7])
    @pytest.mark.parametrize("of", [1, 17])
    def test_an_entry_before_the_first(self, copy: Copy, seq: int, of: int) -> None:
        copy.run("INSERT INTO entries SELECT ?, body, leaf FROM entries WHERE seq=?", seq, of)
        assert copy.verify().first_bad_seq == seq

    def test_a_body_of_another_type(self, copy: Copy) -> None:
        copy.run("UPDATE entries SET body=CAST(body AS BLOB) WHERE seq=8")
        assert copy.verify().first_bad_seq == 8

    def test_a_body_that_is_not_unicode(self, copy: Copy) -> None:
        copy.run("UPDATE entries SET body=CAST(x'ff' || body AS TEXT) WHERE seq=8")
        assert copy.verify().first_bad_seq == 8


class TestEnds:
    def test_a_cut_tail_with_its_checkpoints_left(self, copy: Copy) -> None:
        copy.run("DELETE FROM entries WHERE seq>20")
        assert copy.verify().first_bad_seq == 21

    def test_a_cut_tail_with_its_checkpoints(self, copy: Copy) -> None:
        copy.run("DELETE FROM entries WHERE seq>20")
        copy.run("DELETE FROM checkpoints WHERE size>20")
        assert copy.verify().first_bad_seq == 21

    def test_a_rolled_back_copy(self, copy: Copy, sample: Path) -> None:
        with closing(Log.open(copy.paths)) as log:
            log.append("x", "", {})
        shutil.copy(sample / "data" / "log.db", copy.db)
        assert copy.verify().first_bad_seq == ENTRIES + 1

    def test_a_lost_wal(self, copy: Copy) -> None:
        with closing(Log.open(copy.paths)) as log:
            log.append("x", "", {})
            shutil.copy(copy.db, copy.home / "without-wal.db")
        (copy.home / "without-wal.db").rename(copy.db)
        assert copy.verify().first_bad_seq == ENTRIES + 1

    def test_entries_that_nobody_signed(self, copy: Copy) -> None:
        for i in range(3):
            body = json.loads(copy.body(ENTRIES + i))
            text = json.dumps({**body, "seq": ENTRIES + i + 1}, separators=(",", ":"), sort_keys=True)
            copy.run("INSERT INTO entries VALUES(?,?,?)", ENTRIES + i + 1, text, leaf_hash(text.encode()))
        result = copy.verify()
        assert not result.ok
        assert result.first_bad_seq is None
        assert (result.unsigned_tail, result.verdict) == (3, "unsigned_tail=3")

    def test_a_removed_last_checkpoint(self, copy: Copy) -> None:
        copy.run("DELETE FROM checkpoints WHERE size=?", ENTRIES)
        result = copy.verify()
        assert (result.first_bad_seq, result.unsigned_tail) == (None, 10)

    def test_a_duplicate_of_the_last_entry(self, copy: Copy) -> None:
        copy.run("INSERT INTO entries SELECT seq+1, body, leaf FROM entries WHERE seq=?", ENTRIES)
        result = copy.verify()
        assert not result.ok
        assert ENTRIES + 1 in (result.first_bad_seq, ENTRIES + result.unsigned_tail)


class TestCheckpoints:
    @pytest.mark.parametrize("size", [1, 15, SINGLES, SINGLES + 10])
    def test_an_edited_checkpoint(self, copy: Copy, size: int) -> None:
        copy.run("UPDATE checkpoints SET note=replace(note, 'invalid', 'example') WHERE size=?", size)
        assert copy.verify().first_bad_seq == size

    @pytest.mark.parametrize("size", [1, 15, SINGLES])
    def test_a_changed_signature(self, copy: Copy, size: int) -> None:
        note = str(copy.rows("SELECT note FROM checkpoints WHERE size=?", size)[0][0])
        spoilt = note[:-12] + ("A" if note[-12] != "A" else "B") + note[-11:]
        copy.run("UPDATE checkpoints SET note=? WHERE size=?", spoilt, size)
        assert copy.verify().first_bad_seq == size

    def test_the_last_checkpoint_edited(self, copy: Copy) -> None:
        copy.run("UPDATE checkpoints SET note=replace(note, 'invalid', 'example') WHERE size=?", ENTRIES)
        result = copy.verify()
        assert not result.ok
        assert result.first_bad_seq is not None
        assert ENTRIES - 10 < result.first_bad_seq <= ENTRIES

    @pytest.mark.parametrize("size", [1, 15, SINGLES, SINGLES + 10])
    def test_a_removed_checkpoint(self, copy: Copy, size: int) -> None:
        copy.run("DELETE FROM checkpoints WHERE size=?", size)
        assert copy.verify().first_bad_seq == size

    def test_two_swapped_checkpoints(self, copy: Copy) -> None:
        notes = dict(copy.rows("SELECT size, note FROM checkpoints WHERE size IN (8, 9)"))
        copy.run("UPDATE checkpoints SET note=? WHERE size=8", notes[9])
        copy.run("UPDATE checkpoints SET note=? WHERE size=9", notes[8])
        assert copy.verify().first_bad_seq == 8

    def test_a_moved_checkpoint(self, copy: Copy) -> None:
        copy.run("UPDATE checkpoints SET size=size+5 WHERE size=?", ENTRIES)
        assert not copy.verify().ok

    def test_all_checkpoints_removed(self, copy: Copy) -> None:
        copy.run("DELETE FROM checkpoints")
        assert not copy.verify().ok

    def test_an_added_checkpoint(self, copy: Copy) -> None:
        copy.run("INSERT INTO checkpoints SELECT ?, note FROM checkpoints WHERE size=30", IN_GROUP)
        assert copy.verify().first_bad_seq == IN_GROUP

    def test_a_forged_entry_with_a_checkpoint_by_another_key(self, copy: Copy) -> None:
        _forge(copy, 5, {"kind": "forged"})
        _sign_all(copy)
        assert copy.verify().first_bad_seq is not None


class TestRewrites:
    def test_a_fresh_log_in_its_place(self, copy: Copy, tmp_path: Path) -> None:
        from assistant.config import find_paths

        other = tmp_path / "other"
        with closing(Log.open(find_paths({"ASSISTANT_HOME": str(other)}))) as log:
            fill(log)
        shutil.copy(other / "data" / "log.db", copy.db)
        assert copy.verify().first_bad_seq == 1

    def test_a_replaced_pinned_key(self, copy: Copy) -> None:
        (copy.trust / "log.vkey").write_text(f"{new_signing_key('assistant.invalid/log/x').verifier}\n")
        assert copy.verify().first_bad_seq == 1

    def test_a_pinned_key_that_is_no_key(self, copy: Copy) -> None:
        (copy.trust / "log.vkey").write_text("nonsense\n")
        with pytest.raises(LogDamaged, match="pinned key"):
            copy.verify()

    def test_all_signatures_by_another_key_under_the_same_name(self, copy: Copy) -> None:
        _sign_all(copy)
        assert copy.verify().first_bad_seq == 1

    def test_a_forged_rotation(self, copy: Copy) -> None:
        thief = new_signing_key("assistant.invalid/log/x")
        (old,) = Trust(copy.trust).pinned()
        _forge(copy, 20, {"kind": "key.rotated", "body": {"old_vkey": str(old), "new_vkey": str(thief.verifier)}})
        assert copy.verify().first_bad_seq == 20

    def test_a_changed_last_seen_checkpoint(self, copy: Copy) -> None:
        note = (copy.trust / "last-checkpoint").read_text()
        (copy.trust / "last-checkpoint").write_text(note.replace("\n50\n", "\n51\n"))
        assert not copy.verify().ok

    def test_an_emptied_database_file(self, copy: Copy) -> None:
        copy.db.write_bytes(b"")
        assert copy.verify().first_bad_seq == 1

    def test_a_removed_database(self, copy: Copy) -> None:
        copy.db.unlink()
        assert copy.verify().first_bad_seq == 1

    def test_a_database_of_something_else(self, copy: Copy) -> None:
        copy.db.unlink()
        with closing(sqlite3.connect(copy.db)) as connection:
            connection.execute("CREATE TABLE entries(seq INTEGER PRIMARY KEY, body TEXT, leaf BLOB)")
        assert not copy.verify().ok

    def test_not_a_database(self, copy: Copy) -> None:
        copy.db.write_bytes(b"hello " * 1000)
        assert copy.verify().first_bad_seq == 1

    def test_a_newer_schema_is_refused_by_name(self, copy: Copy) -> None:
        copy.run("PRAGMA user_version=99")
        with pytest.raises(LogError, match="newer version"):
            copy.verify()

    def test_a_trigger_is_noticed(self, copy: Copy) -> None:
        copy.run("CREATE TRIGGER t AFTER INSERT ON entries BEGIN DELETE FROM entries WHERE seq=1; END")
        assert "added: t" in copy.verify().problems[0].words

    def test_a_changed_table_is_noticed(self, copy: Copy) -> None:
        copy.run("ALTER TABLE entries ADD COLUMN more TEXT")
        assert not copy.verify().ok


class TestContents:
    def test_a_changed_content(self, copy: Copy) -> None:
        copy.run("UPDATE blobs SET data=x'00' WHERE sha256=?", hashlib.sha256(b"content 9").hexdigest())
        assert copy.verify().first_bad_seq == 10

    def test_a_content_under_an_endless_name(self, copy: Copy) -> None:
        copy.run("UPDATE blobs SET sha256=? WHERE rowid=(SELECT max(rowid) FROM blobs)", "x" * 100_000)
        found = copy.verify()
        assert not found.ok
        assert found.entries == ENTRIES

    def test_a_removed_content(self, copy: Copy) -> None:
        copy.run("DELETE FROM blobs WHERE sha256=?", hashlib.sha256(b"content 9").hexdigest())
        assert copy.verify().first_bad_seq == 10

    def test_a_wrong_kept_subtree(self, tmp_path: Path) -> None:
        from assistant.audit.log import Draft
        from assistant.config import find_paths

        copy = Copy(tmp_path)
        with closing(Log.open(find_paths({"ASSISTANT_HOME": str(tmp_path)}))) as log:
            log.append_many([Draft("x", "", {"i": i}) for i in range(600)])
        assert copy.verify().ok
        copy.run("UPDATE nodes SET hash=zeroblob(32) WHERE level=8 AND number=1")
        assert copy.verify().first_bad_seq == 257


class TestPages:
    def test_a_damaged_file_never_breaks_the_verification(self, copy: Copy) -> None:
        """Bytes, pages and ends: each is found, unless what was hit holds nothing."""
        chance, clean = random.Random(3), copy.db.read_bytes()
        kept = copy.rows("SELECT seq, body, leaf FROM entries ORDER BY seq")
        for turn in range(90):
            data = bytearray(clean)
            if turn % 3 == 0:
                for _ in range(chance.randint(1, 3)):
                    data[chance.randrange(len(data))] ^= chance.randrange(1, 256)
            elif turn % 3 == 1:
                page = chance.randrange(len(data) // 4096) * 4096
                data[page : page + 4096] = chance.choice([bytes(4096), chance.randbytes(4096), clean[:4096]])
            else:
                del data[chance.randrange(len(data)) :]
            copy.db.write_bytes(data)
            try:
                found = copy.verify()
            except LogError:
                continue
            if found.ok:
                assert copy.rows("SELECT seq, body, leaf FROM entries ORDER BY seq") == kept, turn

    def test_a_schema_that_is_no_text_is_damage(self, copy: Copy) -> None:
        """SQLite quotes it in a message that Python can't decode."""
        data = copy.db.read_bytes()
        copy.db.write_bytes(data.replace(b"CREATE TABLE entries", b"CREATE TABLE \xceentrie", 1))
        assert not copy.verify().ok

    def test_a_kept_subtree_of_a_monstrous_level_costs_nothing(self, copy: Copy) -> None:
        copy.run("INSERT INTO nodes VALUES(4611686018427387904, 1, x'00')")
        copy.run("INSERT INTO nodes VALUES('level', 'number', 7)")
        assert not copy.verify().ok

    def test_flipped_pages_are_found_and_never_crash(self, copy: Copy) -> None:
        """Each page is turned over in turn. A page that holds nothing may stay unnoticed, so none may be free."""
        copy.run("VACUUM")
        good = copy.db.read_bytes()
        size = int.from_bytes(good[16:18], "big")
        for at in range(0, len(good), size):
            page = bytes(byte ^ 0xFF for byte in good[at : at + size])
            copy.db.write_bytes(good[:at] + page + good[at + size :])
            assert not _verify_or_refuse(copy), f"page {at // size + 1}"

    def test_random_changes_never_crash_and_never_change_what_verifies(self, copy: Copy) -> None:
        copy.run("VACUUM")
        good = bytearray(copy.db.read_bytes())
        before = copy.rows("SELECT seq, body FROM entries")
        chance = random.Random(7)
        for _ in range(60):
            spoilt = bytearray(good)
            for _ in range(chance.choice((1, 1, 8))):
                spoilt[chance.randrange(100, len(spoilt))] ^= 1 << chance.randrange(8)
            copy.db.write_bytes(spoilt)
            if _verify_or_refuse(copy):
                assert copy.rows("SELECT seq, body FROM entries") == before


@pytest.mark.parametrize("value", [b"bytes", 7, 1.5, None], ids=repr)
def test_a_checkpoint_that_is_no_text_is_held_by_no_key(value: object, copy: Copy) -> None:
    chain = KeyChain(evidence_of(Trust(copy.trust)).keys, [])
    assert chain.holds(1, value) is None
    assert chain.once_held(1, value) is None


def _verify_or_refuse(copy: Copy) -> bool:
    try:
        return copy.verify().ok
    except LogError:
        return False


def _sign_all(copy: Copy) -> None:
    """What an attacker without the key can do: every checkpoint anew, with a key of their own."""
    leaves = [bytes(leaf) for (leaf,) in copy.rows("SELECT leaf FROM entries ORDER BY seq")]  # type: ignore[call-overload]
    for size, note in copy.rows("SELECT size, note FROM checkpoints"):
        origin = read_checkpoint(str(note)).origin
        thief = new_signing_key(origin)
        head = Checkpoint(origin, int(str(size)), root_of(leaves[: int(str(size))]))
        copy.run("UPDATE checkpoints SET note=? WHERE size=?", head.sign(thief), size)


class TestWriter:
    """A writer does not sign over a log that was changed behind its back."""

    @pytest.mark.parametrize(
        "sql",
        [
            "UPDATE entries SET leaf=zeroblob(32) WHERE seq=20",
            "DELETE FROM entries WHERE seq>40",
            "DELETE FROM checkpoints WHERE size>40",
            "DELETE FROM checkpoints",
            "UPDATE checkpoints SET note='x' WHERE size=50",
            "INSERT INTO entries SELECT seq+1, body, leaf FROM entries WHERE seq=50",
        ],
    )
    def test_A6_it_refuses_to_append(self, copy: Copy, sql: str) -> None:
        copy.run(sql)
        with closing(Log.open(copy.paths)) as log, pytest.raises(LogDamaged):
            log.append("x", "", {})

    def test_a_changed_body_is_left_to_verification(self, copy: Copy) -> None:
        """Appending reads no old bodies; the change is still named afterwards."""
        copy.run("UPDATE entries SET body=body || ' ' WHERE seq=20")
        with closing(Log.open(copy.paths)) as log:
            log.append("x", "", {})
        assert copy.verify().first_bad_seq == 20

    def test_a_tail_that_a_person_takes_in_verifies(self, copy: Copy) -> None:
        body = json.loads(copy.body(ENTRIES))
        text = json.dumps({**body, "seq": ENTRIES + 1}, separators=(",", ":"), sort_keys=True)
        copy.run("INSERT INTO entries VALUES(?,?,?)", ENTRIES + 1, text, leaf_hash(text.encode()))
        assert copy.verify().unsigned_tail == 1
        with closing(Log.open(copy.paths)) as log:
            assert log.accept_tail() == 1
            assert log.accept_tail() == 0
            assert next(iter(log.entries(kinds=["tail.accepted"]))).body == {"first_seq": ENTRIES + 1, "count": 1}
        assert copy.verify().ok


def test_evidence_may_be_the_key_alone(copy: Copy) -> None:
    """Without a last-seen checkpoint a cut tail is a shorter log: only what was seen or witnessed can tell."""
    copy.run("DELETE FROM entries WHERE seq>20")
    copy.run("DELETE FROM checkpoints WHERE size>20")
    evidence = evidence_of(Trust(copy.trust))
    for number in range(21, SINGLES, 3):  # with its contents, which would betray it
        copy.run("DELETE FROM blobs WHERE data=?", f"content {number}".encode())
    result = verify(copy.db, Evidence(evidence.keys))
    assert result.ok
    assert "would not be missed" in result.notes[0]
    assert not verify(copy.db, evidence).ok
