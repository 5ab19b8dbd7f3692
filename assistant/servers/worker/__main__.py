"""The worker's entry: `python -I -m assistant.servers.worker`. See `../lines.py` for what it reads and writes.

The server is started before the SDK is imported, so that both come up side by side.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys

import msgspec

from assistant.servers.lines import MAX_LINE_BYTES, Handshake
from assistant.servers.worker.child import start


def main() -> int:
    """Serve until standard input ends. Returns 0; 2 when the handshake is missing or wrong."""
    # Whatever prints must not be able to write into the line protocol: keep the real output apart.
    out = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    line, rest = _first_line()
    try:
        shake = msgspec.json.decode(line, type=Handshake)
    except msgspec.DecodeError as error:
        sys.stderr.write(f"worker: the handshake does not fit: {error}\n")
        return 2
    child = start(shake)
    _import_sdk()
    from assistant.servers.worker.serve import serve

    asyncio.run(serve(shake, child, rest, out))
    return 0


def _first_line() -> tuple[bytes, bytes]:
    data = b""
    while b"\n" not in data and len(data) < MAX_LINE_BYTES:
        more = os.read(0, 65536)
        if not more:
            break
        data += more
    line, _, rest = data.partition(b"\n")
    return line, rest


def _import_sdk() -> None:
    """A third quicker so: schemas of types that are never met are not built, and nothing is collected in between."""
    gc.disable()
    from pydantic import BaseModel

    BaseModel.model_config["defer_build"] = True
    import mcp  # noqa: F401  # pyright: ignore[reportUnusedImport]

    gc.freeze()
    gc.enable()


if __name__ == "__main__":
    sys.exit(main())
