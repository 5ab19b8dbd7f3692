"""Verifies in a process of its own: for the screen and the report, whose own process has the log open.

Opening the database's files a second time would drop the locks that SQLite holds for this process (see `store.snapshot`).
"""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Any

import msgspec

from assistant.audit.verification import Problem, Progress, Verification
from assistant.config import Paths

END_S = 5.0
"""For the process to end after it was told to."""


def verify_apart(
    paths: Paths, *, database: Path | None = None, progress: Progress | None = None, stop: threading.Event | None = None
) -> Verification:
    """Verify and wait for it; blocks, so call it from a thread. `stop` ends it early, with a result that is not ok.

    Never raises for what it finds: a log that can't be verified is a result with a problem that says why.
    """
    command = [
        sys.executable,
        "-m",
        "assistant",
        "log",
        "verify",
        "--json",
        "--progress",
        "--db",
        str(database or paths.log_db),
    ]
    if Path(paths.trust).is_dir():
        command += ["--trust", paths.trust]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None and process.stdout is not None  # noqa: S101, PT018 - both are pipes
        answer: list[bytes] = []
        reader = threading.Thread(target=_read_all, args=(process.stdout, answer), daemon=True)
        reader.start()
        said: list[str] = []
        for line in process.stderr:
            if stop is not None and stop.is_set():
                process.terminate()
                process.wait(END_S)
                return Verification(False, problems=(Problem("stopped before the end"),))
            _tell(line, progress, said)
        reader.join()
        process.wait()
    try:
        return _read(msgspec.json.decode(answer[0]))
    except (msgspec.DecodeError, IndexError, TypeError):
        return Verification(False, problems=(Problem("\n".join(said) or "the verification gave no answer"),))


def _read_all(stream: IO[bytes], answer: list[bytes]) -> None:
    answer.append(stream.read())


def _tell(line: bytes, progress: Progress | None, said: list[str]) -> None:
    try:
        step = msgspec.json.decode(line)
        if progress is not None:
            progress(int(step["done"]), int(step["total"]))
    except (msgspec.DecodeError, KeyError, TypeError, ValueError):
        said.append(line.decode(errors="replace").rstrip())


def _read(fields: dict[str, Any]) -> Verification:
    known = {field.name for field in msgspec.structs.fields(Verification)}
    problems = [{"words": words} for words in fields.get("problems", [])]
    return msgspec.convert({**{k: v for k, v in fields.items() if k in known}, "problems": problems}, Verification)
