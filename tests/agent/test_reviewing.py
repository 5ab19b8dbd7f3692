"""Hunks, edits and merges as a person's acts: judged, recorded, undoable. A real log, real policies, a real (copied) stage."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.agent.reviewing import joined, merged_regions
from assistant.errors import LogError, NeedsPerson
from assistant.sandbox.fake import FakeSandbox
from assistant.sandbox.protocol import Hunks
from assistant.sandbox.stage.place import find_place
from assistant.types import Change
from tests.agent.world import World

OLD = "".join(f"line {n}\n" for n in range(1, 31))
NEW = OLD.replace("line 2\n", "line two\n").replace("line 25\n", "line 25!\n")


class Staged(World):
    """A session whose task changed two lines of `a.txt`."""

    def __init__(self, folder: Path, top: Path) -> None:
        super().__init__(folder)
        (folder / "a.txt").write_text(OLD)
        stages = top / "stages"
        self.stage = FakeSandbox().stage("0000task", folder, stages)  # type: ignore[assignment]
        self.stage.refresh()  # type: ignore[attr-defined]
        (find_place("0000task", folder, stages).copy / "a.txt").write_text(NEW)

    async def chosen(self, *numbers: int) -> Hunks:
        change: Change = next(c for c in await self.session.changes() if c.path == "a.txt")
        return Hunks("a.txt", numbers, change.before_sha256, change.after_sha256)


@pytest.fixture
def staged(folder: Path, tmp_path: Path) -> Staged:
    return Staged(folder, tmp_path)


async def test_a_hunk_is_applied_as_an_approval_in_the_log_and_taken_back(staged: Staged) -> None:
    report = await staged.session.review.apply_hunks(await staged.chosen(2))
    assert (staged.folder / "a.txt").read_text() == OLD.replace("line 25\n", "line 25!\n")
    assert staged.kinds() == ["intent", "decision", "approval", "stage.apply"]
    entry = list(staged.log.entries())[-1]
    assert entry.body["hunks"] == [2]
    assert entry.body["undo_id"] == report.undo_id
    diff = staged.log.blob(entry.blob_hashes()[0])
    assert diff is not None
    assert b"line 25!" in diff
    assert b"line two" not in diff, "only what was applied"
    await staged.session.undo(report.undo_id)
    assert (staged.folder / "a.txt").read_text() == OLD
    assert "line two" in await staged.session.diff("a.txt")


async def test_the_action_names_what_is_written_not_what_is_staged(staged: Staged) -> None:
    one = await staged.session.review.apply_hunks(await staged.chosen(1))
    first = next(iter(staged.log.entries())).body["digest"]
    await staged.session.undo(one.undo_id)
    await staged.session.review.apply_hunks(await staged.chosen(2))
    second = [e for e in staged.log.entries() if e.kind == "intent"][-1].body["digest"]
    assert first != second


async def test_a_boundary_holds_for_a_hunk_too(staged: Staged) -> None:
    await staged.session.add_boundary(staged.session.propose_boundary("never touch a.txt"))
    with pytest.raises(NeedsPerson, match="forbids"):
        await staged.session.review.apply_hunks(await staged.chosen(1))
    assert (staged.folder / "a.txt").read_text() == OLD


async def test_G3_nothing_is_written_when_the_log_cant_be(staged: Staged, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = await staged.chosen(1)

    def full(*_: object, **__: object) -> object:
        raise LogError("the disk is full")

    monkeypatch.setattr(staged.log, "append_many", full)
    with pytest.raises(LogError):
        await staged.session.review.apply_hunks(chosen)
    assert (staged.folder / "a.txt").read_text() == OLD


async def test_dropping_a_hunk_is_recorded_by_number(staged: Staged) -> None:
    await staged.session.review.drop_hunks(await staged.chosen(1))
    assert "line two" not in await staged.session.diff("a.txt")
    entry = list(staged.log.entries())[-1]
    assert (entry.kind, entry.body["hunks"]) == ("stage.drop", [1])


async def test_an_edit_is_a_staged_change_by_the_person(staged: Staged) -> None:
    sides = await staged.session.review.sides("a.txt")
    await staged.session.review.write(sides, b"by hand\n")
    assert "+by hand" in await staged.session.diff("a.txt")
    entry = list(staged.log.entries())[-1]
    assert (entry.kind, entry.body["path"], entry.body["channel"]) == ("stage.edit", "a.txt", "key")
    assert staged.log.blob(entry.blob_hashes()[0]) == b"by hand\n"


async def test_a_conflict_is_merged_from_three_sides(staged: Staged) -> None:
    await staged.session.changes()
    mine = OLD.replace("line 12\n", "line twelve\n").replace("line 25\n", "line 25?\n")
    (staged.folder / "a.txt").write_text(mine)
    assert list(await staged.session.review.conflicts()) == ["a.txt"]
    sides = await staged.session.review.sides("a.txt")
    regions = merged_regions(sides)
    assert regions is not None
    clashes = [r for r in regions if r.settled is None]
    assert [(r.base, r.mine, r.staged) for r in clashes] == [(("line 25\n",), ("line 25?\n",), ("line 25!\n",))]
    await staged.session.review.write(sides, joined(regions, ["mine"]).encode(), merged=True)
    assert (await staged.session.apply()).conflicts == ()
    assert (staged.folder / "a.txt").read_text() == mine.replace("line 2\n", "line two\n")
