"""Say what holds on this machine, by trying it, and how to mend what does not.

Exit code 0 when tools can run contained, 6 when they can't.
"""

from __future__ import annotations

import argparse
import json

_MARKS = {"ok": "ok  ", "weak": "weak", "broken": "NO  "}


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `doctor`."""
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def run(args: argparse.Namespace) -> int:
    """Try everything; returns the exit code."""
    from assistant.sandbox.probes import probe_all
    from assistant.types import plain

    findings = probe_all()
    for finding in findings:
        if args.json:
            print(json.dumps(plain(finding)))
            continue
        print(f"{_MARKS[finding.level]}  {finding.name:<20} {finding.found}")
        if finding.mend:
            print(f"      {'':<20} {finding.mend}")
    return 6 if any(f.level == "broken" for f in findings) else 0
