"""Bad input gets a clear error and loses nothing."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.e2e.conftest import Program, Ran


class TestFolders:
    @pytest.mark.parametrize(
        ("make", "says"),
        [
            (lambda f: str(f / "missing"), "does not exist"),
            (lambda f: str(f / "file.txt"), "not a folder"),
            (lambda f: str(f / "loop"), "can't be opened"),
        ],
    )
    def test_a_folder_that_is_none_is_a_usage_error(self, program: Program, make: object, says: str) -> None:
        (program.folder / "file.txt").write_text("x")
        (program.folder / "loop").symlink_to("loop")
        ran = program.run("run", "hi", "--folder", make(program.folder))  # type: ignore[operator]
        assert ran.code == 2
        assert says in ran.err

    @pytest.mark.skipif(
        os.geteuid() == 0 and not shutil.which("setpriv"), reason="root reads everything; setpriv is missing"
    )
    def test_a_folder_that_cant_be_read_says_so(self, program: Program, tmp_path: Path) -> None:
        from assistant.agent.folder import check_folder
        from assistant.errors import FolderError

        closed = tmp_path / "closed"
        closed.mkdir(mode=0o000)
        if os.geteuid() != 0:
            with pytest.raises(FolderError, match="can't be read"):
                check_folder(closed)
            return
        code = (
            "import os, sys; os.setgid(65534); os.setuid(65534)\n"
            "from pathlib import Path\nfrom assistant.agent.folder import check_folder\n"
            f"check_folder(Path({str(closed)!r}))"
        )
        for parent in closed.parents:
            if parent.stat().st_uid == os.getuid() and parent != Path("/"):
                parent.chmod(parent.stat().st_mode | 0o055)
        done = subprocess.run(
            [
                "/usr/bin/python3",
                "-c",
                "import sys; sys.path[:0] = sys.argv[1:]; " + f"exec({code!r})",
                *_import_path(),
            ],
            capture_output=True,
            text=True,
        )
        assert "FolderError" in done.stderr

    def test_a_whole_home_asks_first_and_unattended_is_refused(self, program: Program) -> None:
        ran = program.run("run", "list files", "--folder", str(program.home))
        assert ran.code == 3
        assert "smaller folder" in ran.err

    @pytest.mark.parametrize("meant", [(), ("--broad",)])
    def test_the_whole_system_is_refused_without_asking(self, program: Program, meant: tuple[str, ...]) -> None:
        """No yes could make it a task's folder, so nobody is asked for one."""
        ran = program.run("run", "list files", "--folder", "/", *meant)
        assert ran.code == 2
        assert "`/` can't be staged" in ran.err
        assert "name a folder below it" in ran.err

    def test_a_whole_home_works_when_it_is_meant(self, program: Program) -> None:
        (program.home / "note.txt").write_text("x")
        ran = program.run("run", "read note.txt", "--folder", str(program.home), "--broad")
        assert ran.code == 0, ran.err


class TestFiles:
    def test_a_binary_file_is_described_not_dumped(self, program: Program) -> None:
        (program.folder / "x.bin").write_bytes(bytes(range(256)) * 100)
        ran = program.run("run", "read x.bin")
        assert "\x00" not in ran.out
        assert "binary" in (ran.out + ran.err).lower()

    def test_a_2_gb_file_is_read_in_part_and_quickly(self, program: Program) -> None:
        with open(program.folder / "big.txt", "wb") as file:
            file.write(b"first line\n")
            file.truncate(2 * 1024**3)
        ran = program.run("run", "show the first 3 lines of big.txt", timeout=30)
        assert ran.code == 0, ran.err

    def test_invalid_utf8_is_shown_not_lost(self, program: Program) -> None:
        (program.folder / "latin.txt").write_bytes(b"caf\xe9 au lait\n")
        ran = program.run("run", "read latin.txt")
        assert ran.code == 0
        assert "au lait" in ran.out

    def test_hostile_text_reaches_no_terminal(self, program: Program) -> None:
        (program.folder / "evil.txt").write_text("a\x1b]0;owned\x07b\x1b[2J\u202etxt\n")
        for args in (["run", "read evil.txt"], ["run", "read evil.txt", "--json"]):
            ran = program.run(*args)
            assert "\x1b" not in ran.out + ran.err
            assert "\u202e" not in ran.out + ran.err


class TestWhatIsMissing:
    def test_without_bubblewrap_tools_refuse_with_6_and_say_how_to_mend_it(self, program: Program) -> None:
        (program.folder / "a.txt").write_text("x")
        hidden = 'mount --bind /dev/null $(command -v bwrap) && exec "$@"'
        done = subprocess.run(
            ["unshare", "--map-root-user", "--mount", "sh", "-c", hidden, "_", *program.argv, "run", "read a.txt"],
            capture_output=True,
            text=True,
            env=program.env,
            cwd=program.folder,
            timeout=60,
        )
        ran = Ran(done.returncode, done.stdout, done.stderr)
        assert "Traceback" not in ran.err
        assert ran.code == 6
        assert "bubblewrap" in ran.err.lower()

    def test_without_a_home_it_says_so(self, program: Program) -> None:
        ran = program.run("run", "hi", HOME="")
        assert ran.code == 2
        assert "HOME" in ran.err

    def test_a_log_of_a_newer_version_is_left_alone(self, program: Program) -> None:
        assert program.run("run", "hello").code == 0
        database = program.home / ".local/share/assistant/log.db"
        connection = sqlite3.connect(database)
        connection.execute("PRAGMA user_version = 999")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        before = database.read_bytes()
        ran = program.run("run", "hello")
        assert ran.code == 7
        assert "newer" in ran.err
        assert database.read_bytes() == before

    def test_a_closed_input_is_said_for_the_chat(self, program: Program) -> None:
        done = subprocess.run(
            ["bash", "-c", '"$@" <&-', "_", *program.argv],
            capture_output=True,
            env=program.env,
            cwd=program.folder,
            timeout=30,
        )
        assert done.returncode == 2
        assert b"standard input is closed" in done.stderr

    def test_a_prompt_of_nothing_is_a_usage_error(self, program: Program) -> None:
        assert program.run("run", "  ").code == 2
        assert program.run("run", "-", stdin=b"").code == 2

    def test_an_unknown_model_kit_or_tool_names_what_there_is(self, program: Program) -> None:
        assert "openai" in program.run("run", "hi", "--model", "opnai/gpt-4o").err
        assert "write" in program.run("run", "hi", "--kit", "nope").err
        assert "tools list" in program.run("run", "hi", "--tools", "nope").err

    def test_a_broken_setting_names_file_and_key(self, program: Program) -> None:
        config = program.home / ".config/assistant"
        config.mkdir(parents=True)
        (config / "config.toml").write_text("kitt = 'x'\n")
        ran = program.run("run", "hi")
        assert ran.code == 2
        assert "did you mean `kit`" in ran.err


class TestTwoAtOnce:
    def test_two_programs_share_the_log(self, program: Program) -> None:
        (program.folder / "a.txt").write_text("x")
        with ThreadPoolExecutor(4) as pool:
            ends = list(pool.map(lambda n: program.run("run", f"read a.txt {n}").code, range(4)))
        assert ends == [0] * 4
        assert program.run("log", "verify").code == 0


def _import_path() -> list[str]:
    import sys

    return [p for p in sys.path if p]
