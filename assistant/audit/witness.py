"""Second places that keep this log's checkpoints: a file on another disk, a git remote, another machine over HTTP.

Someone who owns this machine can rewrite the log, its key and its trust folder together; a checkpoint that lies elsewhere
still tells. What is sent is the checkpoint alone (origin, size, root, signature), never an entry.

    witnesses         one place a line: `file:PATH`, `git:REMOTE`, or `http(s)://...` with the witness's verifier key
    cosigned/NAME     the newest checkpoint that a place has taken, with its cosignature where it gives one
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.audit.checkpoint import Checkpoint, encode_hash, read_checkpoint
from assistant.audit.log import Log
from assistant.audit.merkle import prove_consistency
from assistant.audit.note import COSIGNATURE, NoteError, VerifierKey, open_note
from assistant.audit.stored_tree import StoredTree
from assistant.errors import LogDamaged, LogError, NotTaken, UsageError
from assistant.visible import one_line

if TYPE_CHECKING:
    import httpx

TIMEOUT_S = 20.0
"""For one place to answer."""

MAX_ANSWER_BYTES = 64_000
"""Of a witness: a few signature lines, or a checkpoint with them."""

GIT_FILE = "checkpoint"


def places(trust: Path) -> list[str]:
    """The places that are set up, each as it was given, with its key where it has one."""
    try:
        lines = (trust / "witnesses").read_text(encoding="utf-8").split("\n")
        return [line for line in map(str.strip, lines) if line]
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise LogError(f"the list of witnesses can't be read: {error}") from error


def add(log: Log, place: str, vkey: str = "") -> None:
    """Set up a place. Raises UsageError when it can't be one."""
    kind = place.partition(":")[0]
    if kind not in ("file", "git", "http", "https") or any(c.isspace() for c in place):
        raise UsageError(f"`{place}` is no place for checkpoints", hint="file:PATH, git:REMOTE or http://HOST:PORT")
    if kind.startswith("http"):
        try:
            if VerifierKey.parse(vkey).kind != COSIGNATURE:
                raise NoteError("it is a log's key, not a witness's")
        except NoteError as error:
            raise UsageError(
                f"--vkey: {error}", hint="`assistant log witness serve` prints the witness's key when it starts"
            ) from error
        place = f"{place} {vkey}"
    known = [line for line in places(log.trust.folder) if line.split()[0] != place.split()[0]]
    _write(log.trust.folder / "witnesses", "".join(f"{line}\n" for line in [*known, place]))


def remove(log: Log, place: str) -> None:
    """Forget a place; what it keeps stays there. Raises UsageError when it was not set up."""
    known = places(log.trust.folder)
    left = [line for line in known if line.split()[0] != place]
    if left == known:
        raise UsageError(f"`{place}` is not among the witnesses", hint="`assistant log witness list` names them")
    _write(log.trust.folder / "witnesses", "".join(f"{line}\n" for line in left))
    _kept_file(log.trust.folder, place).unlink(missing_ok=True)


def kept_checkpoints(trust: Path) -> list[tuple[str, str]]:
    """What the places have taken, as this machine remembers it: (place, note). `verify` demands that all of it lies in the log."""
    found: list[tuple[str, str]] = []
    for line in places(trust):
        place = line.split()[0]
        for file in (_kept_file(trust, place), *([Path(place[5:])] if place.startswith("file:") else [])):
            try:
                note = file.read_text(encoding="utf-8")
            except FileNotFoundError:
                continue
            except (OSError, UnicodeDecodeError) as error:
                raise LogError(f"the checkpoint kept by {place} can't be read: {error}") from error
            found.append((place, note))
    return found


def send_all(log: Log) -> list[str]:
    """Send the last checkpoint everywhere; returns a line for each place.

    Raises LogDamaged when what one of them keeps is not in this log, else NotTaken when one of them failed.
    """
    found = log.head()
    if found is None:
        raise UsageError("the log is empty: there is nothing to send")
    told: list[str] = []
    failed: list[str] = []
    contradicted = False
    for line in places(log.trust.folder):
        place, _, vkey = line.partition(" ")
        try:
            note = _send(log, place, vkey, found[1])
        except (OSError, ValueError, LogError) as error:
            failed.append(f"{place}: {error}")
            contradicted = contradicted or isinstance(error, LogDamaged)
            continue
        _write(_kept_file(log.trust.folder, place), note)
        told.append(f"{place} has the checkpoint of {found[0]} entries")
    if contradicted:
        raise LogDamaged("; ".join([*failed, *told]), hint="run `assistant log verify`")
    if failed:
        raise NotTaken(
            "; ".join([*failed, *told]), hint="the log itself is fine; `assistant log witness send` tries again"
        )
    return told


def _send(log: Log, place: str, vkey: str, note: str) -> str:
    kind, _, rest = place.partition(":")
    if kind == "file":
        _check_follows(log, _read_or_none(Path(rest)), note)
        _write(Path(rest), note)
        return note
    if kind == "git":
        return _send_git(log, rest, note)
    return _send_http(log, place, VerifierKey.parse(vkey), note)


def _check_follows(log: Log, old: str | None, note: str) -> None:
    """A place must never be made to forget: what it has must be the beginning of what it gets."""
    if old is None:
        return
    before, now = read_checkpoint(old), read_checkpoint(note)
    if before.origin != now.origin:
        raise LogError(f"another log's checkpoints are kept there (`{before.origin}`)")
    if before.size > now.size or _root_at(log, before.size) != before.root:
        raise LogDamaged(f"the checkpoint of {before.size} entries that is kept there is not in this log")


def _root_at(log: Log, size: int) -> bytes:
    with log.database.reading() as connection:
        return StoredTree(connection)(0, size)


# ---------------------------------------------------------------- git


def _send_git(log: Log, remote: str, note: str) -> str:
    """Commit the checkpoint on a branch of its own and push it, never by force."""
    branch = branch_of(read_checkpoint(note).origin)
    with tempfile.TemporaryDirectory(prefix="assistant-witness-") as folder:
        run_git(folder, "init", "-q")
        fetched = run_git(folder, "fetch", "-q", "--depth=1", "--", remote, branch, check=False)
        if fetched.returncode == 0:
            run_git(folder, "checkout", "-q", "-b", branch, "FETCH_HEAD")
            _check_follows(log, _read_or_none(Path(folder) / GIT_FILE), note)
        else:
            run_git(folder, "checkout", "-q", "--orphan", branch)
        (Path(folder) / GIT_FILE).write_text(note, encoding="utf-8")
        run_git(folder, "add", GIT_FILE)
        message = f"Checkpoint of {read_checkpoint(note).size} entries"
        run_git(folder, "commit", "-q", "--allow-empty", "-m", message)
        run_git(folder, "push", "-q", "--", remote, f"HEAD:refs/heads/{branch}")
    return note


def branch_of(origin: str) -> str:
    """The branch that holds a log's checkpoints."""
    return f"checkpoints/{hashlib.sha256(origin.encode()).hexdigest()[:16]}"


_GIT_PLACES = frozenset({"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR"})
"""What a hook that started us may have set: our repository is the one in our folder."""

_GIT_ENV = {"GIT_TERMINAL_PROMPT": "0"}


def run_git(folder: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run git in `folder`. Raises LogError when it fails, or with `check` off only when it can't be run in time.

    No hooks, and links as plain files: what a remote gives must not lead us to another file, to read or to write.
    """
    settings = (
        "user.name=assistant",
        "user.email=assistant@localhost",
        "core.hooksPath=/dev/null",
        "core.symlinks=false",
    )
    plain = [word for setting in (*settings, "commit.gpgSign=false") for word in ("-c", setting)]
    try:
        done = subprocess.run(
            ["git", *plain, *arguments],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
            env={name: value for name, value in os.environ.items() if name not in _GIT_PLACES} | _GIT_ENV,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LogError(f"git {arguments[0]}: {error}") from error
    if check and done.returncode:
        raise LogError(f"git {arguments[0]}: {done.stderr.strip()}")
    return done


# ---------------------------------------------------------------- HTTP (c2sp.org/tlog-witness)


def _send_http(log: Log, url: str, key: VerifierKey, note: str) -> str:
    """Ask a witness to cosign; it checks for itself that the log only grew."""
    import httpx  # 140 ms: only when a place speaks HTTP

    head = read_checkpoint(note)
    with httpx.Client(timeout=TIMEOUT_S, follow_redirects=False, trust_env=False) as client:

        def ask(old: int) -> tuple[int, str]:
            return answer_to(client, "POST", f"{url.rstrip('/')}/add-checkpoint", _request(log, old, head, note))

        code, text = ask(0)
        if code == 409:  # it tells the size that it has seen: we prove that we have grown from there
            code, text = ask(_conflict(text, head))
    if code != 200:
        raise LogError(f"refused with {code}: {one_line(text)}")
    cosigned = note + text
    try:
        open_note(cosigned, [key])
    except NoteError as error:
        raise LogError(f"its cosignature does not hold: {error}") from error
    return cosigned


def answer_to(client: httpx.Client, method: str, url: str, content: bytes = b"") -> tuple[int, str]:
    """Status and text of one request. Raises LogError for no answer, or one that is too long or no text."""
    import httpx

    try:
        with client.stream(method, url, content=content) as answer:
            data = b""
            for part in answer.iter_bytes():
                data += part
                if len(data) > MAX_ANSWER_BYTES:
                    raise LogError(f"its answer is longer than {MAX_ANSWER_BYTES} bytes")
        return answer.status_code, data.decode()
    except httpx.HTTPError as error:
        raise LogError(f"no answer: {error}") from error
    except UnicodeDecodeError as error:
        raise LogError("its answer is no text") from error


def _conflict(text: str, head: Checkpoint) -> int:
    told = text.strip()
    if not re.fullmatch("[0-9]{1,20}", told):
        raise LogError(f"it answers 409 and not with the size that it has seen: {one_line(told)}")
    if int(told) > head.size:
        raise LogDamaged(f"it has seen a longer log than this ({told} entries; this one has {head.size})")
    return int(told)


def _request(log: Log, old: int, head: Checkpoint, note: str) -> bytes:
    proof: list[bytes] = []
    if 0 < old < head.size:
        with log.database.reading() as connection:
            proof = prove_consistency(old, head.size, StoredTree(connection))
    lines = "".join(f"{encode_hash(step)}\n" for step in proof)
    return f"old {old}\n{lines}\n{note}".encode()


# ---------------------------------------------------------------- files


def _kept_file(trust: Path, place: str) -> Path:
    name = base64.b32encode(hashlib.sha256(place.encode()).digest()[:10]).decode().lower()
    return trust / "cosigned" / name


def _read_or_none(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def _write(file: Path, text: str) -> None:
    """Put `text` in the place of what `file` holds: all of it or none, also when the power fails in between."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = file.with_name(f"{file.name}.{os.getpid()}.new")
    with temporary.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(file)
