"""Open the chat in a browser, on this machine only.

Prints an address with a token; whoever has it can do all that you can. Any other interface than loopback is refused
without --beyond-this-machine and a password in ASSISTANT_SERVE_PASSWORD; the connection is not encrypted, so put it
behind a TLS proxy.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from assistant.errors import UsageError

MIN_PASSWORD = 12
"""Characters; shorter ones can be tried out over a network."""


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `serve`."""
    parser.add_argument("--folder", default=".", help="the task's folder (default: here)")
    parser.add_argument("--broad", action="store_true", help="yes, the folder may be a whole home")
    parser.add_argument("--host", default="127.0.0.1", help="interface to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=8790, help="port (default: 8790)")
    parser.add_argument("--beyond-this-machine", action="store_true", help="yes, other machines may reach it")


def run(args: argparse.Namespace) -> int:
    """Check the interface and the folder, then serve until Ctrl+C."""
    from assistant.agent.folder import check_folder
    from assistant.ui.served import is_loopback, serve  # aiohttp takes a quarter of a second

    password = os.environ.pop("ASSISTANT_SERVE_PASSWORD", "")  # the chat behind it has no use for it
    if not is_loopback(args.host):
        if not args.beyond_this_machine:
            raise UsageError(
                f"`{args.host}` can be reached from other machines",
                hint="serve on 127.0.0.1, or add --beyond-this-machine and a password",
            )
        if len(password) < MIN_PASSWORD:
            raise UsageError(
                f"serving beyond this machine needs a password of {MIN_PASSWORD} characters or more",
                hint="set it in ASSISTANT_SERVE_PASSWORD",
            )
    if not 0 < args.port < 65_536:
        raise UsageError(f"`{args.port}` is no port", hint="choose one from 1024 to 65535")
    folder = check_folder(Path(args.folder), broad_ok=args.broad)
    argv = [sys.executable, "-m", "assistant", "--folder", str(folder), *(["--broad"] if args.broad else [])]

    def say(address: str) -> None:
        print(address, flush=True)
        print("open this address in a browser of yours; Ctrl+C ends it", file=sys.stderr)

    return serve(argv, host=args.host, port=args.port, password=password, say=say)
