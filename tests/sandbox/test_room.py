"""What a command can ask of its room."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from assistant.errors import SandboxError
from assistant.sandbox.protocol import Command
from assistant.types import Limits
from tests.sandbox.conftest import PYTHON, USER, identity_or_skip
from tests.sandbox.places import open_place


async def test_a_call_that_only_reads_can_not_write_to_the_folder(tmp_path: Path) -> None:
    async with open_place(tmp_path) as place:
        done = await place.sh("echo x > x", folder_read_only=True, status=None)
        assert b"Read-only file system" in done.stderr
        await place.sh("echo x > x")


async def test_a_private_call_does_not_see_the_folder(tmp_path: Path) -> None:
    async with open_place(tmp_path) as place:
        (place.folder / "f").write_text("x")
        done = await place.sh(f"ls -A '{place.folder}'", private=True, status=None)
        assert done.stdout == b""


async def test_the_first_process_of_a_call_is_confined_as_its_program_is(tmp_path: Path) -> None:
    """A program may trace the first process of its own call. It gains nothing: same user, filter, namespaces, no privilege."""
    wanted = "^(Uid|CapPrm|CapEff|CapBnd|NoNewPrivs|Seccomp|Seccomp_filters)"
    script = (
        f"for p in 1 self; do grep -E '{wanted}' /proc/$p/status; readlink /proc/$p/ns/* /proc/$p/root; echo ==; done"
    )
    async with open_place(tmp_path) as place:
        first, own, _ = (await place.sh(script)).stdout.decode().split("==\n")
    assert first == own
    assert "CapEff:\t0000000000000000" in first
    assert "NoNewPrivs:\t1" in first
    assert "Seccomp:\t2" in first


async def test_a_further_folder_is_shown_at_its_own_path_and_read_only(tmp_path: Path) -> None:
    tools = tmp_path / "tools here"
    tools.mkdir()
    (tools / "t").write_text("tool")
    async with open_place(tmp_path) as place:
        done = await place.sh(f"cat '{tools}/t'; echo x > '{tools}/t'", read_only=(str(tools),), status=None)
        assert done.stdout == b"tool"
        assert b"Read-only file system" in done.stderr
        assert b"tool" not in (await place.sh(f"cat '{tools}/t'", status=None)).stdout


async def test_a_further_folder_inside_or_around_the_tasks_own_changes_nothing_else(tmp_path: Path) -> None:
    async with open_place(tmp_path) as place:
        (place.folder / "kept").mkdir()
        (place.folder / "kept/f").write_text("f")
        done = await place.sh(
            "echo x > y; echo x > kept/f", read_only=(str(place.folder / "kept"), str(tmp_path)), status=None
        )
        assert b"Read-only file system" in done.stderr
        assert place.kinds() == {"y": "created"}


async def test_variables_are_the_rooms_basics_and_the_commands(tmp_path: Path) -> None:
    os.environ["OF_THE_ASSISTANT"] = "secret"
    async with open_place(tmp_path) as place:
        done = await place.sh("env", env={"OWN": "a b\n=c", "LANG": "de_DE.UTF-8"})
        words = done.stdout.decode()
        assert "OWN=a b\n=c" in words
        assert "LANG=de_DE.UTF-8" in words
        assert "OF_THE_ASSISTANT" not in words


async def test_a_start_folder_is_relative_to_the_tasks(tmp_path: Path) -> None:
    async with open_place(tmp_path) as place:
        (place.folder / "sub").mkdir()
        assert (await place.sh("pwd", cwd="sub")).stdout.decode().strip() == str(place.folder / "sub")
        with pytest.raises(SandboxError, match="refused"):
            await place.sh("pwd", cwd="nowhere")


async def test_scratch_space_lives_as_long_as_the_room(tmp_path: Path) -> None:
    async with open_place(tmp_path) as place:
        await place.sh("echo x > /tmp/kept; echo y > ~/kept")
        assert (await place.sh("cat /tmp/kept ~/kept")).stdout == b"x\ny\n"
    async with open_place(tmp_path) as place:
        await place.sh("[ ! -e /tmp/kept ] && [ ! -e ~/kept ]")


async def test_output_beyond_all_measure_ends_a_call(tmp_path: Path) -> None:
    async with open_place(tmp_path) as place:
        done = await place.room.run(Command(("yes",), limits=Limits(output_bytes=1000, wall_s=60)))
        assert done.limit_hit == "output"
        assert len(done.stdout) == 1000


async def test_a_call_reports_what_it_used(tmp_path: Path) -> None:
    async with open_place(tmp_path) as place:
        done = await place.sh("python3 -c 'x = bytearray(50 << 20); [n for n in range(3000000)]'")
        assert done.cpu_ms > 20
        assert done.max_rss_bytes > 40 << 20
        assert done.wall_ms >= done.cpu_ms // 4


def test_a_folder_that_a_team_shares_by_its_group_is_staged_as_a_copy(common: Path, package: Path) -> None:
    """An ordinary user can't map a further group into a room, and an overlay can't copy such files."""
    identity_or_skip("as an ordinary user")
    group = 4242
    home = Path(tempfile.mkdtemp(dir=common))
    folder = home / "shared"
    folder.mkdir()
    (folder / "f").write_text("1\n")
    for path in (home, folder, folder / "f"):
        os.chown(path, USER, group)
    folder.chmod(0o2775)
    (folder / "f").chmod(0o664)
    try:
        done = subprocess.run(
            ["setpriv", f"--reuid={USER}", f"--regid={USER}", f"--groups={group}", PYTHON, "-m", "assistant", "sandbox", "exec",
             "--folder", str(folder), "--apply", "--", "sh", "-c", "echo 2 >> f; echo new > n"],
            env={"HOME": str(home), "PATH": "/usr/bin:/bin", "PYTHONPATH": str(package)}, capture_output=True, text=True, cwd="/",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert (folder / "f").read_text() == "1\n2\n"
        assert (folder / "f").stat().st_gid == group
        assert (folder / "n").stat().st_gid == group
    finally:
        shutil.rmtree(home)
