"""The commands that show a log, on one that somebody has spoilt: plain words and an exit code, never a traceback."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from assistant.cli import main as run

from .conftest import ENTRIES, Copy

_COMMANDS = (
    ["list"],
    ["list", "--json"],
    ["list", "--task", "task1"],
    ["show", "4"],
    ["show", "4", "--json"],
    ["search", "content"],
    ["search", "kind:intent", "read_file"],
    ["export", "--contents"],
    ["prove", "4"],
    ["consistency", "7"],
    ["checkpoint"],
    ["report", "--out", "report.html"],
)


def _put_a_view(copy: Copy) -> None:
    copy.run("ALTER TABLE entries RENAME TO other")
    copy.run("CREATE VIEW entries AS SELECT seq, 7 AS body, 'x' AS leaf FROM other")


_SPOILT: dict[str, Callable[[Copy], None]] = {
    "a body of bytes": lambda copy: copy.run("UPDATE entries SET body=CAST(body AS BLOB) WHERE seq=4"),
    "a body that is a number": lambda copy: copy.run("UPDATE entries SET body='5' WHERE seq=4"),
    "a body that is no JSON": lambda copy: copy.run("UPDATE entries SET body='{\"blobs\":' WHERE seq=4"),
    "a leaf of text": lambda copy: copy.run("UPDATE entries SET leaf='leaf' WHERE seq=4"),
    "contents of text": lambda copy: copy.run("UPDATE blobs SET data=CAST(data AS TEXT)"),
    "contents of numbers": lambda copy: copy.run("UPDATE blobs SET data=7"),
    "a checkpoint of bytes": lambda copy: copy.run("UPDATE checkpoints SET note=CAST(note AS BLOB)"),
    "a checkpoint that is none": lambda copy: copy.run("UPDATE checkpoints SET note='hello'"),
    "an entry with the largest number": lambda copy: copy.run(
        "INSERT INTO entries SELECT 9223372036854775807, body, leaf FROM entries WHERE seq=?", ENTRIES
    ),
    "no entry": lambda copy: copy.run("DELETE FROM entries"),
    "no checkpoint": lambda copy: copy.run("DELETE FROM checkpoints"),
    "a view in a table's place": _put_a_view,
    "a time beyond all calendars": lambda copy: copy.run(
        "UPDATE entries SET body=replace(body, '\"time_ms\":1', '\"time_ms\":9999999999991') WHERE seq=4"
    ),
}


@pytest.mark.parametrize("spoil", _SPOILT.values(), ids=_SPOILT)
def test_each_command_answers_on_a_damaged_log(
    spoil: Callable[[Copy], None],
    copy: Copy,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    spoil(copy)
    monkeypatch.setenv("ASSISTANT_HOME", str(copy.home))
    monkeypatch.chdir(copy.home)
    for command in _COMMANDS:
        code = run(["log", *command])
        said = capsys.readouterr()
        assert code in (0, 2, 7), command
        assert "Traceback" not in said.err
        if code:
            assert said.err.startswith("assistant: "), command


@pytest.mark.parametrize("body", ["x'00'", "'hello'", "'{}'", "7"])
def test_the_rest_of_a_log_is_shown_around_an_entry_that_cannot_be_read(
    body: str, copy: Copy, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    copy.run(f"UPDATE entries SET body={body} WHERE seq=4")
    monkeypatch.setenv("ASSISTANT_HOME", str(copy.home))
    assert run(["log", "list", "--limit", "0"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == ENTRIES
    assert ["can't be read" in line for line in lines] == [n == 4 for n in range(1, ENTRIES + 1)]
    assert run(["log", "list", "--limit", "0", "--since", "1h"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == ENTRIES - 1
