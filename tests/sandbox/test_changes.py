"""What a call did is the difference of two lists of changes."""

from __future__ import annotations

from assistant.sandbox.stage.changes import changes_between, split_renames
from assistant.types import Change

MOVED = Change("b", "renamed", old_path="a", before_sha256="1" * 64, after_sha256="1" * 64, size_bytes=6)


def told(changes: list[Change]) -> list[tuple[str, str, str]]:
    return [(c.path, c.kind, c.old_path) for c in changes]


def test_a_file_that_moved_is_one_change() -> None:
    assert told(changes_between({}, split_renames([MOVED]))) == [("b", "renamed", "a")]


def test_a_file_that_moved_back_is_one_change() -> None:
    assert told(changes_between(split_renames([MOVED]), {})) == [("a", "renamed", "b")]


def test_a_rename_that_an_earlier_call_did_is_not_told_again() -> None:
    created = Change("c", "created", after_sha256="2" * 64, size_bytes=3)
    assert told(changes_between(split_renames([MOVED]), split_renames([MOVED, created]))) == [("c", "created", "")]
