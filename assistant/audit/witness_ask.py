"""Asks the witnesses for the newest checkpoint that they keep: what this machine remembers of them could have been rolled back."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from assistant.audit.checkpoint import Checkpoint, read_checkpoint
from assistant.audit.note import NoteError, VerifierKey, open_note
from assistant.audit.trust import Trust
from assistant.audit.witness import GIT_FILE, MAX_ANSWER_BYTES, TIMEOUT_S, answer_to, branch_of, places, run_git
from assistant.errors import LogError


def ask_all(trust: Path) -> tuple[list[tuple[str, str]], list[str]]:
    """The checkpoints that git remotes and HTTP witnesses keep of this log, (place, note), and who gave none, in words.

    What they give is no more trusted than they are: whoever gets it demands the log's own signature under it.
    """
    found: list[tuple[str, str]] = []
    silent: list[str] = []
    pinned = Trust(trust).pinned()
    for line in places(trust):
        place, _, vkey = line.partition(" ")
        if place.startswith("file:") or not pinned:
            continue  # files are read anyway
        try:
            found.append((place, _ask(place, vkey, pinned[0].name)))
        except (OSError, ValueError, LogError) as error:
            silent.append(f"{place} gave no checkpoint: {error}")
    return found, silent


def _ask(place: str, vkey: str, origin: str) -> str:
    note = _ask_git(place.removeprefix("git:"), origin) if place.startswith("git:") else _ask_http(place, vkey, origin)
    if _read(note).origin != origin:
        raise LogError("what it keeps is of another log")
    return note


def _read(note: str) -> Checkpoint:
    try:
        return read_checkpoint(note)
    except NoteError as error:
        raise LogError(f"what it keeps is no checkpoint: {error}") from error


def _ask_git(remote: str, origin: str) -> str:
    with tempfile.TemporaryDirectory(prefix="assistant-witness-") as folder:
        run_git(folder, "init", "-q")
        run_git(folder, "fetch", "-q", "--depth=1", "--", remote, branch_of(origin))
        size = run_git(folder, "cat-file", "-s", f"FETCH_HEAD:{GIT_FILE}").stdout.strip()
        if not size.isascii() or not size.isdigit() or int(size) > MAX_ANSWER_BYTES:
            raise LogError(f"its `{GIT_FILE}` is longer than {MAX_ANSWER_BYTES} bytes")
        return run_git(folder, "cat-file", "blob", f"FETCH_HEAD:{GIT_FILE}").stdout


def _ask_http(url: str, vkey: str, origin: str) -> str:
    import httpx  # 140 ms: only when a place speaks HTTP

    name = hashlib.sha256(origin.encode()).hexdigest()
    with httpx.Client(timeout=TIMEOUT_S, follow_redirects=False, trust_env=False) as client:
        code, text = answer_to(client, "GET", f"{url.rstrip('/')}/{name}/checkpoint")
    if code != 200:
        raise LogError(f"refused with {code}")
    try:
        open_note(text, [VerifierKey.parse(vkey)])
    except NoteError as error:
        raise LogError(f"its cosignature does not hold: {error}") from error
    return text
