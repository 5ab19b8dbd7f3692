"""The stage over an overlay: what is told of changes, and the odd things that folders hold."""

from __future__ import annotations

import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from assistant.sandbox.stage.overlay import OverlayLayer
from tests.sandbox.places import Place, open_place


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    work = tmp_path / "work"
    (work / "old" / "deep").mkdir(parents=True)
    (work / "old/f").write_text("f\n")
    (work / "old/deep/g").write_text("g\n")
    (work / "a").write_text("a\n")
    async with open_place(tmp_path) as place:
        yield place


class TestWhatCounts:
    async def test_a_file_that_was_only_touched_is_no_change(self, place: Place) -> None:
        await place.sh("touch a; exec 3>>a; cat a >/dev/null")
        assert place.kinds() == {}

    async def test_a_file_that_was_changed_back_is_no_change(self, place: Place) -> None:
        await place.sh("echo b > a; echo a > a")
        assert place.kinds() == {}

    async def test_a_file_that_came_and_went_is_no_change(self, place: Place) -> None:
        await place.sh("echo x > x; rm x")
        assert place.kinds() == {}

    async def test_a_folder_that_was_deleted_and_made_again_tells_exactly_what_differs(self, place: Place) -> None:
        await place.sh("rm -r old; mkdir old; echo f > old/f; echo n > old/n")
        assert place.kinds() == {"old/deep": "deleted", "old/deep/g": "deleted", "old/n": "created"}

    async def test_a_file_in_place_of_a_folder_and_the_reverse(self, place: Place) -> None:
        await place.sh("rm -r old; echo x > old; rm a; mkdir a; echo y > a/y")
        assert place.kinds() == {
            "a": "changed", "a/y": "created", "old": "changed", "old/deep": "deleted", "old/deep/g": "deleted",
            "old/f": "deleted",
        }  # fmt: skip
        report = place.stage.apply()
        assert report.conflicts == ()
        assert report.failed == ()
        assert (place.folder / "old").read_text() == "x\n"
        assert (place.folder / "a/y").read_text() == "y\n"
        place.stage.undo()
        assert (place.folder / "old/deep/g").read_text() == "g\n"
        assert (place.folder / "a").read_text() == "a\n"

    async def test_a_link_that_leads_elsewhere_now(self, place: Place) -> None:
        (place.folder / "l").symlink_to("a")
        await place.sh("ln -sfn old/f l")
        assert place.kinds() == {"l": "link"}
        assert "old/f (was to a)" in place.stage.diff("l")

    async def test_an_attribute_that_pretends_to_be_the_overlays_own_hides_nothing(self, place: Place) -> None:
        await place.sh(
            "python3 -c \"import os\nfor n,v in (('opaque',b'y'),('whiteout',b'y'),('redirect',b'/etc'),('metacopy',b'')):\n"
            "    try: os.setxattr('old','user.overlay.'+n,v)\n    except OSError: pass\""
        )
        assert place.kinds() == {}


class TestRenames:
    async def test_moving_a_folder_that_was_there_falls_back_to_copying(self, place: Place) -> None:
        await place.sh("mv old new")
        kinds = place.kinds()
        assert kinds == {
            "new": "created", "new/deep": "created", "new/f": "renamed", "new/deep/g": "renamed", "old": "deleted",
            "old/deep": "deleted",
        }  # fmt: skip
        place.stage.apply()
        assert (place.folder / "new/deep/g").read_text() == "g\n"
        assert not (place.folder / "old").exists()

    async def test_a_bare_rename_of_a_folder_that_was_there_says_that_it_crosses_a_device(self, place: Place) -> None:
        done = await place.sh("python3 -c \"import os; os.rename('old', 'new')\"", status=1)
        assert b"Invalid cross-device link" in done.stderr

    async def test_pythons_move_and_a_new_folder_are_no_trouble(self, place: Place) -> None:
        await place.sh("python3 -c \"import shutil; shutil.move('old', 'new')\"; mkdir x; echo 1 > x/1; mv x y")
        assert "y/1" in place.kinds()

    async def test_git_moves_files_of_a_folder_that_was_there(self, place: Place) -> None:
        await place.sh("git init -q . && git add -A && mkdir new && git mv old/f new/f && [ -f new/f ]")
        assert place.kinds()["new/f"] == "renamed"

    async def test_equal_files_are_paired_by_name(self, place: Place) -> None:
        for name in ("one", "two"):
            (place.folder / name).mkdir()
            (place.folder / name / f"{name}.txt").write_text("same")
        await place.sh("mkdir z; mv one/one.txt two/two.txt z/")
        changes = place.changes()
        assert changes["z/one.txt"].old_path == "one/one.txt"
        assert changes["z/two.txt"].old_path == "two/two.txt"


class TestLinksAndModes:
    async def test_a_new_name_of_a_file_becomes_a_hard_link_when_applied(self, place: Place) -> None:
        await place.sh("ln a b; echo x > c; ln c d")
        changes = place.changes()
        assert (changes["b"].kind, changes["b"].old_path) == ("link", "a")
        assert (changes["d"].kind, changes["d"].old_path) == ("link", "c")
        place.stage.apply()
        assert (place.folder / "a").samefile(place.folder / "b")
        assert (place.folder / "c").samefile(place.folder / "d")

    async def test_undo_gives_back_the_very_file_with_its_other_names(self, place: Place) -> None:
        (place.folder / "twin").hardlink_to(place.folder / "a")
        inode = (place.folder / "a").stat().st_ino
        await place.sh("echo changed > a")
        place.stage.apply()
        assert (place.folder / "twin").read_text() == "a\n"
        place.stage.undo()
        assert (place.folder / "a").stat().st_ino == inode
        assert (place.folder / "a").samefile(place.folder / "twin")

    async def test_modes_of_files_and_folders_are_applied_and_taken_back(self, place: Place) -> None:
        (place.folder / "a").chmod(0o640)
        await place.sh("chmod 700 old; chmod 755 a")
        assert place.kinds() == {"a": "mode", "old": "mode"}
        place.stage.apply()
        assert stat.S_IMODE((place.folder / "old").stat().st_mode) == 0o700
        assert stat.S_IMODE((place.folder / "a").stat().st_mode) == 0o755
        place.stage.undo()
        assert stat.S_IMODE((place.folder / "a").stat().st_mode) == 0o640
        assert stat.S_IMODE((place.folder / "old").stat().st_mode) == 0o755

    async def test_times_of_applied_files_are_the_stages(self, place: Place) -> None:
        await place.sh("echo x > x; touch -d 2001-02-03 x")
        place.stage.apply()
        assert int((place.folder / "x").stat().st_mtime) == 981158400

    async def test_pipes_sockets_and_devices_are_never_applied(self, place: Place) -> None:
        await place.sh("mkfifo p; python3 -c \"import socket; socket.socket(socket.AF_UNIX).bind('s')\"")
        changes = place.changes()
        assert {c.type for c in changes.values()} == {"fifo", "socket"}
        report = place.stage.apply(allow_held=True)
        assert report.applied == ()
        assert len(report.held) == 2
        assert not (place.folder / "p").exists()


class TestOddFiles:
    async def test_names_with_newlines_and_bytes_that_are_no_utf8(self, place: Place) -> None:
        await place.sh("touch \"$(printf 'a\\nb')\" \"$(printf 'x\\377y')\" ' ' -- '-n' '*' 名")
        place.stage.apply()
        names = set(os.listdir(os.fsencode(place.folder)))
        assert {b"a\nb", b"x\xffy", b" ", b"-n", b"*", "名".encode()} <= names
        place.stage.undo()
        assert b"x\xffy" not in os.listdir(os.fsencode(place.folder))

    async def test_a_folder_whose_path_has_commas_colons_and_backslashes(self, tmp_path: Path) -> None:
        async with open_place(tmp_path, tmp_path / "a,b:c\\d\ne") as place:
            await place.sh('echo x > x && [ "$(pwd)" = "$PWD" ]')
            place.stage.apply()
            assert (place.folder / "x").exists()

    async def test_sparse_files_stay_sparse(self, place: Place) -> None:
        await place.sh("truncate -s 512M big; printf end | dd of=big bs=1 seek=400000000 conv=notrunc 2>/dev/null")
        place.stage.apply()
        found = (place.folder / "big").stat()
        assert found.st_size == 512 << 20
        assert found.st_blocks * 512 < 1 << 20

    async def test_folders_that_can_not_be_entered(self, place: Place) -> None:
        await place.sh("mkdir shut; echo x > shut/x; chmod 000 shut")
        assert "shut" in place.kinds()
        place.stage.apply()
        assert stat.S_IMODE((place.folder / "shut").stat().st_mode) == 0
        (place.folder / "shut").chmod(0o700)

    async def test_S7_a_folder_that_became_a_link_on_the_host_is_not_followed(
        self, place: Place, tmp_path: Path
    ) -> None:
        await place.sh("echo evil > old/new")
        target = tmp_path / "elsewhere"
        target.mkdir()
        (place.folder / "old").rename(place.folder / "old2")
        (place.folder / "old").symlink_to(target)
        report = place.stage.apply()
        assert list(target.iterdir()) == []
        assert [path for path, _ in report.failed] == ["old/new"] or [c.path for c in report.conflicts] == ["old/new"]


class TestDiffs:
    async def test_text_is_shown_as_a_unified_diff(self, place: Place) -> None:
        await place.sh("echo b >> a; printf 'no end' > n")
        assert "--- a/a\n+++ b/a\n@@ -1 +1,2 @@\n a\n+b\n" in place.stage.diff("a")
        assert "\\ No newline at end of file" in place.stage.diff("n")

    async def test_binary_and_huge_files_are_one_sentence(self, place: Place) -> None:
        await place.sh("printf '\\000\\001' > bin; head -c 3000000 /dev/zero | tr '\\0' x > huge")
        assert "binary, created (0 bytes before, 2 after)" in place.stage.diff("bin")
        assert "too large for a diff (3,000,000 bytes)" in place.stage.diff("huge")

    async def test_names_in_a_diff_are_made_safe(self, place: Place) -> None:
        await place.sh("echo x > \"$(printf 'a\\033[31mb')\"")
        (path,) = place.kinds()
        assert "\x1b" not in place.stage.diff(path)


class TestWhereItLies:
    async def test_a_home_as_the_folder_shows_everything_but_the_assistants_own_files(self, tmp_path: Path) -> None:
        home = tmp_path / "person"
        (home / "documents").mkdir(parents=True)
        (home / ".local/data/stages").mkdir(parents=True)
        (home / ".local/data/key").write_text("secret")
        from assistant.config import Paths
        from assistant.sandbox.bubblewrap import BubblewrapSandbox

        paths = Paths(*(str(home / ".local" / name) for name in ("config", "data", "trust", "cache", "run")))
        room = await BubblewrapSandbox(paths).open("task", home, home / ".local/data/stages")
        place = Place(tmp_path, home, room)
        try:
            done = await place.sh("ls -A .local/data; echo x > documents/x; ls -A", status=None)
            assert b"key" not in done.stdout
            assert b"stages" not in done.stdout
            assert place.kinds() == {"documents/x": "created"}
            place.stage.apply()
            assert (home / "documents/x").exists()
            assert not list((home / ".local/data/stages/task").glob("upper"))
        finally:
            await room.aclose()


class TestSize:
    async def test_a_hundred_thousand_files_cost_a_call_no_more(self, place: Place) -> None:
        for n in range(100):
            (place.folder / f"d{n}").mkdir()
        names = [place.folder / f"d{n % 100}/f{n}" for n in range(5_000)]
        for name in names:
            name.touch()
        await place.sh("echo x > d50/new")
        assert place.kinds() == {"d50/new": "created"}

    async def test_thousands_of_changes_are_told_and_applied(self, place: Place) -> None:
        await place.sh("mkdir many && cd many && seq 3000 | xargs touch && for n in 1 2 3; do echo $n > $n; done")
        assert len(place.kinds()) == 3001
        report = place.stage.apply()
        assert len(report.applied) == 3001
        assert len(list((place.folder / "many").iterdir())) == 3000
        assert place.kinds() == {}


async def test_many_diffs_read_the_stage_once(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    await place.sh("for n in $(seq 50); do echo $n > f$n; done")
    scans: list[int] = []
    scan = OverlayLayer.scan
    monkeypatch.setattr(OverlayLayer, "scan", lambda *args: (scans.append(1), scan(*args)))
    assert len(list(place.stage.diffs())) == 50
    assert len(scans) == 1
