"""A hidden path can't be seen by any program of a call, however it asks."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from assistant.errors import SandboxError
from assistant.sandbox.hiding import hiding
from assistant.sandbox.plan import RoomPlan
from tests.sandbox.places import Place, open_place

SECRET = b"the-very-secret"


def fill(place: Place) -> tuple[str, ...]:
    (place.folder / "secrets/deep").mkdir(parents=True)
    (place.folder / "secrets/deep/a.txt").write_bytes(SECRET)
    (place.folder / "key.pem").write_bytes(SECRET)
    (place.folder / "open.txt").write_text("open")
    (place.folder / "way").symlink_to("secrets")
    return (f"{place.folder}/secrets", f"{place.folder}/key.pem", f"{place.folder}/nothing")


@pytest.mark.parametrize(
    "script",
    [
        "cat secrets/deep/*",
        "cat s*/*/*",
        "cd secrets && cat deep/a.txt",
        "cat way/deep/a.txt",
        "find . -type f -exec cat {} +",
        "grep -r . .",
        "x=sec; cat ${x}rets/deep/a.txt key.pem",
        "tar cf - . | cat",
        "python3 -c 'print(open(\"key.pem\").read())'",
        "mv secrets other; cat other/deep/a.txt",
        "mv key.pem k; cat k",
        "ln key.pem k; cat k",
        "cp -r . /tmp/copy; cat /tmp/copy/key.pem /tmp/copy/secrets/deep/a.txt",
        "umount secrets; cat secrets/deep/a.txt",
        "chmod -R 777 secrets; cat secrets/deep/a.txt",
    ],
)
async def test_S10_no_program_sees_what_is_hidden(tmp_path: Path, script: str) -> None:
    async with open_place(tmp_path) as place:
        hidden = fill(place)
        done = await place.sh(f"({script}) 2>&1; cat open.txt", hidden=hidden, status=None)
        assert SECRET not in done.stdout + done.stderr
        assert done.stdout.endswith(b"open")
        assert not any(k.startswith(("secrets", "key.pem", "nothing")) for k in place.kinds() if k != "nothing")


async def test_hiding_changes_nothing_on_the_stage_and_ends_with_the_call(tmp_path: Path) -> None:
    async with open_place(tmp_path) as place:
        hidden = fill(place)
        await place.sh("echo x >> open.txt", hidden=hidden)
        assert place.kinds() == {"open.txt": "changed"}
        assert (await place.sh("cat key.pem secrets/deep/a.txt")).stdout == SECRET * 2


async def test_what_is_staged_is_hidden_too(tmp_path: Path) -> None:
    async with open_place(tmp_path) as place:
        hidden = fill(place)
        await place.sh("mkdir nothing; echo the-very-secret > nothing/x; rm key.pem; echo the-very-secret > key.pem")
        done = await place.sh("cat nothing/x key.pem; ls nothing", hidden=hidden, status=None)
        assert SECRET not in done.stdout


async def test_what_was_deleted_on_the_stage_is_nothing_to_hide(tmp_path: Path) -> None:
    async with open_place(tmp_path) as place:
        hidden = fill(place)
        await place.sh("rm -r key.pem secrets")
        before = place.kinds()
        assert (await place.sh("ls", hidden=hidden)).stdout == b"open.txt\nway\n"
        assert place.kinds() == before


async def test_the_whole_folder_can_be_hidden(tmp_path: Path) -> None:
    async with open_place(tmp_path) as place:
        fill(place)
        for path in (str(place.folder), str(tmp_path)):
            done = await place.sh(f"find '{place.folder}'", hidden=(path,), cwd=".", status=None)
            assert b"open.txt" not in done.stdout


def test_S10_a_copied_stage_in_which_a_hidden_path_was_moved_runs_nothing(tmp_path: Path) -> None:
    folder, source = tmp_path / "work", tmp_path / "copy"
    for place in (folder / "a", source / "b"):
        place.mkdir(parents=True)
        (place / "key").write_bytes(SECRET)
    plan = RoomPlan(str(tmp_path), "/home/x", os.getuid(), os.getgid(), str(folder), source=str(source))
    with pytest.raises(SandboxError, match="moved or deleted"):
        hiding(plan, [f"{folder}/a"])
    assert hiding(plan, ["/elsewhere"]) == []
