"""`assistant sandbox exec`: one command as the shell tool runs it, as root and as an ordinary user."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.sandbox.conftest import PYTHON, Runner, as_user, give


@pytest.fixture
def folder(home_of: Path, identity: str) -> Path:
    folder = home_of / "w"
    folder.mkdir()
    (folder / "there").write_text("1\n")
    give(folder / "there", identity)
    return give(folder, identity)


def test_changes_are_applied_and_streams_pass_through_unchanged(run_assistant: Runner, folder: Path) -> None:
    data = bytes(range(256)) * 300
    done = run_assistant(
        "sandbox", "exec", "--folder", str(folder), "--apply", "--", "sh", "-c", "cat; echo oh >&2; echo x > new; exit 5",
        input=data, text=False,
    )  # fmt: skip
    assert done.returncode == 5
    assert done.stdout == data
    assert done.stderr == b"oh\n"
    assert (folder / "new").read_text() == "x\n"
    assert (folder / "new").stat().st_uid == folder.stat().st_uid


@pytest.mark.parametrize("pty", [(), ("--pty",)])
def test_a_program_that_is_not_there_steers_no_terminal_by_its_name(
    run_assistant: Runner, folder: Path, pty: tuple[str, ...]
) -> None:
    done = run_assistant("sandbox", "exec", "--folder", str(folder), *pty, "--", "no\x1b]0;x\x07 你", input="")
    told = done.stdout + done.stderr
    assert done.returncode == 127
    assert "failed to execute no\\x1b]0;x\\x07 你: No such file or directory" in told
    assert "\x1b" not in told


def test_what_a_program_with_such_a_name_prints_is_its_own(run_assistant: Runner, folder: Path, identity: str) -> None:
    program = folder / "od\x1bd"
    program.write_text("#!/bin/sh\nprintf '\\033[1mprlimit: '\n")
    program.chmod(0o755)
    give(program, identity)
    done = run_assistant("sandbox", "exec", "--folder", str(folder), "--", "./od\x1bd", text=False)
    assert done.stdout == b"\x1b[1mprlimit: "


def test_what_it_applies_is_in_the_log(run_assistant: Runner, folder: Path) -> None:
    run_assistant("sandbox", "exec", "--folder", str(folder), "--apply", "--", "sh", "-c", "echo 2 > there")
    assert (folder / "there").read_text() == "2\n"
    told = run_assistant("log", "list", "--json")
    entries = [json.loads(line) for line in told.stdout.splitlines()]
    assert [e["kind"] for e in entries] == ["intent", "approval", "stage.apply"]
    assert len({e["task"] for e in entries}) == 1
    assert run_assistant("log", "verify").returncode == 0


def test_what_it_applied_can_be_undone(tmp_path: Path) -> None:
    folder = tmp_path / "w"
    folder.mkdir()
    (folder / "f").write_text("1\n")

    def assistant(*args: str) -> str:
        environment = os.environ | {"ASSISTANT_HOME": str(tmp_path / "home")}
        argv = [sys.executable, "-m", "assistant", *args]
        return subprocess.run(argv, cwd=folder, env=environment, capture_output=True, text=True, check=True).stdout

    assistant("sandbox", "exec", "--apply", "--", "sh", "-c", "echo 2 > f; echo n > n")
    assert (folder / "f").read_text() == "2\n"
    assert assistant("stage", "undo") == "undone ~ f\nundone - n\n"
    assert (folder / "f").read_text() == "1\n"
    assert not (folder / "n").exists()
    assert "took back 2 changes" in assistant("log", "list")


def test_where_the_log_can_not_be_written_nothing_is_applied(
    run_assistant: Runner, folder: Path, home_of: Path
) -> None:
    run_assistant("sandbox", "exec", "--folder", str(folder), "--apply", "--", "sh", "-c", "echo 2 > there")
    (home_of / ".local/share/assistant/log.db").write_bytes(b"not a log")
    done = run_assistant("sandbox", "exec", "--folder", str(folder), "--apply", "--", "sh", "-c", "echo 3 > there")
    assert done.returncode == 7
    assert "nothing was applied" in done.stderr
    assert (folder / "there").read_text() == "2\n"


def test_what_applies_nothing_writes_no_log(run_assistant: Runner, folder: Path, home_of: Path) -> None:
    run_assistant("sandbox", "exec", "--folder", str(folder), "--apply", "--", "true")
    run_assistant("sandbox", "exec", "--folder", str(folder), "--drop", "--", "sh", "-c", "echo 2 > there")
    assert not (home_of / ".local/share/assistant/log.db").exists()


def test_without_a_word_changes_wait_under_a_name(run_assistant: Runner, folder: Path) -> None:
    done = run_assistant("sandbox", "exec", "--folder", str(folder), "--", "sh", "-c", "echo 2 > there; rm -f nothing")
    assert (folder / "there").read_text() == "1\n"
    assert "changed there" in done.stderr
    assert "staged as task exec-" in done.stderr


def test_dropped_changes_leave_nothing(run_assistant: Runner, folder: Path, home_of: Path) -> None:
    run_assistant("sandbox", "exec", "--folder", str(folder), "--drop", "--", "sh", "-c", "echo 2 > there")
    assert (folder / "there").read_text() == "1\n"
    assert not list(home_of.glob("**/stages/exec-*"))


def test_held_changes_are_named_and_not_applied(run_assistant: Runner, folder: Path) -> None:
    script = "mkdir -p sub/.git/hooks; echo x > sub/.git/hooks/post-commit; echo x > ok"
    done = run_assistant("sandbox", "exec", "--folder", str(folder), "--apply", "--", "sh", "-c", script)
    assert done.returncode == 0
    assert "held for review: sub/.git/hooks/post-commit" in done.stderr
    assert (folder / "ok").exists()
    assert not (folder / "sub/.git/hooks/post-commit").exists()


@pytest.mark.parametrize(
    ("script", "status"), [("exit 42", 42), ("kill -TERM $$", 143), ("kill -SEGV $$", 139), ("exec nope", 127)]
)
def test_the_exit_status_is_the_commands(script: str, status: int, run_assistant: Runner, folder: Path) -> None:
    done = run_assistant("sandbox", "exec", "--folder", str(folder), "--", "sh", "-c", script)
    assert done.returncode == status, done.stderr


def test_the_time_limit_is_124(run_assistant: Runner, folder: Path) -> None:
    done = run_assistant("sandbox", "exec", "--folder", str(folder), "--timeout", "0.4", "--", "sleep", "60")
    assert done.returncode == 124
    assert "ended by its limit: time" in done.stderr


def test_a_file_larger_than_the_disk_limit_is_cut_short(run_assistant: Runner, folder: Path) -> None:
    done = run_assistant(
        "sandbox",
        "exec",
        "--folder",
        str(folder),
        "--disk",
        "5M",
        "--",
        "dd",
        "if=/dev/zero",
        "of=big",
        "bs=1M",
        "count=50",
    )
    assert done.returncode == 128 + signal.SIGXFSZ


def test_empty_files_count_too(run_assistant: Runner, folder: Path) -> None:
    script = "i=0; while :; do : > f$i; i=$((i+1)); done"
    done = run_assistant(
        "sandbox",
        "exec",
        "--folder",
        str(folder),
        "--apply",
        "--disk",
        "8M",
        "--timeout",
        "60",
        "--",
        "sh",
        "-c",
        script,
    )
    assert done.returncode == 137
    assert "space on disk" in done.stderr
    assert not (folder / "f0").exists()


def test_folders_nested_without_end_are_applied_as_far_as_programs_can_name_them(
    run_assistant: Runner, folder: Path, home_of: Path
) -> None:
    nest = "import os\nfor n in range(1500):\n    os.mkdir('deeper'); os.chdir('deeper')\nopen('x', 'w').close()"
    try:
        done = run_assistant("sandbox", "exec", "--folder", str(folder), "--apply", "--", "python3", "-c", nest)
        assert done.returncode == 0, done.stderr
        assert "too deep for any program to name" in done.stderr
        assert (folder / "deeper/deeper/deeper").is_dir()
        drop = nest.replace("deeper", "d")
        dropped = run_assistant("sandbox", "exec", "--folder", str(folder), "--drop", "--", "python3", "-c", drop)
        assert dropped.returncode == 0, dropped.stderr
        assert (
            len(os.listdir(home_of / ".local/share/assistant/stages")) == 2
        )  # the first one's, and what is remembered
    finally:
        subprocess.run(["rm", "-rf", str(home_of)], check=True)  # Python's own rmtree gives up on it


def test_what_the_person_may_not_read_does_not_keep_the_rest_from_being_applied(
    run_assistant: Runner, folder: Path, identity: str
) -> None:
    script = "mkdir shut; echo x > shut/x; chmod 000 shut; echo y > y; echo z > z; chmod 000 z"
    done = run_assistant("sandbox", "exec", "--folder", str(folder), "--apply", "--", "sh", "-c", script)
    assert (folder / "y").read_text() == "y\n"
    assert stat.S_IMODE((folder / "shut").stat().st_mode) == 0
    if identity == "as an ordinary user":
        assert "not applied: z: permission denied" in done.stderr


def test_the_number_of_processes_is_the_commands_own(run_assistant: Runner, folder: Path) -> None:
    done = run_assistant("sandbox", "exec", "--folder", str(folder), "--pids", "3", "--", "sh", "-c", "ls | wc -l")
    assert done.stdout.strip() == "1", done.stderr


def test_many_files_beyond_the_disk_limit_end_the_command_and_are_not_applied(
    run_assistant: Runner, folder: Path
) -> None:
    script = "i=0; while [ $i -lt 400 ]; do head -c 1000000 /dev/zero > f$i; i=$((i+1)); done; sleep 5"
    done = run_assistant(
        "sandbox", "exec", "--folder", str(folder), "--apply", "--disk", "20M", "--", "sh", "-c", script
    )
    assert done.returncode == 137
    assert "space on disk" in done.stderr
    assert not (folder / "f0").exists()


def test_memory_beyond_the_limit_is_not_given(run_assistant: Runner, folder: Path) -> None:
    grab = "x = bytearray(300 << 20)"
    done = run_assistant("sandbox", "exec", "--folder", str(folder), "--memory", "128M", "--", "python3", "-c", grab)
    assert done.returncode != 0
    shared = "import mmap\nm = mmap.mmap(-1, 400 << 20)\nfor n in range(400): m.write(b'x' * (1 << 20))\nimport time; time.sleep(5)"
    done = run_assistant("sandbox", "exec", "--folder", str(folder), "--memory", "128M", "--", "python3", "-c", shared)
    assert done.returncode == 137
    assert "limit: memory" in done.stderr


def test_processes_beyond_the_limit_are_not_made(run_assistant: Runner, folder: Path) -> None:
    fork = (
        "import os, time\nn = 0\ntry:\n    while n < 300:\n        if os.fork() == 0: time.sleep(30); os._exit(0)\n"
        "        n += 1\nexcept OSError: pass\nprint(n)"
    )
    done = run_assistant("sandbox", "exec", "--folder", str(folder), "--pids", "40", "--", "python3", "-c", fork)
    assert done.returncode == 137 or int(done.stdout) <= 40


def test_signals_are_passed_on(package: Path, identity: str, home_of: Path, folder: Path) -> None:
    script = "trap 'echo caught; exit 9' TERM; echo ready; while :; do sleep 0.05; done"
    process = _start(package, identity, home_of, folder, "sh", "-c", script)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=20)
    assert out == b"caught\n"
    assert process.returncode == 9


def test_a_reader_that_goes_away_ends_the_command(package: Path, identity: str, home_of: Path, folder: Path) -> None:
    process = _start(package, identity, home_of, folder, "yes")
    assert process.stdout is not None
    assert process.stdout.read(4) == b"y\ny\n"
    process.stdout.close()
    assert process.wait(timeout=20) == 128 + signal.SIGPIPE


def test_killing_it_leaves_no_process_mount_or_file(package: Path, identity: str, home_of: Path, folder: Path) -> None:
    mark = f"3{os.getpid()}.5"
    script = f"(setsid sleep {mark} &) ; sleep {mark} & echo ready; exec sleep {mark}"
    process = _start(package, identity, home_of, folder, "sh", "-c", script)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.kill()
    process.wait()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and (_running(mark) or list(home_of.glob("**/rooms/*"))):
        time.sleep(0.02)
    assert _running(mark) == []
    assert not list(home_of.glob("**/rooms/*"))
    assert str(home_of) not in Path("/proc/mounts").read_text()


def test_a_terminal_is_given_when_asked_for(run_assistant: Runner, folder: Path) -> None:
    script = "test -t 0 && test -t 1 && tty >/dev/null && echo yes"
    done = run_assistant(
        "sandbox", "exec", "--folder", str(folder), "--pty", "--", "sh", "-c", script, stdin=subprocess.DEVNULL
    )
    assert done.stdout.strip() == "yes"


def test_the_result_as_json_lines(run_assistant: Runner, folder: Path) -> None:
    done = run_assistant(
        "sandbox", "exec", "--folder", str(folder), "--json", "--apply", "--", "sh", "-c", "echo hi; echo 2 > there"
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines[0] == {"stream": "stdout", "text": "hi\n"}
    assert lines[-1]["status"] == 0
    assert lines[-1]["applied"] == ["there"]


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--folder", "/nonexistent", "--", "true"], "can't be opened"),
        (["--folder", "/", "--", "true"], "system"),
        (["--memory", "lots", "--", "true"], "not a size"),
        (["--timeout", "-1", "--", "true"], "not a time"),
        (["--env", "novalue", "--", "true"], "not a variable"),
        (["--allow-host", "2130706433", "--", "true"], "an address in disguise"),
        ([], "no command"),
    ],
)
def test_bad_input_gets_a_clear_error(options: list[str], word: str, run_assistant: Runner, folder: Path) -> None:
    given = options if "--folder" in options else ["--folder", str(folder), *options]
    done = run_assistant("sandbox", "exec", *given)
    assert done.returncode == 2
    assert word in done.stderr
    assert "Traceback" not in done.stderr


def test_it_imports_nothing_that_a_single_command_does_not_need(run_assistant: Runner, folder: Path) -> None:
    """Its start is most of what a short command takes: each of these costs milliseconds."""
    done = run_assistant(
        "sandbox", "exec", "--folder", str(folder), "--apply", "--", "sh", "-c", "echo x > x; rm x",
        env={"PYTHONPROFILEIMPORTTIME": "1"},
    )  # fmt: skip
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert "assistant.sandbox.once" in imported
    assert (
        imported & {"asyncio", "tomllib", "shutil", "difflib", "secrets", "tempfile", "subprocess", "socket"} == set()
    )


def test_the_rooms_holder_imports_next_to_nothing() -> None:
    from assistant.sandbox.channel import _PACKAGES

    program = f"import sys; sys.path.append({_PACKAGES!r}); import assistant.sandbox.holder.main; print(*sys.modules)"
    done = subprocess.run([PYTHON, "-I", "-S", "-c", program], capture_output=True, text=True, check=True)
    assert (
        set(done.stdout.split()) & {"typing", "re", "enum", "collections", "array", "socket", "json", "msgspec"}
        == set()
    )


def test_what_lies_on_another_file_system_in_the_folder_is_told_of_and_never_touched(
    package: Path, identity: str, home_of: Path, folder: Path
) -> None:
    """Such a folder is shown empty: a program that deletes all it sees must not delete what it did not see."""
    if identity != "as whoever runs this" or os.geteuid() != 0:
        pytest.skip("only root can mount something to try this with")
    for name in ("disk", "deep/disk 2"):
        (folder / name).mkdir(parents=True)
    script = (
        f"mount -t tmpfs x '{folder}/disk' && mount -t tmpfs x '{folder}/deep/disk 2' && cd / && "
        f"echo kept > '{folder}/disk/kept' && echo kept > '{folder}/deep/disk 2/kept' && "
        f"{PYTHON} -m assistant sandbox exec --folder '{folder}' --apply -- sh -c "
        "'ls disk; rm -r disk deep; mkdir disk; echo mine > disk/kept; echo x > new'; "
        f"cat '{folder}/disk/kept' '{folder}/deep/disk 2/kept'"
    )
    environment = {"HOME": str(home_of), "PATH": os.environ["PATH"], "PYTHONPATH": str(package), "LANG": "C.UTF-8"}
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script], env=environment, capture_output=True, text=True, timeout=100
    )
    assert done.stdout == "kept\nkept\n", done
    assert "programs see them empty, and work on a copy of the rest: deep/disk 2, disk" in done.stderr
    assert "not applied, since the real file changed meanwhile: disk/kept" in done.stderr
    assert (folder / "new").read_text() == "x\n"


def test_S9_without_bubblewrap_it_refuses(run_assistant: Runner, folder: Path, tmp_path: Path) -> None:
    if any(Path(p).exists() for p in ("/usr/bin/bwrap", "/bin/bwrap")):
        pytest.skip("bubblewrap is installed where every user finds it")
    done = run_assistant("sandbox", "exec", "--folder", str(folder), "--", "true", env={"PATH": "/nonexistent"})
    assert done.returncode == 6


def _start(package: Path, identity: str, home: Path, folder: Path, *argv: str) -> subprocess.Popen[bytes]:
    command = [
        *as_user(identity),
        PYTHON,
        "-m",
        "assistant",
        "sandbox",
        "exec",
        "--folder",
        str(folder),
        "--drop",
        "--",
        *argv,
    ]
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], "PYTHONPATH": str(package)}
    return subprocess.Popen(
        command, env=environment, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def _running(mark: str) -> list[str]:
    found: list[str] = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                text = Path(f"/proc/{name}/cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if mark in text and "exec" not in text:
                found.append(text)
    return found
