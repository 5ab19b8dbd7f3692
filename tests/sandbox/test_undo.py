"""The store of what applied sets replaced."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.errors import StageError
from assistant.sandbox.stage import undo
from tests.sandbox.places import open_place


async def test_sets_are_taken_back_newest_first_or_by_name(tmp_path: Path) -> None:
    async with open_place(tmp_path) as place:
        ids: list[str] = []
        for n in range(3):
            await place.sh(f"echo {n} > f")
            ids.append(place.stage.apply().undo_id)
        assert [name for name, _, _ in place.stage.undoable()] == ids[::-1]
        place.stage.undo()
        assert (place.folder / "f").read_text() == "1\n"
        assert place.stage.undo(ids[0]).conflicts[0].path == "f"
        assert (place.folder / "f").read_text() == "1\n"


async def test_a_set_that_does_not_exist_is_said_so(tmp_path: Path) -> None:
    async with open_place(tmp_path) as place:
        with pytest.raises(StageError, match="nothing was applied"):
            place.stage.undo()
        with pytest.raises(StageError, match="no applied set `x`"):
            place.stage.undo("x")


async def test_the_store_is_bounded_and_the_report_says_what_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(undo.UndoStore.trim, "__defaults__", (100_000, 3))
    async with open_place(tmp_path) as place:
        (place.folder / "f").write_bytes(b"x" * 40_000)
        notes: list[str] = []
        for n in range(5):
            await place.sh(f"head -c 40000 /dev/zero | tr '\\0' {n} > f")
            notes.append(place.stage.apply().note)
        assert len(place.stage.undoable()) == 2
        assert any("can no longer be undone" in note for note in notes)
        (place.folder / "huge").write_bytes(b"x" * 200_000)
        await place.sh("rm huge")
        report = place.stage.apply()
        assert report.undo_id == ""
        assert "can't be undone" in report.note
        assert not (place.folder / "huge").exists()


async def test_deleted_folders_come_back_with_everything_in_them(tmp_path: Path) -> None:
    async with open_place(tmp_path) as place:
        (place.folder / "d/e").mkdir(parents=True)
        (place.folder / "d/e/f").write_text("f")
        (place.folder / "d/l").symlink_to("e/f")
        (place.folder / "d").chmod(0o750)
        await place.sh("rm -r d")
        place.stage.apply()
        assert not (place.folder / "d").exists()
        place.stage.undo()
        assert (place.folder / "d/l").read_text() == "f"
        assert (place.folder / "d").stat().st_mode & 0o777 == 0o750


async def test_a_created_folder_with_a_persons_file_in_it_stays(tmp_path: Path) -> None:
    async with open_place(tmp_path) as place:
        await place.sh("mkdir n; echo x > n/x")
        place.stage.apply()
        (place.folder / "n/own").write_text("own")
        report = place.stage.undo()
        assert (place.folder / "n/own").exists()
        assert not (place.folder / "n/x").exists()
        assert [c.path for c in report.conflicts] == ["n"]
