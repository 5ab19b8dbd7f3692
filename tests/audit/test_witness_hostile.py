"""Witnesses that are gone, behind, or lie; and what they are asked for when this machine itself was rolled back."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from assistant.audit import witness
from assistant.audit.checkpoint import Checkpoint, read_checkpoint
from assistant.audit.log import Log
from assistant.audit.merkle import EMPTY_ROOT, root_of
from assistant.audit.note import COSIGNATURE, SigningKey, new_signing_key, open_note
from assistant.audit.trust import Trust
from assistant.audit.verify import evidence_of, verify
from assistant.audit.witness_ask import ask_all
from assistant.audit.witness_server import Refused, Witness, make_server
from assistant.cli import main as run
from assistant.config import Paths
from assistant.errors import LogError

KEY = SigningKey("example.com/log", b"\x07" * 32)


@contextmanager
def serving(server: ThreadingHTTPServer) -> Iterator[str]:
    with server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def answering(status: int, body: bytes) -> ThreadingHTTPServer:
    """A witness that says the same to everything."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            try:
                self.wfile.write(body)
            except OSError:
                pass  # the other side has heard enough

        def log_message(self, *args: object) -> None: ...

    return ThreadingHTTPServer(("127.0.0.1", 0), Handler)


def remote(tmp_path: Path) -> Path:
    folder = tmp_path / "remote.git"
    subprocess.run(["git", "init", "-q", "--bare", str(folder)], check=True)
    return folder


def roll_back(paths: Paths, to: Path) -> None:
    """Database, key and trust folder as they were when `to` was copied; only the list of witnesses is left."""
    places = (Path(paths.trust) / "witnesses").read_bytes()
    for name in (paths.data, paths.trust):
        shutil.rmtree(name)
        shutil.copytree(to / Path(name).name, name)
    (Path(paths.trust) / "witnesses").write_bytes(places)


class TestServer:
    @pytest.fixture
    def kept(self, tmp_path: Path) -> Witness:
        kept = Witness(tmp_path / "w", "example.com/witness")
        kept.accept(str(KEY.verifier))
        return kept

    @staticmethod
    def request(old: int, size: int, root: bytes, *proof: bytes) -> bytes:
        lines = "".join(f"{witness.encode_hash(step)}\n" for step in proof)
        return f"old {old}\n{lines}\n{Checkpoint('example.com/log', size, root).sign(KEY)}".encode()

    def test_an_empty_log_has_one_root_and_grows_without_a_proof(self, kept: Witness) -> None:
        leaves = [bytes([i]) * 32 for i in range(3)]
        with pytest.raises(Refused) as refusal:
            kept.add_checkpoint(self.request(0, 0, bytes(32)))
        assert refusal.value.status == 422
        kept.add_checkpoint(self.request(0, 0, EMPTY_ROOT))
        with pytest.raises(Refused) as refusal:
            kept.add_checkpoint(self.request(0, 3, root_of(leaves), leaves[0]))
        assert refusal.value.status == 422
        kept.add_checkpoint(self.request(0, 3, root_of(leaves)))

    def test_it_gives_out_the_newest_checkpoint_with_its_cosignature(self, kept: Witness) -> None:
        kept.add_checkpoint(self.request(0, 1, bytes(32)))
        name = hashlib.sha256(b"example.com/log").hexdigest()
        with serving(make_server(kept, "127.0.0.1", 0)) as url:
            note = httpx.get(f"{url}/{name}/checkpoint").text
            assert httpx.get(f"{url}/{'0' * 64}/checkpoint").status_code == 404
            assert httpx.get(f"{url}/..%2flogs/checkpoint").status_code == 404
        assert open_note(note, [KEY.verifier, kept.key.verifier])[1] == [KEY.verifier, kept.key.verifier]
        assert read_checkpoint(note).size == 1

    def test_two_processes_on_one_folder_cosign_one_history(self, kept: Witness) -> None:
        """Of two checkpoints of one size that two processes get at the same moment, one is refused."""
        second = Witness(kept.folder)
        answers: list[bool] = []

        def add(to: Witness, root: bytes) -> None:
            try:
                to.add_checkpoint(self.request(0, 1, root))
                answers.append(True)
            except Refused:
                answers.append(False)

        threads = [
            threading.Thread(target=add, args=(to, root)) for to, root in ((kept, b"a" * 32), (second, b"b" * 32))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answers) == [False, True]


class TestAsked:
    """`log verify --ask`: database and trust folder were rolled back together, and only the witness knows."""

    @pytest.fixture
    def places(self, log: Log, tmp_path: Path) -> Iterator[list[str]]:
        """A git remote and an HTTP witness that both have the checkpoint of this log; the log was rolled back since."""
        log.append("x", "t", {})
        kept = Witness(tmp_path / "w", "example.com/witness")
        kept.accept(str(log.trust.pinned()[0]))
        with serving(make_server(kept, "127.0.0.1", 0)) as url:
            witness.add(log, f"git:{remote(tmp_path)}")
            witness.add(log, url, str(kept.key.verifier))
            log.database.settle()
            shutil.copytree(Path(log.paths.data).parent, tmp_path / "before")
            log.append("x", "t", {})
            witness.send_all(log)
            log.close()
            yield witness.places(log.trust.folder)

    def test_each_tells_that_the_end_is_missing(
        self, places: list[str], paths: Paths, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        trust = Path(paths.trust)
        roll_back(paths, tmp_path / "before")
        assert verify(paths.log_db, evidence_of(Trust(trust), witness.kept_checkpoints(trust))).ok
        for place in places:
            (trust / "witnesses").write_text(f"{place}\n")
            found, silent = ask_all(trust)
            assert silent == []
            assert verify(paths.log_db, evidence_of(Trust(trust), found)).first_bad_seq == 2

    def test_the_command_asks_and_says_who_was_silent(
        self,
        places: list[str],
        paths: Paths,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("ASSISTANT_HOME", str(Path(paths.data).parent))
        assert run(["log", "verify", "--ask"]) == 0
        shutil.rmtree(tmp_path / "remote.git")
        assert run(["log", "verify", "--ask"]) == 0
        assert "remote.git gave no checkpoint" in capsys.readouterr().out
        roll_back(paths, tmp_path / "before")
        assert run(["log", "verify"]) == 0
        assert run(["log", "verify", "--ask"]) == 7
        assert "first_bad_seq=2" in capsys.readouterr().out


def _forged(origin: str) -> bytes:
    note = Checkpoint(origin, 99, bytes(32)).sign(new_signing_key(origin))
    return note.encode()


_LIES: dict[str, tuple[Callable[[str], tuple[int, bytes]], str]] = {
    "it has seen more": (lambda origin: (409, b"99\n"), "seen a longer log"),
    "a size that is none": (lambda origin: (409, "²\n".encode()), "not with the size"),
    "a size without end": (lambda origin: (409, b"9" * 60_000), "not with the size"),
    "a signature of nobody": (lambda origin: (200, "— example.com/w AAAAAAAAAAAA\n".encode()), "does not hold"),
    "a checkpoint for an answer": (lambda origin: (200, _forged(origin)), "does not hold"),
    "nothing": (lambda origin: (200, b""), "does not hold"),
    "bytes": (lambda origin: (200, b"\xff\xfe"), "no text"),
    "more than anyone reads": (lambda origin: (200, b"x" * 1_000_000), "longer than"),
    "control characters": (lambda origin: (500, b"\x1b[31mred\r\n"), "refused with 500"),
}


class TestLies:
    @pytest.mark.parametrize(("lie", "words"), _LIES.values(), ids=_LIES)
    def test_what_a_witness_says_is_not_believed_and_not_kept(
        self, log: Log, lie: Callable[[str], tuple[int, bytes]], words: str
    ) -> None:
        log.append("x", "t", {})
        origin = log.trust.pinned()[0].name
        with serving(answering(*lie(origin))) as url:
            witness.add(log, url, str(new_signing_key("example.com/w", COSIGNATURE).verifier))
            with pytest.raises(LogError, match=words) as error:
                witness.send_all(log)
            assert "\x1b" not in str(error.value)
            assert witness.kept_checkpoints(log.trust.folder) == []
            found, silent = ask_all(log.trust.folder)
            assert (found, len(silent)) == ([], 1)

    def test_one_that_is_gone_is_said_and_accuses_nobody(self, log: Log) -> None:
        log.append("x", "t", {})
        witness.add(log, "http://127.0.0.1:9", str(new_signing_key("w", COSIGNATURE).verifier))
        with pytest.raises(LogError, match="no answer"):
            witness.send_all(log)
        assert ask_all(log.trust.folder)[0] == []
        assert verify(log.paths.log_db, evidence_of(log.trust)).ok

    def test_a_link_in_a_git_remote_leads_nowhere(self, log: Log, tmp_path: Path) -> None:
        """A file that we would read or write through it."""
        log.append("x", "t", {})
        bare, work, target = remote(tmp_path), tmp_path / "work", tmp_path / "written"
        subprocess.run(["git", "init", "-q", str(work)], check=True)
        (work / "checkpoint").symlink_to(target)
        git = ["git", "-C", str(work), "-c", "user.name=x", "-c", "user.email=x@localhost"]
        subprocess.run([*git, "add", "checkpoint"], check=True)
        subprocess.run([*git, "commit", "-qm", "x"], check=True)
        branch = witness.branch_of(log.trust.pinned()[0].name)
        subprocess.run([*git, "push", "-q", str(bare), f"HEAD:refs/heads/{branch}"], check=True)
        witness.add(log, f"git:{bare}")
        with pytest.raises(LogError):
            witness.send_all(log)
        assert not target.exists()

    def test_a_git_place_is_ours_whatever_a_hook_has_set(
        self, log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        log.append("x", "t", {})
        monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
        bare = tmp_path / "remote.git"
        plain = {name: value for name, value in os.environ.items() if name != "GIT_DIR"}
        subprocess.run(["git", "init", "-q", "--bare", str(bare)], check=True, env=plain)
        witness.add(log, f"git:{bare}")
        assert witness.send_all(log)
        assert not (tmp_path / "elsewhere").exists()

    def test_a_file_that_was_cut_is_named_and_never_written_over(self, log: Log, tmp_path: Path) -> None:
        log.append("x", "t", {})
        place = tmp_path / "kept"
        witness.add(log, f"file:{place}")
        place.write_text("")
        with pytest.raises(LogError, match="kept"):
            witness.send_all(log)
        assert place.read_text() == ""
        with closing(Log(log.paths)) as again:
            assert again.head() is not None
