"""The worker's entry: `python -I -m assistant.servers.worker [--ready]`. See `../lines.py` for what it reads and writes.

The server is started first of all, before this process has read its own imports, so that both come up side by side. With
`--ready` it was started before anyone needs it: it imports first, says so, and waits.
"""

from __future__ import annotations

import json
import os
import sys

from assistant.servers.worker.start import start

MAX_HANDSHAKE_BYTES = 2**20


def main() -> int:
    """Serve until standard input ends. Returns 0; 2 when the handshake is missing or wrong."""
    # Whatever prints must not be able to write into the line protocol: keep the real output apart.
    out = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    if "--ready" in sys.argv[1:]:
        _import()
        os.write(out, b'{"say":"prepared"}\n')
    line, rest = _first_line()
    if not line and "--ready" in sys.argv[1:]:
        return 0  # nobody needed it
    try:
        child = start(json.loads(line))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        sys.stderr.write(f"worker: the handshake does not fit: {error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"the server's program can't be started: {error}\n")
        return 2
    _import()  # from here on the server comes up beside us
    import asyncio

    import msgspec

    from assistant.servers.lines import Handshake
    from assistant.servers.worker.serve import serve

    asyncio.run(serve(msgspec.json.decode(line, type=Handshake), child, rest, out))
    return 0


def _import() -> None:
    from assistant.servers.worker.sdk import import_sdk

    import_sdk()
    import assistant.servers.worker.serve  # noqa: F401  # pyright: ignore[reportUnusedImport]


def _first_line() -> tuple[bytes, bytes]:
    data = b""
    while b"\n" not in data and len(data) < MAX_HANDSHAKE_BYTES:
        more = os.read(0, 65536)
        if not more:
            break
        data += more
    line, _, rest = data.partition(b"\n")
    return line, rest


if __name__ == "__main__":
    sys.exit(main())
