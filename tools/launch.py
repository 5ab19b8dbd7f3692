"""Starts a tool inside the room: one JSON request on standard input, JSON lines on standard output.

    python -I -S launch.py FOLDER/main.py < request
    python -I launch.py --session FOLDER/main.py          each line a request, until the input ends

The form of both is in README.md. Start-up is paid by every call, so nothing is imported that a call may not need; the
standard `json` and `re` alone would double the cost. A tool that prints, or a library that does, can't break the
protocol: descriptor 1 leads to standard error, and only this file holds the real one.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` costs 3 ms
    from typing import Any, BinaryIO

sys.dont_write_bytecode = True  # the room's program folders are read-only; without this each call would try
_HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, _HERE)

from _kit import wire  # noqa: E402  # _kit lies beside this file, which -I keeps off the path
from _kit.call import Call  # noqa: E402
from _kit.problem import Problem, from_os_error  # noqa: E402

REQUEST_BYTES = 64 * 1024 * 1024
"""A request beyond this is refused rather than read."""


def main(program: str, session: bool) -> int:
    """Run one call of the tool whose `main.py` is at `program`, or one a line; returns the exit status."""
    requests, out = _take_protocol()
    sys.path.insert(0, os.path.dirname(os.path.abspath(program)))
    while raw := requests.readline(REQUEST_BYTES + 1) if session else requests.read(REQUEST_BYTES + 1):
        if len(raw) > REQUEST_BYTES:
            raise SystemExit("the request is larger than 64 MB")
        _answer(wire.loads(raw.decode("utf-8")), out)
        if not session:
            break
    return 0


def _take_protocol() -> tuple[BinaryIO, int]:
    """(requests, descriptor for answers), out of reach of whatever reads descriptor 0 or prints to 1."""
    requests = os.fdopen(os.dup(0), "rb")
    out = os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    return requests, out


def _answer(request: dict[str, Any], out: int) -> None:
    call = Call(request["folder"], int(request.get("output_bytes") or 65536), out, request.get("settings") or {})
    try:
        result = _program().run(request["args"], call)
    except Problem as problem:
        call.refuse(problem)
    except OSError as error:
        call.refuse(from_os_error(error))
    except MemoryError:
        call.refuse(Problem("too_big", "this needs more memory than a call may use; ask for a smaller part"))
    except RecursionError:
        call.refuse(Problem("too_big", "this is nested too deeply"))
    except ModuleNotFoundError as error:
        call.refuse(
            Problem("not_installed", f"the package `{error.name}` is missing: it comes with `assistant[documents]`")
        )
    else:
        call.send({"result": call.capped({"text": result} if isinstance(result, str) else result)})


def _program() -> Any:
    import main as tool  # pyright: ignore[reportMissingImports, reportUnknownVariableType]  # the tool's own: its folder is first on the path

    return tool  # pyright: ignore[reportUnknownVariableType]


if __name__ == "__main__":
    in_session = sys.argv[1:2] == ["--session"]
    programs = sys.argv[2:] if in_session else sys.argv[1:]
    if len(programs) != 1:
        raise SystemExit("usage: python -I -S launch.py [--session] FOLDER/main.py < request.json")
    sys.exit(main(programs[0], in_session))
