"""`python -m assistant.audit`: the proof calculator over JSON lines, one answer a line, in order."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import orjson

from assistant.audit.calculator import answer

MAX_LINE_BYTES = 64_000_000

RECURSION = 10_000
"""RFC 8785 knows no limit of nesting, readers of JSON do: some 3,000 levels here, of a stack of a few hundred bytes each."""

_BREAKS = ((b"\xc2\x85", b"\\u0085"), (b"\xe2\x80\xa8", b"\\u2028"), (b"\xe2\x80\xa9", b"\\u2029"))
"""What some readers take for the end of a line; in JSON it can only be part of a string."""


def main() -> int:
    """Answer every line of standard input; empty lines are passed over. Returns the exit code: 0, also for wrong proofs."""
    source, target = sys.stdin.buffer, sys.stdout.buffer
    sys.setrecursionlimit(RECURSION)
    try:
        while line := source.readline(MAX_LINE_BYTES + 1):
            if not line.strip():
                continue
            if len(line) > MAX_LINE_BYTES:
                while line and not line.endswith(b"\n"):
                    line = source.readline(MAX_LINE_BYTES)
                found = {"ok": False, "error": f"a line is at most {MAX_LINE_BYTES} bytes long"}
            else:
                found = answer(line.rstrip(b"\r\n"))
            target.write(_encode(found) + b"\n")
            target.flush()
    except BrokenPipeError:
        sys.stderr.close()
    return 0


def _encode(found: Mapping[str, object]) -> bytes:
    try:
        data = orjson.dumps(found)
    except (TypeError, ValueError):  # an id that no exact JSON form exists for, such as an integer beyond 64 bits
        data = orjson.dumps({name: value for name, value in found.items() if name not in ("id", "name")})
    for raw, escaped in _BREAKS:
        data = data.replace(raw, escaped)
    return data


if __name__ == "__main__":
    sys.exit(main())
