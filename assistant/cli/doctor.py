"""Say what holds on this machine, by trying it, and how to mend what does not.

Exit code 0 when tools can run contained, 6 when they can't.
"""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assistant.sandbox.probes import Finding

_MARKS = {"ok": "ok  ", "weak": "weak", "broken": "NO  "}


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `doctor`."""
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def run(args: argparse.Namespace) -> int:
    """Try everything; returns the exit code."""
    from assistant.sandbox.probes import probe_all
    from assistant.types import plain

    findings = [*probe_all(), _log_key()]
    for finding in findings:
        if args.json:
            print(json.dumps(plain(finding)))
            continue
        print(f"{_MARKS[finding.level]}  {finding.name:<20} {finding.found}")
        if finding.mend:
            print(f"      {'':<20} {finding.mend}")
    return 6 if any(f.level == "broken" for f in findings) else 0


def _log_key() -> Finding:
    """Where the key lies that signs the log: a keyring, or a file that only this person may read."""
    from assistant.audit import keys
    from assistant.config import find_paths
    from assistant.sandbox.probes import Finding

    paths = find_paths()
    try:
        found, mend = keys.where(paths), keys.problem(paths)
    except OSError as error:
        return Finding("log key", "weak", f"`{keys.key_file(paths)}` can't be looked at: {error.strerror}")
    return Finding("log key", "weak" if mend else "ok", found, mend)
