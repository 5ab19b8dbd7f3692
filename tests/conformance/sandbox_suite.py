"""What every engine behind `sandbox.protocol` must do. Each engine's test class inherits this and gives `open_room`.

Programs are named, not written here, since the fake engine has no shell: `PROGRAMS` says what each does; an engine brings
them as scripts or as functions.
"""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path
from typing import Any, Protocol

import pytest

from assistant.errors import FolderError, SandboxError, StageError
from assistant.sandbox.protocol import Command, Room, Sandbox
from assistant.types import Change, Limits

PROGRAMS = {
    "say": 'printf "%s" "$1"',
    "complain": 'printf "%s" "$1" >&2',
    "put": 'mkdir -p "$(dirname "$1")" && printf "%s" "$2" > "$1"',
    "show": 'cat "$1"',
    "drop": 'rm -r "$1"',
    "move": 'mv "$1" "$2"',
    "point": 'ln -s "$2" "$1"',
    "mode": 'chmod "$2" "$1"',
    "leave": 'exit "$1"',
    "wait": 'sleep "$1"',
    "repeat": "cat",
    "flood": 'head -c "$1" /dev/zero',
}
"""Name to shell script."""


class Opens(Protocol):
    """How an engine is told to the suite."""

    sandbox: Sandbox
    bin: str
    """Folder of the programs, or empty where their names suffice."""


class SandboxSuite:
    """Inherit, and define the fixture `engine`."""

    @pytest.fixture
    def engine(self) -> Opens:
        raise NotImplementedError

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        folder = tmp_path / "work folder"
        folder.mkdir()
        (folder / "a.txt").write_text("one\n")
        (folder / "sub").mkdir()
        (folder / "sub" / "b.txt").write_text("b\n")
        (folder / "sub" / "run.sh").write_text("#!/bin/sh\n")
        (folder / "sub" / "run.sh").chmod(0o755)
        return folder

    @pytest.fixture
    async def room(self, engine: Opens, folder: Path, tmp_path: Path) -> Any:
        room = await engine.sandbox.open("task", folder, tmp_path / "data" / "stages")
        yield room
        await room.aclose()

    @pytest.fixture
    def go(self, engine: Opens, room: Room) -> Any:
        async def run(*words: str, **options: Any) -> Any:
            return await room.run(self.command(engine, *words, **options))

        return run

    def command(self, engine: Opens, *words: str, **options: Any) -> Command:
        name = f"{engine.bin}/{words[0]}" if engine.bin else words[0]
        read_only = (engine.bin,) if engine.bin else ()
        return Command((name, *words[1:]), read_only=read_only, **options)

    # ------------------------------------------------------------ calls

    async def test_output_and_errors_come_back_apart(self, go: Any) -> None:
        assert (await go("say", "hello")).stdout == b"hello"
        assert (await go("complain", "oh")).stderr == b"oh"

    async def test_an_exit_status_comes_back(self, go: Any) -> None:
        done = await go("leave", "7")
        assert (done.exit_status, done.signal) == (7, None)

    async def test_a_program_that_does_not_exist_is_127(self, room: Room) -> None:
        done = await room.run(Command(("no-such-program",)))
        assert done.exit_status == 127
        assert b"no-such-program" in done.stderr

    async def test_input_arrives_unchanged(self, go: Any) -> None:
        data = bytes(range(256)) * 5000
        done = await go("repeat", stdin=data, limits=Limits(output_bytes=10_000_000))
        assert done.stdout == data

    async def test_output_is_seen_as_it_comes_and_kept_up_to_its_bound(self, engine: Opens, room: Room) -> None:
        seen = bytearray()
        done = await room.run(self.command(engine, "flood", "300000", limits=Limits(output_bytes=1000)), seen.extend)
        assert len(seen) == 300_000
        assert len(done.stdout) == 1000
        assert done.truncated

    async def test_the_time_limit_ends_a_call(self, go: Any) -> None:
        done = await go("wait", "60", limits=Limits(wall_s=0.3))
        assert done.timed_out
        assert done.limit_hit == "wall"
        assert done.exit_status is None

    async def test_cancelling_ends_a_call_before_it_travels_on(self, engine: Opens, room: Room) -> None:
        task = asyncio.create_task(room.run(self.command(engine, "wait", "60")))
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(task, 5)
        assert (await room.run(self.command(engine, "say", "still here"))).stdout == b"still here"

    async def test_stop_ends_calls_and_the_room_can_be_used_again(self, engine: Opens, room: Room) -> None:
        task = asyncio.create_task(room.run(self.command(engine, "wait", "60")))
        await asyncio.sleep(0.2)
        await asyncio.wait_for(room.stop(), 5)
        assert (await asyncio.wait_for(task, 5)).stopped
        assert (await room.run(self.command(engine, "say", "again"))).stdout == b"again"

    async def test_calls_may_run_at_the_same_time(self, go: Any) -> None:
        done = await asyncio.gather(*(go("say", str(n)) for n in range(5)))
        assert [d.stdout for d in done] == [b"0", b"1", b"2", b"3", b"4"]

    async def test_a_zero_byte_in_an_argument_is_refused(self, engine: Opens, room: Room) -> None:
        if not engine.bin:
            pytest.skip("no program is started")
        with pytest.raises(SandboxError, match="zero byte"):
            await room.run(self.command(engine, "say", "a\0b"))

    async def test_a_long_running_program_can_be_read_listed_and_stopped(self, engine: Opens, room: Room) -> None:
        process = await room.start(self.command(engine, "wait", "60"))
        assert process.running
        assert [p.id for p in room.processes()] == [process.id]
        done = await process.stop()
        assert done.stopped
        assert not process.running
        assert list(room.processes()) == []
        with pytest.raises(SandboxError, match="ended"):
            await process.write(b"x")

    # ------------------------------------------------------------ the stage

    async def test_nothing_real_changes_until_it_is_applied(self, go: Any, room: Room, folder: Path) -> None:
        await go("put", "a.txt", "two\n")
        await go("put", "new/n.txt", "n\n")
        await go("drop", "sub")
        assert (folder / "a.txt").read_text() == "one\n"
        assert sorted(p.name for p in folder.iterdir()) == ["a.txt", "sub"]
        kinds = {c.path: c.kind for c in room.stage.changes()}
        assert kinds == {
            "a.txt": "changed", "new": "created", "new/n.txt": "created", "sub": "deleted", "sub/b.txt": "deleted",
            "sub/run.sh": "deleted",
        }  # fmt: skip
        report = room.stage.apply()
        assert {c.path for c in report.applied} == set(kinds)
        assert (folder / "a.txt").read_text() == "two\n"
        assert (folder / "new/n.txt").read_text() == "n\n"
        assert not (folder / "sub").exists()
        assert room.stage.changes() == []

    async def test_a_call_sees_what_earlier_calls_did(self, go: Any) -> None:
        await go("put", "x", "seen")
        assert (await go("show", "x")).stdout == b"seen"

    async def test_a_call_sees_what_a_person_changed_meanwhile(self, go: Any, folder: Path) -> None:
        assert (await go("show", "a.txt")).stdout == b"one\n"
        (folder / "a.new").write_text("by an editor\n")
        (folder / "a.new").rename(folder / "a.txt")
        assert (await go("show", "a.txt")).stdout == b"by an editor\n"

    async def test_the_effect_of_each_call_is_told_apart(self, go: Any, room: Room) -> None:
        await go("put", "x", "1")
        assert _kinds(room.call_changes()) == {"x": "created"}
        await go("put", "x", "2")
        await go("put", "a.txt", "y")
        assert _kinds(room.call_changes()) == {"a.txt": "changed", "x": "changed"}
        await go("drop", "x")
        assert _kinds(room.call_changes()) == {"x": "deleted"}
        await go("say", "nothing")
        assert room.call_changes() == []

    async def test_hashes_and_modes_are_told(self, go: Any, room: Room) -> None:
        await go("put", "a.txt", "one\ntwo\n")
        await go("mode", "sub/b.txt", "600")
        changes = {c.path: c for c in room.stage.changes()}
        assert changes["a.txt"].before_sha256.startswith("2c8b08da5ce60398")
        assert changes["a.txt"].after_sha256 != changes["a.txt"].before_sha256
        assert changes["a.txt"].size_bytes == 8
        assert changes["sub/b.txt"].kind == "mode"
        assert changes["sub/b.txt"].after_mode == 0o600

    async def test_a_moved_file_is_one_change(self, go: Any, room: Room, folder: Path) -> None:
        await go("move", "sub/b.txt", "c.txt")
        (change,) = room.stage.changes()
        assert (change.kind, change.old_path, change.path) == ("renamed", "sub/b.txt", "c.txt")
        room.stage.apply(["c.txt"])
        assert (folder / "c.txt").read_text() == "b\n"
        assert not (folder / "sub/b.txt").exists()

    async def test_a_link_is_kept_as_a_link(self, go: Any, room: Room, folder: Path) -> None:
        await go("point", "l", "/etc/hostname")
        (change,) = room.stage.changes()
        assert (change.kind, change.type) == ("created", "symlink")
        room.stage.apply()
        assert os.readlink(folder / "l") == "/etc/hostname"

    async def test_single_paths_can_be_applied_and_dropped(self, go: Any, room: Room, folder: Path) -> None:
        await go("put", "deep/er/x", "x")
        await go("put", "deep/er/y", "y")
        await go("put", "a.txt", "changed")
        room.stage.apply(["deep/er/x"])
        assert (folder / "deep/er/x").read_text() == "x"
        assert not (folder / "deep/er/y").exists()
        dropped = room.stage.drop(["a.txt"])
        assert [c.path for c in dropped] == ["a.txt"]
        assert (await go("show", "a.txt")).stdout == b"one\n"
        assert [c.path for c in room.stage.changes()] == ["deep/er/y"]

    async def test_dropping_everything_gives_the_real_folder_back(self, go: Any, room: Room) -> None:
        await go("drop", "sub")
        await go("put", "sub/b.txt", "again")
        await go("put", "x", "x")
        room.stage.drop()
        assert room.stage.changes() == []
        assert (await go("show", "sub/b.txt")).stdout == b"b\n"

    async def test_one_file_of_a_deleted_folder_can_be_kept(self, go: Any, room: Room) -> None:
        await go("drop", "sub")
        room.stage.drop(["sub/b.txt"])
        assert (await go("show", "sub/b.txt")).stdout == b"b\n"
        assert "sub/run.sh" in {c.path for c in room.stage.changes()}

    async def test_what_a_person_changed_meanwhile_is_a_conflict(self, go: Any, room: Room, folder: Path) -> None:
        await go("put", "a.txt", "by the task\n")
        room.call_changes()
        (folder / "a.txt").write_text("by the person\n")
        report = room.stage.apply()
        assert [c.path for c in report.conflicts] == ["a.txt"]
        assert (folder / "a.txt").read_text() == "by the person\n"
        room.stage.apply(overwrite_conflicts=True)
        assert (folder / "a.txt").read_text() == "by the task\n"

    async def test_an_applied_set_can_be_taken_back(self, go: Any, room: Room, folder: Path) -> None:
        await go("put", "a.txt", "two\n")
        await go("put", "n", "n")
        await go("drop", "sub")
        report = room.stage.apply()
        assert room.stage.undoable()[0][0] == report.undo_id
        undone = room.stage.undo()
        assert undone.conflicts == ()
        assert (folder / "a.txt").read_text() == "one\n"
        assert not (folder / "n").exists()
        assert (folder / "sub/b.txt").read_text() == "b\n"
        assert stat.S_IMODE((folder / "sub/run.sh").stat().st_mode) == 0o755
        assert room.stage.changes() == []
        assert room.stage.undoable() == []

    async def test_undo_leaves_what_changed_afterwards(self, go: Any, room: Room, folder: Path) -> None:
        await go("put", "a.txt", "two\n")
        await go("put", "n", "n")
        room.stage.apply()
        (folder / "a.txt").write_text("three\n")
        report = room.stage.undo()
        assert [c.path for c in report.conflicts] == ["a.txt"]
        assert (folder / "a.txt").read_text() == "three\n"
        assert not (folder / "n").exists()
        room.stage.undo(overwrite_later=True)
        assert (folder / "a.txt").read_text() == "one\n"

    async def test_what_would_run_code_later_is_held(self, go: Any, room: Room, folder: Path) -> None:
        await go("put", "deep/.git/hooks/pre-commit", "evil")
        await go("put", ".envrc", "evil")
        await go("put", "plain", "x")
        report = room.stage.apply()
        assert {c.path for c in report.held} == {"deep/.git/hooks/pre-commit", ".envrc"}
        assert (folder / "plain").exists()
        assert not (folder / ".envrc").exists()
        assert (await go("show", ".envrc")).stdout == b"evil"
        room.stage.apply([".envrc"], allow_held=True)
        assert (folder / ".envrc").read_text() == "evil"

    async def test_all_diffs_are_those_of_each(self, go: Any, room: Room, folder: Path) -> None:
        for path in ("a", "b/one", "b/two"):
            await go("put", path, f"{path}\n")
        assert {c.path: text for c, text in room.stage.diffs()} == {
            c.path: room.stage.diff(c.path) for c in room.stage.changes()
        }
        assert [c.path for c, _ in room.stage.diffs(["b/two", "a"])] == ["a", "b/two"]
        assert {"b/one", "b/two"} <= {c.path for c, _ in room.stage.diffs(["b"])}

    async def test_the_stage_works_without_a_room(
        self, go: Any, room: Room, engine: Opens, folder: Path, tmp_path: Path
    ) -> None:
        await go("put", "x", "x")
        await room.aclose()
        stage = engine.sandbox.stage("task", folder, tmp_path / "data" / "stages")
        assert [c.path for c in stage.changes()] == ["x"]
        assert "+x" in stage.diff("x")
        stage.apply()
        assert (folder / "x").read_text() == "x"

    async def test_a_stage_belongs_to_one_folder(self, room: Room, engine: Opens, tmp_path: Path) -> None:
        other = tmp_path / "other"
        other.mkdir()
        with pytest.raises(StageError, match="works on"):
            engine.sandbox.stage("task", other, tmp_path / "data" / "stages")

    async def test_a_folder_that_is_missing_is_said_so(self, engine: Opens, tmp_path: Path) -> None:
        with pytest.raises(FolderError, match="can't be opened"):
            await engine.sandbox.open("t2", tmp_path / "nowhere", tmp_path / "data" / "stages")

    async def test_the_root_folder_is_refused(self, engine: Opens, tmp_path: Path) -> None:
        with pytest.raises(FolderError, match="system"):
            await engine.sandbox.open("t2", Path("/"), tmp_path / "data" / "stages")

    async def test_paths_that_climb_are_refused(self, room: Room) -> None:
        with pytest.raises(StageError, match="not a path inside"):
            room.stage.apply(["../x"])

    async def test_a_private_room_has_no_folder(self, engine: Opens) -> None:
        room = await engine.sandbox.open_private("models")
        try:
            assert (await room.run(self.command(engine, "say", "hi"))).stdout == b"hi"
            with pytest.raises(StageError):
                _ = room.stage
        finally:
            await room.aclose()


def _kinds(changes: list[Change]) -> dict[str, str]:
    return {c.path: c.kind for c in changes}
