"""`assistant log`: what it prints, where, and with which exit code."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from assistant.cli import COMMANDS
from assistant.cli import main as run

from .conftest import ENTRIES, Copy
from .test_views import one_turn, open_task

Answer = tuple[int, str, str]
Command = Callable[..., Answer]


@pytest.fixture
def assistant(copy: Copy, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command line in the home of the copied log; returns exit code, stdout, stderr."""
    monkeypatch.setenv("ASSISTANT_HOME", str(copy.home))

    def command(*words: str) -> Answer:
        try:
            code = run(list(words))
        except SystemExit as leave:  # argparse
            code = int(str(leave.code))
        told = capsys.readouterr()
        return code, told.out, told.err

    return command


class TestVerify:
    def test_a_log_that_is_right_gives_0(self, assistant: Command) -> None:
        code, out, err = assistant("log", "verify")
        assert (code, out.splitlines()[0], err) == (0, "verified", "")

    def test_one_changed_byte_gives_7_and_names_the_entry(self, assistant: Command, copy: Copy) -> None:
        copy.run("UPDATE entries SET body=replace(body, '\"number\":6', '\"number\":5') WHERE seq=7")
        code, out, _ = assistant("log", "verify")
        assert (code, out.splitlines()[0]) == (7, "first_bad_seq=7")

    def test_an_unsigned_tail_is_told_apart(self, assistant: Command, copy: Copy) -> None:
        copy.run("DELETE FROM checkpoints WHERE size=?", ENTRIES)
        code, out, _ = assistant("log", "verify")
        assert (code, out.splitlines()[0]) == (7, "unsigned_tail=10")

    def test_json_is_one_object(self, assistant: Command, copy: Copy) -> None:
        code, out, _ = assistant("log", "verify", "--json")
        found = json.loads(out)
        assert (code, found["ok"], found["entries"], found["first_bad_seq"]) == (0, True, ENTRIES, None)
        copy.run("DELETE FROM entries WHERE seq=9")
        code, out, _ = assistant("log", "verify", "--json")
        found = json.loads(out)
        assert (code, found["ok"], found["first_bad_seq"], found["verdict"]) == (7, False, 9, "first_bad_seq=9")

    def test_another_log_with_its_trust_folder_or_key(
        self, assistant: Command, copy: Copy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _, key, _ = assistant("log", "checkpoint", "--vkey")
        monkeypatch.setenv("ASSISTANT_HOME", str(tmp_path / "elsewhere"))
        assert assistant("log", "verify", "--db", str(copy.db), "--trust", str(copy.trust))[0] == 0
        assert assistant("log", "verify", "--db", str(copy.db), "--vkey", key.strip())[0] == 0
        code, out, err = assistant("log", "verify", "--db", str(copy.db))
        assert code == 7
        assert "no key is known" in err
        assert out == "unverifiable\n"
        assert not (tmp_path / "elsewhere").exists()

    def test_what_can_not_be_verified_is_usage(self, assistant: Command, tmp_path: Path) -> None:
        assert assistant("log", "verify", "--db", str(tmp_path / "nothing"))[0] == 2
        assert assistant("log", "verify", "--trust", str(tmp_path / "nothing"))[0] == 2
        assert assistant("log", "verify", "--vkey", "nonsense")[0] == 2
        assert assistant("log", "verify", "--frob")[0] == 2

    def test_a_newer_log_is_refused_clearly(self, assistant: Command, copy: Copy) -> None:
        copy.run("PRAGMA user_version=99")
        code, out, err = assistant("log", "verify")
        assert (code, out) == (7, "unverifiable\n")
        assert "newer version" in err
        found = json.loads(assistant("log", "verify", "--json")[1])
        assert (found["ok"], found["verdict"]) == (False, "unverifiable")
        assert "newer version" in found["problems"][0]

    @pytest.mark.parametrize("name", ["log.vkey", "last-checkpoint"])
    def test_a_damaged_trust_folder_is_damage(self, assistant: Command, copy: Copy, name: str) -> None:
        (copy.trust / name).write_text("nonsense\n")
        code, out, err = assistant("log", "verify")
        assert (code, out.splitlines()[0]) == (7, "damaged")
        assert "damaged" in err

    @pytest.mark.parametrize("spoil", ["DELETE FROM entries", "DROP TABLE entries", ""])
    def test_whoever_was_given_a_key_is_not_told_that_an_emptied_log_is_right(
        self, assistant: Command, copy: Copy, spoil: str
    ) -> None:
        key = assistant("log", "checkpoint", "--vkey")[1].strip()
        verify = ("log", "verify", "--db", str(copy.db), "--vkey", key)
        assert assistant(*verify)[0] == 0
        if spoil:
            copy.run(spoil)
            copy.run("DELETE FROM checkpoints")
        else:
            copy.db.write_bytes(b"")
        code, out, _ = assistant(*verify)
        assert (code, out.splitlines()[0]) == (7, "first_bad_seq=1")

    def test_what_the_system_will_not_read_is_unverifiable(self, assistant: Command) -> None:
        code, out, err = assistant("log", "verify", "--db", "x" * 300)
        assert (code, out) == (7, "unverifiable\n")
        assert "can't be read" in err

    def test_without_a_log_it_says_so(
        self, assistant: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ASSISTANT_HOME", str(tmp_path / "empty"))
        assert assistant("log", "verify") == (0, "there is no log yet\n", "")
        assert assistant("log", "list")[0] == 2
        assert not (tmp_path / "empty").exists()


class TestReading:
    def test_list_has_the_newest_last(self, assistant: Command) -> None:
        code, out, _ = assistant("log", "list", "--limit", "3", "--json")
        assert code == 0
        assert [json.loads(line)["seq"] for line in out.splitlines()] == [ENTRIES - 2, ENTRIES - 1, ENTRIES]
        assert len(assistant("log", "list", "--limit", "0")[1].splitlines()) == ENTRIES

    def test_filters_are_those_of_the_screen(self, assistant: Command, copy: Copy) -> None:
        from assistant.audit.log import Log

        with closing(Log.open(copy.paths)) as log:
            open_task(log, "feed")
            one_turn(log, "feed", "hello", "hi")
        for options, count in (
            (("--task", "fee"), 11),
            (("--task", "feed", "--tool", "write_file"), 4),
            (("--task", "feed", "--verdict", "ask"), 1),
            (("--host", "example.com"), 1),
            (("--path", "notes.md", "--kind", "outcome"), 1),
            (("--since", "1d", "--kind", "turn.finished"), 1),
            (("--until", "2020-01-01"), 0),
            (("--before", "4"), 3),
        ):
            assert len(assistant("log", "list", *options)[1].splitlines()) == count, options

    def test_search_and_show(self, assistant: Command) -> None:
        code, out, _ = assistant("log", "search", "content", "27")
        assert (code, len(out.splitlines())) == (0, 1)
        seq = out.split()[0]
        code, out, _ = assistant("log", "show", seq)
        assert code == 0
        assert "content 27" in out
        found = json.loads(assistant("log", "show", seq, "--json")[1])
        assert (found["seq"], found["contents"]) == (int(seq), {"message": "content 27"})

    @pytest.mark.parametrize(
        "words",
        [("list", "--task", "nothing"), ("list", "--since", "soon"), ("show", "999"), ("show", "x"), ("search",), ("prove", "999"), ("prove", "0"), ("consistency", "999"), ("consistency", "nofile"), ("checkpoint", "--size", "35"), ("erase", "999"), ("erase", "zz"), ("witness", "add", "zz")],
    )  # fmt: skip
    def test_what_is_not_there_is_usage(self, assistant: Command, words: tuple[str, ...]) -> None:
        code, out, err = assistant("log", *words)
        assert (code, out) == (2, "")
        assert err

    def test_reading_another_log_leaves_no_trace(self, assistant: Command, copy: Copy) -> None:
        before = sorted(p.name for p in copy.db.parent.iterdir())
        assert assistant("log", "list", "--db", str(copy.db))[0] == 0
        assert sorted(p.name for p in copy.db.parent.iterdir()) == before


class TestProofs:
    def test_a_proof_passes_the_calculator(self, assistant: Command) -> None:
        from assistant.audit.calculator import answer

        for seq in (1, 17, ENTRIES):
            code, out, _ = assistant("log", "prove", str(seq))
            assert code == 0
            assert answer(out)["ok"] is True
        code, out, _ = assistant("log", "prove", "3", "--size", "20")
        assert json.loads(out)["size"] == 20
        assert answer(out)["ok"] is True
        for old in ("1", "17", str(ENTRIES)):
            assert answer(assistant("log", "consistency", old)[1])["ok"] is True

    def test_an_older_checkpoint_is_proven_from_its_file(self, assistant: Command, tmp_path: Path) -> None:
        _, note, _ = assistant("log", "checkpoint", "--size", "20")
        (tmp_path / "old").write_text(note)
        found = json.loads(assistant("log", "consistency", str(tmp_path / "old"))[1])
        assert (found["first"], found["second"]) == (20, ENTRIES)
        lines = note.split("\n")
        (tmp_path / "old").write_text("\n".join([lines[0], "19", *lines[2:]]))
        assert assistant("log", "consistency", str(tmp_path / "old"))[0] == 7

    def test_a_damaged_log_gives_no_proof(self, assistant: Command, copy: Copy) -> None:
        copy.run("UPDATE entries SET leaf=zeroblob(32) WHERE seq=9")
        assert assistant("log", "prove", "3")[0] == 7


class TestKeeping:
    def test_erase_rotate_and_witness_are_entries_and_the_log_verifies(
        self, assistant: Command, tmp_path: Path
    ) -> None:
        assert assistant("log", "erase", "1", "--reason", "asked to")[1] == "erased 1 contents\n"
        assert assistant("log", "rotate-key")[0] == 0
        place = f"file:{tmp_path}/checkpoint"
        assert assistant("log", "witness", "add", place) == (0, f"{place}\n", "")
        code, out, _ = assistant("log", "witness", "send")
        assert (code, "has the checkpoint" in out) == (0, True)
        code, out, _ = assistant("log", "verify", "--witness", str(tmp_path / "checkpoint"))
        assert code == 0, out
        assert "1 erased" in out
        kinds = [
            json.loads(line)["kind"] for line in assistant("log", "list", "--limit", "2", "--json")[1].splitlines()
        ]
        assert kinds == ["erased", "key.rotated"]
        assert assistant("log", "witness", "remove", place)[0] == 0

    def test_a_whole_task_is_erased(self, assistant: Command) -> None:
        code, out, _ = assistant("log", "erase", "--task", "task1")
        assert (code, out) == (0, "erased 2 contents\n")
        assert assistant("log", "verify")[0] == 0
        assert assistant("log", "erase", "--task", "task1")[0] == 2
        assert assistant("log", "erase")[0] == 2
        assert assistant("log", "erase", "1", "--task", "task1")[0] == 2

    def test_report_and_export_write_files(self, assistant: Command, tmp_path: Path) -> None:
        assert assistant("log", "report", "--out", str(tmp_path / "r.html"))[0] == 0
        assert "Verified." in (tmp_path / "r.html").read_text(encoding="utf-8")
        assert assistant("log", "export", "--out", str(tmp_path / "e.jsonl"))[0] == 0
        assert len((tmp_path / "e.jsonl").read_text().splitlines()) == ENTRIES + 1
        assert len(assistant("log", "export", "--task", "task2")[1].splitlines()) == 8
        assert assistant("log", "report", "--out", str(tmp_path / "no" / "r.html"))[0] == 2


def test_every_command_has_help(assistant: Command) -> None:
    assert "log" in COMMANDS
    _, out, _ = assistant("log", "--help")
    for name in (
        "list",
        "show",
        "search",
        "verify",
        "checkpoint",
        "prove",
        "consistency",
        "export",
        "report",
        "erase",
        "witness",
        "rotate-key",
    ):
        assert name in out
        code, text, _ = assistant("log", name, "--help")
        assert (code, len(text) > 100) == (0, True)


def test_a_file_that_is_no_log_is_refused(assistant: Command, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        connection.execute("PRAGMA application_id=7")
        connection.execute("CREATE TABLE t(x)")
    assert assistant("log", "list", "--db", str(tmp_path / "x.db"))[0] == 7
