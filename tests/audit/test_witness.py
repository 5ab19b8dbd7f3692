"""Second places: what they keep must be the beginning of the log, and they can't be made to forget."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from assistant.audit import upkeep, witness
from assistant.audit.checkpoint import Checkpoint, read_checkpoint
from assistant.audit.log import Log
from assistant.audit.merkle import root_of
from assistant.audit.note import SigningKey, VerifierKey, open_note
from assistant.audit.verify import evidence_of, verify
from assistant.audit.witness_server import Witness, make_server
from assistant.config import Paths
from assistant.errors import LogDamaged, LogError, NotTaken, UsageError


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[Witness, str]]:
    """A witness that listens on loopback."""
    kept = Witness(tmp_path / "witness", "example.com/witness")
    with make_server(kept, "127.0.0.1", 0) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield kept, f"http://127.0.0.1:{http.server_port}"
        http.shutdown()
        thread.join()


def begin_anew(paths: Paths) -> None:
    """What someone who owns the machine can do: another history, with the log's own key."""
    shutil.rmtree(paths.data)
    (Path(paths.trust) / "last-checkpoint").unlink()
    with closing(Log.open(paths)) as log:
        for i in range(9):
            log.append("rewritten", "t", {"i": i})


class TestFile:
    def test_a_file_keeps_the_newest_checkpoint_and_verify_uses_it(
        self, log: Log, paths: Paths, tmp_path: Path
    ) -> None:
        place = f"file:{tmp_path}/other-disk/checkpoint"
        witness.add(log, place)
        for i in range(5):
            log.append("x", "t", {"i": i})
            witness.send_all(log)
        assert read_checkpoint((tmp_path / "other-disk/checkpoint").read_text()).size == 5
        log.close()
        begin_anew(paths)
        evidence = evidence_of(log.trust, witness.kept_checkpoints(log.trust.folder))
        assert verify(paths.log_db, evidence).first_bad_seq == 1
        assert verify(paths.log_db, evidence_of(log.trust)).ok

    def test_A10_it_is_never_overwritten_by_another_history(self, log: Log, paths: Paths, tmp_path: Path) -> None:
        place = f"file:{tmp_path}/checkpoint"
        log.append("x", "t", {})
        witness.add(log, place)
        witness.send_all(log)
        before = (tmp_path / "checkpoint").read_text()
        log.close()
        begin_anew(paths)
        with closing(Log.open(paths)) as changed, pytest.raises(LogError, match="not in this log"):
            witness.send_all(changed)
        assert (tmp_path / "checkpoint").read_text() == before


class TestGit:
    def test_each_checkpoint_is_a_commit_on_a_branch_of_its_own(self, log: Log, paths: Paths, tmp_path: Path) -> None:
        remote = tmp_path / "remote.git"
        subprocess.run(["git", "init", "-q", "--bare", str(remote)], check=True)
        witness.add(log, f"git:{remote}")
        for i in range(3):
            log.append("x", "t", {"i": i})
            witness.send_all(log)
        branches = subprocess.run(
            ["git", "-C", str(remote), "for-each-ref", "--format=%(refname:short)"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        assert len(branches) == 1
        assert branches[0].startswith("checkpoints/")
        kept = subprocess.run(
            ["git", "-C", str(remote), "log", "--format=%s", branches[0]], capture_output=True, text=True, check=True
        ).stdout.splitlines()
        assert kept[0] == "Checkpoint of 3 entries"
        log.close()
        begin_anew(paths)
        with closing(Log.open(paths)) as changed, pytest.raises(LogError, match="not in this log"):
            witness.send_all(changed)


class TestHttp:
    def test_it_cosigns_a_log_that_grows(self, log: Log, server: tuple[Witness, str]) -> None:
        kept, url = server
        log.append("x", "t", {})
        kept.accept(str(log.trust.pinned()[0]))
        witness.add(log, url, str(kept.key.verifier))
        for i in range(40):
            log.append("x", "t", {"i": i})
            if i % 7 == 0:
                witness.send_all(log)
        ((_, note),) = witness.kept_checkpoints(log.trust.folder)
        _, signers = open_note(note, [kept.key.verifier])
        assert signers == [kept.key.verifier]
        assert witness.send_all(log) == witness.send_all(log), "the same size may be asked again"

    def test_A10_it_refuses_another_history(self, log: Log, paths: Paths, server: tuple[Witness, str]) -> None:
        kept, url = server
        for i in range(5):
            log.append("x", "t", {"i": i})
        kept.accept(str(log.trust.pinned()[0]))
        witness.add(log, url, str(kept.key.verifier))
        witness.send_all(log)
        log.close()
        begin_anew(paths)
        with closing(Log.open(paths)) as changed, pytest.raises(LogError, match="422"):
            witness.send_all(changed)
        with closing(Log.open(paths)) as changed:
            assert not verify(
                paths.log_db, evidence_of(changed.trust, witness.kept_checkpoints(changed.trust.folder))
            ).ok

    def test_it_says_when_it_has_seen_a_longer_log(self, log: Log, paths: Paths, server: tuple[Witness, str]) -> None:
        kept, url = server
        for i in range(20):
            log.append("x", "t", {"i": i})
        kept.accept(str(log.trust.pinned()[0]))
        witness.add(log, url, str(kept.key.verifier))
        witness.send_all(log)
        log.close()
        begin_anew(paths)
        with closing(Log.open(paths)) as changed, pytest.raises(LogDamaged, match="longer log"):
            witness._send_http(changed, url, kept.key.verifier, changed.head()[1])  # type: ignore[index]  # pyright: ignore[reportPrivateUsage]

    def test_an_unknown_log_and_a_wrong_witness_are_told_apart(self, log: Log, server: tuple[Witness, str]) -> None:
        kept, url = server
        log.append("x", "t", {})
        witness.add(log, url, str(kept.key.verifier))
        with pytest.raises(LogError, match="404"):
            witness.send_all(log)
        kept.accept(str(log.trust.pinned()[0]))
        other = VerifierKey("example.com/witness", b"\x01" * 32, 4)
        witness.add(log, url, str(other))
        with pytest.raises(LogError, match="cosignature does not hold"):
            witness.send_all(log)

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ("", 400),
            ("old x\n\n", 400),
            ("old 01\n\nx", 400),
            ("old -1\n\nx", 400),
            ("new 0\n\nx", 400),
            ("old 0\nnot base64\n\nx", 400),
            ("old 0\n" + "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n" * 64 + "\nx", 400),
            ("old 0\n\nnot a checkpoint\n", 400),
        ],
    )
    def test_malformed_requests_are_refused(self, server: tuple[Witness, str], body: str, status: int) -> None:
        assert httpx.post(f"{server[1]}/add-checkpoint", content=body).status_code == status

    def test_every_rule_of_the_protocol(self, server: tuple[Witness, str]) -> None:
        kept, url = server
        key = SigningKey("example.com/log", b"\x07" * 32)
        kept.accept(str(key.verifier))

        def post(
            old: int, size: int, root: bytes, *, signer: SigningKey = key, path: str = "/add-checkpoint"
        ) -> httpx.Response:
            note = Checkpoint("example.com/log", size, root).sign(signer)
            return httpx.post(url + path, content=f"old {old}\n\n{note}".encode())

        leaves = [bytes([i]) * 32 for i in range(4)]
        assert post(0, 1, leaves[0], path="/other").status_code == 404
        assert post(0, 1, leaves[0], signer=SigningKey("example.com/log", b"\x08" * 32)).status_code == 403
        assert post(2, 1, leaves[0]).status_code == 400
        assert post(0, 1, leaves[0]).status_code == 200
        conflict = post(0, 2, root_of(leaves[:2]))
        assert (conflict.status_code, conflict.text) == (409, "1\n")
        assert conflict.headers["content-type"] == "text/x.tlog.size"
        assert post(1, 1, leaves[1]).status_code == 422
        assert post(1, 2, root_of(leaves[:2])).status_code == 422
        assert post(1, 1, leaves[0]).status_code == 200

    def test_it_remembers_across_restarts(self, tmp_path: Path, log: Log) -> None:
        log.append("x", "t", {})
        first = Witness(tmp_path / "w")
        first.accept(str(log.trust.pinned()[0]))
        note = log.head()[1]  # type: ignore[index]
        first.add_checkpoint(f"old 0\n\n{note}".encode())
        again = Witness(tmp_path / "w")
        assert again.key.verifier == first.key.verifier
        assert (tmp_path / "w" / "witness.key").stat().st_mode & 0o777 == 0o600
        assert again.add_checkpoint(f"old 1\n\n{note}".encode()).startswith("— assistant.invalid/witness/")


class TestPlaces:
    @pytest.mark.parametrize(
        ("place", "vkey"),
        [("ftp:x", ""), ("nothing", ""), ("http://x", ""), ("http://x", "nonsense"), ("file:a b", "")],
    )
    def test_what_is_no_place_is_refused(self, log: Log, place: str, vkey: str) -> None:
        with pytest.raises(UsageError):
            witness.add(log, place, vkey)

    def test_a_place_can_be_forgotten(self, log: Log, tmp_path: Path) -> None:
        log.append("x", "t", {})
        place = f"file:{tmp_path}/c"
        witness.add(log, place)
        witness.add(log, place)
        assert witness.places(log.trust.folder) == [place]
        witness.remove(log, place)
        assert witness.places(log.trust.folder) == []
        with pytest.raises(UsageError, match="not among"):
            witness.remove(log, place)

    def test_one_place_that_fails_does_not_keep_the_others_from_it(self, log: Log, tmp_path: Path) -> None:
        log.append("x", "t", {})
        witness.add(log, "git:/nowhere/at/all")
        witness.add(log, f"file:{tmp_path}/c")
        with pytest.raises(LogError, match="nowhere"):
            witness.send_all(log)
        assert (tmp_path / "c").is_file()

    def test_a_rotated_key_is_still_witnessed(self, log: Log, tmp_path: Path) -> None:
        log.append("x", "t", {})
        witness.add(log, f"file:{tmp_path}/c")
        witness.send_all(log)
        upkeep.rotate_key(log)
        witness.send_all(log)
        log.close()
        evidence = evidence_of(log.trust, witness.kept_checkpoints(log.trust.folder))
        assert verify(log.paths.log_db, evidence).ok


class TestHowItEnds:
    """Exit 7 is for a damaged log. A place that is out of reach is none."""

    def test_a_place_that_does_not_answer_is_no_damage(self, log: Log, tmp_path: Path) -> None:
        log.append("x", "t", {})
        witness.add(log, f"file:{tmp_path}/disk/checkpoint")
        shutil.rmtree(tmp_path / "disk", ignore_errors=True)
        (tmp_path / "disk").write_text("in the way")
        with pytest.raises(NotTaken) as told:
            witness.send_all(log)
        assert told.value.exit_code == 1
        assert "the log itself is fine" in told.value.hint

    def test_a_place_that_keeps_something_else_is(self, log: Log, paths: Paths, tmp_path: Path) -> None:
        place = f"file:{tmp_path}/disk/checkpoint"
        for i in range(5):
            log.append("x", "t", {"i": i})
        witness.add(log, place)
        witness.send_all(log)
        log.close()
        begin_anew(paths)
        with closing(Log.open(paths)) as anew, pytest.raises(LogDamaged) as told:
            witness.send_all(anew)
        assert told.value.exit_code == 7
