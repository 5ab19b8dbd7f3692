"""`assistant log verify`: every entry, checkpoint and content against what is known outside the database."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.cli.log import json_text, read_text
from assistant.errors import UsageError

if TYPE_CHECKING:
    from assistant.audit.verification import Verification

DAMAGED = 7


def run(args: argparse.Namespace) -> int:
    """Verify and print the verdict first; 0 when all is as it was signed, else DAMAGED."""
    from assistant.errors import LogDamaged, LogError

    try:
        try:
            return _verified(args)
        except OSError as error:
            raise LogError(
                f"the log can't be read: {error}", hint="may you read it, its folder and the trust folder? Try a copy"
            ) from error
    except LogError as error:  # the first line of the answer is there whatever happens
        verdict = "damaged" if isinstance(error, LogDamaged) else "unverifiable"
        fields = {
            "ok": False,
            "verdict": verdict,
            "first_bad_seq": None,
            "unsigned_tail": 0,
            "problems": [error.message],
        }
        print(json_text(fields) if args.json else verdict)
        raise


def _verified(args: argparse.Namespace) -> int:
    import os

    import msgspec

    from assistant.audit.note import NoteError, VerifierKey
    from assistant.audit.trust import Trust
    from assistant.audit.verification import Evidence
    from assistant.audit.verify import evidence_of, verify
    from assistant.audit.witness import kept_checkpoints
    from assistant.config import find_paths

    paths = find_paths()
    trust = args.trust or Path(paths.trust)
    if args.trust is not None and not args.trust.is_dir():
        raise UsageError(f"there is no trust folder at `{args.trust}`")
    if args.db is not None and not args.db.is_file():
        raise UsageError(f"there is no log at `{args.db}`")
    try:
        keys = [VerifierKey.parse(key) for key in args.vkey]
    except NoteError as error:
        raise UsageError(f"--vkey: {error}") from error
    witnessed = [(str(file), read_text(file)) for file in args.witness]
    silent: list[str] = []
    if keys and args.trust is None:
        evidence = Evidence(keys, None, witnessed, begun=True)
    else:
        asked, silent = _ask(trust) if args.ask else ([], [])
        known = evidence_of(Trust(trust), [*witnessed, *asked, *kept_checkpoints(trust)])
        evidence = Evidence([*known.keys, *keys], known.last_seen, known.witnessed)
    database = args.db or paths.log_db
    if args.db is None and not database.exists() and not evidence.keys:
        print("there is no log yet")
        return 0
    result = verify(
        database, evidence, processes=args.processes or min(2, os.cpu_count() or 1), progress=_progress(args.progress)
    )
    result = msgspec.structs.replace(result, notes=(*result.notes, *silent))
    _print_verification(result, args.json)
    return 0 if result.ok else DAMAGED


def _ask(trust: Path) -> tuple[list[tuple[str, str]], list[str]]:
    from assistant.audit.witness_ask import ask_all

    return ask_all(trust)


def _progress(as_json: bool) -> Callable[[int, int], None] | None:
    if as_json:
        return lambda done, total: print(json_text({"done": done, "total": total}), file=sys.stderr, flush=True)
    if not sys.stderr.isatty():
        return None

    def show(done: int, total: int) -> None:
        end = "\r" if done < total else "\r\x1b[K"
        print(f"  {done * 100 // max(total, 1)} % of {total} entries", end=end, file=sys.stderr, flush=True)

    return show


def _print_verification(result: Verification, as_json: bool) -> None:
    from assistant.visible import visible

    if as_json:
        import msgspec

        fields = msgspec.to_builtins(result)
        problems = [problem.words for problem in result.problems]
        defaults = {"first_bad_seq": None, "unsigned_tail": 0}
        print(json_text({**defaults, **fields, "problems": problems, "verdict": result.verdict}))
        return
    print(result.verdict)
    for problem in result.problems:
        print(visible(f"  {problem.words}"))
    print(
        f"  {result.entries} entries, {result.checkpoints} checkpoints, {result.contents} contents, {result.erased} erased"
    )
    if result.ok and result.entries:
        print(f"  root {result.root}")
    for key in result.signed_by:
        print(visible(f"  key {key}"))
    for note in result.notes:
        print(visible(f"  {note}"))
