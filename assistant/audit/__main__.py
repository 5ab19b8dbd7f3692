"""`python -m assistant.audit`: the proof calculator over JSON lines, one answer a line, in order."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import orjson

from assistant.audit.calculator import answer
from assistant.visible import visible_json

MAX_LINE_BYTES = 64_000_000

RECURSION = 10_000
"""RFC 8785 knows no limit of nesting, readers of JSON do: some 3,000 levels here, of a stack of a few hundred bytes each."""


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
    return visible_json(data.decode()).encode()


if __name__ == "__main__":
    sys.exit(main())
