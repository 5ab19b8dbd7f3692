"""Stopping: from the screen, from another terminal, and when the assistant itself is gone."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from assistant.sandbox.protocol import Command
from assistant.sandbox.running import running_rooms, stop_rooms
from tests.sandbox.places import open_place, paths_below, running

FORKS = "i=0; while [ $i -lt 200 ]; do sleep {mark} & i=$((i+1)); done; echo ready; wait"


async def test_stopping_a_room_with_200_processes_takes_less_than_200_ms(tmp_path: Path) -> None:
    mark = f"5{os.getpid()}.125"
    async with open_place(tmp_path) as place:
        process = await place.room.start(Command(("sh", "-c", FORKS.format(mark=mark))))
        assert b"ready" in await process.read(wait_s=20)
        async with asyncio.timeout(20):  # the shell has begun them all; each has yet to become a `sleep`
            while len(running(mark)) < 200:
                await asyncio.sleep(0.05)
        started = time.monotonic()
        await place.room.stop()
        took = time.monotonic() - started
        assert running(mark) == []
        assert took < 0.2
        assert not process.running
        await place.sh("true")


async def test_another_terminal_can_stop_a_task_and_its_room_goes_on(tmp_path: Path) -> None:
    async with open_place(tmp_path) as place:
        call = asyncio.create_task(place.sh("sleep 60", status=None))
        await asyncio.sleep(0.3)
        environment = os.environ | {"ASSISTANT_HOME": str(tmp_path)}
        stop = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "assistant", "stop", "task", env=environment, stdout=asyncio.subprocess.PIPE
        )
        out, _ = await asyncio.wait_for(stop.communicate(), 30)
        assert out.strip() == b"stopped task"
        done = await asyncio.wait_for(call, 5)
        assert done.stopped
        assert (await place.sh("echo again")).stdout == b"again\n"


async def test_rooms_are_listed_while_they_live(tmp_path: Path) -> None:
    paths = paths_below(tmp_path)
    async with open_place(tmp_path) as place:
        await place.sh("true")
        assert [(r.task, r.folder) for r in running_rooms(paths)] == [("task", str(place.folder))]
    assert list(running_rooms(paths)) == []
    assert stop_rooms(paths, None) == ([], [])


def test_a_record_of_a_room_that_is_long_gone_is_removed(tmp_path: Path) -> None:
    paths = paths_below(tmp_path)
    folder = Path(paths.runtime) / "rooms"
    folder.mkdir(parents=True)
    (folder / "old").write_text('{"task":"t","folder":"/x","pid":1,"started":12345,"file":""}')
    (folder / "broken").write_text("{")
    assert list(running_rooms(paths)) == []
    assert not (folder / "old").exists()


ASSISTANT = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, {root!r})
from tests.sandbox.places import open_place
from assistant.sandbox.protocol import Command
async def main():
    async with open_place(Path({top!r})) as place:
        command = Command(("sh", "-c", "(setsid sh -c 'trap : TERM HUP; sleep {mark}; sleep {mark}' &); sleep {mark} & echo up; wait"))
        process = await place.room.start(command)
        print(await process.read(wait_s=10), flush=True)
        await asyncio.sleep(100)
asyncio.run(main())
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_S5_a_dead_assistant_leaves_no_process_mount_file_or_socket(how: signal.Signals, tmp_path: Path) -> None:
    mark = f"6{os.getpid()}.{int(how)}"
    root = str(Path(__file__).resolve().parents[2])
    script = ASSISTANT.format(root=root, top=str(tmp_path), mark=mark)
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=root
    )
    assert process.stdout is not None
    assert b"up" in process.stdout.readline()
    assert running(mark)
    process.send_signal(how)
    process.wait()
    deadline = time.monotonic() + 5
    while running(mark) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert running(mark) == []
    while list((tmp_path / "run/rooms").iterdir()) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert list((tmp_path / "run/rooms").iterdir()) == []
    while _groups_of(process.pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert _groups_of(process.pid) == []
    assert str(tmp_path) not in Path("/proc/mounts").read_text()
    assert not [line for line in Path("/proc/net/unix").read_text().splitlines() if str(tmp_path) in line]


def _groups_of(pid: int) -> list[str]:
    """Control groups that an assistant made."""
    found: list[str] = []
    for _, names, _ in os.walk("/sys/fs/cgroup"):
        found += [name for name in names if name.startswith(f"assistant-{pid}-")]
    return found


async def test_S5_stopping_reaches_calls_that_are_only_starting(tmp_path: Path) -> None:
    mark = f"7{os.getpid()}.625"
    async with open_place(tmp_path) as place:
        for n in range(20):  # the first while the room opens, the others in its warm room
            call = asyncio.create_task(place.sh(f"exec sleep {mark}", status=None))
            await asyncio.sleep(n * 0.001)
            await place.room.stop()
            assert (await asyncio.wait_for(call, 30)).stopped
            assert running(mark) == []
        assert (await place.sh("echo fine")).stdout == b"fine\n"


async def test_a_daemon_ends_with_its_call(tmp_path: Path) -> None:
    mark = f"8{os.getpid()}.75"
    async with open_place(tmp_path) as place:
        await place.sh(f"setsid nohup sh -c 'sleep {mark}' >/dev/null 2>&1 & sleep 0.05")
        assert running(mark) == []
