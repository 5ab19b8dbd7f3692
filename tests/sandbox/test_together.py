"""Several hands on one folder: two tasks, an editor, another process that applies while a room is open."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from assistant.config import find_paths
from assistant.errors import StageError
from assistant.sandbox.engine import find_sandbox
from assistant.sandbox.protocol import Command
from tests.sandbox.places import open_place


async def test_two_tasks_on_one_folder_see_what_the_other_applied_and_keep_their_own(tmp_path: Path) -> None:
    async with open_place(tmp_path, task="one") as one, open_place(tmp_path, task="two") as two:
        (one.folder / "shared").write_text("0\n")
        await one.sh("echo 1 > shared; echo 1 > mine")
        await two.sh("echo 2 > shared; cat shared")
        two.stage.changes()
        one.stage.apply()
        assert (await two.sh("cat mine")).stdout == b"1\n"
        assert (await two.sh("cat shared")).stdout == b"2\n"
        report = two.stage.apply()
        assert [c.path for c in report.conflicts] == ["shared"]
        assert (one.folder / "shared").read_text() == "1\n"


async def test_an_editor_that_saves_while_a_call_runs_makes_a_conflict(tmp_path: Path) -> None:
    async with open_place(tmp_path) as place:
        (place.folder / "f").write_text("old\n")
        await asyncio.sleep(0.05)
        call = asyncio.create_task(place.sh("cat f > copy; sleep 0.4; echo task >> f"))
        await asyncio.sleep(0.2)
        (place.folder / "f").write_text("by the editor\n")
        await call
        report = place.stage.apply()
        assert [c.path for c in report.conflicts] == ["f"]
        assert (place.folder / "f").read_text() == "by the editor\n"


async def test_a_file_that_an_editor_adds_to_a_deleted_folder_is_not_deleted(tmp_path: Path) -> None:
    async with open_place(tmp_path) as place:
        (place.folder / "d").mkdir()
        (place.folder / "d/old").write_text("old")
        await place.sh("rm -r d")
        place.stage.changes()
        (place.folder / "d/precious").write_text("new")
        report = place.stage.apply()
        assert (place.folder / "d/precious").read_text() == "new"
        assert not (place.folder / "d/old").exists()
        assert "d/precious" in {c.path for c in report.conflicts}


async def test_a_name_taken_meanwhile_is_a_conflict_unless_it_holds_the_same(tmp_path: Path) -> None:
    async with open_place(tmp_path) as place:
        await place.sh("echo task > x; echo same > y")
        place.stage.changes()
        (place.folder / "x").write_text("person\n")
        (place.folder / "y").write_text("same\n")
        report = place.stage.apply()
        assert [c.path for c in report.conflicts] == ["x"]


async def test_applying_while_a_program_runs_leaves_the_program_alone(tmp_path: Path) -> None:
    async with open_place(tmp_path) as place:
        server = await place.room.start(
            Command(("sh", "-c", "echo one > f; echo ready; read x; cat f; echo two > f; echo ready; read x; cat f"))
        )
        assert b"ready" in await server.read(wait_s=5)
        place.stage.apply()
        assert (place.folder / "f").read_text() == "one\n"
        assert place.kinds() == {}
        await server.write(b"\n")
        assert b"one" in await server.read(wait_s=5)
        await asyncio.sleep(0.1)
        assert place.kinds() == {"f": "changed"}
        place.stage.apply()
        assert (place.folder / "f").read_text() == "two\n"
        place.stage.undo()
        assert (place.folder / "f").read_text() == "one\n"
        assert place.kinds() == {}
        await server.stop()


async def test_S8_dropping_waits_for_no_program_and_says_so(tmp_path: Path) -> None:
    async with open_place(tmp_path) as place:
        process = await place.room.start(Command(("sh", "-c", "echo x > x; sleep 60")))
        await asyncio.sleep(0.2)
        with pytest.raises(StageError, match="programs of this task are running"):
            await asyncio.to_thread(place.stage.drop)
        await process.stop()
        await asyncio.to_thread(place.stage.drop)
        assert place.kinds() == {}


async def test_another_process_may_apply_while_a_room_is_open_and_the_room_goes_on(tmp_path: Path) -> None:
    async with open_place(tmp_path) as place:
        await place.sh("echo 1 > f")
        program = (
            "import sys; from pathlib import Path; from assistant.sandbox.bubblewrap import BubblewrapSandbox as B;"
            "t=Path(sys.argv[1]); print(len(B().stage('task', t/'work', t/'data/stages').apply().applied))"
        )
        import sys

        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, str(tmp_path), stdout=asyncio.subprocess.PIPE
        )
        out, _ = await asyncio.wait_for(process.communicate(), 30)
        assert out.strip() == b"1"
        assert (place.folder / "f").read_text() == "1\n"
        (place.folder / "f").write_text("edited\n")
        assert (await place.sh("cat f; echo 2 > g")).stdout == b"edited\n"
        assert place.kinds() == {"g": "created"}


def test_many_may_begin_a_stage_at_the_same_moment(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    sandbox = find_sandbox(find_paths({"ASSISTANT_HOME": str(tmp_path / "home")}))
    for round_ in range(20):
        with ThreadPoolExecutor(8) as pool:
            stages = pool.map(lambda _, name=f"t{round_}": sandbox.stage(name, folder, tmp_path / "stages"), range(8))
            assert [stage.changes() for stage in stages] == [[]] * 8
