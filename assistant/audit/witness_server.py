"""`assistant log witness serve`: cosigns checkpoints of logs that only ever grew (c2sp.org/tlog-witness).

Speaks plain HTTP on loopback by default: put it behind a tunnel or a proxy to serve others. Takes nothing but checkpoints
signed by the logs it was told to accept, each at most once a size, and remembers the newest of each before it answers.

    FOLDER/witness.key      the witness's own key, mode 0600
    FOLDER/logs             verifier keys of the logs it accepts, one a line
    FOLDER/seen/NAME        the newest checkpoint cosigned of each log, NAME the SHA-256 of its origin
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from assistant.audit.checkpoint import decode_hash, open_checkpoint, read_checkpoint
from assistant.audit.merkle import EMPTY_ROOT, verify_consistency
from assistant.audit.note import COSIGNATURE, NoteError, SigningKey, VerifierKey, new_signing_key, split_note
from assistant.errors import UsageError

MAX_REQUEST_BYTES = 64_000
MAX_PROOF_LINES = 63
"""As the protocol says."""

_HASH = re.compile(r"[0-9a-f]{64}")

IDLE_S = 10.0
"""A client that says nothing for so long is let go."""


class Refused(Exception):
    """A request that is answered with an HTTP status other than 200."""

    def __init__(self, status: int, words: str, kind: str = "text/plain; charset=utf-8") -> None:
        super().__init__(words)
        self.status = status
        self.words = words
        self.kind = kind


class Witness:
    """The witness without its server. Safe from any thread."""

    def __init__(self, folder: Path, name: str = "") -> None:
        self.folder = folder
        self.key = _own_key(folder, name)
        self._lock = threading.Lock()

    def accept(self, vkey: str) -> None:
        """Accept a log's checkpoints from now on. Raises UsageError for what is no log's key."""
        try:
            key = VerifierKey.parse(vkey)
        except NoteError as error:
            raise UsageError(f"--vkey: {error}", hint="`assistant log checkpoint --vkey` prints a log's key") from error
        if key not in self._accepted():
            with (self.folder / "logs").open("a", encoding="utf-8") as file:
                file.write(f"{key}\n")

    def add_checkpoint(self, request: bytes) -> str:
        """Answer one request with cosignature lines. Raises Refused."""
        old, proof, note = _parse(request)
        accepted = self._accepted()
        try:
            origin = read_checkpoint(note).origin
        except NoteError as error:
            raise Refused(400, f"malformed checkpoint: {error}\n") from error
        keys = [key for key in accepted if key.name == origin]
        if not keys:
            raise Refused(404, "this log is not known here\n")
        try:
            head, signers = open_checkpoint(note, keys)
        except NoteError as error:
            raise Refused(403, f"{error}\n") from error
        if old > head.size:
            raise Refused(400, "the old size is larger than the checkpoint's\n")
        with self._locked():
            file = self.folder / "seen" / hashlib.sha256(origin.encode()).hexdigest()
            seen = read_checkpoint(file.read_text(encoding="utf-8")) if file.exists() else None
            if old != (seen.size if seen else 0):
                raise Refused(409, f"{seen.size if seen else 0}\n", "text/x.tlog.size")
            if head.size == 0 and head.root != EMPTY_ROOT:
                raise Refused(422, "an empty log has the root of the empty tree\n")
            if old == 0 and proof:
                raise Refused(422, "every log grows from an empty one: no consistency proof leads from there\n")
            if old > 0 and seen and not verify_consistency(old, head.size, seen.root, head.root, proof):
                raise Refused(422, "the log did not only grow: the consistency proof does not hold\n")
            line = self.key.signature_line(head.text, time_s=int(time.time()))
            _keep(file, f"{head.text}\n{_lines_of(note, signers)}{line}")
            return line

    def checkpoint_of(self, name: str) -> str:
        """The newest checkpoint cosigned of the log whose origin has the SHA-256 `name`. Raises Refused when there is none."""
        file = self.folder / "seen" / name
        if not _HASH.fullmatch(name) or not file.is_file():
            raise Refused(404, "no checkpoint of this log was cosigned here\n")
        return file.read_text(encoding="utf-8")

    @contextmanager
    def _locked(self) -> Generator[None]:
        """One request at a time, also of another process that serves the same folder."""
        with self._lock, (self.folder / "lock").open("a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def _accepted(self) -> list[VerifierKey]:
        try:
            return [VerifierKey.parse(line) for line in (self.folder / "logs").read_text(encoding="utf-8").split()]
        except FileNotFoundError:
            return []


def _lines_of(note: str, signers: list[VerifierKey]) -> str:
    """The signature lines of `signers`, as they were sent; those of strangers are not passed on."""
    known = {(key.name, key.id) for key in signers}
    return "".join(s.line for s in split_note(note)[1] if (s.name, s.key_id) in known)


def _parse(request: bytes) -> tuple[int, list[bytes], str]:
    try:
        header, separator, note = request.decode("utf-8").partition("\n\n")
        first, *lines = header.split("\n")
        word, _, size = first.partition(" ")
        if not separator or word != "old" or not size.isascii() or not size.isdigit() or size != str(int(size)):
            raise ValueError("the first line is `old` and a size")
        if len(lines) > MAX_PROOF_LINES:
            raise ValueError(f"at most {MAX_PROOF_LINES} proof lines")
        return int(size), [decode_hash(line) for line in lines], note
    except ValueError as error:
        raise Refused(400, f"malformed request: {error}\n") from error


def _own_key(folder: Path, name: str) -> SigningKey:
    file = folder / "witness.key"
    try:
        return SigningKey.parse(file.read_text(encoding="utf-8").strip())
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:
        raise UsageError(f"`{file}` is not a witness's key: {error}") from error
    try:
        key = new_signing_key(name or f"assistant.invalid/witness/{os.urandom(8).hex()}", COSIGNATURE)
    except NoteError as error:
        raise UsageError(f"--name: {error}") from error
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as stream:
        stream.write(key.encode() + "\n")
    return key


def _keep(file: Path, note: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_suffix(".new")
    with temporary.open("w", encoding="utf-8") as stream:
        stream.write(note)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(file)


def make_server(witness: Witness, host: str, port: int) -> ThreadingHTTPServer:
    """The server, listening but not yet serving. Raises OSError when the address can't be had."""

    class Handler(BaseHTTPRequestHandler):
        timeout = IDLE_S
        server_version = "assistant-witness"
        sys_version = ""

        def do_POST(self) -> None:
            """Answer `add-checkpoint`."""
            try:
                if self.path != "/add-checkpoint":
                    raise Refused(404, "there is only /add-checkpoint\n")
                length = self.headers.get("Content-Length", "")
                if not length.isdigit() or int(length) > MAX_REQUEST_BYTES:
                    raise Refused(413, f"a request is at most {MAX_REQUEST_BYTES} bytes long\n")
                self._answer(200, witness.add_checkpoint(self.rfile.read(int(length))), "text/plain; charset=utf-8")
            except Refused as refusal:
                self._answer(refusal.status, refusal.words, refusal.kind)

        def do_GET(self) -> None:
            """Tell the newest checkpoint of a log, else the public key."""
            name, separator, rest = self.path.removeprefix("/").partition("/")
            try:
                text = (
                    witness.checkpoint_of(name) if separator and rest == "checkpoint" else f"{witness.key.verifier}\n"
                )
                self._answer(200, text, "text/plain; charset=utf-8")
            except Refused as refusal:
                self._answer(refusal.status, refusal.words, refusal.kind)

        def _answer(self, status: int, text: str, kind: str) -> None:
            data = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            """Say nothing: what matters is kept in the folder."""

    return ThreadingHTTPServer((host, port), Handler)


def serve(folder: Path, listen: str, name: str = "", vkey: str = "") -> int:
    """Serve until interrupted; returns the exit code. Raises UsageError for an address that can't be had."""
    host, _, port = listen.rpartition(":")
    if not host or not port.isdigit():
        raise UsageError(f"`{listen}` is not an address", hint="write HOST:PORT, such as 127.0.0.1:8344")
    witness = Witness(folder, name)
    if vkey:
        witness.accept(vkey)
    try:
        server = make_server(witness, host.strip("[]"), int(port))
    except OSError as error:
        raise UsageError(f"`{listen}` can't be listened on: {error.strerror or error}") from error
    with server:
        sys.stderr.write(f"witness {witness.key.verifier}\nlistening on http://{host}:{server.server_port}\n")
        sys.stderr.flush()
        server.serve_forever(poll_interval=0.5)
    return 0
