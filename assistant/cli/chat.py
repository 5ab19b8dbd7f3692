"""Open the chat."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from assistant.config import find_paths, load_settings
from assistant.errors import NeedsPerson, UsageError
from assistant.types import Autonomy

if TYPE_CHECKING:
    from assistant.agent.desk import Desk
    from assistant.agent.logbook import LogBook


def add(parser: argparse.ArgumentParser) -> None:
    """Options of the chat."""
    parser.add_argument("--folder", default=".", help="the task's folder (default: here)")
    parser.add_argument("--broad", action="store_true", help="yes, the folder may be a whole home")
    parser.add_argument("--model", default="", help="provider/name, or builtin/offline")
    parser.add_argument("--kit", default="", help="starting set of tools")
    parser.add_argument("--autonomy", choices=[str(a) for a in Autonomy], help="how much may be done alone")
    parser.add_argument(
        "--resume",
        nargs="?",
        const="",
        default=None,
        metavar="TASK",
        help="go on with an earlier task (default: the latest)",
    )


def run(args: argparse.Namespace) -> int:
    """Check what can be checked without a screen, then open it."""
    for stream, name in ((sys.stdin, "input"), (sys.stdout, "output")):
        if not _is_open(stream):
            raise UsageError(f"standard {name} is closed, and a chat needs it", hint='without one: assistant run "..."')
    settings = load_settings(find_paths())
    options: dict[str, object] = {"model": args.model, "kit": args.kit}
    if args.autonomy:
        options["autonomy"] = Autonomy(args.autonomy)
    folder = Path(args.folder)
    if args.resume is None:
        folder = _confirmed(folder, args.broad)
        options["broad_ok"] = True
    from assistant.ui import run_app

    return run_app(_desk, folder, args.resume, look=settings.look, options=options, logbook=_logbook)


def _logbook() -> LogBook:
    from assistant.compose import open_logbook

    return open_logbook()


async def _desk() -> Desk:
    """Built in a thread, so that the first frame and the first keys don't wait for it."""

    def build() -> Desk:
        from assistant.compose import build_desk

        desk = build_desk()
        desk.keep_indexed()
        return desk

    return await asyncio.to_thread(build)


def _is_open(stream: TextIO | None) -> bool:
    try:
        if stream is None or stream.closed:
            return False
        os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return True


def _confirmed(folder: Path, broad: bool) -> Path:
    """The real folder. One that is a whole home is asked about here, on the terminal, before anything is opened."""
    from assistant.agent.folder import check_folder

    try:
        return check_folder(folder, broad_ok=broad)
    except NeedsPerson as error:
        print(f"{error.message}.", file=sys.stderr)
        try:
            answer = input("Open it anyway? Type yes: ")
        except EOFError:
            answer = ""
        if answer.strip().lower() not in ("yes", "是"):
            raise
        return check_folder(folder, broad_ok=True)
