"""write_file: complete or not at all."""

from __future__ import annotations

import os
from pathlib import Path


class TestWrite:
    def test_creates_with_missing_folders(self, call, folder: Path) -> None:
        text = call("write_file", path="a/b/c.txt", content="x\ny\n").text
        assert text.startswith("created a/b/c.txt: 2 lines, 4 B (sha256 ")
        assert (folder / "a/b/c.txt").read_text() == "x\ny\n"

    def test_replaces_and_says_so(self, call, put) -> None:
        path = put("a.txt", "old")
        path.chmod(0o640)
        assert call("write_file", path="a.txt", content="new").text.startswith("replaced a.txt")
        assert path.read_text() == "new"
        assert path.stat().st_mode & 0o777 == 0o640

    def test_a_file_that_changed_since_it_was_read_is_left_alone(self, call, put) -> None:
        path = put("a.txt", "one")
        known = call("write_file", path="a.txt", content="two").text.rpartition("sha256 ")[2].rstrip(")")
        assert call("write_file", path="a.txt", content="three", sha256=known).ok
        path.write_text("by someone else")
        stale = call("write_file", path="a.txt", content="four", sha256=known)
        assert stale.code == "stale"
        assert "read it again" in stale.text
        assert path.read_text() == "by someone else"
        path.unlink()
        assert call("write_file", path="a.txt", content="four", sha256=known).code == "not_found"
        assert not path.exists()

    def test_a_folder_is_refused(self, call, folder: Path) -> None:
        (folder / "d").mkdir()
        assert call("write_file", path="d", content="x").code == "is_folder"

    def test_a_pipe_is_refused_and_never_waited_for(self, call, folder: Path) -> None:
        os.mkfifo(folder / "pipe")
        assert call("write_file", path="pipe", content="x").code == "not_a_file"

    def test_a_path_through_a_file_is_refused(self, call, put) -> None:
        put("a.txt", "x")
        assert call("write_file", path="a.txt/b", content="x").code == "not_found"

    def test_a_name_that_is_too_long_is_refused(self, call) -> None:
        assert call("write_file", path="x" * 300, content="x").code == "bad_path"

    def test_T7_a_full_disk_leaves_nothing_behind(self, call, folder: Path) -> None:
        """A file-size limit stands for the full disk: the kernel refuses in the same place."""
        import resource
        import signal

        limit = resource.getrlimit(resource.RLIMIT_FSIZE)
        before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limit[1]))
        try:
            answer = call("write_file", path="a.txt", content="x" * 5000)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limit)
            signal.signal(signal.SIGXFSZ, before)
        assert answer.code == "too_big"
        assert list(folder.iterdir()) == []
