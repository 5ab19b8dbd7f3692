"""Parts of a staged file: hunks applied and dropped, the person's own edit, conflicts merged."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import StageError
from assistant.sandbox.protocol import Hunks
from assistant.sandbox.stage import hunks
from assistant.sandbox.stage.merge import has_markers, joined, merge, with_markers
from tests.sandbox.places import Place, open_place

OLD = "".join(f"line {n}\n" for n in range(1, 41))
EDIT = "sed -i -e 's/^line 2$/line two/' -e 's/^line 20$/line twenty/' -e 's/^line 38$/line thirty-eight/' "
PAD = "".join(f"\t# {n}\n" for n in range(12))
GIT = f"[user]\n\tname = a\n{PAD}\tx = !id\n"


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    """A file of 40 lines of which the task changed three, far from each other."""
    work = tmp_path / "work"
    work.mkdir()
    (work / "a").write_text(OLD)
    (work / ".envrc").write_text(OLD)
    (work / ".git").mkdir()
    (work / ".git/config").write_text(GIT)
    (work / "bin").write_bytes(b"\0a\n")
    (work / "gone").write_text("x\n")
    async with open_place(tmp_path) as place:
        await place.sh(EDIT + "a")
        place.changes()  # as after every call: what is written from now on, nobody of the task has read
        yield place


def chosen(place: Place, *numbers: int, path: str = "a") -> Hunks:
    """These hunks of the file as it is shown now."""
    change = place.changes()[path]
    return Hunks(path, numbers, change.before_sha256, change.after_sha256)


def real(place: Place, path: str = "a") -> str:
    return (place.folder / path).read_text()


class TestApplyingHunks:
    async def test_one_hunk_reaches_the_real_file_and_the_rest_stays_staged(self, place: Place) -> None:
        report = place.stage.apply_hunks(chosen(place, 2))
        assert real(place) == OLD.replace("line 20\n", "line twenty\n")
        assert [c.path for c in report.applied] == ["a"]
        left = place.stage.diff("a")
        assert left.count("@@ -") == 2
        assert "twenty" not in left
        await place.sh("grep -q 'line two' a && grep -q 'line twenty' a")  # the task goes on with its own file

    async def test_hunks_one_after_the_other_end_as_the_whole(self, place: Place) -> None:
        for _ in range(3):
            place.stage.apply_hunks(chosen(place, 1))
        assert place.kinds() == {}
        assert "line two\n" in real(place)
        assert "thirty-eight" in real(place)

    async def test_it_is_a_set_of_its_own_and_undo_puts_the_hunk_back_on_the_stage(self, place: Place) -> None:
        whole = place.stage.diff("a")
        first = place.stage.apply_hunks(chosen(place, 1))
        second = place.stage.apply_hunks(chosen(place, 2))
        assert [s[0] for s in place.stage.undoable()] == [second.undo_id, first.undo_id]
        place.stage.undo()
        place.stage.undo()
        assert real(place) == OLD
        assert place.stage.diff("a") == whole
        assert place.stage.conflicts() == {}
        assert place.stage.apply().conflicts == ()

    async def test_S6_a_real_file_that_changed_meanwhile_is_a_conflict_and_left_alone(self, place: Place) -> None:
        one = chosen(place, 2)
        (place.folder / "a").write_text("mine\n")
        report = place.stage.apply_hunks(one)
        assert [c.path for c in report.conflicts] == ["a"]
        assert report.applied == ()
        assert real(place) == "mine\n"

    async def test_a_file_that_the_task_changed_since_it_was_shown_is_refused(self, place: Place) -> None:
        one = chosen(place, 2)
        await place.sh("echo more >> a")
        with pytest.raises(StageError, match="changed since you looked"):
            place.stage.apply_hunks(one)
        assert real(place) == OLD

    async def test_a_number_that_no_hunk_has_is_refused(self, place: Place) -> None:
        for number in (0, 4, -1):
            with pytest.raises(StageError, match="no hunk"):
                place.stage.apply_hunks(chosen(place, number))

    async def test_the_mode_belongs_to_no_hunk(self, place: Place) -> None:
        await place.sh("chmod +x a")
        place.stage.apply_hunks(chosen(place, 1))
        assert not os.access(place.folder / "a", os.X_OK)
        assert place.changes()["a"].after_mode == 0o755

    async def test_what_is_held_as_a_whole_is_held_in_parts(self, place: Place) -> None:
        await place.sh(EDIT + ".envrc")
        one = chosen(place, 1, path=".envrc")
        report = place.stage.apply_hunks(one)
        assert [c.path for c in report.held] == [".envrc"]
        assert real(place, ".envrc") == OLD
        assert place.stage.apply_hunks(one, allow_held=True).applied

    async def test_a_part_that_would_run_code_is_held_although_the_whole_would_not(self, place: Place) -> None:
        # The whole change makes the alias harmless in its second hunk; the first alone makes it an alias.
        after = f"[alias]\n\tname = a\n{PAD}\tx = log\n"
        await place.sh(f"cat > .git/config <<'END'\n{after}END\n")
        change = place.changes()[".git/config"]
        assert not change.held
        report = place.stage.apply_hunks(chosen(place, 1, path=".git/config"))
        assert [c.path for c in report.held] == [".git/config"]
        assert real(place, ".git/config") == GIT

    async def test_new_deleted_and_binary_files_have_no_parts(self, place: Place) -> None:
        await place.sh("echo n > new; rm gone; printf '\\0b\\n' > bin")
        for path in ("new", "gone", "bin"):
            with pytest.raises(StageError, match="parts"):
                place.stage.apply_hunks(chosen(place, 1, path=path))


class TestDroppingHunks:
    async def test_the_hunk_leaves_the_staged_file_and_the_others_stay(self, place: Place) -> None:
        place.stage.drop_hunks(chosen(place, 2))
        assert "twenty" not in place.stage.diff("a")
        assert place.stage.diff("a").count("@@ -") == 2
        assert real(place) == OLD
        await place.sh("grep -q 'line 20' a && grep -q 'line two' a")  # and a program sees it

    async def test_dropping_all_of_them_leaves_no_change(self, place: Place) -> None:
        place.stage.drop_hunks(chosen(place, 1, 2, 3))
        assert place.kinds() == {}

    async def test_mode_and_owner_of_the_staged_file_stay(self, place: Place) -> None:
        await place.sh("chmod 750 a")
        place.stage.drop_hunks(chosen(place, 1))
        assert place.changes()["a"].after_mode == 0o750
        await place.sh("echo more >> a")  # the room's user can still write it


class TestThePersonsEdit:
    async def test_it_becomes_the_staged_file(self, place: Place) -> None:
        seen = place.stage.sides("a")
        place.stage.write(seen, seen.staged + b"by hand\n")
        await place.sh("grep -q 'by hand' a")
        assert real(place) == OLD
        place.stage.apply()
        assert real(place).endswith("by hand\n")

    async def test_nothing_is_lost_when_the_task_wrote_meanwhile(self, place: Place) -> None:
        seen = place.stage.sides("a")
        await place.sh("echo newer >> a")
        with pytest.raises(StageError, match="look at it again"):
            place.stage.write(seen, b"by hand\n")
        assert place.stage.sides("a").staged.endswith(b"newer\n")

    async def test_S8_it_waits_for_running_programs_and_says_so(self, place: Place) -> None:
        from assistant.sandbox.protocol import Command

        process = await place.room.start(Command(("sleep", "60")))
        seen = place.stage.sides("a")
        with pytest.raises(StageError, match="programs of this task are running"):
            place.stage.write(seen, b"x")
        await process.stop()
        place.stage.write(seen, b"x")

    async def test_a_new_file_is_edited_and_a_deleted_one_is_not(self, place: Place) -> None:
        await place.sh("mkdir n; echo 1 > n/new; rm a")
        place.stage.write(place.stage.sides("n/new"), b"2\n")
        assert place.kinds() == {"a": "deleted", "n": "created", "n/new": "created"}
        assert place.stage.sides("n/new").staged == b"2\n"
        with pytest.raises(StageError, match="no text"):
            place.stage.sides("a")


class TestConflicts:
    async def test_they_are_known_before_anything_is_applied(self, place: Place) -> None:
        assert place.stage.conflicts() == {}
        (place.folder / "a").write_text(OLD.replace("line 10\n", "line ten\n"))
        assert place.stage.conflicts() == {"a": "it was changed meanwhile"}
        (place.folder / "a").unlink()
        assert place.stage.conflicts() == {"a": "it was deleted since the task changed it"}

    async def test_touching_the_real_file_is_none(self, place: Place) -> None:
        os.utime(place.folder / "a")
        assert place.stage.conflicts() == {}

    async def test_three_sides_are_known_although_the_real_file_is_another_now(self, place: Place) -> None:
        place.changes()
        mine = OLD.replace("line 10\n", "line ten\n")
        (place.folder / "a").write_text(mine)
        sides = place.stage.sides("a")
        assert sides.base == OLD.encode()
        assert sides.mine == mine.encode()
        assert b"line twenty\n" in sides.staged

    async def test_a_merge_is_staged_and_then_applies_without_a_question(self, place: Place) -> None:
        (place.folder / "a").write_text(OLD.replace("line 10\n", "line ten\n"))
        sides = place.stage.sides("a")
        assert sides.base is not None
        assert sides.mine is not None
        regions = merge(sides.base.decode(), sides.mine.decode(), sides.staged.decode())
        assert all(r.settled is not None for r in regions), "changes far from each other don't clash"
        place.stage.write(sides, joined(regions, ()).encode(), merged=True)
        assert place.stage.conflicts() == {}
        report = place.stage.apply()
        assert report.conflicts == ()
        for words in ("line two\n", "line ten\n", "line twenty\n"):
            assert words in real(place)
        place.stage.undo()
        assert real(place) == OLD.replace("line 10\n", "line ten\n"), "undo gives back the person's own file"

    async def test_a_merge_to_ones_own_text_leaves_nothing_staged(self, place: Place) -> None:
        (place.folder / "a").write_text("mine\n")
        place.stage.write(place.stage.sides("a"), b"mine\n", merged=True)
        assert place.kinds() == {}

    async def test_a_real_file_that_changes_once_more_is_looked_at_again(self, place: Place) -> None:
        (place.folder / "a").write_text("mine\n")
        sides = place.stage.sides("a")
        (place.folder / "a").write_text("mine again\n")
        with pytest.raises(StageError, match="look at it again"):
            place.stage.write(sides, b"merged\n", merged=True)

    async def test_after_a_file_was_deleted_by_the_person_the_staged_one_can_be_kept(self, place: Place) -> None:
        (place.folder / "a").unlink()
        sides = place.stage.sides("a")
        assert sides.mine is None
        place.stage.write(sides, sides.staged, merged=True)
        assert place.kinds() == {"a": "created"}
        assert place.stage.apply().conflicts == ()
        assert "line two\n" in real(place)

    async def test_an_unsure_base_is_not_offered_for_merging(self, tmp_path: Path) -> None:
        work = tmp_path / "work"
        work.mkdir()
        (work / "a").write_text(OLD)
        async with open_place(tmp_path) as place:
            process = await place.room.start(_writing_later())
            try:
                (work / "a").write_text("saved while the program ran\n")
                await process.write(b"go\n")
                await _ended(process)
                assert place.stage.conflicts() == {"a": "it may have been changed while the task was reading it"}
                assert place.stage.sides("a").base is None
            finally:
                await process.stop()

    def test_what_is_kept_for_merging_goes_with_the_change(self, tmp_path: Path) -> None:
        from assistant.sandbox.stage.bases import Bases
        from assistant.sandbox.stage.index import Known
        from assistant.sandbox.stage.seen import look
        from assistant.sandbox.stage.tree import Tree

        (tmp_path / "a").write_text("one\n")
        with Tree(tmp_path) as tree:
            found = tree.lstat("a")
            assert found
            before = look(tree, "a", found)
            bases = Bases(tmp_path / "bases")
            bases.update({"a": Known(before, msgspec.structs.replace(before, sha256="0" * 64))}, tree)
            assert bases.get(before.sha256) == b"one\n"
            bases.update({}, tree)
            assert bases.get(before.sha256) is None
            assert os.listdir(tmp_path / "bases") == []


def _writing_later():  # type: ignore[no-untyped-def]
    from assistant.sandbox.protocol import Command

    return Command(("sh", "-c", "read x; echo task > a"))


async def _ended(process) -> None:  # type: ignore[no-untyped-def]
    import asyncio

    async with asyncio.timeout(30):
        while process.running:
            await asyncio.sleep(0.02)


LINES = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "\n", "x\x0cy\n", "z\u2028\r\n"]), max_size=30).map("".join)
TEXTS = st.tuples(LINES, st.sampled_from(["", "no end", "\r"])).map("".join)


class TestHunksAsText:
    @given(TEXTS, TEXTS)
    def test_all_hunks_are_the_new_text_and_every_choice_splits_it(self, old: str, new: str) -> None:
        numbers = set(range(1, len(hunks.groups(hunks.lines_of(old), hunks.lines_of(new))) + 1))
        if not numbers:
            assert old == new
            return
        assert hunks.take(old, new, numbers) == new
        assert hunks.leave_out(old, new, numbers) == old
        for number in numbers:
            assert hunks.leave_out(old, new, {number}) == (
                hunks.take(old, new, numbers - {number}) if len(numbers) > 1 else old
            )


class TestMerging:
    @given(TEXTS, TEXTS, TEXTS)
    def test_each_side_chosen_everywhere_keeps_what_only_the_other_changed(
        self, base: str, mine: str, new: str
    ) -> None:
        regions = merge(base, mine, new)
        clashes = sum(1 for r in regions if r.settled is None)
        if not clashes:
            joined(regions, ())
        assert [r for r in merge(base, base, new) if r.settled is None] == []
        assert joined(merge(base, base, new), ()) == new
        assert joined(merge(base, mine, base), ()) == mine
        assert joined(merge(base, mine, mine), ()) == mine
        for region in regions:
            if region.settled is None:
                assert region.mine != region.staged

    @given(TEXTS, TEXTS)
    def test_without_a_base_all_of_one_side_is_that_side(self, mine: str, new: str) -> None:
        regions = merge(None, mine, new)
        clashes = sum(1 for r in regions if r.settled is None)
        assert joined(regions, ["mine"] * clashes) == mine or not mine.endswith("\n")
        assert joined(regions, ["staged"] * clashes) == new or not new.endswith("\n")

    def test_a_clash_is_marked_as_editors_know_it(self) -> None:
        regions = merge("a\nb\nc\n", "a\nB\nc\n", "a\nbb\nc\n")
        text = with_markers(regions)
        assert text == ("a\n<<<<<<< yours\nB\n||||||| before\nb\n=======\nbb\n>>>>>>> staged\nc\n")
        assert has_markers(text)
        assert not has_markers(joined(regions, ["both"]))
        assert joined(regions, ["both"]) == "a\nB\nbb\nc\n"
